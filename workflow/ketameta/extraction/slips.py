"""One slip in several rows of a trial: the same identifying cell, that differs in the same way.

Who takes days for hours does so in every row of a visit, and in both arms. Of such rows one alone
compares nothing, or half of a pair: they are tried together, and told as one.
"""

from __future__ import annotations

from collections.abc import Iterable

from ketameta.extraction.cells import canonical_cell, column_of
from ketameta.extraction.lines import unit_between
from ketameta.extraction.records import Disagreement
from ketameta.tables.identity import identity
from ketameta.tables.raw import CONTRASTS, OUTCOMES

_TABLES = (OUTCOMES.name, CONTRASTS.name)
# whose row it is; the rest of what tells rows apart says what they are about
_OWNERS = ("trial_id", "arm_id", "arm_t", "arm_c")


def repeated(cells: Iterable[Disagreement]) -> list[list[Disagreement]]:
    """Return the cells of each slip that stands in two rows or more, of one table or of both."""
    found: dict[tuple[str, ...], list[Disagreement]] = {}
    for one in cells:
        about = one.table in _TABLES and one.column in identity(one.table)
        if about and one.column not in _OWNERS:
            found.setdefault((one.trial_id, one.column, *_way(one)), []).append(one)
    return [group for group in found.values() if len(group) > 1]


def _way(one: Disagreement) -> tuple[str, ...]:
    """Return how a cell differs: by its unit, whatever the hour, else by what both say."""
    if one.column == "timepoint_h":
        for side, hour, other in (("B", one.a, one.b), ("A", one.b, one.a)):
            if unit := unit_between(hour, other):
                return side, unit
    column = column_of(one.table, one.column)
    return tuple(canonical_cell(column, text) if text else "" for text in (one.a, one.b))
