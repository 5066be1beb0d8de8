"""One function a rule, files in and files out; rules call `python -m ketameta.steps`.

Each step imports its stage inside its function, so that a process loads what it runs and no more.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketameta.report_files import DISTRIBUTION_LIST, FIGURE_LIST, REPORT_LIST
from ketameta.storage import (
    checksums,
    read_releases,
    read_table,
    rows_of,
    write_bytes,
    write_table,
    write_text,
)

if TYPE_CHECKING:
    import pyarrow as pa

Rows = dict[str, list[dict[str, Any]]]


def ingest(raw: Path, out: Path) -> int:
    """Check the raw tables and write them as Parquet; 1 and every fault on stderr if any is bad."""
    from ketameta.ingest.stage import ingest as stage
    from ketameta.tables.problems import errors

    tables, problems = stage(raw)
    faults = errors(problems)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        print(f"{len(faults)} faults in {raw.as_posix()}; nothing was written", file=sys.stderr)
        return 1
    _write(out, tables)
    return 0


def normalize(raw_parquet: Path, out: Path, config: Path) -> int:
    """Turn typed rows into effects, derivations and ledger; 1 where numbers cannot be."""
    from ketameta.configuration import load
    from ketameta.normalize.stage import normalize as stage
    from ketameta.tables import RAW_TABLES

    tables = stage(_read(raw_parquet, [*RAW_TABLES, "problems"]), load(config))
    checks = rows_of(tables["number_checks"])
    faults = [check for check in checks if check["severity"] == "error"]
    for fault in faults:
        place = f"{fault['file']}:{fault['line']} column {fault['column']}"
        print(f"{place}: {fault['message']} (trial {fault['trial_id']})", file=sys.stderr)
    if not faults:
        _write(out, tables)
    return 1 if faults else 0


def synthesize(effects: Path, out: Path, config: Path) -> int:
    """Pool the effects of every analysis."""
    from ketameta.configuration import load
    from ketameta.synthesize.stage import synthesize as stage
    from ketameta.tables import STAGE_TABLES

    _write(out, stage(_read(effects, list(STAGE_TABLES["normalize"])), load(config)))
    return 0


def report(syntheses: Path, out: Path, config: Path) -> int:
    """Write every page, figure and table of the report, and remove pages that are no more."""
    from ketameta.configuration import load
    from ketameta.evidence.releases import parse
    from ketameta.report.stage import report as stage
    from ketameta.tables import STAGE_TABLES

    tables = _read(syntheses, list(STAGE_TABLES["synthesize"]))
    releases = [parse(name, text) for name, text in read_releases(out).items()]
    files = stage(tables, load(config), releases)
    _write_files(out, files, ("forest",))
    for folder in ("analyses", "tables", "static"):
        for old in (out / folder).iterdir():
            if old.relative_to(out).as_posix() not in files:
                old.unlink()
    # last: where this list is missing the report is not the one of these tables
    write_text(syntheses / REPORT_LIST, checksums(files))
    return 0


def figures(syntheses: Path, out: Path, config: Path) -> int:
    """Write the figures of the diagnostics and time courses, and the list of them.

    What `prints` made of older data goes: it is made when asked for.
    """
    from ketameta.configuration import load
    from ketameta.report.graphics import SYNTHESIS_KINDS, graphics
    from ketameta.tables import STAGE_TABLES

    files = graphics(_read(syntheses, list(STAGE_TABLES["synthesize"])), load(config))
    _write_files(out, files, SYNTHESIS_KINDS)
    write_text(syntheses / FIGURE_LIST, checksums(files))
    return 0


def distributions(effects: Path, out: Path, config: Path) -> int:
    """Write the figures that seaborn draws from the data alone."""
    from ketameta.configuration import load
    from ketameta.report.graphics import DATA_KINDS
    from ketameta.report.graphics import distributions as stage

    files = stage(_read(effects, ["reductions", "coverage"]), load(config))
    _write_files(out, files, DATA_KINDS)
    write_text(effects / DISTRIBUTION_LIST, checksums(files))
    return 0


def _write_files(out: Path, files: Mapping[str, str | bytes], kinds: Sequence[str]) -> None:
    """Write files, and remove other figures of these kinds: of analyses that are no more, prints.

    A figure is named <analysis>.<kind>.<suffix>; other steps have other kinds.
    """
    for path, content in files.items():
        write_bytes(out / path, content.encode() if isinstance(content, str) else content)
    for old in (out / "figures").iterdir():
        kind = old.name.split(".")[-2] if old.name.count(".") > 1 else ""
        if kind in kinds and f"figures/{old.name}" not in files:
            old.unlink(missing_ok=True)


def prints(tables_folder: Path, out: Path, config: Path) -> int:
    """Write every figure as PDF and PNG, and say which letters no installed font draws."""
    from ketameta.configuration import load
    from ketameta.report.graphics import prints as stage
    from ketameta.report.graphics import without_font
    from ketameta.tables import STAGE_TABLES

    tables = _read(tables_folder, [*STAGE_TABLES["synthesize"], "reductions", "coverage"])
    configuration = load(config)
    for path, content in stage(tables, configuration):
        write_bytes(out / path, content)
    if said := without_font(tables, configuration):
        # on standard output: the log takes the errors
        print(said, flush=True)
    return 0


def _read(folder: Path, names: Sequence[str]) -> Rows:
    return {name: rows_of(read_table(folder / f"{name}.parquet")) for name in names}


def _write(folder: Path, tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        write_table(folder / f"{name}.parquet", table)


# those that read the configuration
STEPS = {
    "normalize": normalize,
    "synthesize": synthesize,
    "report": report,
    "figures": figures,
    "distributions": distributions,
    "prints": prints,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step: STEP IN OUT [--config FILE]."""
    parser = argparse.ArgumentParser(prog="python -m ketameta.steps", description=main.__doc__)
    parser.add_argument("step", choices=("ingest", *STEPS))
    parser.add_argument("source", type=Path, help="folder to read")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--config", type=Path, help="analyses.yaml (all steps but ingest)")
    given = parser.parse_args(arguments)
    if given.step == "ingest":
        return ingest(given.source, given.out)
    if given.config is None:
        parser.error(f"{given.step} needs --config")
    from ketameta.configuration import ConfigurationError

    try:
        return STEPS[given.step](given.source, given.out, given.config)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1


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


if __name__ == "__main__":
    sys.exit(_guarded())
