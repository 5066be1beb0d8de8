"""What was decided of cells and rows (`adjudication.csv`), found by the cells that it is about.

A decision names its row by the cells that tell it apart (`tables.identity.row_of`), never by a
line. It stands while the cell holds what was decided. A decided cell may be one of those that name
its row, such as an hour: the row is then known by the name that it had as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.tables.identity import decision_name, decision_names, identity
from ketameta.tables.raw import RESULT_TABLES
from ketameta.tables.upkeep import EMPTY, AdjudicationRow

Cells = Mapping[str, str]
A, B, OTHER, BOTH, CORRECTION = "A", "B", "other", "both", "correction"
# stands for a whole row in a cell of a decision
ROW = "row"
# tables whose rows hold rows of others, by the key that these have
_HOLDERS = ("trials", "arms")


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of `adjudication.csv`; `decision` is empty while it is open."""

    id: str
    table: str
    trial_id: str
    row: str
    column: str
    a: str
    b: str
    decision: str
    value: str
    reason: str
    role: str
    date: str
    source: str
    locator: str

    @property
    def stands(self) -> str:
        """The cell as decided; of a whole row `ROW`, or empty where it is out."""
        if self.decision == BOTH and not self.column:
            return ROW
        value = "" if self.value == EMPTY else self.value
        by_word = {B: self.b, CORRECTION: self.b, OTHER: value}
        return by_word.get(self.decision, self.a)

    @property
    def before(self) -> str:
        """What stood before, or what the other extraction has."""
        return self.a if self.decision in (B, CORRECTION, OTHER) else self.b

    @property
    def changed(self) -> bool:
        """Say whether it made a cell or a row of extraction A another."""
        return self.decision in (B, CORRECTION, OTHER) and not _same_cell(self.stands, self.a)

    def held_by(self, cells: Cells) -> bool:
        """Say whether a row that is there, by its cells as entered, is as decided."""
        if not self.column:
            return bool(self.stands)
        return _same_cell(cells.get(self.column, ""), self.stands)


def _same_cell(one: str, other: str) -> bool:
    """Say whether two cells say the same: as text, or as numbers (24, 24.0 and 24,0)."""
    try:
        return one == other or float(one.replace(",", ".")) == float(other.replace(",", "."))
    except ValueError:
        return False


def decisions(rows: Iterable[AdjudicationRow]) -> list[Decision]:
    """Return the lines of the table, as typed by ingest."""
    return [decision({n: getattr(row, n) for n in Decision.__dataclass_fields__}) for row in rows]


def decision(cells: Mapping[str, object]) -> Decision:
    """Return a line of the table from its cells, as text or typed; empty where one is missing."""
    names = Decision.__dataclass_fields__
    return Decision(**{name: str(cells.get(name) or "") for name in names})


class Decided:
    """Decisions by the rows that they are about."""

    def __init__(self, found: Sequence[Decision]) -> None:
        self.all = list(found)
        self._by_row: dict[tuple[str, str], list[Decision]] = defaultdict(list)
        # decisions on cells that name their row: it goes by another name since
        self._renamed: dict[tuple[str, str], list[Decision]] = defaultdict(list)
        for one in self.all:
            self._by_row[one.table, one.row].append(one)
            if one.column and one.table in RESULT_TABLES and one.column in identity(one.table):
                self._renamed[one.table, one.trial_id].append(one)
        self.trials = {name for one in found for name in (one.trial_id, one.row.split(" / ")[0])}

    def about(self, table: str, cells: Cells) -> list[Decision]:
        """Return the decisions on a row, given by its cells as entered, that it still agrees with.

        Those on the whole row, its arm or its trial come first.
        """
        if not self._may_know(cells):
            return []
        found = [
            one
            for holder in _HOLDERS
            if holder != table and cells.get("trial_id")
            for one in self._by_row.get((holder, decision_name(holder, cells)), ())
            if not one.column and one.stands
        ]
        for name in self.names(table, cells):
            for one in self._by_row.get((table, name), ()):
                if one.held_by(cells):
                    found.append(one)
        return sorted(dict.fromkeys(found), key=lambda one: one.column != "")

    def _may_know(self, cells: Cells) -> bool:
        """Say whether a decision may be about a row: of most trials there is none."""
        trial = cells.get("trial_id")
        return bool(self.all) and (not trial or trial in self.trials)

    def names(self, table: str, cells: Cells) -> list[str]:
        """Return what a row is called, and was before cells that name it were decided."""
        forms, now = [dict(cells)], decision_names(table, cells)
        for one in self._renamed.get((table, cells.get("trial_id", "")), ()):
            for form in list(forms):
                former = {**form, one.column: one.a}
                # the decision names the row as it is since, or as it was
                named = one.row in (*now, *decision_names(table, former))
                if named and _same_cell(form.get(one.column, ""), one.stands):
                    forms.append(former)
        return list(dict.fromkeys(name for form in forms for name in decision_names(table, form)))

    def idle(self, tables: Mapping[str, Iterable[Cells]]) -> list[Decision]:
        """Return the decisions that fit no cell and no row any more, of the tables that are given.

        One that a later one replaced is none of them, nor one about a row that another took out,
        nor one that takes out a row where another may have its name, as in a table without a key.
        """
        named = {one.table for one in self.all}
        held: set[Decision] = set()
        rows: set[tuple[str, str]] = set()
        for table in named & tables.keys():
            for cells in filter(self._may_know, tables[table]):
                held.update(self.about(table, cells))
                rows.update((table, name) for name in self.names(table, cells))
        gone = {
            (one.table, one.row)
            for one in self.all
            if not one.column and not one.stands and (one.table, one.row) not in rows
        }
        return [
            one
            for one in self.all
            if one.table in tables
            and one not in held
            and (one.column or one.stands or RESULT_TABLES[one.table].key)
            and (one.table, one.row) not in gone
            and not self._replaced(one)
            and not any(_within(one, *place) for place in gone)
        ]

    def _replaced(self, one: Decision) -> bool:
        return any(
            other is not one and other.column == one.column and _same_cell(other.a, one.stands)
            for other in self._by_row[one.table, one.row]
        )


def _within(one: Decision, table: str, row: str) -> bool:
    """Say whether a decision is about a part of a trial or an arm."""
    if table == "trials":
        return one.trial_id == row
    trial, _, arm = row.partition(" / ")
    # of a contrast either arm
    return table == "arms" and one.trial_id == trial and arm in one.row.split(" / ")[1:3]
