"""A planted second extraction: a copy of some tables with edits of every kind, and their truth.

`second` edits cells as entered; what it plants (`Planted`) names the row of A and the row of B by
place, so that a comparison can be held against it whatever it calls things. Each edit has a trial
of its own, so that none hides another; which rows are edited hangs on the seed alone. Beside the
edits much is spelt otherwise without saying anything else: none of that may be reported.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ketameta.ingest.places import read_place
from ketameta.tables.identity import identity
from ketameta.tables.raw import RESULT_TABLES

Cells = dict[str, str]
Kind = Callable[["Plan"], None]
# (table, line in A, line in B, column): a line is 0 where the side has no such row
Place = tuple[str, int, int, str]
# of the words that are spelt otherwise, so many are in letters of another case
CASE = 0.1
OF_TRIAL = ("arms", "outcomes", "contrasts", "risk_of_bias", "rob2_answers")
NUMBERS = {
    name: tuple(c.name for c in schema.columns if c.kind in ("number", "integer"))
    for name, schema in RESULT_TABLES.items()
}


class NoPlaceError(LookupError):
    """The tables have no row that an edit of this kind could be made to."""


class Row:
    """A row of B under construction; `origin` is the place of its like in A, None where none is."""

    def __init__(self, table: str, cells: Cells, origin: int | None = None) -> None:
        self.table, self.cells, self.origin = table, cells, origin
        self.gone = False

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    @property
    def owner(self) -> str:
        """What the row belongs to."""
        return self["trial_id"] or self["review_id"] or self["claim_id"]

    def number(self, name: str) -> float:
        return float(self[name])


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing that a comparison must say: a cell that differs, or what one side alone has.

    ``column`` is empty for a row, arm or trial; ``a`` and ``b`` are cells as entered. ``likely``
    are words of which a guess, if one is made, must hold one (any with ``.``).
    """

    kind: str
    row: Row
    column: str
    a: str
    b: str
    likely: str = ""


