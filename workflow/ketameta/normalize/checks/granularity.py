"""Means, SDs and percentages that no sample of that size can give.

The total score of a rating scale is a whole number, so the mean of n people is a whole number
over n (GRIM; Brown & Heathers 2017, Soc Psychol Personal Sci 8:363). With d decimals printed,
every mean is possible once n ≥ 10^d: below that the test bites.

The sum of squares of whole numbers is whole too, and odd when their sum is odd. A mean and an SD
leave a range for it, (n - 1) SD² + sum² / n with both rounded; a possible sample needs a whole
number of the right parity in that range, between the smallest and the largest sum of squares that
n scores of the scale with that sum can have (GRIMMER; Anaya 2016, PeerJ Preprints 4:e2400v1;
Allard 2018, Analytic-GRIMMER). It bites while the range is shorter than 2, about
(n - 1) SD < 10^d. Both test necessary conditions only.

Left out: means that are modelled or derived (LS, adjusted, MMRM, imputed, ``seen`` derived), and
scales whose scores need not be whole (analogue and numeric ratings, areas, composites). Values
carried forward are whole numbers and stay. A baseline is tested with the row's n and with the
people randomised, and only named if neither fits. Half units may have been rounded either way.

A percentage of the row, or one that its note gives with count or n (22.0% of 41, 9/41 = 22.0%),
must be the rounding of some count over n, and of the row's own events where the n is the row's.
Rounding twice is let pass (48.148, 48.15, 48.2).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator

from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial, whole_points
from ketameta.normalize.conversions import ConversionError, nearest_events, possible_counts
from ketameta.normalize.results import ArmResult

_PAIRS = (("baseline_mean", "baseline_sd"), ("mean", "sd"), ("change_mean", "change_sd"))
_MODELLED = re.compile(r"\bLS\b|least squares|adjusted means? |MMRM|imput", re.IGNORECASE)
_EXPLAINS = r"\bn\b|\bN\b|randomised|completed|missing|check"
_OF = re.compile(r"(\d+(?:\.\d+)?)\s*%\s*(?:of|x|\*|×)\s*(\d+)(?![\d.%])")
_IS = re.compile(r"(?<![\d/])(\d+)/(\d+)\s*=\s*(\d+(?:\.\d+)?)\s*%")
TINY = 1e-9


def whole_sums(mean: float, half: float, n: int) -> list[int]:
    """Return the whole sums of n scores whose mean rounds to the one printed."""
    low = math.ceil((mean - half) * n - TINY)
    high = math.floor((mean + half) * n + TINY)
    return list(range(low, high + 1))


def squares_exist(total: int, sd: tuple[float, float], n: int, bounds: tuple[int, int]) -> bool:
    """Say whether n whole scores within bounds can have this sum and an SD in this range."""
    least, most = (
        (n - 1) * value * value + total * total / n for value in (max(sd[0], 0.0), sd[1])
    )
    fewest, largest = _extremes(total, n, bounds)
    low = math.ceil(max(least, fewest) - TINY * max(1.0, least))
    high = math.floor(min(most, largest) + TINY * max(1.0, most))
    low += (low - total) % 2  # a whole number and its square are odd together
    return low <= high


def _extremes(total: int, n: int, bounds: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest and largest sum of squares of n whole scores with this sum."""
    each, more = divmod(total, n)
    fewest = (n - more) * each * each + more * (each + 1) ** 2
    low, high = bounds
    if high == low:
        return fewest, fewest
    at_top, rest = divmod(total - n * low, high - low)
    largest = at_top * high * high + (n - at_top) * low * low
    if rest:
        largest += (low + rest) ** 2 - low * low
    return fewest, largest


# a row, the columns of a mean and its SD, the numbers of people, and the bounds of a score
_Tested = tuple[ArmResult, str, str, list[int], tuple[int, int]]


def _tested(view: RowsByTrial) -> Iterator[_Tested]:
    """Yield the mean and SD columns that can be tested, each with its n and the scale's bounds."""
    for row in view.outcomes:
        yield from _of_row(view, row)


def _of_row(view: RowsByTrial, row: ArmResult) -> Iterator[_Tested]:
    if all(row.value(mean) is None for mean, _ in _PAIRS) or row.seen == "derived":
        return
    scale = view.scale(row)
    if scale is None or not whole_points(scale) or _MODELLED.search(row.note or ""):
        return
    low, high = round(scale.minimum or 0), round(scale.maximum or 0)
    for mean, sd in _PAIRS:
        if row.value(mean) is None:
            continue
        sizes = [row.n]
        if mean == "baseline_mean":
            sizes.append(view.randomised(row.trial_id, row.arm_id))
        known = [n for n in dict.fromkeys(sizes) if n is not None and n > 1]
        bounds = (low - high, high - low) if mean == "change_mean" else (low, high)
        if known:
            yield row, mean, sd, known, bounds


def telling(view: RowsByTrial) -> Counter[str]:
    """Count the means of each trial that a wrong n or digit would show: not every one is possible.

    Below that the sums of n whole scores lie closer to each other than a unit of the last digit.
    """
    return Counter(
        row.trial_id
        for row, mean, _, sizes, _ in view.once(_tested)
        if all(2 * row.half(mean) * n < 1 - TINY for n in sizes)
    )


