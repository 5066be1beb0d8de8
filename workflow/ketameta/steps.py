"""One function a rule, files in and files out; rules call `python -m ketameta.steps`.

Each step imports its stage inside its function, so that a process loads what it runs and no more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ketameta.report_files import REPORT_LIST
from ketameta.storage import checksums, read_releases, read_table, rows_of, write_table, write_text

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
    from ketameta.tables import RAW_TABLES, STAGE_TABLES

    tables = _read(syntheses, [*RAW_TABLES, *STAGE_TABLES["synthesize"]])
    releases = [parse(name, text) for name, text in read_releases(out).items()]
    files = stage(tables, load(config), releases)
    for path, text in files.items():
        write_text(out / path, text)
    for folder in ("analyses", "figures", "tables", "static"):
        for old in (out / folder).iterdir():
            if old.relative_to(out).as_posix() not in files:
                old.unlink()
    # last: where this list is missing the report is not the one of these tables
    write_text(syntheses / REPORT_LIST, checksums(files))
    return 0


def _read(folder: Path, names: Sequence[str]) -> Rows:
    return {name: rows_of(read_table(folder / f"{name}.parquet")) for name in names}


def _write(folder: Path, tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        write_table(folder / f"{name}.parquet", table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one step: STEP IN OUT [--config FILE]."""
    parser = argparse.ArgumentParser(prog="python -m ketameta.steps", description=main.__doc__)
    parser.add_argument("step", choices=("ingest", "normalize", "synthesize", "report"))
    parser.add_argument("source", type=Path, help="folder to read")
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--config", type=Path, help="analyses.yaml (all steps but ingest)")
    given = parser.parse_args(arguments)
    if given.step == "ingest":
        return ingest(given.source, given.out)
    if given.config is None:
        parser.error(f"{given.step} needs --config")
    step = {"normalize": normalize, "synthesize": synthesize, "report": report}[given.step]
    return step(given.source, given.out, given.config)


def _guarded(arguments: Sequence[str] | None = None) -> int:
    """Run `main`; a disk that is full or not writable is one line, not a traceback."""
    try:
        return main(arguments)
    except OSError as error:
        if error.errno is None:
            raise
        print(f"{error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(_guarded())
