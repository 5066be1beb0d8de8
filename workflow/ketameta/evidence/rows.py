"""Two versions of the raw tables side by side: which rows came, went, or were edited.

Rows are compared by their cells as entered, not by their place: a sorted table has not changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from ketameta.tables.collection import Tables, by
from ketameta.tables.entered import Entered, as_entered, cells_key
from ketameta.tables.identity import identity, name_of
from ketameta.tables.parts import Placed
from ketameta.tables.raw import RAW_KINDS, RESULT_TABLES


class HasEntered(Protocol):
    """A row with its cells as they were entered."""

    @property
    def entered(self) -> Entered:
        """The cells that hold something."""


R = TypeVar("R", bound=Placed)
E = TypeVar("E", bound=HasEntered)
# what rows belong to
OWNERS = ("trial_id", "review_id", "claim_id")
ADDED, REMOVED, EDITED = "added", "removed", "edited"


@dataclass(frozen=True)
class CellChange:
    """One cell that differs, as entered; empty where nothing stood."""

    column: str
    old: str
    new: str


@dataclass(frozen=True)
class RowChange:
    """One row that was added, removed or edited; `old` and `new` are None where there is none."""

    table: str
    kind: str
    old: Placed | None
    new: Placed | None
    cells: tuple[CellChange, ...] = ()

    @property
    def row(self) -> Placed:
        """The row as it is now, or was."""
        row = self.new if self.new is not None else self.old
        assert row is not None
        return row

    @property
    def trial(self) -> str:
        """The trial that the row belongs to; empty for reviews and claims."""
        return trial_of(self.row)

    @property
    def name(self) -> str:
        """The row for people: its table and the cells that identify it."""
        return f"{self.table} / {name_of(self.table, self.row.entered)}"

    @property
    def place(self) -> str:
        """File and line where the row stands, or stood."""
        return place_of(self.row)


def trial_of(row: Placed) -> str:
    """Return the trial that a row belongs to; empty for reviews and claims."""
    return getattr(row, "trial_id", None) or ""


def with_cells(table: str, row: R, cells: Mapping[str, str], values: Mapping[str, object]) -> R:
    """Return a row with some cells as entered, and what they mean, in place of its own."""
    entered = {**row.entered, **cells}
    ordered = as_entered({name: entered.get(name, "") for name in RESULT_TABLES[table].names})
    told: dict[str, Any] = dict(values)
    return replace(row, **told, entered=ordered)


def place_of(row: Placed) -> str:
    """Return file and line where a row stands."""
    return f"{row.file}:{row.line}"


def changed_rows(old: Tables, new: Tables) -> list[RowChange]:
    """Return every row that differs, by table in the order of the raw tables, then by line."""
    result: list[RowChange] = []
    for table in RESULT_TABLES:
        kind = RAW_KINDS[table]
        found = _of_table(table, old.get(kind), new.get(kind))
        result += sorted(found, key=lambda c: (c.row.line, c.kind))
    return result


def same_rows(table: str, old: Sequence[E], new: Sequence[E]) -> list[tuple[E, E]]:
    """Return the rows that are surely the same.

    Those are alike in every cell, else alone of their identity, else alone of it but for the flag.
    """
    pairs: list[tuple[E, E]] = []
    left, right = _without_common(old, new, pairs)
    names = identity(table)
    left, right = _paired_by_identity(left, right, names, pairs)
    _paired_by_identity(left, right, [name for name in names if name != "flag"], pairs)
    return pairs


def _of_table(table: str, old: Sequence[Placed], new: Sequence[Placed]) -> list[RowChange]:
    left, right = _without_common(old, new)
    pairs: list[tuple[Placed, Placed]] = []
    left, right = _paired_by_identity(left, right, identity(table), pairs)
    left, right = _paired_by_likeness(left, right, pairs)
    changes = [RowChange(table, EDITED, a, b, _cells(table, a, b)) for a, b in pairs]
    changes += [RowChange(table, REMOVED, row, None) for row in left]
    return changes + [RowChange(table, ADDED, None, row) for row in right]


def _without_common(
    old: Sequence[E], new: Sequence[E], same: list[tuple[E, E]] | None = None
) -> tuple[list[E], list[E]]:
    """Leave out the rows that stand in both, each as often as in the other; ``same`` takes them."""
    waiting = by(old, lambda row: cells_key(row.entered))
    added = []
    for row in new:
        alike = waiting.get(cells_key(row.entered))
        if alike:
            first = alike.pop(0)
            if same is not None:
                same.append((first, row))
        else:
            added.append(row)
    gone = {id(row) for rows in waiting.values() for row in rows}
    return [row for row in old if id(row) in gone], added


def _paired_by_identity(
    old: list[E], new: list[E], names: Sequence[str], pairs: list[tuple[E, E]]
) -> tuple[list[E], list[E]]:
    """Pair rows whose identifying cells are the same and unlike those of any other."""

    def groups(rows: Iterable[E]) -> dict[tuple[str, ...], list[E]]:
        found: dict[tuple[str, ...], list[E]] = defaultdict(list)
        for row in rows:
            cells = row.entered
            found[tuple(cells.get(name, "") for name in names)].append(row)
        return found

    before, after = groups(old), groups(new)
    taken = set()
    for key, rows in before.items():
        if len(rows) == 1 and len(after.get(key, ())) == 1:
            pairs.append((rows[0], after[key][0]))
            taken |= {id(rows[0]), id(after[key][0])}
    return [r for r in old if id(r) not in taken], [r for r in new if id(r) not in taken]


def _paired_by_likeness(
    old: list[Placed], new: list[Placed], pairs: list[tuple[Placed, Placed]]
) -> tuple[list[Placed], list[Placed]]:
    """Pair the rest where half of the cells or more agree, the most alike first.

    Only rows of one trial (or review, or claim) are one row edited.
    """
    candidates = []
    by_owner = by(new, _owner)
    for a in old:
        for b in by_owner[_owner(a)]:
            x, y = a.entered, b.entered
            names = x.keys() | y.keys()
            same = sum(x.get(name) == y.get(name) for name in names) / len(names)
            if same >= 0.5:
                candidates.append((-same, a.line, b.line, a, b))
    taken: set[int] = set()
    for *_, a, b in sorted(candidates, key=lambda c: c[:3]):
        if id(a) not in taken and id(b) not in taken:
            pairs.append((a, b))
            taken |= {id(a), id(b)}
    return [r for r in old if id(r) not in taken], [r for r in new if id(r) not in taken]


def _owner(row: Placed) -> str:
    return next((str(name) for column in OWNERS if (name := getattr(row, column, None))), "")


def _cells(table: str, old: Placed, new: Placed) -> tuple[CellChange, ...]:
    before, after = old.entered, new.entered
    return tuple(
        CellChange(name, before.get(name, ""), after.get(name, ""))
        for name in RESULT_TABLES[table].names
        if before.get(name, "") != after.get(name, "")
    )
