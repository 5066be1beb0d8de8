"""Counts of one arm at one visit that cannot stand together.

People in remission have nearly always responded: a remission cut-off of 7 on HAMD-17 or 10 to 12
on MADRS is less than half of any baseline that trials of depression admit (20 and more). More
remissions than responses of the same people on the same scale at the same visit are therefore
queried, not called impossible: a low baseline can do it, or a response counted from another one.

Any adverse event counts everybody who had one, so no single event can have more people at the
same time in the same set.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import View
from ketameta.normalize.results import ArmResult
from ketameta.vocabulary import vocabulary

# Harms that are a way of counting, not an event that "any" contains.
_NOT_CONTAINED = ("any_ae", "dropout")


def _same_people(one: ArmResult, other: ArmResult) -> bool:
    first, second = ((r.arm_id, r.timepoint_h, r.analysis_set, r.n) for r in (one, other))
    return first == second


def remission_above_response(view: View) -> Iterator[Finding]:
    """Yield remission counts above the response count of the same people, scale and visit."""
    for (trial_id, outcome), rows in view.outcomes_of.items():
        if outcome != "remission":
            continue
        responses = view.outcomes_of.get((trial_id, "response"), [])
        for row in rows:
            for other in responses:
                if row.events is None or other.events is None or row.n is None:
                    continue
                same = row.scale == other.scale and _same_people(row, other)
                if same and row.events > other.events:
                    message = (
                        f"{row.events} in remission, but {other.events} responders of the "
                        f"same {row.n} (line {other.line})"
                    )
                    yield view.finding(
                        "remission-above-response", row, "events", message,
                        "response is|response by|screening", also=[other],
                    )  # fmt: skip


def any_event_below_one(view: View) -> Iterator[Finding]:
    """Yield counts of one adverse event above the count of any adverse event."""
    harms = [name for name, outcome in vocabulary().outcomes.items() if outcome.group == "harms"]
    for (trial_id, outcome), rows in view.outcomes_of.items():
        if outcome != "any_ae":
            continue
        for name in harms:
            for other in view.outcomes_of.get((trial_id, name), []):
                for row in rows:
                    if name in _NOT_CONTAINED or row.events is None or other.events is None:
                        continue
                    if _same_people(row, other) and other.events > row.events:
                        message = (
                            f"{other.events} with {name}, but {row.events} of the same "
                            f"{row.n} with any adverse event (line {row.line})"
                        )
                        yield view.finding("any-event-below-one", other, "events", message)


CHECKS = {
    "remission-above-response": remission_above_response,
    "any-event-below-one": any_event_below_one,
}
