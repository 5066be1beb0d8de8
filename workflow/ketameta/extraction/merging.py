"""One set of tables made of two extractions, of what people decided, and of corrections.

What changes is said table by table; nothing is read or written here. A's rows and cells stay as
they are but for what was decided.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ketameta.evidence.rows import ADDED, entered_of
from ketameta.extraction.adjudication import DECIDED, ENDED, Cells, Line, about, said, settled
from ketameta.extraction.cells import FREE
from ketameta.extraction.corrections import Left, Placed
from ketameta.extraction.editing import Edits
from ketameta.extraction.records import A, B, Disagreement, Matching, Record, Side
from ketameta.ingest.cells import CellError, parse
from ketameta.ingest.decisions import plain_value
from ketameta.ingest.rows import TextTable
from ketameta.tables.identity import row_of
from ketameta.tables.problems import shown
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.upkeep import ADJUDICATION, READINGS

# how the flag of a row starts that stands beside the one that is pooled
CONFLICT = "conflict"
CORRECTION = "correction"
_OWNERS = ("trial_id", "review_id", "claim_id")
_IMPACT = ("analyses", "shift", "flips")
# a row of a table, by the line on which it starts
At = tuple[str, int]


class RefusedError(ValueError):
    """What must be settled before anything can be merged; ``lines`` say it."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = list(lines)


@dataclass(frozen=True, slots=True)
class Decided:
    """A disagreement and the line that decides it."""

    found: Disagreement
    line: Line

    @property
    def at(self) -> At:
        """The row of A that a cell stands in."""
        return self.found.table, int(self.found.place_a.rpartition(":")[2])

    @property
    def cell(self) -> str:
        """What the cell of A is to be."""
        if self.line.decision == "other":
            column = RESULT_TABLES[self.found.table][self.found.column]
            return plain_value(self.line.cells.get("value", ""), column)
        return self.found.b if self.line.decision == B else self.found.a


@dataclass(frozen=True, slots=True)
class Signed:
    """Who extracted B, or corrects, and when, where no line says otherwise."""

    role: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """What changes, by table, records of it among them.

    ``decided`` were carried out now or stay as they are; ``conflicts`` counts the rows added beside
    others; ``applied`` and ``left`` are corrections.
    """

    edits: Mapping[str, Edits]
    decided: tuple[Decided, ...] = ()
    conflicts: int = 0
    applied: tuple[Placed, ...] = ()
    left: tuple[Left, ...] = ()


def set_aside(a: Side, b: Side, record: Sequence[Mapping[str, str]]) -> tuple[Side, Side]:
    """Leave out the rows that an earlier merge put beside others, as their sources conflict.

    They are B's rows of then: held against B they would be taken for the row that is pooled.
    """
    both = {(c.get("table"), c.get("row")) for c in record if c.get("decision") == "both"}

    def beside(table: str, row: Record) -> bool:
        entered = entered_of(row)
        flag = entered.get("flag", "")
        return flag.startswith(CONFLICT) and (table, row_of(table, entered)) in both

    own = {row["entered"] for t, rows in a.tables.items() for row in rows if beside(t, row)}
    sides = [
        replace(
            side,
            tables={t: [r for r in rows if r["entered"] not in own] for t, rows in tables.items()},
        )
        for side in (a, b)
        for tables in [side.tables]
    ]
    return sides[0], sides[1]


