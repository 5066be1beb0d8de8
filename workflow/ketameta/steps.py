"""One function a rule, tables in and files out; rules call `python -m ketameta.job`.

`main` reads and writes: what a stage made is kept with a list of what it was made from, and a
stage that would be made from the same again ends at once. Each step imports its stage inside its
function, so that a process loads what it runs and no more.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta import freshness
from ketameta.memo import Memo
from ketameta.publishing import keep, lay_aside
from ketameta.read_tables import ReadTables, tables_before
from ketameta.spared import spare
from ketameta.storage import parquet_of

if TYPE_CHECKING:
    import pyarrow as pa

    from ketameta.configuration import Configuration
    from ketameta.raw_tables import RawTables
    from ketameta.tables.collection import Tables

# by the path below the folder that a step writes to, one after the other; None where faults were
# told instead
Files = Iterable[tuple[str, str | bytes]] | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a run has read before it forks a process for a step."""

    configurations: Mapping[Path, Configuration]
    raw: RawTables


# told to forks alone
KNOWN: Known | None = None


@dataclass(frozen=True)
class Given:
    """What a step is given: the folders, the tables in the first, and the configuration.

    `inputs` are hashes of what it is made from, tables between stages apart.
    """

    source: Path
    out: Path
    tables: Tables
    asked: Configuration | None
    inputs: Mapping[str, str]
    threads: int = 1
    memo: Memo = field(default_factory=Memo)

    @property
    def configuration(self) -> Configuration:
        """The configuration; each step but ingest has one."""
        assert self.asked is not None
        return self.asked


def ingest(given: Given) -> Files:
    """Check the raw tables and write them as Parquet; every fault on stderr if any is bad."""
    from ketameta.raw_tables import RawTables
    from ketameta.tables.problems import counted_faults, errors

    if KNOWN is not None and KNOWN.raw.inputs == given.inputs:
        raw = KNOWN.raw
    else:
        raw = RawTables(given.source)
    faults = errors(raw.read.problems)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        place = given.source.as_posix()
        print(f"{counted_faults(len(faults))} in {place}; nothing was written", file=sys.stderr)
        return None
    return raw.files.items()


def normalize(given: Given) -> Files:
    """Turn typed rows into effects, derivations and ledger; faults where numbers cannot be."""
    from ketameta.normalize.stage import normalize as stage
    from ketameta.tables.effects import FindingRow
    from ketameta.tables.table import rows_of

    tables = stage(given.tables, given.configuration)
    checks = rows_of(FindingRow, tables["findings"])
    faults = [check for check in checks if check.severity == "error"]
    for fault in faults:
        place = f"{fault.file}:{fault.line} column {fault.column}"
        print(f"{place}: {fault.message} (trial {fault.trial_id})", file=sys.stderr)
    if faults:
        return None
    # what is written has their room
    given.tables.forget(*given.tables.kinds())
    return _parquet(tables)


def synthesize(given: Given) -> Files:
    """Pool the effects of every analysis."""
    from ketameta.synthesize.stage import synthesize as stage

    return _parquet(stage(given.tables, given.configuration, given.threads, given.memo))


def report(given: Given) -> Files:
    """Write every page, figure and table of the report."""
    from ketameta.evidence.releases import ReleaseError, read_all
    from ketameta.report.compiled import templates
    from ketameta.report.stage import report as stage

    templates(freshness.inputs("report", None))
    try:
        releases = read_all(given.out / "versions")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return None
    made_from = freshness.made_from(given.configuration)["report"]
    return stage(given.tables, given.configuration, releases, given.memo, made_from)


def figures(given: Given) -> Files:
    """Write the figures of the diagnostics and time courses, and the list of them."""
    from ketameta.report.graphics import graphics

    return graphics(given.tables, given.configuration)


def distributions(given: Given) -> Files:
    """Write the figures that seaborn draws from the data alone."""
    from ketameta.report.graphics import distributions as stage

    return stage(given.tables, given.configuration)


def crosscheck(given: Given) -> Files:
    """Recompute every pooled result with statsmodels; a new difference stops a run of CI."""
    from ketameta.crosscheck.rows import differing
    from ketameta.crosscheck.stage import crosscheck as stage
    from ketameta.crosscheck.stage import files
    from ketameta.tables.syntheses import SynthesisRow

    rows = stage(given.tables, given.configuration)
    if told := differing(rows):
        print(*told, sep="\n", file=sys.stderr)
        if os.environ.get("CI"):
            return None
    courses = [course.name for course in given.configuration.courses]
    return files(rows, [row.analysis for row in given.tables[SynthesisRow]], courses)


