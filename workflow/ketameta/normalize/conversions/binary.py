"""Counts of events from percentages, and which counts a percentage allows.

Percentages are read as printed: 33.3 with one decimal stands for everything from
33.25 to 33.35, both ends included, because some papers round halves up and some
to even. Arithmetic is exact (decimal fractions), so that no count is lost or won
by binary rounding.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from ketameta.normalize.conversions.checks import ConversionError, finite, show, whole_people


def possible_counts(percent: float, n: int, decimals: int) -> list[int]:
    """Return every count of events whose percentage of `n` prints as `percent`.

    The count k fits where |100 k / n - percent| <= 0.5 / 10^decimals. An empty list is
    a percentage that no count of n people can give: the GRIM test, applied to
    percentages (Brown and Heathers 2017, Social Psychological and Personality Science
    8:363-369, who give it for means of whole numbers; a count is the sum of n zeros
    and ones).

    Parameters
    ----------
    percent
        Percentage as printed, 0 to 100.
    n
        People it is a percentage of, at least 1.
    decimals
        Decimals printed, 0 or more (33.0 has one).

    Raises
    ------
    ConversionError
        A percentage outside 0 to 100 or with more decimals than said; n below 1.
    """
    n = whole_people("n", n, 1)
    exact, half = _printed(percent, decimals)
    lowest = max(math.ceil((exact - half) * n / 100), 0)
    highest = min(math.floor((exact + half) * n / 100), n)
    return list(range(lowest, highest + 1))


def events_from_percent(percent: float, n: int, decimals: int) -> int:
    """Return the one count of events whose percentage of `n` prints as `percent`.

    Exact where it answers: a count is returned only when no other fits. That is so
    for every n below 10^(2 + decimals): 100 people for whole percentages, 1000 for
    one decimal.

    Raises
    ------
    ConversionError
        No count fits (the nearest is named), several do (they are named), or the
        arguments are outside the domain of `possible_counts`.
    """
    found = possible_counts(percent, n, decimals)
    if len(found) == 1:
        return found[0]
    shown = f"{percent:.{decimals}f}%"
    exact, _ = _printed(percent, decimals)
    nearest = min(max(round(exact * n / 100), 0), n)
    if not found:
        really = f"{100 * nearest / n:.{decimals + 2}f}%"
        raise ConversionError(
            f"no count of {n} people gives {shown}: the nearest, {nearest}, is {really}"
        )
    raise ConversionError(
        f"{len(found)} counts of {n} people give {shown}: {found[0]} to {found[-1]}, "
        f"the nearest {nearest}"
    )


def nearest_events(percent: float, n: int, decimals: int) -> tuple[int, list[int]]:
    """Return the count of events nearest to a percentage, and every count that prints so.

    More than one count fits where n is large for the decimals: 50% of 400 is 198 to 202. The
    nearest is at most half of their range off, and is taken while that is at most half of the
    count's own standard error, sqrt(n p (1 - p)): the rounding then widens no interval by more
    than about a tenth. Beyond, as with 1% of 400 (2 to 6), the error could be of any size.

    Raises
    ------
    ConversionError
        As `events_from_percent`; several counts fit only where they lie too far apart.
    """
    found = possible_counts(percent, n, decimals)
    share = percent / 100
    if len(found) > 1 and found[-1] - found[0] <= math.sqrt(n * share * (1 - share)):
        exact, _ = _printed(percent, decimals)
        return round(exact * n / 100), found
    return events_from_percent(percent, n, decimals), found


def _printed(percent: float, decimals: int) -> tuple[Fraction, Fraction]:
    """Return the printed percentage and half a unit of its last place, exactly."""
    finite(percent=percent)
    decimals = whole_people("decimals", decimals, 0)
    if not 0 <= percent <= 100:
        raise ConversionError(f"{show(percent)}% is not between 0 and 100")
    exact = Fraction(Decimal(repr(float(percent))))
    if (exact * 10**decimals).denominator != 1:
        raise ConversionError(f"{show(percent)}% has more than {decimals} decimals")
    return exact, Fraction(1, 2 * 10**decimals)
