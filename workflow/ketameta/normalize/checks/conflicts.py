"""Counts of one arm at one visit that cannot stand together.

The vocabulary says which event implies another: who has the one has the other too. More people with
the one than with the other, of the same people on the same scale at the same visit, are therefore
queried, not called impossible: the two may have been counted by other rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.vocabulary import Outcome, vocabulary


def more_than_implied(view: RowsByTrial) -> Iterator[Finding]:
    """Yield counts of an event above the count of what it implies, same people and visit."""
    outcomes = vocabulary().outcomes
    for (trial_id, name), rows in view.outcomes_of.items():
        outcome = outcomes.get(name)
        if outcome is None or not outcome.implies:
            continue
        for row in rows:
            for other in view.outcomes_of.get((trial_id, outcome.implies), []):
                if _above(row, other):
                    yield _finding(view, outcome, row, other)


def _above(row: ArmResult, other: ArmResult) -> bool:
    if row.events is None or other.events is None or row.n is None:
        return False
    same = all(
        getattr(row, column) == getattr(other, column)
        for column in ("arm_id", "timepoint_h", "analysis_set", "n", "scale")
    )
    return same and row.events > other.events


def _finding(view: RowsByTrial, outcome: Outcome, row: ArmResult, other: ArmResult) -> Finding:
    implied = vocabulary().outcomes[outcome.implies].label.lower()
    word = re.escape(implied)
    return view.finding(
        "event-above-implied",
        row,
        "events",
        f"{row.events} with {outcome.label.lower()}, but {other.events} of the same {row.n} with "
        f"{implied} (line {other.line})",
        f"{word} is|{word} by|screening",
        also=[other],
    )


CHECKS = {"event-above-implied": more_than_implied}
