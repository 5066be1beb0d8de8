"""The fourfold table behind a reported odds or risk ratio, its interval and both group sizes.

Di Pietrantonj (2006, Statistics in Medicine 25:2299-2322) solves for the four cells:
ratio and standard error are two equations in the events of both groups. For an odds
ratio there are two solutions (with equal groups, each is the other with events and
non-events exchanged), so that the control risk must tell which; for a risk ratio one.
Here the whole counts are searched that give back all three printed numbers, which also
says when rounding leaves several tables, or none: an adjusted ratio, an exact interval
or other denominators.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.special import ndtri

from ketameta.normalize.conversions.checks import (
    ConversionError,
    above_zero,
    finite,
    ordered,
    show,
    upper_tail,
    whole_people,
)

Table = tuple[int, int]


def solve_fourfold(
    measure: str, ratio: float, se: float, n1: int, n2: int
) -> list[tuple[float, float]]:
    """Return the (events1, events2), as real numbers, that give exactly this ratio and SE.

    With φ or θ the ratio, S = SE² of its log and c = events2:

    - "RR": events1 = φ c n1/n2 and c = (1 + n2/(φ n1)) / (S + 1/n1 + 1/n2), one solution;
    - "OR": events1 = n1 θ c / (n2 - c + θ c) and ((θ-1)² + S n1 θ) c² + (2 n2 (θ-1) -
      S n1 n2 θ) c + n2² + n1 n2 θ = 0, two solutions, or none where SE is smaller than
      groups of this size allow.

    Ordered by events2; only solutions with events within both groups. Derived from
    S = 1/a + 1/b + 1/c + 1/d and S = 1/a - 1/n1 + 1/c - 1/n2 (Di Pietrantonj 2006).
    """
    _known(measure)
    above_zero(ratio=ratio, se=se)
    n1, n2 = whole_people("n1", n1, 1), whole_people("n2", n2, 1)
    s = se**2
    if measure == "RR":
        c = (1 + n2 / (ratio * n1)) / (s + 1 / n1 + 1 / n2)
        found = [(ratio * c * n1 / n2, c)]
    else:
        square = (ratio - 1) ** 2 + s * n1 * ratio
        minus_half = (s * n1 * n2 * ratio - 2 * n2 * (ratio - 1)) / 2
        under_root = minus_half**2 - square * (n2**2 + n1 * n2 * ratio)
        if under_root < 0:
            return []
        root = math.sqrt(under_root)
        controls = [(minus_half - root) / square, (minus_half + root) / square]
        found = [(n1 * ratio * c / (n2 - c + ratio * c), c) for c in controls]
    return [(a, c) for a, c in found if 0 < a <= n1 and 0 < c <= n2]


def possible_tables(
    measure: str,
    ratio: float,
    low: float,
    high: float,
    n1: int,
    n2: int,
    *,
    decimals: int,
    level: float = 0.95,
) -> list[Table]:
    """Return every (events1, events2) whose ratio and Wald interval print as reported.

    Parameters
    ----------
    measure
        "OR" or "RR", group 1 over group 2.
    ratio, low, high
        As printed, above 0, low below high.
    n1, n2
        People in both groups, at least 1.
    decimals
        Decimals printed, of all three numbers; each may be off by half a unit.
    level
        Coverage of the interval, which is exp(ln ratio ± z SE).

    Notes
    -----
    Tables with a cell of 0 (for "RR": no events) have no such interval and are not
    tried. Work grows with the square of the groups: 0.02 s at 1000 people each, 0.1 s at 2000.
    """
    _known(measure)
    above_zero(ratio=ratio, low=low, high=high)
    ordered(low, high)
    if not low <= ratio <= high:
        raise ConversionError(
            f"the interval {show(low)} to {show(high)} does not hold the ratio {show(ratio)}"
        )
    n1, n2 = whole_people("n1", n1, 1), whole_people("n2", n2, 1)
    half = 0.5 * 10.0 ** -whole_people("decimals", decimals, 0) * (1 + 1e-9)
    z = -float(ndtri(upper_tail(level)))
    found = []
    for a, c in _near(measure, (ratio - half, ratio + half), n1, n2):
        value, se = _ratio_and_se(measure, a, c, n1, n2)
        wide = math.exp(z * se)
        printed = ((value, ratio), (value / wide, low), (value * wide, high))
        if all(abs(here - said) <= half for here, said in printed):
            found.append((a, c))
    return found


def counts_from_ratio(
    measure: str,
    ratio: float,
    low: float,
    high: float,
    n1: int,
    n2: int,
    *,
    decimals: int,
    level: float = 0.95,
    control_risk: float | None = None,
) -> Table:
    """Return (events1, events2) behind a reported "OR" or "RR" with its interval.

    Arguments as in `possible_tables`; `control_risk`, a proportion, chooses the table
    whose risk in group 2 is nearest where several fit, as Di Pietrantonj (2006) does.
    Exact where one table fits without it.

    Raises
    ------
    ConversionError
        No table fits; several do and nothing chooses between them.
    """
    found = possible_tables(measure, ratio, low, high, n1, n2, decimals=decimals, level=level)
    said = f"{measure} {ratio:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"
    if not found:
        raise ConversionError(f"no counts of {n1} and {n2} people give {said}")
    if len(found) > 1 and control_risk is not None:
        finite(control_risk=control_risk)
        away = [abs(c / n2 - control_risk) for _, c in found]
        nearest = min(away)
        found = [table for table, gap in zip(found, away, strict=True) if gap <= nearest + 1e-12]
    if len(found) == 1:
        return found[0]
    some = ", ".join(f"{a}/{n1} and {c}/{n2}" for a, c in found[:3])
    more = ", …" if len(found) > 3 else ""
    raise ConversionError(f"{len(found)} tables give {said}: {some}{more}")


def _near(measure: str, ratios: tuple[float, float], n1: int, n2: int) -> Iterator[tuple[int, int]]:
    """Yield the counts whose ratio lies within `ratios`, and a few just outside."""
    low, high = (max(value, 0.0) for value in ratios)
    last = n2 if measure == "RR" else n2 - 1
    top = n1 if measure == "RR" else n1 - 1
    for c in range(1, last + 1):
        if measure == "RR":
            first_a, last_a = (value * c * n1 / n2 for value in (low, high))
        else:
            first_a, last_a = (n1 * value * c / (n2 - c + value * c) for value in (low, high))
        yield from (
            (a, c) for a in range(max(math.floor(first_a), 1), min(math.ceil(last_a), top) + 1)
        )


def _ratio_and_se(measure: str, a: int, c: int, n1: int, n2: int) -> tuple[float, float]:
    """Return a ratio and the standard error of its log."""
    b, d = n1 - a, n2 - c
    if measure == "RR":
        return (a / n1) / (c / n2), math.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2)
    return a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)


def _known(measure: str) -> None:
    if measure not in ("OR", "RR"):
        raise ConversionError(f"{measure!r} is neither OR nor RR")
