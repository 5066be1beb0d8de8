"""What the conversions refuse, and in which words."""

from __future__ import annotations

import math

from ketameta.normalize.records import NotUsable


class ConversionError(NotUsable):
    """Reported numbers that cannot be turned into the needed ones; the text says why."""


def show(value: float) -> str:
    """Return a number as people write it: 12, 0.35, 1e-05."""
    return f"{value:.6g}"


def finite(**values: float) -> None:
    """Refuse what is not a number: NaN, infinity."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise ConversionError(f"{name} is not a finite number")


def above_zero(**values: float) -> None:
    """Refuse zero, negative and missing values."""
    finite(**values)
    for name, value in values.items():
        if value <= 0:
            raise ConversionError(f"{name} = {show(value)} is not above 0")


def whole_people(name: str, n: float, at_least: int) -> int:
    """Return a number of people as a whole number; refuse fractions and too few."""
    finite(**{name: n})
    if n != int(n):
        raise ConversionError(f"{name} = {show(n)} is not a whole number")
    if n < at_least:
        raise ConversionError(f"{name} = {int(n)} is less than {at_least}")
    return int(n)


def ordered(low: float, high: float) -> None:
    """Refuse an interval whose limits are missing, equal or the wrong way round."""
    finite(low=low, high=high)
    if low >= high:
        raise ConversionError(f"the interval {show(low)} to {show(high)} does not rise")


def upper_tail(level: float) -> float:
    """Return the upper tail outside an interval of `level`, a proportion such as 0.95."""
    finite(level=level)
    if not 0 < level < 1:
        raise ConversionError(f"level = {show(level)} is not a proportion between 0 and 1")
    return (1 - level) / 2


def check_correlation(r: float) -> None:
    """Refuse a correlation that is not strictly between -1 and 1."""
    finite(r=r)
    if not -1 < r < 1:
        raise ConversionError(f"r = {show(r)} is not between -1 and 1")
