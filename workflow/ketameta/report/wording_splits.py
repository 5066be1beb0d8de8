"""Words for splits: the groups of an analysis, the test between them, and what goes with what."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.report.naming import capital, listed
from ketameta.report.wording import fixed, p_value
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SplitRow, SubgroupRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys

HOW = {
    "common": "All groups share one τ², as few trials a group say little of how far trials differ, "
    "and the rule of their intervals is that of the total. The page of a group alone takes "
    "the τ² of its own trials, so that its interval may be another.",
    "separate": "Each group has a τ² of its own, so that a total may lie outside its subtotals.",
}


def name(split: str) -> str:
    """Name what the groups of a split differ in."""
    return vocabulary().words("splits")[split]


def group(split: str | None, word: str) -> str:
    """Name a group of a split; one whose word is not known is not stated."""
    return capital(keys()[split].get(word, word) or "not stated") if split else ""


def test(row: SplitRow) -> str:
    """Write the test between the groups of a row of the table splits; empty where there is none."""
    if row.q is None:
        return ""
    return f"Q = {fixed(row.q, 2)}, df = {row.df}, {p_value(row.p)}"


def confounded(row: SplitRow) -> str:
    """Say which other splits part the trials in nearly the same way; empty where none does."""
    if not row.confounded:
        return ""
    others = listed([name(split) for split in row.confounded])
    return f"Goes together with {others} in these trials: which of them matters cannot be told."


def total_outside(total: Estimate, groups: Sequence[SubgroupRow]) -> str:
    """Say that a total lies outside all its subtotals; empty where it lies among them.

    At one τ² it cannot, being their weighted mean; but the τ² of the total holds the differences
    between groups too, and that of the groups does not.
    """
    known = [g.estimate for g in groups if g.estimate is not None]
    if total.estimate is None or len(known) < 2 or min(known) <= total.estimate <= max(known):
        return ""
    where = "above" if total.estimate > max(known) else "below"
    return f"The result of all trials lies {where} that of each group, as its τ² is another."
