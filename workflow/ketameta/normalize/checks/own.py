"""An SD that its own trial, or its scale, shows to be a standard error: no other trial is needed.

A standard error in the column of SDs is smaller by √n. It is named where the number, read as a
standard error, comes within a factor 1.5 of an SD that the same people (baseline, endpoint,
change) or another arm at the same place have, and as an SD is less than half of it; and where it
is below a twentieth of the scale's range while a standard error of n would make a usual SD, a
sixteenth to two fifths of it. Where the mean is within a tenth of the range of an end, SDs are
small by nature, but scores then lie askew, with an SD of about their distance from that end: there
an SD of half that distance or more is let pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult

FACTOR = 1.5
HALF = 0.5
NEAR_END = 0.1
LEAST_OF_RANGE = 0.05
USUAL_OF_RANGE = (1 / 16, 0.4)
FEWEST = 5
MEANS = {"baseline_sd": "baseline_mean", "sd": "mean", "change_sd": "change_mean"}


def why_standard_error(view: RowsByTrial, row: ArmResult, column: str) -> str:
    """Say why the number of a column is a standard error by its own trial; or nothing."""
    n, value = view.size(row), row.value(column)
    if n is None or n < FEWEST or not value or _at_an_end(view, row, column):
        return ""
    for sd, where in _compared(view, row, column):
        if value < HALF * sd and sd / FACTOR <= value * math.sqrt(n) <= sd * FACTOR:
            return f"SD {value:g} is 1/{sd / value:.1f} of {where}; " + _as_sd(value, n)
    return _against_range(view, row, column, value, n)


def _as_sd(value: float, n: int) -> str:
    return f"as a standard error (n = {n}) the SD would be {value * math.sqrt(n):.3g}"


def _compared(view: RowsByTrial, row: ArmResult, column: str) -> Iterator[tuple[float, str]]:
    """Yield the SDs that the same or comparable people have, and where they stand."""
    for other in MEANS:
        if other != column and (sd := row.value(other)):
            yield sd, f"{other} {sd:g} in the same row"
    for beside in view.beside(row):
        if beside.arm_id != row.arm_id and (sd := beside.value(column)):
            yield sd, f"the {sd:g} of {beside.arm_id} (line {beside.line})"


def _at_an_end(view: RowsByTrial, row: ArmResult, column: str) -> bool:
    """Say whether a mean is so near an end of its scale that its SD may be this small."""
    scale, mean = view.scale(row), row.value(MEANS[column])
    if scale is None or scale.minimum is None or scale.maximum is None or mean is None:
        return False
    distance = min(mean - scale.minimum, scale.maximum - mean)
    near = distance < NEAR_END * (scale.maximum - scale.minimum)
    return bool(near and row.number(column) >= HALF * distance and column != "change_sd")


def _against_range(view: RowsByTrial, row: ArmResult, column: str, value: float, n: int) -> str:
    scale = view.scale(row)
    if scale is None or scale.minimum is None or scale.maximum is None:
        return ""
    width = scale.maximum - scale.minimum
    low, high = (width * share for share in USUAL_OF_RANGE)
    if value >= LEAST_OF_RANGE * width or not low <= value * math.sqrt(n) <= high:
        return ""
    return (
        f"SD {value:g} is 1/{width / value:.0f} of the range of {scale.name}, {width:g}; "
        + _as_sd(value, n)
    )