def means(view: RowsByTrial) -> list[Finding]:
    """Return means that are no whole number over n (GRIM)."""
    found: list[tuple[Hashable, Finding]] = []
    for row, mean, _, sizes, _ in view.once(_tested):
        value, half = row.number(mean), row.half(mean)
        if any(whole_sums(value, half, n) for n in sizes):
            continue
        n, digits = sizes[0], row.decimals(mean)
        below = math.floor(value * n)
        message = (
            f"no {n} whole scores have the mean {value:.{digits}f}: {below}/{n} is "
            f"{below / n:.{digits + 1}f}, {below + 1}/{n} is {(below + 1) / n:.{digits + 1}f}; "
            "is n another?"
        )
        key = (row.trial_id, row.arm_id, row.scale, mean, value, n)
        found.append((key, view.finding("mean-no-sum-gives", row, mean, message, _EXPLAINS)))
    return once(found)


def impossible_sds(view: RowsByTrial) -> list[Finding]:
    """Return SDs that no whole scores with that mean and n have (GRIMMER)."""
    found: list[tuple[Hashable, Finding]] = []
    for row, mean, sd, sizes, bounds in view.once(_tested):
        centre, value = row.number(mean), row.value(sd)
        if not value:  # 0 is named by itself
            continue
        half = row.half(sd)
        span = (value - half, value + half)
        totals = {n: whole_sums(centre, row.half(mean), n) for n in sizes}
        if not any(totals.values()):
            continue  # the mean itself is named by the check of means
        if any(squares_exist(s, span, n, bounds) for n in sizes for s in totals[n]):
            continue
        message = (
            f"no {sizes[0]} whole scores with the mean {centre:g} have the SD {value:g}; "
            "is n another, or a digit wrong?"
        )
        key = (row.trial_id, row.arm_id, row.scale, sd, value, sizes[0])
        found.append((key, view.finding("sd-no-scores-give", row, sd, message, _EXPLAINS)))
    return once(found)


def percentages(view: RowsByTrial) -> Iterator[Finding]:
    """Yield percentages, of a row or in its note, that no count of n gives, or not its events."""
    for row in view.outcomes:
        yield from _percent_of_row(view, row)
        if row.events is None or row.n is None or "%" not in (row.note or ""):
            continue
        for percent, n in _OF.findall(row.note or ""):
            counts = _counts(percent, int(n))
            if not counts:
                message = f"the note's {percent}% is no count of {n}"
            elif int(n) == row.n and row.events not in counts:
                message = f"{row.events} of {n} is not the note's {percent}%, {counts[0]} would be"
            else:
                continue
            yield view.finding("percent-no-count-gives", row, "events", message)
        for count, n, percent in _IS.findall(row.note or ""):
            if int(n) and int(count) not in _counts(percent, int(n)):
                given = 100 * int(count) / int(n)
                message = f"the note says {count}/{n} = {percent}%, it is {given:.3g}%"
                yield view.finding("percent-no-count-gives", row, "events", message)


def _percent_of_row(view: RowsByTrial, row: ArmResult) -> Iterator[Finding]:
    if row.percent is None or not row.n:
        return
    percent = f"{row.percent:.{row.decimals('percent')}f}"
    counts = _counts(percent, row.n)
    if not counts:
        message = f"{percent}% is no count of {row.n}"
    elif row.events is not None and row.events not in counts:
        message = f"{percent}% of {row.n} is {counts[0]}, not {row.events}"
    else:
        return
    yield view.finding("percent-no-count-gives", row, "percent", message, _EXPLAINS)


def shares(view: RowsByTrial) -> Iterator[Finding]:
    """Yield percentages below 1 without a count: mostly a share, 0.5 for 50%."""
    for row in view.outcomes:
        percent = row.percent
        if percent is not None and 0 < percent < 1 and row.events is None:
            message = f"{percent:g} is read as {percent:g}%: is it a share, {100 * percent:g}%?"
            yield view.finding("percent-like-share", row, "percent", message)


def undecided(view: RowsByTrial) -> Iterator[Finding]:
    """Yield percentages that stand for counts too far apart to take one, where none is entered."""
    for row in view.outcomes:
        if row.percent is None or not row.n or row.events is not None:
            continue
        decimals = row.decimals("percent")
        try:
            nearest_events(row.percent, row.n, decimals)
        except ConversionError:
            counts = possible_counts(row.percent, row.n, decimals)
            if counts:
                message = (
                    f"{row.percent:.{decimals}f}% of {row.n} can be {counts[0]} to "
                    f"{counts[-1]} people, which gives no effect: enter events, or more decimals"
                )
                yield view.finding("percent-many-counts-give", row, "percent", message)


def _counts(percent: str, n: int) -> list[int]:
    """Return the counts of n that round to the percentage, perhaps by way of one more digit."""
    half = 0.55 * 10.0 ** -len(percent.partition(".")[2])
    return whole_sums(float(percent) / 100, half / 100, n)


CHECKS = {
    "mean-no-sum-gives": means,
    "sd-no-scores-give": impossible_sds,
    "percent-no-count-gives": percentages,
    "percent-many-counts-give": undecided,
    "percent-like-share": shares,
}
