"""Helpers of the rules: the configuration, what has to run, and the shell that runs the steps."""

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from ketameta.commands import snakefile
from ketameta.freshness import RUN, STAMPS, stamp
from ketameta.publishing import publish, recover

# a job of a cluster reads this file too: it changes nothing
SETTLED = snakefile.settle if workflow.is_main_process else snakefile.read_only

try:
    # the lock, where there is one, is held as long as this name
    LOCK = SETTLED(Path(workflow.basedir), config)
except snakefile.RefusedError as error:
    raise WorkflowError(str(error)) from None


def quoted(path):
    """Return a path for the shell; braces doubled, as Snakemake fills in what is between them."""
    return shlex.quote(str(path)).replace("{", "{{").replace("}", "}}")


# the interpreter that runs Snakemake runs the steps, with the package of this tree, whatever
# `python` and an installed ketameta are outside
shell.prefix(
    "set -euo pipefail; "
    f"export PATH={quoted(Path(sys.executable).parent)}:$PATH PYTHONPATH=workflow; "
)


def before_jobs():
    """Stop where tables have faults."""
    if not workflow.is_main_process:
        return
    forced = [
        job.rule.name
        for job in workflow.dag.needrun_jobs()
        if workflow.dag.reason(job).forced
    ]
    try:
        snakefile.before_jobs(config, LOCK, forced)
    except snakefile.RefusedError as error:
        raise WorkflowError(str(error)) from None


def with_its_stage(wildcards):
    """Say which stage makes a file of the report."""
    sys.exit(snakefile.no_target(wildcards.folder, wildcards.file))