def decide(
    found: Sequence[Disagreement],
    lines: Sequence[Line],
    record: Sequence[Mapping[str, str]],
) -> list[Decided]:
    """Return each disagreement with the line that decides it, but those settled before.

    Raises `RefusedError` where a line is open or missing, fits no disagreement, or decides
    otherwise than what was recorded.
    """
    by_id = {line.id: line for line in reversed(lines)}
    before = {cells.get("id", ""): cells for cells in record}
    decided, faults = [], []
    for one in found:
        line, known = by_id.get(one.id), settled(one, record)
        if line is None and one.column in FREE:
            continue  # text beside the numbers: A's stands where nobody asks
        if line is None or not line.decision:
            if not known:
                where = f"{line.place}: is open" if line else "has no line"
                faults.append(f"{where}: {_named(one)}")
        elif one.id in before and said(before[one.id]) != said(line.cells):
            earlier = f"{said(before[one.id])} was decided before"
            faults.append(
                f"{line.place}: {said(line.cells)}, but {earlier} ({one.id} in adjudication): "
                "take that row out there to decide anew"
            )
        elif fault := _fault(one, line):
            faults.append(f"{line.place}: {fault}: {_named(one)}")
        elif not known:
            decided.append(Decided(one, line))
    for line in _stale(found, lines):
        if said(before.get(line.id, {})) != said(line.cells):
            faults.append(
                f"{line.place}: {line.id} is no disagreement of the two: has one changed since?"
            )
    if faults:
        raise RefusedError(faults)
    return decided


def _stale(found: Sequence[Disagreement], lines: Sequence[Line]) -> list[Line]:
    """Return the decided lines of what does not disagree, but those known to have ended."""
    there = {one.id for one in found}
    rest = [line for line in lines if line.id not in there and line.decision]
    return [line for line in rest if line.cells.get("likely") != ENDED]


def _fault(one: Disagreement, line: Line) -> str:
    """Say why a decision cannot be carried out on its cell; empty where it can."""
    if not one.column:
        return "" if line.decision in (A, B) else "of a whole row decide A or B"
    schema = RESULT_TABLES[one.table]
    try:
        if line.decision == "other":
            plain_value(line.cells.get("value", ""), schema[one.column])
        elif line.decision == B:
            parse(one.b, schema[one.column])
    except CellError as error:
        return str(error)
    if line.decision == "both" and "flag" not in schema.names:
        return f"both cannot stand: a row of {one.table} has no flag"
    return ""


def _named(one: Disagreement) -> str:
    what = f" {one.column}: {shown(one.a)} and {shown(one.b)}" if one.column else ""
    places = " and ".join(filter(None, (one.place_a, one.place_b)))
    return f"{one.table} / {one.row}{what} ({places})"


def merged(
    found: Sequence[Disagreement],
    decided: Sequence[Decided],
    matching: Matching,
    placed: tuple[Sequence[Placed], Sequence[Left]],
    texts: Mapping[str, TextTable],
    signed: Signed,
) -> Merge:
    """Return what changes in A's tables ``texts``, records of it among them.

    Raises `RefusedError` where a correction and a decision say different things of a cell.
    """
    edits: dict[str, Edits] = defaultdict(Edits)
    conflicts = _carry(decided, matching, texts, edits)
    applied, left = placed
    _correct(applied, decided, edits)
    record = [_recorded(one, texts, edits) for one in decided]
    record += [_corrected(one, texts, edits, signed) for one in applied]
    _keep(record, ADJUDICATION.key, texts.get(ADJUDICATION.name), edits[ADJUDICATION.name])
    if signed.role:
        readings = _readings(matching, found, signed)
        _keep(readings, READINGS.key, texts.get(READINGS.name), edits[READINGS.name])
    changed = {name: own for name, own in edits.items() if own}
    return Merge(changed, tuple(decided), conflicts, tuple(applied), tuple(left))


def _carry(
    decided: Sequence[Decided],
    matching: Matching,
    texts: Mapping[str, TextTable],
    edits: dict[str, Edits],
) -> int:
    """Make the edits that were decided; return how many rows were added beside others."""
    rows: dict[At, list[Decided]] = defaultdict(list)
    for one in decided:
        if one.found.column:
            rows[one.at].append(one)
        elif one.line.decision == B:
            for change in one.found.edit.changes:
                if change.kind == ADDED:
                    cells = entered_of(change.row)
                    place = _below(change.table, cells, texts)
                    edits[change.table].added.append((place, cells))
                else:
                    edits[change.table].removed.add(change.row["line"])
    pairs = {(m.table, m.a["line"]): m for m in matching.matches}
    conflicts = 0
    for (table, line), own in rows.items():
        for one in own:
            if one.cell != one.found.a:
                edits[table].change(line, one.found.column, one.cell)
        if standing := [one.found.column for one in own if one.line.decision == "both"]:
            cells = entered_of(pairs[table, line].b)
            for one in own:
                if one.line.decision != "both":
                    cells[one.found.column] = one.cell
            said = f"{CONFLICT}: another source gives another {' and '.join(standing)}"
            cells["flag"] = "; ".join(filter(None, (said, cells.get("flag", ""))))
            edits[table].added.append((line, cells))
            conflicts += 1
    return conflicts


