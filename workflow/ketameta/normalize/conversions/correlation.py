"""Within-person correlations that reported numbers imply or allow."""

from __future__ import annotations

import math

from ketameta.normalize.conversions.checks import (
    ConversionError,
    above_zero,
    finite,
    show,
    whole_people,
)


def correlation_from_sds(sd_baseline: float, sd_end: float, sd_change: float) -> float:
    """Return the correlation of two measurements from their SDs and that of the change.

    r = (s0² + s1² - sd²) / (2 s0 s1), all above 0 and in one unit. Rounded SDs make r
    uncertain: an error e in the SD of the change moves r by e sd / (s0 s1). Cochrane
    Handbook 6.5.2.8.

    Raises
    ------
    ConversionError
        The three SDs imply a correlation below -1 or above 1: one of them is wrong, or
        they are not of the same people.
    """
    above_zero(sd_baseline=sd_baseline, sd_end=sd_end, sd_change=sd_change)
    r = (sd_baseline**2 + sd_end**2 - sd_change**2) / (2 * sd_baseline * sd_end)
    return _possible(r, f"SDs of {show(sd_baseline)}, {show(sd_end)} and {show(sd_change)}")


def correlation_from_paired_se(sd1: float, sd2: float, se_difference: float, n: int) -> float:
    """Return the within-person correlation of a crossover trial from its paired SE.

    The SD of the within-person difference is SE √n; then as `correlation_from_sds`.
    `n` people under both treatments, at least 2. Cochrane Handbook 23.2.7 (Elbourne and
    others 2002).

    Raises
    ------
    ConversionError
        As `correlation_from_sds`.
    """
    above_zero(sd1=sd1, sd2=sd2, se_difference=se_difference)
    sd_difference = se_difference * math.sqrt(whole_people("n", n, 2))
    return correlation_from_sds(sd1, sd2, sd_difference)


def feasible_phi(p1: float, p2: float) -> float:
    """Return the largest correlation (phi) that two binary outcomes can have.

    √(p (1 - q) / (q (1 - p))) with p the smaller and q the larger of the two risks,
    both strictly between 0 and 1: reached when everyone with the rarer event has the
    commoner one too. 1 only for equal risks. Ferguson 1941 (Psychometrika 6:323-329).
    """
    finite(p1=p1, p2=p2)
    for name, p in (("p1", p1), ("p2", p2)):
        if not 0 < p < 1:
            raise ConversionError(f"{name} = {show(p)} is not between 0 and 1")
    low, high = min(p1, p2), max(p1, p2)
    return math.sqrt(low * (1 - high) / (high * (1 - low)))


def _possible(r: float, from_what: str) -> float:
    if abs(r) > 1 + 1e-9:  # a hair beyond 1 is binary rounding
        raise ConversionError(f"{from_what} imply a correlation of {show(r)}")
    return min(max(r, -1.0), 1.0)