@dataclass
class Plan:
    """The tables of B while they are edited, and what was planted."""

    choice: random.Random
    rows: dict[str, list[Row]]
    planted: list[Planted] = field(default_factory=list)
    # rows of a trial or an arm that is known by another name, and by what they can be known again
    renamed: list[tuple[Row, str]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    kind: str = ""

    def of(self, trial: str, *tables: str) -> list[Row]:
        """Return the rows of a trial, of all tables or some."""
        names = tables or ("trials", *OF_TRIAL)
        return [r for n in names for r in self.rows.get(n, []) if r["trial_id"] == trial]

    def pick(self, table: str, fits: Callable[[Row], object]) -> Row:
        """Return a row that fits, of a trial in which nothing else was planted."""
        rows = [r for r in self.rows[table] if r.owner not in self.used]
        self.choice.shuffle(rows)
        for row in rows:
            if self._linked(row.owner) <= 1 and fits(row):
                self.used.add(row.owner)
                return row
        raise NoPlaceError(self.kind)

    def _linked(self, trial: str) -> int:
        """Count the reports that pool this one: an edit of one of many is no edit alone."""
        return sum(trial in row["part_of"].split(";") for row in self.rows["trials"])

    def put(self, row: Row, column: str, cell: str, likely: str = "") -> None:
        """Write another cell, and note that it must be told."""
        assert cell != row[column], (self.kind, column, cell)
        self.planted.append(Planted(self.kind, row, column, row[column], cell, likely))
        row.cells[column] = cell

    def drop(self, row: Row, *others: Row) -> None:
        """Take out a row, alone or with all that belongs to it: one thing to be told."""
        self.planted.append(Planted(self.kind, row, "", "row", ""))
        for each in (row, *others):
            each.gone = True

    def add(self, row: Row, *others: Row) -> None:
        """Add a row that A has not, alone or with what belongs to it: one thing to be told."""
        self.planted.append(Planted(self.kind, row, "", "", "row"))
        for each in (row, *others):
            self.rows[each.table].append(each)

    def alone(self, row: Row, **cells: str) -> bool:
        """Say whether no other row of the table would be the same with these cells."""
        names = [name for name in identity(row.table) if name != "flag"]
        wanted = [cells.get(name, row[name]) for name in names]
        return all(
            other is row or [other[name] for name in names] != wanted
            for other in self.rows[row.table]
        )


@dataclass(frozen=True, slots=True)
class Second:
    """A second extraction on disk, and its truth by places.

    ``pairs`` are all rows that stand in both; ``told`` what must be told, and nothing else may be.
    ``renamed`` are trials and arms of another name, and by what they can be known again;
    ``skipped`` the kinds of edit that found no row.
    """

    place: Path
    pairs: frozenset[Place]
    told: dict[Place, Planted]
    renamed: dict[Place, str]
    skipped: tuple[str, ...] = ()


def plan_of(a: Path, seed: object) -> Plan:
    """Return the tables of a place as they are, to be edited."""
    texts, _ = read_place(a)
    return Plan(
        random.Random(str(seed)),
        {
            name: [Row(name, dict(row.cells), i) for i, row in enumerate(text.rows)]
            for name, text in texts.items()
            if name in RESULT_TABLES
        },
    )


def second(a: Path, folder: Path, kinds: Iterable[Kind], seed: int, noise: float = 0.2) -> Second:
    """Write a second extraction into a folder: every kind of edit once, and idle differences."""
    plan = plan_of(a, seed)
    skipped = []
    for kind in kinds:
        plan.kind = kind.__name__
        try:
            kind(plan)
        except NoPlaceError:
            skipped.append(plan.kind)
    spelt_otherwise(plan, noise)
    return replace(write(plan, a, folder), skipped=tuple(skipped))


def spelt_otherwise(plan: Plan, share: float) -> None:
    """Spell a share of the cells otherwise, without another meaning; edited cells too."""
    for name, rows in plan.rows.items():
        for row in rows:
            for column in RESULT_TABLES[name].columns:
                cell = row[column.name]
                if plan.choice.random() >= (share if cell else share / 100):
                    continue
                if not cell and column.kind in ("number", "integer"):
                    row.cells[column.name] = plan.choice.choice(("NR", "n/a", "-"))
                    continue
                if column.kind in ("number", "integer"):
                    cell = _number_otherwise(cell, column.kind == "integer", plan.choice)
                elif column.kind == "word" and plan.choice.random() < CASE:
                    cell = plan.choice.choice((cell.upper(), cell.lower(), cell.title()))
                elif column.name in ("doi", "source") and cell.startswith("10."):
                    before = plan.choice.choice(("", "https://doi.org/", "doi:"))
                    cell = before + plan.choice.choice((cell, cell.upper()))
                row.cells[column.name] = plan.choice.choice((cell, f" {cell}", f"{cell}  "))


def _number_otherwise(cell: str, whole: bool, choice: random.Random) -> str:
    if not re.fullmatch(r"-?\d+(\.\d+)?", cell):
        return cell
    spellings = [cell, cell.replace("-", "\N{MINUS SIGN}")]
    spellings.append(f"{cell}0" if "." in cell else f"{cell}.0")
    if not whole and re.match(r"-?0\.", cell):
        spellings.append(cell.replace("0.", ".", 1))
    if "." in cell and cell.endswith("0"):
        spellings.append(cell.rstrip("0").rstrip("."))
    return choice.choice(spellings)


def write(plan: Plan, a: Path, folder: Path) -> Second:
    """Write the rows and columns of a plan in another order; return where, and its truth."""
    rows = {name: [r for r in found if not r.gone] for name, found in plan.rows.items()}
    for found in rows.values():
        plan.choice.shuffle(found)
    folder.mkdir(parents=True)
    for name, found in rows.items():
        _write_table(folder / f"{name}.csv", found, plan.choice)
    return _truth(plan, rows, read_lines(a), read_lines(folder), folder)


def _write_table(path: Path, rows: list[Row], choice: random.Random) -> None:
    schema = RESULT_TABLES[path.stem]
    header = [c.name for c in schema.columns if not c.optional or any(r[c.name] for r in rows)]
    header += ["x_page_of_the_second", "x_sure"]
    choice.shuffle(header)
    own = ("yes", "no", "14", "see the figure")
    with path.open("w", encoding="utf-8", newline="") as file:
        quoting = choice.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        writer = csv.writer(file, quoting=quoting)
        writer.writerow(header)
        for row in rows:
            writer.writerow(
                choice.choice(own) if name.startswith("x_") else row[name] for name in header
            )


def read_lines(place: Path) -> dict[str, list[int]]:
    """Return the line of each row by table."""
    texts, _ = read_place(place)
    return {name: [row.line for row in text.rows] for name, text in texts.items()}


def _truth(
    plan: Plan,
    rows: dict[str, list[Row]],
    of_a: dict[str, list[int]],
    of_b: dict[str, list[int]],
    place: Path,
) -> Second:
    lines = {
        id(r): line for n, found in rows.items() for r, line in zip(found, of_b[n], strict=True)
    }

    def at(row: Row, column: str = "") -> Place:
        first = 0 if row.origin is None else of_a[row.table][row.origin]
        return row.table, first, lines.get(id(row), 0), column

    pairs = frozenset(at(row) for found in rows.values() for row in found if row.origin is not None)
    told: dict[Place, Planted] = {}
    for one in plan.planted:
        told[at(one.row, one.column)] = one
    assert len(told) == len(plan.planted), "an edit was made on top of another"
    return Second(place, pairs, told, {at(row): why for row, why in plan.renamed})
