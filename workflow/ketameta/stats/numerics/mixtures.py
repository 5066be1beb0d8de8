"""Mixtures of normal distributions: what is left where a nuisance parameter is integrated out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import brentq

Floats = NDArray[np.float64]
# standard deviations from the mean of any part beyond which nothing is left in double precision
_REACH = 40.0
_STEPS = 40


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
