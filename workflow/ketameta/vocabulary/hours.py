"""How the names of periods are read: ``2 d``, ``3 mo``, and what is later than all."""

from __future__ import annotations

import math

# the period of what is later than all, and of what has no hour stated
LATER = "later"
_HOURS = {"h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5, "y": 8766.0}


def last_hour(period: str) -> float:
    """Return the last hour of a period; raises `ValueError` where it is not written as a time."""
    if period == LATER:
        return math.inf
    number, _, unit = period.partition(" ")
    if unit not in _HOURS or not number.isdecimal():
        known = ", ".join(f"{number} {unit}" for number, unit in enumerate(_HOURS, start=1))
        raise ValueError(f"{period} is no period; these are: {known}")
    return int(number) * _HOURS[unit]
