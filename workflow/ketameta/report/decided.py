"""Decisions at the cells that a page shows: which cell bears which mark, and what the mark says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketameta.report.wording_decisions import said
from ketameta.tables.decisions import Decided

Record = dict[str, Any]
# cells that do not stand among the others of a raw row
APART = ("trial_id", "source", "source_url", "locator", "note")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark at a cell or a row: its number on the list below, and what it says."""

    number: int
    text: str


def mark(evidence: Sequence[Record], decided: Decided) -> list[Mark]:
    """Give each raw row its marks, by column (empty: the row itself), and return them in order.

    A row has `cells`, as entered; a decided cell that is empty is put among them.
    """
    # two rows of which the same is said share a number
    marks: dict[str, Mark] = {}
    for row in evidence:
        cells = row["cells"]
        by_column: dict[str, list[Mark]] = {}
        row["marks"] = by_column
        for one in decided.about(table_of(cells), cells):
            text = said(one)
            number = marks.setdefault(text, Mark(len(marks) + 1, text))
            column = "" if one.column in APART else one.column
            by_column.setdefault(column, []).append(number)
            if column:
                cells.setdefault(column, "empty")
    return list(marks.values())


def table_of(cells: Record) -> str:
    """Return the table of a row that effects come from."""
    return "contrasts" if "arm_t" in cells else "outcomes"
