"""What a merge writes down of itself: decisions, corrections, and rows that were read twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.extraction.adjudication import (
    DECIDED,
    IMPACT,
    At,
    Cells,
    DecidedDisagreement,
    about_cells,
)
from ketameta.extraction.agreement import both_filled
from ketameta.extraction.corrections import Located
from ketameta.extraction.editing import Edits
from ketameta.extraction.records import Match, Matching
from ketameta.ingest.cells import CellError
from ketameta.ingest.decisions import plain_value
from ketameta.ingest.rows import TextTable
from ketameta.tables.columns import TableSchema
from ketameta.tables.decisions import BOTH, CORRECTION, ROW, B, Decision
from ketameta.tables.decisions import Decided as Decisions
from ketameta.tables.identity import decision_name, decision_names
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.upkeep import ADJUDICATION


@dataclass(frozen=True, slots=True)
class Signed:
    """Who extracted B, or corrects, and when, where no line says otherwise."""

    role: str = ""
    date: str = ""


def recorded(
    one: DecidedDisagreement,
    texts: Mapping[str, TextTable],
    edits: Mapping[str, Edits],
    signed: Signed,
) -> Cells:
    """Return a decision as it is recorded: the row by the name that it has from now on."""
    cells = {name: cell for name, cell in one.line.cells.items() if name in (*DECIDED, *IMPACT)}
    try:
        cells["shift"] = plain_value(cells.get("shift", ""), ADJUDICATION["shift"])
    except CellError:  # a spreadsheet has changed it
        cells["shift"] = ""
    made = {"date": signed.date, **cells, **about_cells(one.found)}
    made |= {name: _file(made[name]) for name in ("place_a", "place_b")}
    if one.found.column:
        made["row"] = _row(one.at, texts, edits)
    return made


def corrected(
    placed: Located, texts: Mapping[str, TextTable], edits: Mapping[str, Edits], signed: Signed
) -> Cells:
    """Return a correction as it is recorded."""
    one = placed.correction
    return {
        "id": placed.id,
        "table": one.table,
        "trial_id": placed.trial_id,
        "row": _row((one.table, placed.line), texts, edits),
        "column": one.column,
        "a": one.old,
        "b": one.new,
        "place_a": _file(f"{texts[one.table].file}:{placed.line}"),
        "place_b": _file(one.place),
        "decision": CORRECTION,
        "reason": one.cells["why"],
        "role": one.cells.get("role") or signed.role,
        "date": one.cells.get("date") or signed.date,
        "source": one.cells.get("source", ""),
        "locator": one.cells.get("locator", ""),
    }


def _file(place: str) -> str:
    """Return a place without its folder, on which a record does not hang."""
    return place.rpartition("/")[2]


def _row(at: At, texts: Mapping[str, TextTable], edits: Mapping[str, Edits]) -> str:
    """Return what decisions call a row as it is after the edits."""
    table, line = at
    cells = next(row.cells for row in texts[table].rows if row.line == line)
    return decision_name(table, cells | _edited(at, edits))


def _edited(at: At, edits: Mapping[str, Edits]) -> Cells:
    table, line = at
    return edits[table].cells.get(line, {}) if table in edits else {}


def readings(
    matching: Matching,
    known: Decisions,
    edits: Mapping[str, Edits],
    signed: Signed,
    before: Container[tuple[str, str]] = (),
) -> list[Cells]:
    """Return a row for every row that B extracted as well; rows of one name together.

    Not those that are ``known`` to be taken from B, word for word, or to be of another source that
    is in conflict. They go by the names that they have after the edits; those noted ``before``, by
    table and row, by the names that earlier versions gave them. Cells are those that `agreement`
    counts.
    """
    both: Counter[tuple[str, str, str]] = Counter()
    differed: Counter[tuple[str, str, str]] = Counter()
    for match in matching.matches:
        at = (match.table, match.a.line)
        now = {**match.a.entered, **_edited(at, edits)}
        arms = [{**now, "arm_id": now[n]} for n in ("arm_t", "arm_c") if n in now]
        past = [one for cells in (now, *arms) for one in known.about(match.table, cells)]
        if any(one.decision == BOTH for one in past) or _given(match, now, past):
            continue
        names = decision_names(match.table, now)
        name = next((name for name in names if (match.table, name) in before), names[0])
        key = (match.table, now.get("trial_id", ""), name)
        cells = both_filled(match)
        both[key] += len(cells)
        differed[key] += sum(a != b for a, b in cells)
    return [
        {
            "table": table,
            "trial_id": trial,
            "row": row,
            "role": signed.role,
            "date": signed.date,
            "cells": str(count),
            "differed": str(differed[table, trial, row]),
        }
        for (table, trial, row), count in both.items()
    ]


def _given(match: Match, now: Cells, past: Sequence[Decision]) -> bool:
    """Say whether this B gave the row: it was taken from a B, and came as this one has it.

    Notes and all; what was decided of its cells since does not count.
    """
    if not any(not one.column and one.decision == B and one.b == ROW for one in past):
        return False
    came = now | {one.column: one.a for one in past if one.column and one.changed}
    return {name: cell for name, cell in came.items() if cell} == match.b.entered


def add_rows(
    rows: Iterable[Cells],
    schema: TableSchema,
    texts: Mapping[str, TextTable],
    edits: Mapping[str, Edits],
) -> None:
    """Add the rows that a table has not yet, in an order that hangs on what they say alone."""
    there = texts[schema.name].rows if schema.name in texts else []
    known = {tuple(row.cells.get(name, "") for name in schema.key) for row in there}
    new = {tuple(cells.get(name, "") for name in schema.key): cells for cells in rows}
    kept = [cells for key, cells in new.items() if key not in known]
    kept.sort(key=_order)
    edits[schema.name].added.extend((0, cells) for cells in kept)


def _order(cells: Cells) -> tuple[object, ...]:
    """Order by table, row and column, then by what is said."""
    table, column = cells["table"], cells.get("column", "")
    at = RESULT_TABLES[table].names.index(column) if column else -1
    return list(RESULT_TABLES).index(table), cells["row"], at, *sorted(cells.items())
