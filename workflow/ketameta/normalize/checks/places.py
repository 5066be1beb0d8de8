"""Rows at the wrong place: arms that never meet, days entered as hours, another arm's number.

Arms of a trial are compared where both have a row at one place. Two arms whose rows of an outcome
never share one, although both have rows, are named with what differs (168 h in one arm and 24 in
the other). So are two arms of which each has a row at an hour that the other lacks. No threshold.

Hours from the start of treatment that seem to be days or weeks: people are seen within hours or
after days, so whole hours above 4 that are no half days (6 and 8 h apart) are named: 7, 14, 28, 30.
So are hours that the row's own words call a day or week ("day 1" at 1 h), hours below a day in a
trial that gives several doses until then, and hours at which no other trial has the outcome while
three have it at as many days.

An outcome of which one arm alone has several rows, in a trial whose other outcomes have rows of
several arms, is named. A row whose n is the number randomised to another arm and not to its own,
where the other arm has no row at that place, may be that arm's row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from itertools import combinations
from operator import attrgetter

from ketameta.normalize.checks.findings import Finding, once, remark
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import AnyResult, ArmResult

DAY = 24
FEWEST_TRIALS = 3
_NUMBERS = ("events", "percent", "mean", "change_mean", "median")
_PLACE = ("timepoint_h", "scale", "definition", "analysis_set")
_WORDS = {"timepoint_h": "hour", "analysis_set": "set"}
_DAYS = re.compile(
    r"\b(?P<u>day|week)s? ?(?P<n>\d+)\b|\b(?P<m>\d+) (?P<v>day|week)s?\b(?! (?:before|washout))",
    re.IGNORECASE,
)
_ALONE = r"\b(?:no|not|only|alone|without)\b"
_OFTEN_SEEN = (6, 8)


def _with_numbers(view: RowsByTrial) -> dict[tuple[str, str], dict[str, list[ArmResult]]]:
    """Return the rows that hold a result of each trial and outcome, by arm, pooled arms apart."""
    found: dict[tuple[str, str], dict[str, list[ArmResult]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in view.outcomes:
        given = any(row.value(name) is not None for name in _NUMBERS)
        if given and not view.is_pooled(row) and not row.flag:
            found[row.trial_id, row.outcome][row.arm_id].append(row)
    return found


def never_meet(view: RowsByTrial) -> Iterator[Finding]:
    """Yield arms that cannot be compared, since their rows stand at different places."""
    for arms in _with_numbers(view).values():
        for one, other in combinations(arms.values(), 2):
            found = _apart(one, other)
            if found is None:
                continue
            row, beside, differs = found
            cells = ((name, getattr(row, name), getattr(beside, name)) for name in differs)
            said = " and ".join(
                f"{_WORDS.get(name, name)} {_shown(own)} against {_shown(its)}"
                for name, own, its in cells
            )
            message = (
                f"{row.arm_id} has no row to compare with that of {beside.arm_id} on line "
                f"{beside.line}: {said}"
            )
            yield view.finding("arms-never-meet", row, differs[0], message)


def _apart(
    one: list[ArmResult], other: list[ArmResult]
) -> tuple[ArmResult, ArmResult, list[str]] | None:
    """Return the rows of two arms that are nearest each other without meeting, and what differs."""
    places = [{*map(attrgetter(*_PLACE), rows)} for rows in (one, other)]
    if places[0] & places[1]:
        hours = [{row.timepoint_h for row in rows} for rows in (one, other)]
        one = [row for row in one if row.timepoint_h not in hours[1]]
        other = [row for row in other if row.timepoint_h not in hours[0]]
    if not one or not other:
        return None

    def differs(pair: tuple[ArmResult, ArmResult]) -> list[str]:
        return [name for name in _PLACE if getattr(pair[0], name) != getattr(pair[1], name)]

    nearest = min(((a, b) for a in one for b in other), key=lambda pair: len(differs(pair)))
    return *nearest, differs(nearest)


def _shown(value: object) -> str:
    if value is None:
        return "not stated"
    return f"{value:g}" if isinstance(value, float) else str(value)


def hours_of_days(view: RowsByTrial) -> list[Finding]:
    """Return hours that seem to be days or weeks, once a trial and reason."""
    rows = [(row.timepoint_h, row) for row in view.results if row.timepoint_h]
    by_trial: dict[str, set[float]] = defaultdict(set)
    by_hour: dict[tuple[str, float], set[str]] = defaultdict(set)
    for hour, row in rows:
        by_trial[row.trial_id].add(hour)
        by_hour[row.outcome, hour].add(row.trial_id)
    odd = {trial_id: sorted(filter(_odd, hours)) for trial_id, hours in by_trial.items()}
    last = {trial_id: max(hours) for trial_id, hours in by_trial.items()}
    found: list[tuple[Hashable, Finding]] = []
    for hour, row in rows:
        if message := (
            _in_itself(row, hour, odd[row.trial_id])
            or _by_doses(view, row, last[row.trial_id])
            or _where_others(row, hour, by_trial[row.trial_id], by_hour)
        ):
            finding = view.finding("hours-like-days", row, "timepoint_h", message)
            found.append(((row.trial_id, message), finding))
    return once(found)


def _in_itself(row: AnyResult, hour: float, odd: list[float]) -> str:
    """Say why the hour of a row is a day or a week by the row and the odd hours of its trial."""
    if named := _named(row, hour):
        unit = "week" if "w" in named.lower() else "day"
        meant = hour * DAY * (7 if unit == "week" else 1)
        return f"{hour:g} h, but the row says '{named}': {unit} {hour:g} is {meant:g} h"
    if hour not in odd:
        return ""
    said = ", ".join(f"{h:g}" for h in odd)
    return (
        f"people are seldom seen at {said} h: are these days? day {odd[0]:g} is {DAY * odd[0]:g} h"
    )


def _odd(hour: float) -> bool:
    return hour == int(hour) and hour > 4 and hour % 12 != 0 and hour not in _OFTEN_SEEN


def _by_doses(view: RowsByTrial, row: AnyResult, last: float) -> str:
    """Say that several doses are given in a trial that ends within a day."""
    if last >= DAY:
        return ""
    doses = max((a.n_doses or 1 for a in view.arms_of.get(row.trial_id, [])), default=1)
    if doses < 2:
        return ""
    return f"{last:g} h is the last hour of a trial of {doses} doses: are these days or weeks?"


def _where_others(
    row: AnyResult, hour: float, hours: set[float], by_hour: dict[tuple[str, float], set[str]]
) -> str:
    """Say that others have the outcome at as many days, and none at these hours."""
    outcome, there = row.outcome, len(by_hour.get((row.outcome, DAY * hour), ()))
    if len(by_hour[outcome, hour]) > 1 or there < FEWEST_TRIALS:
        return ""
    within_a_day = any(h != int(h) or h >= DAY for h in hours)
    if within_a_day or "hour" in _words(row, "definition", "note", "locator"):
        return ""
    have = f"{there} have it at {DAY * hour:g} h"
    return f"no other trial has {outcome} at {hour:g} h, {have}: is it a day?"


def _named(row: AnyResult, hour: float) -> str:
    """Return the row's words for a day or week of this number, where it is not the hour itself."""
    cells = ("definition", "note", "locator", "analysis_set_as_reported")
    for match in _DAYS.finditer(_words(row, *cells)):
        if int(match["n"] or match["m"]) == hour:
            return match.group()
    return ""