def _below(table: str, cells: Mapping[str, str], texts: Mapping[str, TextTable]) -> int:
    """Return the line below which a new row goes: the last of its trial, or of all."""
    owner = next((name for name in _OWNERS if name in RESULT_TABLES[table].names), "")
    lines = [r.line for r in texts[table].rows if r.cells.get(owner) == cells.get(owner)]
    return lines[-1] if lines else 0


def _correct(
    applied: Iterable[Placed], decided: Iterable[Decided], edits: dict[str, Edits]
) -> None:
    by_cell = {(*one.at, one.found.column): one for one in decided if one.found.column}
    faults = []
    for placed in applied:
        one = placed.correction
        other = by_cell.get((one.table, placed.line, one.column))
        if other is not None and other.cell != one.new:
            faults.append(
                f"{one.place}: {one.target} is to be {shown(one.new)}, but {other.line.place} "
                f"decides {other.line.decision}: {shown(other.cell)}"
            )
        elif placed.line in edits[one.table].removed:
            faults.append(f"{one.place}: the row of {one.target} is decided to go")
        else:
            edits[one.table].change(placed.line, one.column, one.new)
    if faults:
        raise RefusedError(faults)


def _recorded(one: Decided, texts: Mapping[str, TextTable], edits: Mapping[str, Edits]) -> Cells:
    """Return a decision as it is recorded: the row by the name that it has from now on."""
    cells = {name: cell for name, cell in one.line.cells.items() if name in (*DECIDED, *_IMPACT)}
    try:
        plain_value(cells.get("shift", ""), ADJUDICATION["shift"])
    except CellError:  # a spreadsheet has changed it
        cells["shift"] = ""
    made = {**cells, **about(one.found)}
    made |= {name: _file(made[name]) for name in ("place_a", "place_b")}
    if one.found.column:
        made["row"] = _row(one.at, texts, edits)
    return made


def _corrected(
    placed: Placed, texts: Mapping[str, TextTable], edits: Mapping[str, Edits], signed: Signed
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
        "role": one.cells.get("role", signed.role),
        "date": one.cells.get("date", signed.date),
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
    own = edits.get(table)
    return row_of(table, cells | (own.cells.get(line, {}) if own else {}))


def _readings(matching: Matching, found: Iterable[Disagreement], signed: Signed) -> list[Cells]:
    """Return a row for every row that B extracted as well; rows of one name together."""
    both: Counter[tuple[str, str, str]] = Counter()
    for match in matching.matches:
        a, b = entered_of(match.a), entered_of(match.b)
        key = (match.table, a.get("trial_id", ""), row_of(match.table, a))
        both[key] += sum(bool(b.get(name)) for name in a)
    differed = Counter((one.table, one.row) for one in found if one.column and one.a and one.b)
    return [
        {
            "table": table,
            "trial_id": trial,
            "row": row,
            "role": signed.role,
            "date": signed.date,
            "cells": str(cells),
            "differed": str(differed[table, row]),
        }
        for (table, trial, row), cells in both.items()
    ]


def _keep(rows: Iterable[Cells], key: Sequence[str], text: TextTable | None, edits: Edits) -> None:
    """Add the rows that a table has not yet, in an order that hangs on what they say alone."""
    order = list(RESULT_TABLES)
    there = {tuple(r.cells.get(n, "") for n in key) for r in text.rows} if text else set()
    new = {tuple(cells.get(name, "") for name in key): cells for cells in rows}
    kept = [cells for name, cells in new.items() if name not in there]
    kept.sort(key=lambda c: (order.index(c["table"]), c["row"], *sorted(c.items())))
    edits.added += [(0, cells) for cells in kept]
