"""The axis of a plot: its range, its ticks, and places on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# a ratio beyond these is drawn as an arrow: nobody reads a difference between 1e6 and 1e9
_FURTHEST = math.log(1e5)


@dataclass(frozen=True, slots=True)
class AxisScale:
    """What an axis shows: its words, the value of no effect, whether of ratios on a log axis.

    `limits` are the ends of the scale; `sides` the words left and right of no effect, pointed at
    by `arrows` or not.
    """

    title: str = ""
    null: float | None = None
    log: bool = False
    limits: tuple[float, float] | None = None
    sides: tuple[str, str] | None = None
    arrows: bool = True


@dataclass(frozen=True)
class Axis:
    """A linear or logarithmic axis from `low` to `high` (natural scale) over x0 to x1 pixels."""

    low: float
    high: float
    x0: float
    x1: float
    log: bool
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Return the pixel of a value, held within the axis."""
        return self.open_place(min(max(value, self.low), self.high))

    def open_place(self, value: float) -> float:
        """Return the pixel of a value, also beyond the axis (by no more than 1e5 pixels)."""
        low, high = self._scale(self.low), self._scale(self.high)
        x = self.x0 + (self._scale(value) - low) / (high - low) * (self.x1 - self.x0)
        return min(max(x, self.x0 - 1e5), self.x1 + 1e5)

    def side(self, value: float) -> int:
        """Return -1 for a value below the axis, 1 above it, 0 on it."""
        # a hair's breadth beyond the last tick is rounding
        hair = 1e-9 * (self.x1 - self.x0)
        x = self.open_place(value)
        return -1 if x < self.x0 - hair else 1 if x > self.x1 + hair else 0

    def _scale(self, value: float) -> float:
        if not self.log:
            return value
        return math.log(value) if 0 < value < math.inf else math.copysign(1e9, value - 1)


def make_axis(
    estimates: Sequence[float],
    bounds: Sequence[float],
    shown: AxisScale,
    x0: float,
    x1: float,
) -> Axis:
    """Choose range and ticks for what is shown from x0 to x1 pixels.

    Every estimate (of a ratio: from 0.00001 to 100,000) and the point of no effect are inside.
    Interval ends (`bounds`) widen the range by no more than half of what the estimates span (at
    least a factor of 2 on a log axis): beyond that an interval is clipped and gets an arrow. Where
    effects are all but alike the shortest interval decides instead.
    The axis ends with its scale. At least two ticks.
    """
    null, log, limits = shown.null, shown.log, shown.limits

    def scale(x: float) -> float:
        if not log:
            return float(x)
        return math.copysign(_FURTHEST, x - 1) if not 0 < x < math.inf else math.log(x)

    inside = [scale(x) for x in (*estimates, *(() if null is None else (null,)))]
    if log:
        inside = [min(max(x, -_FURTHEST), _FURTHEST) for x in inside]
    low, high = min(inside, default=0.0), max(inside, default=1.0)
    least = math.log(2) if log else max((high - low) * 0.25, 1e-9)
    room = max(0.5 * (high - low), least)
    ends = [scale(x) for x in bounds]
    if not any(low < x < high for x in ends):
        # effects all but alike: what they span says nothing of their intervals
        below = min((low - x for x in ends if x < low), default=0.0)
        above = min((x - high for x in ends if x > high), default=0.0)
        reach = min(max(below, above), math.log(50) if log else math.inf)
        room = max(room, 1.5 * reach if high - low < reach / 10 else 0.0)
    low, high = max(min([*ends, low]), low - room), min(max([*ends, high]), high + room)
    low, high = _widened(low, high, math.log(1.5) if log else 1e-9 + 1e-6 * abs(high))
    if limits:
        low, high = max(low, limits[0]), min(high, limits[1])
        low, high = (low, high) if low < high else limits
    ticks = _log_ticks(low, high) if log else _linear_ticks(low, high)
    low, high = min(low, scale(ticks[0])), max(high, scale(ticks[-1]))
    if limits:
        low, high = max(low, limits[0]), min(high, limits[1])
    back = math.exp if log else float
    kept = tuple(t for t in ticks if low - 1e-9 <= scale(t) <= high + 1e-9)
    return Axis(back(low), back(high), x0, x1, log, kept)


def _widened(low: float, high: float, least: float) -> tuple[float, float]:
    """Return a range of at least `least`, about the same middle."""
    if high - low >= least:
        return low, high
    if least < 1e-3:
        least = 1.0
    middle = (low + high) / 2
    return middle - least / 2, middle + least / 2


def _log_ticks(low: float, high: float) -> list[float]:
    """Ticks people read: 0.5 0.7 1 1.4 2, 0.25 0.5 1 2 4, 0.1 0.5 1 2 5 10, or powers of ten."""
    decades = (high - low) / math.log(10)
    if decades <= 0.5:
        candidates = [float(f"{2 ** (n / 2):.2g}") for n in range(-40, 41)]
    elif decades <= 2:
        candidates = [2.0**n for n in range(-30, 31)]
    elif decades <= 3.2:
        candidates = [m * 10.0**n for n in range(-9, 10) for m in (1, 2, 5)]
    else:
        step = math.ceil(decades / 7)
        candidates = [10.0**n for n in range(-30 * step, 31 * step, step)]
    below = max(t for t in candidates if math.log(t) <= low + 0.1)
    above = min(t for t in candidates if math.log(t) >= high - 0.1)
    if decades > 2:
        below = min((t for t in candidates if math.log(t) >= low), default=below)
        above = max((t for t in candidates if math.log(t) <= high), default=above)
    return [t for t in candidates if below <= t <= above]


def _linear_ticks(low: float, high: float) -> list[float]:
    """Three to seven ticks at round steps of 1, 2, 2.5 or 5 times a power of ten."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 0.15), math.ceil(high / step - 0.15)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def tick_label(value: float) -> str:
    """Write a tick: no trailing zeros, a true minus sign, thousands apart."""
    text = f"{value:,.10g}"
    return text.replace("-", "−")
