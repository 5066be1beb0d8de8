"""The first stage: read and check every raw table, then write it as Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.ingest.agreement import check_agreement
from ketameta.ingest.answers import check_answers
from ketameta.ingest.assessments import check_assessments
from ketameta.ingest.contradictions import check_contradictions
from ketameta.ingest.decisions import check_decisions
from ketameta.ingest.places import Found, read_place
from ketameta.ingest.references import check_between_rows
from ketameta.ingest.rows import TextTable
from ketameta.ingest.rules import check_rows
from ketameta.ingest.sheet import Sheet, typed
from ketameta.ingest.upkeep import check_upkeep
from ketameta.tables.collection import Tables
from ketameta.tables.problems import Problem, ProblemRow
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_KINDS
from ketameta.tables.table import extended, to_arrow

if TYPE_CHECKING:
    import pyarrow as pa

MOST_OF_FILE = 2_000


@dataclass(frozen=True, slots=True)
class ReadPlace:
    """The tables of a folder as read and checked, and every problem found, errors first."""

    sheets: dict[str, Sheet]
    problems: list[Problem]

    def rows(self) -> Tables:
        """Return the rows without a fault (see `check_folder`)."""
        kinds = ((RAW_KINDS[name], sheet) for name, sheet in self.sheets.items())
        return Tables({kind: sheet.rows(kind) for kind, sheet in kinds})

    def arrow(self) -> dict[str, pa.Table]:
        """Return each raw table and the table of problems as typed Arrow tables.

        Files are named without their folder, so that the output does not depend on where it lies.
        """
        empty = {name: Sheet(schema, name) for name, schema in OPTIONAL_TABLES.items()}
        sheets = {**empty, **self.sheets}
        result = {name: sheet.arrow(RAW_KINDS[name]) for name, sheet in sheets.items()}
        problems = self.problems
        told = [extended(ProblemRow, each, file=Path(each.file).name) for each in problems]
        return result | {"problems": to_arrow(ProblemRow, told)}


def check_place(place: Found) -> ReadPlace:
    """Check what was read of a place (see `read_place`)."""
    texts, problems = place
    sheets, found = checked_tables(texts)
    key = attrgetter("severity", "file", "line", "column")
    return ReadPlace(sheets, sorted(problems + found, key=key))


def check_folder(folder: Path) -> tuple[Tables, list[Problem]]:
    """Read and check every table of a folder, or of a workbook or a single file.

    Returns the rows without a fault of each table (with ``file``, ``line`` and ``entered``, the
    non-empty cells as JSON text) and every problem found, in one pass: errors first, each kind
    in the order of files and lines.
    """
    found = check_place(read_place(folder))
    return found.rows(), found.problems


def ingest(folder: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return each raw table and the table of problems as typed Arrow tables, and the problems."""
    found = check_place(read_place(folder))
    return found.arrow(), found.problems


def checked_tables(texts: Mapping[str, TextTable]) -> tuple[dict[str, Sheet], list[Problem]]:
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


def faults_of(sheets: dict[str, Sheet]) -> list[Problem]:
    """Return every problem of rows that are typed already, in themselves and beside others."""
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
    check_assessments(sheets)
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
