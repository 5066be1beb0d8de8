"""Which way results point that are not pooled, trial by trial."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ketameta.tables.effects import DirectionRow

TREATMENT, CONTROL, NEITHER = "favours treatment", "favours control", "no difference"
MIXED = "some tests each way"
# trials with a direction from which something follows: of fewer a sign test's p is above 0.1
FEWEST = 5


def trials_by_direction(rows: Iterable[DirectionRow]) -> Counter[str]:
    """Count trials by where all their tests point; empty where no direction is stated."""
    words: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        words[row.trial_id].add(row.direction)
    return Counter(_of_trial(own) for own in words.values())


def _of_trial(words: set[str | None]) -> str:
    """Return the one direction of a trial's tests; mixed where they point both ways."""
    if {TREATMENT, CONTROL} <= words:
        return MIXED
    return next((word for word in (TREATMENT, CONTROL, NEITHER) if word in words), "")
