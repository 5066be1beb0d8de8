"""Spreads of 0, numbers of one person, and p-values outside 0 to 1: numbers that no sample gives.

An SD or standard error of 0 says that everybody scored alike, an interval without width that
nothing varies: mostly a 0 stands for "not reported", and the cell should be empty. It can be true
where all have the lowest or the highest score of the scale; the message says so then. One person
has no SD. None of them gives an effect, so each is named; nothing is repaired.

A p-value of exactly 0 is a rounded one (``<0.001``), one below 0 or above 1 is another number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import AnyResult, ArmResult

_SPREADS = {"baseline_sd": "baseline_mean", "sd": "mean", "change_sd": "change_mean", "se": "mean"}
_INTERVALS = (("ci95_low", "ci95_high"), ("ci_low", "ci_high"), ("minimum", "maximum"))
_NUMBERS = ("events", "mean", "change_mean", "median", "baseline_mean")
_P = re.compile(r"[<>=≤≥ ]*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE]-?\d+)?)\s*$")


def no_spread(view: RowsByTrial) -> Iterator[Finding]:
    """Yield SDs and standard errors of 0, and intervals without width."""
    for row in view.results:
        n = row.n if isinstance(row, ArmResult) else None
        of = f" of {n} people" if n else ""
        for column, mean in _SPREADS.items():
            if getattr(row, column, None) != 0:
                continue
            what = "a standard error" if column == "se" else "an SD"
            message = f"{what} of 0{of} says that nobody differs, and gives no effect"
            message += _at_an_end(view, row, mean) or "; leave the cell empty if it is not reported"
            yield view.finding("spread-of-0", row, column, message)
        for low, high in _INTERVALS:
            end = getattr(row, low, None)
            one = low == "minimum" and (n or 2) < 2
            if end is not None and end == row.value(high) and not one:
                message = f"{low} and {high} are both {end:g}: nothing varies"
                yield view.finding("spread-of-0", row, low, message)


def _at_an_end(view: RowsByTrial, row: AnyResult, column: str) -> str:
    scale, mean = view.scale(row), getattr(row, column, None)
    if scale is None or mean is None or mean not in (scale.minimum, scale.maximum):
        return ""
    return f": all would have {mean:g}, the end of {scale.name}"


def one_person(view: RowsByTrial) -> Iterator[Finding]:
    """Yield SDs of one person, and numbers of nobody."""
    for row in view.outcomes:
        n = view.size(row)
        if n == 0:
            if given := [name for name in _NUMBERS if row.value(name)]:
                message = f"n is 0, but {given[0]} is {row.number(given[0]):g}"
                yield view.finding("spread-of-one", row, "n", message)
        elif n == 1:
            for column in _SPREADS:
                if row.value(column) is not None:
                    message = f"{column} {row.value(column):g} beside n = 1: one person has no SD"
                    yield view.finding("spread-of-one", row, column, message)
                    break


def p_outside(view: RowsByTrial) -> Iterator[Finding]:
    """Yield p-values of 0 or less, and above 1."""
    for row in view.contrasts:
        printed = _P.match((row.p_value or "").strip())
        if printed is None or 0 < float(printed[1]) <= 1:
            continue
        value = float(printed[1])
        message = f"p {printed[1]} is no probability: above 0, at most 1"
        if value == 0:
            message = f"no p-value is 0: {printed[1]} is rounded, and may be written <0.001"
        yield view.finding("p-outside-0-1", row, "p_value", message)


CHECKS = {"spread-of-0": no_spread, "spread-of-one": one_person, "p-outside-0-1": p_outside}
