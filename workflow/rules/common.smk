"""Helpers of the rules: the configuration, module lists, and the shell that runs the steps."""

import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from ketameta.configuration import CONFIG, ConfigurationError, load
from ketameta.ingest.workbook import WORKBOOK
from ketameta.report_files import DISTRIBUTION_LIST, FIGURE_LIST, REPORT_LIST
from ketameta.storage import (
    drop_false_lists,
    forget_last,
    keep_last,
    remove_parts,
    restore_last,
)
from ketameta.tables import RAW_TABLES, STAGE_TABLES

try:
    CONFIGURATION = load(CONFIG)
except ConfigurationError as error:
    raise WorkflowError(f"The configuration has faults.\n{error}") from None

# a deleted page or figure is made again
drop_false_lists(Path("data/processed"), Path("reports"))

# the interpreter that runs Snakemake runs the steps, with the package of this tree, whatever
# `python` and an installed ketameta are outside
shell.prefix(
    "set -euo pipefail; "
    f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH; "
    f"export PYTHONPATH={shlex.quote(str(Path(workflow.basedir, 'workflow')))}; "
)


def sources(*names):
    """Return the files of the named modules and packages of ketameta, sorted.

    Snakemake does not see what a shell command imports: without these inputs an edited module
    would leave stale results. tests/test_workflow.py holds the lists against what each step loads.
    """
    package = Path("workflow/ketameta")
    ground = ("__init__", "report_files", "steps", "storage")
    found = [package / f"{name}.py" for name in ground]
    for name in names:
        single = package / f"{name}.py"
        found += [single] if single.is_file() else (package / name).rglob("*")
    suffixes = {".py", ".yaml", ".html", ".css", ".js", ".R"}
    return sorted({path.as_posix() for path in found if path.suffix in suffixes})


def raw_table(name):
    """Return the path of a raw table: CSV, or TSV, or the workbook where there is nothing else."""
    tsv = Path("data/raw", f"{name}.tsv")
    csv = Path("data/raw", f"{name}.csv")
    book = Path("data/raw", WORKBOOK)
    found = [path for path in (csv, tsv, book) if path.is_file()]
    return (found[0] if found else csv).as_posix()


def processed(stage):
    """Return the Parquet files that a stage writes."""
    names = [*RAW_TABLES, "problems"] if stage == "ingest" else STAGE_TABLES[stage]
    return [f"data/processed/{name}.parquet" for name in names]


def releases():
    """Return the records of the releases made so far."""
    return sorted(path.as_posix() for path in Path("reports/versions").glob("*.json"))


def before_jobs():
    """Keep the last report aside and remove what a killed run left unfinished."""
    remove_parts(Path("data/processed"))
    if Path("reports").is_dir():
        keep_last(Path("reports"))


def stop_on_faults(folder):
    """Stop with every fault of the raw tables, a line each."""
    from ketameta.commands.examine import faults

    found = faults(Path(folder))
    if found:
        lines = "\n".join(str(fault) for fault in found)
        raise WorkflowError(
            f"{lines}\n{len(found)} faults in {folder}; nothing was changed."
        )
