"""Times after the start of treatment by which maps and figures tell results apart."""

from __future__ import annotations

import math

from ketameta.vocabulary import kept, vocabulary

# the period of what is later than all, and of what has no hour stated
LATER = "later"
# of a subject that names none
_COMMON = {"1 wk": "up to a week", "3 mo": "to 3 months", "1 y": "to a year"}
_HOURS = {"h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "y": 8766.0}


@kept
def periods() -> dict[str, str]:
    """Return the periods and how a sentence says them, the first one first, `LATER` last."""
    return {**(vocabulary().words("periods") or _COMMON), LATER: LATER}


def mapped() -> list[str]:
    """Return the four periods of the map of the evidence: the first three, and what is later."""
    return [*[*periods()][:3], LATER]


def last_hour(period: str) -> float:
    """Return the last hour of a period; raises `ValueError` where it is not written as a time."""
    if period == LATER:
        return math.inf
    number, _, unit = period.partition(" ")
    if unit not in _HOURS or not number.isdecimal():
        known = ", ".join(f"{number} {unit}" for number, unit in enumerate(_HOURS, start=1))
        raise ValueError(f"{period} is no period; these are: {known}")
    return int(number) * _HOURS[unit]


def period_of(hour: float | None, among: list[str]) -> str:
    """Return the first of some periods, `LATER` the last, that holds an hour."""
    return next(name for name in among if (math.inf if hour is None else hour) <= last_hour(name))
