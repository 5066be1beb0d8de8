"""Times after the start of treatment by which maps and figures tell results apart."""

from __future__ import annotations

import math

from ketameta.vocabulary import kept, vocabulary
from ketameta.vocabulary.hours import LATER, last_hour

# of a subject that names none
_COMMON = {"1 wk": "up to a week", "3 mo": "to 3 months", "1 y": "to a year"}


@kept
def periods() -> dict[str, str]:
    """Return the periods and how a sentence says them, the first one first, `LATER` last."""
    return {**(vocabulary().words("periods") or _COMMON), LATER: LATER}


def mapped() -> list[str]:
    """Return the four periods of the map of the evidence: the first three, and what is later."""
    return [*[*periods()][:3], LATER]


def period_of(hour: float | None, among: list[str]) -> str:
    """Return the first of some periods, `LATER` the last, that holds an hour."""
    return next(name for name in among if (math.inf if hour is None else hour) <= last_hour(name))
