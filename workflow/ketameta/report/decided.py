"""Decisions at the cells that a page shows: which cell bears which mark, and what the mark says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.report.wording_decisions import decision_sentences
from ketameta.tables.decisions import Decided
from ketameta.tables.effects import ResultRow

# cells that do not stand among the others of a raw row
APART = ("trial_id", "source", "source_url", "locator", "note")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark at a cell or a row: its number on the list below, and what it says."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """A raw row behind an effect: its cells as entered, and the marks at them by their column.

    Marks of the row itself stand under an empty name; a decided cell that is empty is among them.
    """

    row: ResultRow
    cells: Mapping[str, str]
    marks: Mapping[str, Sequence[Mark]]


def marked(rows: Sequence[ResultRow], decided: Decided) -> tuple[list[MarkedRow], list[Mark]]:
    """Return the raw rows behind an effect with their marks, and all marks in their order."""
    # two rows of which the same is said share a number
    marks: dict[str, Mark] = {}
    found = []
    for row in rows:
        cells = row.entered
        shown = {name: cell for name, cell in cells.items() if name not in APART}
        by_column: dict[str, list[Mark]] = {}
        for one in decided.about(table_of(cells), cells):
            text = decision_sentences(one)
            number = marks.setdefault(text, Mark(len(marks) + 1, text))
            column = "" if one.column in APART else one.column
            by_column.setdefault(column, []).append(number)
            if column:
                shown.setdefault(column, "empty")
        found.append(MarkedRow(row, shown, by_column))
    return found, list(marks.values())


def table_of(cells: Mapping[str, str]) -> str:
    """Return the table of a row that effects come from."""
    return "contrasts" if "arm_t" in cells else "outcomes"
