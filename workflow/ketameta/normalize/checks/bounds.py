"""Scores, changes and SDs that the scale does not allow.

A mean outside the scale and a change larger than its range cannot be: errors. Of n scores between
``low`` and ``high`` with mean m, the SD is at most √((high - m)(m - low) n / (n - 1)) (Bhatia &
Davis 2000, Am Math Monthly 107:353; n / (n - 1) because SDs are printed with n - 1), so a larger
one is an error too; a change lies between minus and plus the range. All numbers may be half a
unit of their last digit away from what is printed. Where n is not known, 2 is taken, which allows
most. A baseline plus a change outside the scale is a warning: the two can be of different people.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.tables.problems import ERROR, WARNING

_SCORES = ("baseline_mean", "mean", "median", "q1", "q3", "minimum", "maximum")
_PAIRS = (("baseline_mean", "baseline_sd"), ("mean", "sd"), ("change_mean", "change_sd"))


def _bounds(view: RowsByTrial, row: ArmResult) -> tuple[float, float, str] | None:
    scale = view.scale(row)
    if scale is None or scale.minimum is None or scale.maximum is None:
        return None
    return scale.minimum, scale.maximum, scale.name


def score_outside_scale(view: RowsByTrial) -> Iterator[Finding]:
    """Yield means, medians, quartiles and extremes that are not on the scale."""
    for row in view.outcomes:
        if (bounds := _bounds(view, row)) is None:
            continue
        low, high, name = bounds
        for column in _SCORES:
            value = row.value(column)
            if value is not None and not low <= value <= high:
                message = f"{value:g} is outside {name}, which runs from {low:g} to {high:g}"
                yield view.finding("score-outside-scale", row, column, message, severity=ERROR)


def change_outside_scale(view: RowsByTrial) -> Iterator[Finding]:
    """Yield changes larger than the range, and those that lead from the baseline off the scale."""
    for row in view.outcomes:
        bounds, change = _bounds(view, row), row.change_mean
        if bounds is None or change is None:
            continue
        low, high, name = bounds
        severity = WARNING
        if abs(change) > high - low:
            message = f"a change of {change:g} is more than the range of {name}, {high - low:g}"
            severity = ERROR
        elif row.baseline_mean is not None:
            end = row.baseline_mean + change
            if low - 0.1 <= end <= high + 0.1:
                continue
            message = (
                f"baseline {row.baseline_mean:g} and change {change:g} end at {end:g}, outside "
                f"{name} ({low:g} to {high:g})"
            )
        else:
            continue
        yield view.finding(
            "change-outside-scale", row, "change_mean", message, "baseline|sign", severity
        )


def sd_above_scale(view: RowsByTrial) -> Iterator[Finding]:
    """Yield SDs larger than mean, n and scale allow."""
    for row in view.outcomes:
        if (bounds := _bounds(view, row)) is None:
            continue
        for mean_column, column in _PAIRS:
            mean, sd = row.value(mean_column), row.value(column)
            if mean is None or sd is None:
                continue
            low, high, name = bounds
            if column == "change_sd":
                low, high = low - high, high - low
            n = max(view.size(row) or 2, 2)
            most = _most(mean, row.half(mean_column), low, high, n)
            if sd - row.half(column) > most:
                message = (
                    f"SD {sd:g} is more than {most:.3g}, the most that {n} scores of {name} with "
                    f"mean {mean:g} can have"
                )
                yield view.finding("sd-above-scale", row, column, message, severity=ERROR)


def _most(mean: float, half: float, low: float, high: float, n: int) -> float:
    """Return the largest SD, over the means that round to the one printed."""
    middle = (low + high) / 2
    nearest = min(max(middle, mean - half), mean + half)
    return math.sqrt(max((high - nearest) * (nearest - low), 0.0) * n / (n - 1))


CHECKS = {
    "score-outside-scale": score_outside_scale,
    "change-outside-scale": change_outside_scale,
    "sd-above-scale": sd_above_scale,
}
