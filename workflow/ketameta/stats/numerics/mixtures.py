"""Mixtures of normal distributions: what is left where a nuisance parameter is integrated out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
# standard deviations from the mean of any part beyond which nothing is left in double precision
_REACH = 40.0
_STEPS = 40
# probability that what Newton's method finds is off at most, and from where the shortest interval
# is looked for
_ENOUGH, _NEAR = 1e-9, 1e-2
_ROOT = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class Mixture:
    """A share p[i] of N(mean[i], sd[i]²), each of shape (n,); the shares add up to 1."""

    p: Floats
    mean: Floats
    sd: Floats

    def cdf(self, x: float) -> float:
        """Return the probability of x and less."""
        return float(self.p @ special.ndtr((x - self.mean) / self.sd))

    def above(self, x: float) -> float:
        """Return the probability of more than x, to the last digit where it is small."""
        return float(self.p @ special.ndtr((self.mean - x) / self.sd))

    def density(self, x: float) -> float:
        """Return the density at x."""
        z = (x - self.mean) / self.sd
        return float(self.p @ (np.exp(-(z**2) / 2) / self.sd) / np.sqrt(2 * np.pi))

    def _slope(self, x: float) -> float:
        z = (x - self.mean) / self.sd
        return float(self.p @ (-z * np.exp(-(z**2) / 2) / self.sd**2) / np.sqrt(2 * np.pi))

    @property
    def expectation(self) -> float:
        """The mean."""
        return float(self.p @ self.mean)

    @property
    def deviation(self) -> float:
        """The standard deviation; infinite or huge where the widths of the parts have none."""
        centre = self.expectation
        return float(np.sqrt(self.p @ (self.sd**2 + (self.mean - centre) ** 2)))

    def quantile(self, share: float) -> float:
        """Return the value with this probability below it."""
        from scipy.optimize import brentq

        low = float((self.mean - _REACH * self.sd).min())
        high = float((self.mean + _REACH * self.sd).max())
        return float(brentq(lambda x: self.cdf(x) - share, low, high, xtol=1e-300, rtol=1e-14))

    def shortest(self, level: float) -> tuple[float, float]:
        """Return the shortest interval that holds `level`; the mixture has one peak.

        Its ends have the same density: Newton's method from the interval with equal tails, which
        stays where a step does not bring the two conditions nearer (many peaks).
        """
        low, high = self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)
        best = self._off(low, high, level)
        for _ in range(_STEPS):
            f, g = self.density(low), self.density(high)
            slope_low, slope_high = self._slope(low), self._slope(high)
            held, apart = best
            scale = f * slope_high - g * slope_low
            if scale == 0:
                break
            # [-f g; -f' g'] (dl, dh) = -(held, apart)
            step_low = (held * slope_high - apart * g) / scale
            step_high = (held * slope_low - apart * f) / scale
            factor, found = 1.0, best
            while factor > 1e-3:
                new = low + factor * step_low, high + factor * step_high
                found = self._off(*new, level)
                if abs(found[0]) + abs(found[1]) / f < abs(held) + abs(apart) / f:
                    break
                factor /= 2
            else:
                break
            low, high, best = *new, found
        return low, high

    def _off(self, low: float, high: float, level: float) -> tuple[float, float]:
        """Return how far an interval is from holding `level`, and its ends from equal density."""
        held = 1 - self.cdf(low) - self.above(high) - level
        return held, self.density(high) - self.density(low)


class Summaries(NamedTuple):
    """Medians and shortest intervals, shape (n,) each; NaN where there is no distribution."""

    median: Floats
    low: Floats
    high: Floats


class Mixtures(NamedTuple):
    """Mixtures of normal distributions, a row each: shares, means and SDs, shapes (n, m)."""

    share: Floats
    mean: Floats
    sd: Floats

    def _below(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the probability below x, the density there and its slope, shapes (n,)."""
        z = (x[:, None] - self.mean) / self.sd
        below = np.einsum("ij,ij->i", self.share, special.ndtr(z))
        density = np.square(z)
        density *= -0.5
        np.exp(density, out=density)
        density *= self.share
        density /= self.sd
        z /= self.sd
        slope = np.einsum("ij,ij->i", density, z)
        return below, density.sum(axis=1) / _ROOT, -slope / _ROOT

    def _some(self, rows: NDArray[np.int64]) -> Mixtures:
        if rows.size == len(self.share):
            return self
        return Mixtures(self.share[rows], self.mean[rows], self.sd[rows])

    def _quantile(
        self, start: Floats, probability: float, enough: float
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return the value with a probability below it, and the rows that are not as near as asked.

        By Newton's method, which from between the value and the middle stays there at each step:
        the tails are convex.
        """
        x, left = start.copy(), np.arange(start.size)
        for _ in range(_STEPS):
            below, density, _ = self._some(left)._below(x[left])
            x[left] -= (below - probability) / density
            left = left[~(np.abs(below - probability) <= enough)]
            if not left.size:
                break
        return x, left

    def _summary(self, level: float) -> tuple[Summaries, NDArray[np.bool_]]:
        """Return median and shortest interval, and of which rows they are found."""
        centre = (self.share * self.mean).sum(axis=1)
        narrow = np.exp((self.share * np.log(self.sd)).sum(axis=1))
        half = special.ndtri((1 + level) / 2) * narrow
        low, _ = self._quantile(centre - half, (1 - level) / 2, _NEAR)
        high, _ = self._quantile(centre + half, (1 + level) / 2, _NEAR)
        left = np.arange(centre.size)
        for _ in range(_STEPS):
            own = self._some(left)
            p, f, slope_low = own._below(low[left])
            q, g, slope_high = own._below(high[left])
            held, apart = q - p - level, g - f
            # [-f g; -f' g'] (step low, step high) = -(held, apart)
            scale = f * slope_high - g * slope_low
            low[left] += (held * slope_high - apart * g) / scale
            high[left] += (held * slope_low - apart * f) / scale
            left = left[~(np.abs(held) + np.abs(apart) / (f + g) <= _ENOUGH)]
            if not left.size:
                break
        median, unsettled = self._quantile(centre, 0.5, _ENOUGH)
        found = (low < median) & (median < high)
        found[left] = found[unsettled] = False
        return Summaries(median, low, high), found

    def intervals(self, level: float, instead: Callable[[int], Mixture] | None = None) -> Summaries:
        """Return median and shortest interval of each, one by one where a step leads astray.

        `instead` may give for a row, by its number, the mixture that is taken there.
        """
        with np.errstate(all="ignore"):
            told, found = self._summary(level)
        for i in np.flatnonzero(~found).tolist():
            one = instead(i) if instead else Mixture(self.share[i], self.mean[i], self.sd[i])
            told.median[i] = one.quantile(0.5)
            told.low[i], told.high[i] = one.shortest(level)
        return told
