"""The two extractions that are held against each other: two places, or two raters of one.

A second extraction has faults: unknown words, numbers with text, columns or tables that are not
there. None of its rows is lost for that: each is compared by its cells as they were entered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ketameta.extraction.records import Side
from ketameta.ingest.places import read_place
from ketameta.ingest.rows import TextTable
from ketameta.ingest.sheet import Entry
from ketameta.ingest.stage import checked_tables
from ketameta.tables.collection import Tables
from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.entered import as_entered
from ketameta.tables.parts import Placed
from ketameta.tables.problems import ERROR, Problem
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES, ROB2_ANSWERS, ArmRow, TrialRow
from ketameta.tables.table import Row

# where answers of several raters stand side by side: that they differ is kept, not decided
SIDE_BY_SIDE = (ROB2_ANSWERS.name,)
RATER = Column("rater", "id", "who extracted the row", optional=True)
_NAMES = ("id", "ids")


class UnreadableSideError(ValueError):
    """A side of which no table could be read; the message says why."""


class RaterError(ValueError):
    """Raters that are not in the tables, or not two; the message says who is."""


def two_sides(a: Path, b: Path, names: tuple[str, str] = ("", "")) -> tuple[Side, Side]:
    """Return the extractions of two folders or workbooks, by the names given or their paths.

    A table without a row is absent on the second side: nobody filled it. The first side is the one
    that grows, and may begin empty. Raises `UnreadableSideError`.
    """
    first, second = (
        _side(name or place.as_posix(), *_read(place))
        for place, name in zip((a, b), names, strict=True)
    )
    empty = tuple(table for table in RESULT_TABLES if not second.tables.get(RAW_KINDS[table]))
    if len(empty) == len(RESULT_TABLES):
        raise UnreadableSideError(f"{second.name}: holds no row")
    second = replace(second, absent=empty)
    return _without_known(first, second), _without_known(second, first)


def sides_by_rater(place: Path, raters: Sequence[str] = ()) -> tuple[Side, Side]:
    """Return the extractions of two raters whose rows stand in one folder or workbook.

    Rows tell theirs by a column `rater`; those that name none are both raters'. A table in which
    a rater has no row of their own is absent on their side. Raises `RaterError` where `raters` are
    not two of those that are there, or are not given and there are not just two; and
    `UnreadableSideError`.
    """
    texts, problems = _read(place)
    known = sorted({_rater(row.cells) for text in texts.values() for row in text.rows} - {""})
    wanted = tuple(raters) or tuple(known)
    if len(wanted) != 2 or not set(wanted) <= set(known) or wanted[0] == wanted[1]:
        there = ", ".join(known) if known else "none: no row has a cell in a column rater"
        raise RaterError(f"{place.as_posix()}: two raters are needed; there are: {there}")
    first, second = (_of_one(rater, texts, problems) for rater in wanted)
    return first, second


def _of_one(rater: str, texts: Mapping[str, TextTable], problems: list[Problem]) -> Side:
    """Return the side of one rater of several."""
    own = {name: _of_rater(text, rater) for name, text in texts.items()}
    side = _side(rater, own, problems)
    rows = [(name, text.file, row) for name, text in own.items() for row in text.rows]
    busy = {name for name, _, row in rows if _rater(row.cells)}
    return replace(
        side,
        absent=tuple(name for name in RESULT_TABLES if name not in busy),
        missing=side.missing | {(ROB2_ANSWERS.name, RATER.name)},
        shared=frozenset((file, row.line) for _, file, row in rows if not _rater(row.cells)),
    )


def _read(place: Path) -> tuple[dict[str, TextTable], list[Problem]]:
    """Return the tables that results come from as texts.

    Raises `UnreadableSideError`, also where one table of several cannot be read: that nothing of it
    disagrees would say that all of it agrees.
    """
    texts, problems = read_place(place, (RATER,))
    results = {name: text for name, text in texts.items() if name in RESULT_TABLES}
    torn = [text for text in results.values() if not text.readable]
    if torn or not results:
        faults = [*(problem for text in torn for problem in text.problems), *problems]
        said = [str(problem) for problem in faults if problem.severity == ERROR]
        raise UnreadableSideError("\n".join(said[:5]) or f"{place.as_posix()}: holds no table")
    return results, problems


def _rater(cells: Mapping[str, str]) -> str:
    return cells.get(RATER.name, "")


def _of_rater(text: TextTable, rater: str) -> TextTable:
    rows = [row for row in text.rows if _rater(row.cells) in ("", rater)]
    return replace(text, rows=rows)


def _side(name: str, texts: dict[str, TextTable], problems: list[Problem]) -> Side:
    sheets, found = checked_tables(texts)
    absent = tuple(table for table in RESULT_TABLES if table not in sheets)
    # a table without a file is told as absent
    faults = [p for p in (*problems, *found) if p.severity == ERROR]
    faults = [p for p in faults if p.line or p.column or p.table not in absent]
    rows: dict[type[Row], list[Placed]] = {
        RAW_KINDS[name]: [_row(entry, RESULT_TABLES[name]) for entry in sheet.entries]
        for name, sheet in sheets.items()
    }
    missing = {
        (table, column.name)
        for table, sheet in sheets.items()
        for column in RESULT_TABLES[table].columns
        if column.name in sheet.missing and not column.optional
    }
    return Side(name, Tables(rows), tuple(sorted(faults)), absent, frozenset(missing))


def _row(entry: Entry, schema: TableSchema) -> Placed:
    """Return a row whose cells with a fault are None; names are kept as they were entered."""
    values = {n: None if n in entry.bad else entry.values.get(n) for n in schema.names}
    for column in schema.columns:
        if column.kind in _NAMES:
            values[column.name] = entry.entered.get(column.name) or None
    entered = entry.entered
    if schema.name != ROB2_ANSWERS.name:  # whose column it is
        entered = {name: cell for name, cell in entered.items() if name != RATER.name}
    kind: type[Any] = RAW_KINDS[schema.name]
    row: Placed = kind(file=entry.file, line=entry.line, entered=as_entered(entered), **values)
    return row


def _without_known(side: Side, other: Side) -> Side:
    """Leave out faults that say a trial or arm is unknown where the other side has it.

    A batch of new rows may lean on trials of the tables that it adds to.
    """
    trials = {row.trial_id for row in other.tables.get(TrialRow)}
    arms = {(row.trial_id, row.arm_id) for row in other.tables.get(ArmRow)}

    def known(problem: Problem) -> bool:
        if problem.table not in RESULT_TABLES or not problem.column:
            return False
        columns = {c.name: c.references for c in RESULT_TABLES[problem.table].columns}
        target = columns.get(problem.column, "")
        names = problem.value.split(";")
        if target.startswith("trials."):
            return trials.issuperset(names)
        return bool(target) and arms.issuperset((problem.trial_id, name) for name in names)

    return replace(side, problems=tuple(p for p in side.problems if not known(p)))