def _words(row: AnyResult, *columns: str) -> str:
    return "; ".join(getattr(row, column, None) or "" for column in columns)


def another_arm(view: RowsByTrial) -> list[Finding]:
    """Return rows whose n is that of another arm, which has no row there."""
    found: list[tuple[Hashable, Finding]] = []
    for row in view.outcomes:
        own = view.randomised(row.trial_id, row.arm_id)
        if row.n is None or own is None or own == row.n:
            continue
        here = {beside.arm_id for beside in view.beside(row)}
        for arm in view.arms_of.get(row.trial_id, []):
            fits = arm.n_randomised == row.n and not arm.pooled_arms
            if fits and arm.arm_id not in here:
                message = (
                    f"n = {row.n} is the number randomised to {arm.arm_id}, which has no row "
                    f"there, and not to {row.arm_id} ({own}): is it the row of {arm.arm_id}?"
                )
                key = (row.trial_id, row.arm_id, arm.arm_id)
                found.append((key, view.finding("n-of-another-arm", row, "arm_id", message)))
    return once(found)


def arm_alone(view: RowsByTrial) -> Iterator[Finding]:
    """Yield outcomes of which one arm alone has rows, in trials that have others of several arms.

    Left out where a row says so itself.
    """
    rows = _with_numbers(view)
    by_trial: dict[str, dict[str, dict[str, list[ArmResult]]]] = defaultdict(dict)
    for (trial_id, outcome), arms in rows.items():
        by_trial[trial_id][outcome] = arms
    for trial_id, outcomes in by_trial.items():
        several = {arm for arms in outcomes.values() if len(arms) > 1 for arm in arms}
        for outcome, arms in outcomes.items():
            (arm, own), *more = arms.items()
            if more or len(own) < 2 or arm not in several or remark(own, _ALONE):
                continue
            missing = ", ".join(sorted(several - {arm}))
            message = (
                f"{outcome} has rows of {arm} alone, other outcomes of {trial_id} have {missing} "
                "too: is a row missing, or entered under the wrong arm?"
            )
            yield view.finding("arm-alone", own[0], "arm_id", message)


CHECKS = {
    "arm-alone": arm_alone,
    "arms-never-meet": never_meet,
    "hours-like-days": hours_of_days,
    "n-of-another-arm": another_arm,
}
