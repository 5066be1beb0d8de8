"""The axis of a forest plot: its range, its ticks, and places on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


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
        value = min(max(value, self.low), self.high)
        low, high = self._scale(self.low), self._scale(self.high)
        return self.x0 + (self._scale(value) - low) / (high - low) * (self.x1 - self.x0)

    def _scale(self, value: float) -> float:
        return math.log(value) if self.log else value


def make_axis(
    estimates: Sequence[float],
    bounds: Sequence[float],
    null: float | None,
    log: bool,
    x0: float,
    x1: float,
    limits: tuple[float, float] | None = None,
) -> Axis:
    """Choose range and ticks.

    Every estimate and the point of no effect are inside. Interval ends (`bounds`) widen the range
    by no more than half of what the estimates span (at least a factor of 2 on a log axis):
    beyond that an interval is clipped and gets an arrow. `limits` are the ends of the scale.
    """
    scale = math.log if log else float
    inside = [scale(x) for x in (*estimates, *(() if null is None else (null,)))]
    low, high = min(inside), max(inside)
    least = math.log(2) if log else max((high - low) * 0.25, 1e-9)
    room = max(0.5 * (high - low), least)
    ends = [scale(x) for x in bounds if not log or x > 0]
    low, high = max(min([*ends, low]), low - room), min(max([*ends, high]), high + room)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    ticks = _log_ticks(low, high) if log else _linear_ticks(low, high)
    low, high = min(low, scale(ticks[0])), max(high, scale(ticks[-1]))
    if limits:
        low, high = max(low, limits[0]), min(high, limits[1])
    back = math.exp if log else float
    return Axis(
        back(low),
        back(high),
        x0,
        x1,
        log,
        tuple(t for t in ticks if low - 1e-9 <= scale(t) <= high + 1e-9),
    )


def _log_ticks(low: float, high: float) -> list[float]:
    """Ticks people read: 0.25 0.5 1 2 4, or 0.1 0.5 1 2 5 10, or powers of ten."""
    decades = (high - low) / math.log(10)
    if decades <= 2:
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
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw)
    first, last = math.floor(low / step + 0.15), math.ceil(high / step - 0.15)
    return [round(n * step, 12) for n in range(first, last + 1)]


def tick_label(value: float) -> str:
    """Write a tick: no trailing zeros, a true minus sign, thousands apart."""
    text = f"{value:,.10g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.0e}"
    return text.replace("-", "−")
