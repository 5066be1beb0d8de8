"""The marginal likelihood of counts with normal random effects, and where it is highest.

It is summed over a grid of the random effects: the trapezoidal rule, which for smooth functions
that vanish at both ends is as exact as the numbers (Trefethen & Weideman 2014, SIAM Review 56:385).
Score and information are averages over what is not observed (Louis 1982, J R Stat Soc B 44:226).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

Floats = NDArray[np.float64]
# log-likelihood of a count at linear predictors, with its first and second derivative
Family = Callable[[Floats], tuple[Floats, Floats, Floats]]
# log-likelihood, gradient, second derivatives
Surface = tuple[float, Floats, Floats]
# where a normal density has 1e-18 left
_FAR = 9.0
# points on each axis of a grid of one random effect, and of two: the fewest and the most
_POINTS = {1: (121, 2401), 2: (121, 161)}
_STEPS = 100
# variances below are 0
NOTHING = 1e-10


@dataclass(frozen=True)
class Part:
    """A trial: its counts, each with the design at the grid (nodes, p), and its parameters."""

    counts: Sequence[tuple[Family, Floats]]
    where: tuple[int, ...]


@dataclass(frozen=True)
class Peak:
    """The parameters (p,) of the highest likelihood, and their covariance.

    A scale of a random effect that is 0 there has no variance of its own.
    """

    theta: Floats
    covariance: Floats


def grid_of(effects: int, people: float) -> Floats:
    """Return points of standard normal effects, (nodes, effects).

    What is summed is about as narrow as the standard error of a log odds, 2 / √n of `people`, is to
    the spread between trials; the points lie as far apart as it is where that is 1.8.
    """
    fewest, most = _POINTS[effects]
    points = np.linspace(-_FAR, _FAR, int(min(max(fewest, 16 * people**0.5), most)))
    return np.stack(np.meshgrid(*[points] * effects), axis=-1).reshape(-1, effects)


def too_coarse(grid: Floats, people: float, scales: Floats) -> bool:
    """Say whether the points lie too far apart for trials as large, given the scales found."""
    step = 2 * _FAR / (len(grid) ** (1 / grid.shape[1]) - 1)
    return bool(step * np.abs(scales).max() > 2 / people**0.5)


def binomial(events: float, people: float) -> Family:
    """Return events of people, of log odds eta."""

    def at(eta: Floats) -> tuple[Floats, Floats, Floats]:
        p = expit(eta)
        value = events * eta - people * np.logaddexp(0.0, eta)
        return value, events - people * p, -people * p * (1 - p)

    return at


def given_margins(a: float, n1: float, c: float, n2: float) -> Family:
    """Return events of the treated given all events, of log odds ratio eta."""
    j = np.arange(max(0.0, a + c - n2), min(n1, a + c) + 1)
    ways = -(gammaln(j + 1) + gammaln(n1 - j + 1) + gammaln(a + c - j + 1))
    ways -= gammaln(n2 - a - c + j + 1)

    def at(eta: Floats) -> tuple[Floats, Floats, Floats]:
        terms = ways + eta[:, None] * j
        whole = _log_sum(terms)
        share = np.exp(terms - whole[:, None])
        mean = share @ j
        return a * eta - whole, a - mean, -(share * (j - mean[:, None]) ** 2).sum(axis=1)

    return at


def _log_sum(terms: Floats) -> Floats:
    """Return the log of the sum of exponentials along the last axis."""
    most = terms.max(axis=-1, keepdims=True)
    return np.asarray(most[..., 0] + np.log(np.exp(terms - most).sum(axis=-1)))


def highest(
    parts: Sequence[Part], grid: Floats, starts: Sequence[Floats], scales: Sequence[int]
) -> Peak:
    """Return the parameters of the highest likelihood from some starts.

    `scales` are those of random effects, whose sign is not told.
    """
    density = -0.5 * (grid**2).sum(axis=1)
    density = density - _log_sum(density)
    ends = (_climbed(parts, density, start) for start in starts)
    theta, (_, _, bent) = max(ends, key=lambda end: end[1][0])
    free = [i for i in range(len(theta)) if i not in scales or theta[i] ** 2 > NOTHING]
    covariance = np.zeros_like(bent)
    covariance[np.ix_(free, free)] = np.linalg.inv(-bent[np.ix_(free, free)])
    return Peak(theta, covariance)


def _climbed(parts: Sequence[Part], density: Floats, theta: Floats) -> tuple[Floats, Surface]:
    """Take Newton steps uphill, halved where they fall, to where they are nothing."""
    now = _surface(parts, density, theta)
    for _ in range(_STEPS):
        values, axes = np.linalg.eigh(now[2])
        step = axes @ ((axes.T @ now[1]) / np.maximum(np.abs(values), 1e-8))
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        after = _surface(parts, density, theta + step)
        while after[0] < now[0] - 1e-10 and np.abs(step).max() > 1e-12:
            step = step / 2
            after = _surface(parts, density, theta + step)
        theta, now = theta + step, after
        if np.abs(step).max() < 1e-11:
            break
    return theta, now


def _surface(parts: Sequence[Part], density: Floats, theta: Floats) -> Surface:
    """Return the log-likelihood at parameters, its gradient and its second derivatives."""
    total, gradient = 0.0, np.zeros_like(theta)
    bent = np.zeros((len(theta), len(theta)))
    for part in parts:
        at = list(part.where)
        value, slope, curve = density, np.zeros((len(density), len(at))), np.zeros((len(at),) * 2)
        found = [(family(x @ theta[at]), x) for family, x in part.counts]
        for (log, first, _), x in found:
            value = value + log
            slope = slope + first[:, None] * x
        whole = float(_log_sum(value))
        share = np.exp(value - whole)
        for (_, _, second), x in found:
            curve = curve + (x * (share * second)[:, None]).T @ x
        mean = share @ slope
        curve = curve + (slope * share[:, None]).T @ slope - np.outer(mean, mean)
        total += whole
        gradient[at] += mean
        bent[np.ix_(at, at)] += curve
    return total, gradient, bent
