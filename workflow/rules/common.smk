"""Helpers of the rules: the configuration, what has to run, and the shell that runs the steps."""

from ketameta.commands import snakefile
from ketameta.freshness import PUBLISHED, RUN, stamp
from ketameta.publishing import publish, recover

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


def before_jobs():
    """Stop where tables have faults."""
    if not workflow.is_main_process:
        return
    jobs = list(workflow.dag.needrun_jobs())
    made = [Path(path) for job in jobs for path in job.output]
    if made and all(path.is_relative_to(LIBRARY.out) for path in made):
        # a library has nothing to do with the tables of this project
        return
    forced = [job for job in jobs if workflow.dag.reason(job).forced]
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
