"""Looking again after every trial: boundaries that keep the error of all looks together.

Both take trials in the order in which they came, with known variances and one true effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import as_effects, as_level
from ketameta.stats.numerics.shown import Shown

Floats = NDArray[np.float64]
_NODES = 100  # of the distribution of a score that has not crossed


@dataclass(frozen=True, repr=False)
class Confidence(Shown):
    """Cumulative effects with intervals that hold at every look at once; shape (k,) each.

    `information` is the sum of 1 / vi up to the look, `e_value` the evidence against no effect:
    under no effect it exceeds 1 / alpha at any look with probability alpha at most.
    """

    estimate: Any
    low: Any
    high: Any
    information: Any
    e_value: Any


def confidence_sequence(
    yi: ArrayLike, vi: ArrayLike, *, expected: float = 0.5, level: float = 0.95
) -> Confidence:
    """Return the confidence sequence of the common effect over the trials in their order.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (k,), the first trial first.
    expected
        Standard deviation of the effects that the sequence is made narrow for, on the scale of yi;
        it holds its level whatever this is.
    level
        Probability that every interval holds the effect.

    Raises
    ------
    ValueError
        As `random_effects`; more than one dimension; `expected` not above 0.

    Notes
    -----
    The likelihood ratio of effects drawn from N(0, expected²) against an effect m is a martingale
    where m is true, so it exceeds 1 / alpha at some look with probability alpha at most (Ville).
    With V the information and S = sum yi / vi it is (1 + V s²)^-1/2 exp(s² (S - m V)² / (2 (1 + V
    s²))) with s = `expected` (Howard 2021, Annals of Statistics 49:1055, proposition 5; ter Schure
    & Grünwald 2022, F1000Research 11:549 for meta-analysis).

    Examples
    --------
    >>> from ketameta.stats import confidence_sequence
    >>> found = confidence_sequence([0.3, 0.5, 0.4], [0.04, 0.03, 0.02])
    >>> print(f"{found.estimate[-1]:.2f} [{found.low[-1]:.2f}, {found.high[-1]:.2f}]")
    0.41 [0.11, 0.71]
    """
    y, v = as_effects(yi, vi)
    as_level(level)
    if y.ndim > 1:
        raise ValueError(f"looks are at one analysis; not at an array of shape {y.shape}")
    if not expected > 0:
        raise ValueError(f"expected must be above 0; not {expected:g}")
    known = ~np.isnan(y)
    information = np.cumsum(1 / v[known])
    score = np.cumsum(y[known] / v[known])
    wide = 1 + information * expected**2
    # |S - m V| <= sqrt(2 (1 + V s²) log(sqrt(1 + V s²) / alpha)) / s
    half = np.sqrt(wide * (np.log(wide) - 2 * np.log1p(-level))) / (expected * information)
    estimate = score / information
    log_e = expected**2 * score**2 / (2 * wide) - np.log(wide) / 2
    with np.errstate(over="ignore"):
        evidence = np.exp(log_e)  # infinite beyond what a number holds
    return Confidence(estimate, estimate - half, estimate + half, information, evidence)


@dataclass(frozen=True, repr=False)
class Boundaries(Shown):
    """Looks of a trial sequential analysis; shape (k,) each, `required` a number.

    `z` is the cumulative test, `boundary` what it has to pass at this look (infinite where the
    information is too little for any), `fraction` the information so far by the required one,
    `spent` the error that may be spent by then.
    """

    z: Any
    boundary: Any
    fraction: Any
    spent: Any
    required: Any


def sequential_boundaries(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    worthwhile: float,
    diversity: float = 0.0,
    level: float = 0.95,
    power: float = 0.9,
) -> Boundaries:
    """Return the boundaries of Lan and DeMets for looking after every trial.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (k,), the first trial first.
    worthwhile
        Effect that is to be found, on the scale of yi.
    diversity
        Share of the variance of the pooled effect that is due to differences between trials, from 0
        to below 1; the required information grows by 1 / (1 - diversity).
    level, power
        One minus the error of all looks together, and the power.

    Raises
    ------
    ValueError
        As `random_effects`; more than one dimension; an effect of 0; a diversity outside its range.

    Notes
    -----
    Each side spends by a fraction t of the required information 2 - 2 Phi(z / sqrt(t)) with z that
    leaves half the error of the side above it: the shape of O'Brien and Fleming (Lan & DeMets 1983,
    Biometrika 70:659; for meta-analysis Wetterslev 2008, Journal of Clinical Epidemiology 61:64,
    and with the diversity Wetterslev 2009, BMC Medical Research Methodology 9:86). The boundary of
    each look is the root of its share, the distribution of the score that has not crossed before
    being carried along by quadrature (Armitage 1969, JRSS A 132:235). After the required
    information nothing is left to spend: the last boundary stays.

    Examples
    --------
    >>> from ketameta.stats import sequential_boundaries
    >>> found = sequential_boundaries([0.3, 0.5, 0.4], [0.04, 0.03, 0.02], worthwhile=0.3)
    >>> print([round(float(b), 2) for b in found.boundary])
    [4.7, 2.96, 2.06]
    """
    y, v = as_effects(yi, vi)
    as_level(level)
    if y.ndim > 1:
        raise ValueError(f"looks are at one analysis; not at an array of shape {y.shape}")
    if not worthwhile:
        raise ValueError("the worthwhile effect must not be 0")
    if not 0 <= diversity < 1:
        raise ValueError(f"diversity must be from 0 to below 1; not {diversity:g}")
    known = ~np.isnan(y)
    information = np.cumsum(1 / v[known])
    z = np.cumsum(y[known] / v[known]) / np.sqrt(information)
    quantile = float(special.ndtri(0.5 + level / 2))
    needed = ((quantile + special.ndtri(power)) / worthwhile) ** 2 / (1 - diversity)
    fraction = information / needed
    of_side = float(special.ndtri(0.75 + level / 4))
    spent = 4 * special.ndtr(-of_side / np.sqrt(np.minimum(fraction, 1)))
    return Boundaries(z, _crossings(np.minimum(fraction, 1), spent), fraction, spent, needed)


def _crossings(fraction: Floats, spent: Floats) -> Floats:
    """Return the boundary of z at each look, given the error that may be spent by then."""
    found = np.empty(len(fraction))
    before = 0.0
    # the score is a Brownian motion in the fraction: places and their mass, none at first
    places, mass = np.zeros(1), np.ones(1)
    gone = 0.0
    for i, (time, total) in enumerate(zip(fraction.tolist(), spent.tolist(), strict=True)):
        step = time - before
        if step <= 0:  # the required information is reached: nothing is left to spend
            found[i] = found[i - 1]
            continue
        deviation = np.sqrt(step)

        left, reach = total - gone, 40 * np.sqrt(time)
        limit = _limit(places, mass, deviation, left, reach)
        found[i] = limit / np.sqrt(time)
        gone += _beyond(limit, places, mass, deviation)
        nodes, weights = _legendre()
        ends = min(limit, 10 * np.sqrt(time))
        new = ends * nodes
        apart = (new[:, None] - places) / deviation
        density = np.exp(-(apart**2) / 2) @ mass / (deviation * np.sqrt(2 * np.pi))
        places, mass, before = new, density * weights * ends, time
    return found


def _beyond(limit: float, places: Floats, mass: Floats, deviation: float) -> float:
    """Return the probability that the score passes a limit on either side at the next look."""
    up, down = (places - limit) / deviation, (-limit - places) / deviation
    return float(mass @ (special.ndtr(up) + special.ndtr(down)))


def _limit(places: Floats, mass: Floats, deviation: float, share: float, reach: float) -> float:
    """Return the limit that is passed with this probability; the reach where that is too small."""
    from scipy.optimize import brentq

    if share <= _beyond(reach, places, mass, deviation):
        return reach
    return float(
        brentq(lambda x: _beyond(x, places, mass, deviation) - share, 0, reach, xtol=1e-14)
    )


@cache
def _legendre() -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