def prints(given: Given) -> Files:
    """Write every figure as PDF and PNG, and say which letters no installed font draws."""
    from ketameta.report.graphics import prints as stage
    from ketameta.report.graphics import without_font

    if said := without_font(given.tables, given.configuration):
        # on standard output: the log takes the errors
        print(said, flush=True)
    return stage(given.tables, given.configuration)


def _parquet(tables: dict[str, pa.Table]) -> Files:
    # each goes when it is written
    return ((f"{name}.parquet", parquet_of(tables.pop(name))) for name in list(tables))


STEPS = {
    "ingest": ingest,
    "normalize": normalize,
    "synthesize": synthesize,
    "report": report,
    "figures": figures,
    "distributions": distributions,
    "crosscheck": crosscheck,
    "prints": prints,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step: STEP IN OUT [--config FILE] [--threads N] [--aside]."""
    parser = argparse.ArgumentParser(prog="python -m ketameta.steps", description=main.__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("source", type=Path, help="folder to read")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--config", type=Path, help="another analyses.yaml than the project's")
    parser.add_argument(
        "--threads", type=int, default=1, help="processor cores to use (synthesize)"
    )
    parser.add_argument("--aside", action="store_true", help="leave it to the run to publish")
    given = parser.parse_args(arguments)
    from ketameta.documents.files import ConfigurationError

    try:
        if given.step == "ingest":
            return _step(given, None)
        from ketameta.configuration import CONFIG, load

        path = given.config or CONFIG
        known = KNOWN.configurations.get(path) if KNOWN is not None else None
        return _step(given, known or load(path, words=False))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1


def _step(given: argparse.Namespace, configuration: Configuration | None) -> int:
    """Run a step where what it is made from changed, or its files are not as it wrote them."""
    name, source, out = given.step, given.source, given.out
    made = freshness.list_of(name, source if name in freshness.WRITERS else out)
    # before anything is read: what is edited meanwhile is then seen by the next run
    now = freshness.inputs(name, configuration, source, out / "versions")
    asked = name in os.environ.get(freshness.ANEW, "").split()
    if not asked and not freshness.what_differs(made, now, out):
        print(f"{name}: {freshness.AS_BEFORE}", flush=True)
        return 0
    tables = ReadTables(source, tables_before(name))
    memo = Memo() if asked else Memo(out, freshness.read_made(made), now)
    files = STEPS[name](Given(source, out, tables, configuration, now, given.threads, memo))
    if files is None:
        return 1
    # what is read is known when all is written: a file may be made of tables not read before
    inputs = ChainMap(now, tables.read, memo.digests)
    del tables  # of long tables half the memory, which what is written can have
    content = ((name, text.encode() if isinstance(text, str) else text) for name, text in files)
    write = lay_aside if given.aside else keep
    write(made, inputs, out, content)
    return 0


# what pyarrow and seaborn load where it is installed, and which steps have no use for it
_SPARED = {
    "pandas": ("ingest", "normalize", "synthesize", "report"),  # a quarter of a second
    "scipy": ("distributions", "prints"),  # half a second
}


def _guarded(arguments: Sequence[str] | None = None) -> int:
    """Run `main`; a disk that is full or not writable is one line, not a traceback."""
    try:
        return main(arguments)
    except OSError as error:
        if error.errno is None:
            raise
        # on standard output too: the log is a file, and a full disk takes no line of it
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                print(f"{error.filename or 'a file'}: {error.strerror}", file=stream, flush=True)
        return 1


def run(words: Sequence[str]) -> int:
    """Do one step in a process that does nothing else (see `main`)."""
    step = "".join(words[:1])
    # a step makes many records and few circles among them: look for those more rarely, and not at
    # all where every record is kept or goes at once
    if step == "normalize":
        gc.disable()
    else:
        gc.set_threshold(100_000, 20, 20)
    # an allocator that gives back what Arrow does not need any more
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    spare(*(name for name, steps in _SPARED.items() if step in steps))
    return _guarded(words)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
