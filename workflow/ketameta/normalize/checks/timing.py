"""Events of a whole stretch of time filed at one hour, and numbers in another unit or at hour 0.

A good state at 24 h is one at 24 h. "At any time", "at least once", "by week 4", "within 72 h" or
a sustained one count something else, and more (or less) people. Words of definition and note
decide, for outcomes that are a good state (sense good); harms are counted over time by nature. Rows
whose flag already keeps them out of a timed analysis are not named again, nor rows with no event:
nobody at any time is nobody at the hour.

A risk difference is a difference of proportions: above 1 in absolute value it is in percentage
points, an error; an interval end above 1 alone can be a normal approximation, a warning. A mean
difference of an outcome that is an event is named, too: perhaps per cent of days or points.

Hour 0 is before treatment: a mean, change or count filed there is not a follow-up.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

from ketameta.measures import read_as
from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import Contrast
from ketameta.tables.problems import ERROR, WARNING
from ketameta.vocabulary import kept, vocabulary

_STRETCH = (
    r"\bat any (?:time|point)",
    r"\bat least (?:once|one dose|\d+ (?:days|visits))",
    r"\bby (?:(?:day|week|month) \d+|\d+ (?:days?|weeks?|months?)|that time)\b",
    r"\bwithin (?:the )?(?:first )?\d+ ?(?:h|d|w)",
    r"\bin the first \d+",
    r"\bon days? \d+, \d+,? or \d+",
    r"\bat day \d+ or day \d+",
    r"\bwhole \d+ ?h",
    r"Kaplan",
)
_FOLLOW_UP = ("mean", "change_mean", "median", "events")


@kept
def _stretch() -> re.Pattern[str]:
    """Return what finds words for a stretch of time; lasting states are those of the vocabulary."""
    events = [one for one in vocabulary().outcomes.values() if one.kind == "event"]
    good, bad = (
        "|".join([*(re.escape(one.label) for one in events if one.sense == sense), always])
        for sense, always in (("good", "improvement"), ("bad", "event"))
    )
    lasting = rf"\b(?:sustained|maintained|persistent) (?:{good})", rf"\bno (?:{bad}) through"
    return re.compile("|".join((*_STRETCH, *lasting)), re.IGNORECASE)


def any_time(view: RowsByTrial) -> list[Finding]:
    """Return counts over a stretch of time that are filed at an hour, once for each wording."""
    outcomes = vocabulary().outcomes
    found: list[tuple[Hashable, Finding]] = []
    known: dict[tuple[str | None, str | None], re.Match[str] | None] = {}
    for row in view.outcomes:
        outcome = outcomes.get(row.outcome)
        if outcome is None or outcome.kind != "event" or outcome.sense != "good":
            continue
        if row.timepoint_h is None or not row.events:
            continue
        if row.use in ("never", "untimed"):
            continue
        # rows of a trial say the same of all its arms and hours
        if (words := (row.definition, row.note)) not in known:
            known[words] = _stretch().search("; ".join(word or "" for word in words))
        if match := known[words]:
            message = (
                f"counted over a stretch of time ('{match.group()}'), filed at "
                f"{row.timepoint_h:g} h: if it is not the state at that hour, say so in flag"
            )
            finding = view.finding(
                "any-time-at-an-hour", row, "timepoint_h", message, _stretch().pattern
            )
            found.append(((row.trial_id, row.outcome, match.group()), finding))
    return once(found)


def percentage_points(view: RowsByTrial) -> Iterator[Finding]:
    """Yield risk differences above 1, and mean differences of events."""
    outcomes = vocabulary().outcomes
    for row in view.contrasts:
        outcome = outcomes.get(row.outcome)
        told = read_as(row.measure)
        if told is not None and told.bounds != (None, None):
            yield from _above_one(view, row)
        if told is None or told.counts or row.estimate is None:
            continue
        if outcome is not None and outcome.kind == "event":
            message = f"{row.measure} of {outcome.label.lower()}, which is an event"
            yield view.finding("percentage-points", row, "measure", message, "percent|per cent|%")


def _above_one(view: RowsByTrial, row: Contrast) -> Iterator[Finding]:
    for column in ("estimate", "ci_low", "ci_high"):
        value = row.value(column)
        if value is not None and abs(value) > 1:
            message = (
                f"{value:g} is no difference of proportions; in percentage points it would be "
                f"{value / 100:g}"
            )
            severity = ERROR if column == "estimate" else WARNING
            yield view.finding("percentage-points", row, column, message, "percent", severity)
            return


def hour_0(view: RowsByTrial) -> Iterator[Finding]:
    """Yield follow-up values filed before treatment."""
    for row in view.results:
        if row.timepoint_h != 0:
            continue
        columns = ("estimate",) if isinstance(row, Contrast) else _FOLLOW_UP
        for column in columns:
            if row.value(column) is not None:
                message = f"{column} {row.value(column):g} is filed at hour 0, before treatment"
                yield view.finding("follow-up-at-hour-0", row, column, message, "baseline")
                break


CHECKS = {
    "any-time-at-an-hour": any_time,
    "percentage-points": percentage_points,
    "follow-up-at-hour-0": hour_0,
}
