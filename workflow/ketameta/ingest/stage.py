"""The first stage: read and check every raw table, then write it as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.ingest.agreement import check_agreement
from ketameta.ingest.answers import check_answers
from ketameta.ingest.contradictions import check_contradictions
from ketameta.ingest.decisions import check_decisions
from ketameta.ingest.places import read_place
from ketameta.ingest.references import check_between_rows
from ketameta.ingest.rows import TextTable
from ketameta.ingest.rules import check_rows
from ketameta.ingest.sheet import Entry, Row, Sheet, typed
from ketameta.ingest.upkeep import check_upkeep
from ketameta.tables.effects import ProblemRow
from ketameta.tables.problems import Problem
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_KINDS, RESULT_TABLES
from ketameta.tables.table import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

MOST_OF_FILE = 2_000


def check_folder(folder: Path) -> tuple[dict[str, list[Row]], list[Problem]]:
    """Read and check every table of a folder, or of a workbook or a single file.

    Returns the rows without a fault of each table (with ``file``, ``line`` and ``entered``, the
    non-empty cells as JSON text) and every problem found, in one pass: errors first, each kind
    in the order of files and lines.
    """
    texts, problems = read_place(folder)
    sheets, found = checked(texts)
    tables = {name: sheet.rows() for name, sheet in sheets.items()}
    ordered = sorted(problems + found, key=lambda p: (p.severity, p.file, p.line, p.column))
    return tables, ordered


def checked(texts: Mapping[str, TextTable]) -> tuple[dict[str, Sheet], list[Problem]]:
    """Return the tables that could be read, with all their rows, and every problem of them all."""
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    for name, text in texts.items():
        if text.readable:
            sheets[name] = typed(text)
        else:
            problems += text.problems
    _check(sheets)
    for sheet in sheets.values():
        problems += _first(sheet.problems)
    return sheets, problems


def faults_of(tables: Mapping[str, Iterable[Row]]) -> list[Problem]:
    """Return every problem of rows that are typed already, as `check_folder` has them.

    Cells that are entered and have no value are at fault already, and told no more.
    """
    sheets = {name: Sheet(RESULT_TABLES[name], f"{name}.csv") for name in tables}
    for name, rows in tables.items():
        columns = RESULT_TABLES[name].columns
        for row in rows:
            entered = dict.fromkeys(RESULT_TABLES[name].names, "") | json.loads(row["entered"])
            bad = {c.name for c in columns if row.get(c.name) is None and entered[c.name]}
            sheets[name].entries.append(Entry(row["file"], row["line"], row, entered, bad))
    _check(sheets)
    return [problem for sheet in sheets.values() for problem in sheet.problems]


def _check(sheets: dict[str, Sheet]) -> None:
    """Add every fault of rows in themselves and beside others."""
    for sheet in sheets.values():
        check_rows(sheet)
    check_between_rows(sheets)
    check_agreement(sheets)
    check_contradictions(sheets)
    check_answers(sheets)
    check_upkeep(sheets)
    check_decisions(sheets)


def _first(problems: list[Problem]) -> list[Problem]:
    """Return the problems of a file, cut where a person would stop to read; errors come first."""
    ordered = sorted(problems, key=lambda p: (p.severity, p.line, p.column))
    if len(ordered) <= MOST_OF_FILE:
        return ordered
    rest = ordered[MOST_OF_FILE]
    message = f"{len(ordered) - MOST_OF_FILE:,} problems more in this file are not listed"
    return [
        *ordered[:MOST_OF_FILE],
        Problem(rest.file, rest.line, "", "", message, rest.severity, rest.table),
    ]


def ingest(folder: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return each raw table and the table of problems as typed Arrow tables, and the problems.

    Files are named without their folder, so that the output does not depend on where it lies.
    """
    import pyarrow as pa

    rows, problems = check_folder(folder)
    rows = {**{name: [] for name in OPTIONAL_TABLES}, **rows}
    result = {}
    for name, table_rows in rows.items():
        for row in table_rows:
            row["file"] = Path(row["file"]).name
        result[name] = pa.Table.from_pylist(
            table_rows, schema=schema_of(RAW_KINDS[name]).arrow_schema()
        )
    found = [{**vars(p), "file": Path(p.file).name} for p in problems]
    result["problems"] = pa.Table.from_pylist(found, schema=schema_of(ProblemRow).arrow_schema())
    return result, problems
