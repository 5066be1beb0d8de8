"""What two people talk about: a disagreement, or one slip in several rows as one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.extraction.records import Comparison, Disagreement, Impact
from ketameta.report import wording
from ketameta.tables.problems import first_few

FIRST, MOST_PAIRS = 5, 3


@dataclass(frozen=True, slots=True)
class ComparisonItem:
    """One thing to talk about: its impact, and the impacts of all cells that are of it."""

    impact: Impact
    members: tuple[Impact, ...]

    @property
    def found(self) -> Disagreement:
        """The first of its disagreements."""
        return self.impact.disagreement

    @property
    def rows(self) -> int:
        """The rows of a slip in several; 0 of any other disagreement."""
        return self.impact.slip

    @property
    def likely(self) -> str:
        """A guess at what happened."""
        return self.found.likely

    @property
    def changes(self) -> list[tuple[str, str]]:
        """What A and B have, each pair once."""
        cells = (one.disagreement for one in self.members)
        return list(dict.fromkeys((one.a, one.b) for one in cells))


def items(impacts: Sequence[Impact]) -> list[ComparisonItem]:
    """Return the disagreements in their order, one slip in several rows at its first cell."""
    groups: dict[object, list[Impact]] = {}
    for number, impact in enumerate(impacts):
        groups.setdefault(impact.row if impact.slip else number, []).append(impact)
    return [ComparisonItem(group[0], tuple(group)) for group in groups.values()]


def gravest(compared: Comparison) -> list[tuple[ComparisonItem, int]]:
    """Return the gravest that move anything, and how many more cells are of the same edit.

    Numbers that are exchanged are one edit of several cells, which stands here once, and so do
    cells that were tried with their row, and a slip in several rows. Rows that only
    A has are left out where B `is_a_batch`.
    """
    if not compared.tried:
        return []
    by_edit: dict[str, list[ComparisonItem]] = {}
    for item in items(compared.impacts):
        impact, found = item.impact, item.found
        if impact.analyses and not (is_row(found) and found.a and is_a_batch(compared)):
            by_edit.setdefault(impact.row or found.edit.name, []).append(item)
    groups = list(by_edit.values())[:FIRST]
    # that a cell goes with its row is said with what it does
    return [(group[0], 0 if group[0].impact.row else len(group) - 1) for group in groups]


def is_a_batch(compared: Comparison) -> bool:
    """Say whether B holds less than half of A's rows: a batch of its own, not all read again."""
    return len(compared.matching.only_a) > len(compared.matching.matches)


def is_row(disagreement: Disagreement) -> bool:
    """Say whether it is of a whole row, arm or trial that one side alone has."""
    return not disagreement.column


def about(item: ComparisonItem) -> str:
    """Return what it is about: the row, the rows, or the trial or arm that one side has."""
    found = item.found
    if item.rows:
        return f"{item.rows} rows of {found.trial_id}"
    if is_row(found):
        name = found.edit.name.removesuffix(" removed").removesuffix(" added")
        return f"{name} [{found.apart}]" if found.apart else name
    return f"{found.table} / {found.named}"


def who_has_it(disagreement: Disagreement) -> str:
    """Say of a whole row, arm or trial who has it."""
    return f"only {'A' if disagreement.a else 'B'} has it"


def with_it(others: int) -> str:
    """Say that more cells belong to the same edit."""
    return f", with {wording.count(others, 'more cell')}" if others else ""


def cells_in_words(item: ComparisonItem, side: str) -> str:
    """Write what a side has: of hours in a unit each, the last of many only counted."""
    texts = list(dict.fromkeys(a if side == "A" else b for a, b in item.changes))
    return first_few([text or "empty" for text in texts], MOST_PAIRS)


def more_rows(item: ComparisonItem) -> str:
    """Say how many rows beside the first a slip is in."""
    return f" and {wording.count(item.rows - 1, 'more row')}" if item.rows else ""
