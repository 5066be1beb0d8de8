"""Helpers of the rules: the configuration, what has to run, and the shell that runs the steps."""

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# in a checkout the package stands beside the rules; else it is the one that is installed
BESIDE = Path(str(workflow.current_basedir)).parent
if Path(BESIDE, "ketameta").is_dir():
    sys.path.insert(0, str(BESIDE))

try:
    from ketameta.commands import snakefile
    from ketameta.freshness import PUBLISHED, RUN, stamp
    from ketameta.project import python_path
    from ketameta.publishing import publish, recover
except ModuleNotFoundError as error:
    if error.name != "ketameta":
        raise
    raise WorkflowError(
        f"These rules need the package ketameta: install it for {sys.executable}"
    ) from None

# a job of a cluster reads this file too: it changes nothing
SETTLED = snakefile.settle_state if workflow.is_main_process else snakefile.read_only

try:
    # the lock, where there is one, is held as long as this name
    LOCK = SETTLED(config)
    # a prefix would keep stamps where nothing looks for them
    if workflow.modifier.modify_path(stamp("report")) != stamp("report"):
        raise snakefile.RunRefusedError(snakefile.NO_PREFIX)
except snakefile.RunRefusedError as error:
    raise WorkflowError(str(error)) from None


def quoted(path):
    """Return a path for the shell; braces doubled, as Snakemake fills in what is between them."""
    return shlex.quote(str(path)).replace("{", "{{").replace("}", "}}")


# the interpreter that runs Snakemake runs the steps, with the package that is loaded here, whatever
# `python` and an installed ketameta are outside
shell.prefix(
    "set -euo pipefail; "
    f"export PATH={quoted(Path(sys.executable).parent)}:$PATH PYTHONPATH={quoted(python_path())}; "
)


def before_jobs():
    """Stop where tables have faults."""
    if not workflow.is_main_process:
        return
    forced = [
        job for job in workflow.dag.needrun_jobs() if workflow.dag.reason(job).forced
    ]
    # a module's rules may have other names here
    stages = [Path(path).name for job in forced for path in job.output]
    try:
        snakefile.before_jobs(LOCK, stages)
    except snakefile.RunRefusedError as error:
        raise WorkflowError(str(error)) from None


HOOKS = {"onstart": before_jobs, "onsuccess": publish, "onerror": recover}


def as_module():
    """Do the same before and after the jobs of a module, of which Snakemake takes the rules alone.

    What the importing Snakefile does there itself follows; where it says so after `module`, it has
    to call `onstart`, `onsuccess` and `onerror` of the module.
    """
    if workflow.modifier.is_main_snakefile():
        return

    def both(own, theirs):
        return lambda log: (own(), theirs and theirs())

    # as if that Snakefile said so
    with workflow.modifier_stack[0]:
        for name, own in HOOKS.items():
            getattr(workflow, name)(both(own, workflow.globals.get(name)))


def published(wildcards):
    """Return what has to be before a file of the report or a table is as it should be."""
    path = Path(wildcards.folder, wildcards.file).as_posix()
    try:
        name = snakefile.published_with(path)
    except snakefile.RunRefusedError as error:
        others = (
            other for other in workflow.rules if "{file}" not in str(other.output)
        )
        if any(other.is_producer(path) for other in others):
            # Snakemake goes on to that one where this has no input
            return str(error)
        sys.exit(str(error))
    return (
        [ancient(stamp(f"{name}.published")), stamp(f"{name}.wanted")] if name else []
    )
