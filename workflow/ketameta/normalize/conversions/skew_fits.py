"""Mean and SD from quantiles of a skewed score: quantile estimation and Box-Cox.

McGrath, Zhao, Steele, Thombs, Benedetti and others (2020), Statistical Methods in
Medical Research 29:2520-2537. Both are scale-free here: values are divided by their
median or largest value first, so that units do not touch the search (but a beta needs
values between 0 and 1). Nothing is
random.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import betaincinv, gamma, gammaincinv, ndtri

from ketameta.normalize.conversions.checks import ConversionError, show
from ketameta.normalize.conversions.five_numbers import FiveNumbers, luo_mean, wan_sd

Array = np.ndarray[Any, np.dtype[np.float64]]
Fit = tuple[float, float, float]  # sum of squares, mean, sd


def quantile_estimation(s: FiveNumbers) -> tuple[float, float]:
    """Return (mean, sd) of the family whose quantiles lie nearest (McGrath 2020, QE).

    Normal, log-normal, gamma and Weibull distributions are fitted, and a beta where all
    values are between 0 and 1, by least squares between reported values and quantiles
    (minimum and maximum stand for the quantiles 1/n and 1 - 1/n); the one with the
    smallest sum of squares gives mean and SD. Only the normal where a value is negative
    or two are 0; another family is left out where the mean of its best fit is beyond the
    largest value (the third quartile in S2: a spike and a tail, of which these say nothing).
    Three families have a scale that least squares gives in closed form, so that one
    parameter is searched, over its whole useful range; the authors' program estmeansd
    bounds shapes and rates at 100, and may differ where its bounds are met.
    """
    p = _probabilities(s)
    x = np.array(s.values)
    unit = float(np.abs(x).max())
    fits = [_normal(x / unit, p)]
    if x[0] >= 0 and x[1] > 0:
        fits += [
            _scale_family(x / unit, p, _log_normal, (1e-3, 5.0)),
            _scale_family(x / unit, p, _gamma, (0.01, 1e4)),
            _scale_family(x / unit, p, _weibull, (0.1, 1e3)),
        ]
    _, mean, sd = min(fits, key=lambda fit: fit[0])
    if x[0] > 0 and x[-1] < 1:
        squares, beta_mean, beta_sd = _beta(x, p)
        if squares < min(fit[0] for fit in fits) * unit**2:
            return beta_mean, beta_sd
    return mean * unit, sd * unit


def box_cox(s: FiveNumbers) -> tuple[float, float]:
    """Return (mean, sd) by way of a Box-Cox scale on which the values are symmetric (BC).

    λ, from -2 to 3, makes the distances from the median to both sides as equal as can be
    (the sum of (ratio - 1)² over quartiles and range; a λ below 0 is taken as 0); there
    the mean of Luo and the SD of Wan hold; and the mean and SD of the normal variable
    taken back, cut at 0 and as far out on the other side, are found by quadrature (the
    authors' program draws random numbers instead, unless asked).

    Raises
    ------
    ConversionError
        A value of 0 or below: there is no Box-Cox scale. Quantiles that are the same; a
        mean beyond the largest value (the third quartile in S2).
    """
    if s.values[0] <= 0:
        raise ConversionError(f"Box-Cox needs values above 0, not {show(s.values[0])}")
    unit = s.median
    x = np.array(s.values) / unit
    if np.any(np.diff(x) == 0):
        raise ConversionError("Box-Cox needs quantiles that differ from one another")
    power = max(_symmetric_power(x), 0.0)
    there = FiveNumbers(s.scenario, s.n, tuple(float(v) for v in _transform(x, power)))
    mean, sd = _taken_back(luo_mean(there), wan_sd(there), power)
    if mean > x[-1]:
        raise ConversionError(
            f"too skewed: Box-Cox gives a mean of {show(mean * unit)}, above the largest value "
            f"{show(s.values[-1])}"
        )
    return mean * unit, sd * unit


def _probabilities(s: FiveNumbers) -> Array:
    """Return the probabilities whose quantiles the values are taken for."""
    low, high = 1 / s.n, 1 - 1 / s.n
    found = {
        "S1": (low, 0.5, high),
        "S2": (0.25, 0.5, 0.75),
        "S3": (low, 0.25, 0.5, 0.75, high),
    }
    return np.array(found[s.scenario])


def _normal(x: Array, p: Array) -> Fit:
    """Fit a normal distribution; its quantiles are a straight line in Φ⁻¹(p)."""
    z = ndtri(p)  # symmetric, so its mean is 0
    mean, sd = float(x.mean()), float(z @ x / (z @ z))
    return float(((mean + sd * z - x) ** 2).sum()), mean, sd


def _log_normal(shape: float, p: Array) -> tuple[Array, float, float]:
    mean = math.exp(shape**2 / 2)
    return np.exp(shape * ndtri(p)), mean, mean * math.sqrt(math.expm1(shape**2))


def _gamma(shape: float, p: Array) -> tuple[Array, float, float]:
    return np.asarray(gammaincinv(shape, p)) / shape, 1.0, 1 / math.sqrt(shape)


def _weibull(shape: float, p: Array) -> tuple[Array, float, float]:
    mean, square = float(gamma(1 + 1 / shape)), float(gamma(1 + 2 / shape))
    return (-np.log1p(-p)) ** (1 / shape), mean, math.sqrt(max(square - mean**2, 0.0))


def _scale_family(
    x: Array,
    p: Array,
    family: Callable[[float, Array], tuple[Array, float, float]],
    shapes: tuple[float, float],
) -> Fit:
    """Fit a family of positive distributions: the shape by search, the scale in closed form."""

    def fit(log_shape: float) -> Fit:
        q, mean, sd = family(math.exp(log_shape), p)
        scale = float(q @ x) / float(q @ q)
        return float(((scale * q - x) ** 2).sum()), scale * mean, scale * sd

    best = _lowest(lambda at: fit(at)[0], math.log(shapes[0]), math.log(shapes[1]))
    squares, mean, sd = fit(best)
    return (squares if mean <= x[-1] else math.inf), mean, sd


def _beta(x: Array, p: Array) -> Fit:
    """Fit a beta distribution to values between 0 and 1."""
    from scipy.optimize import minimize

    start = max(float(np.var(x)), 1e-6)
    middle = float(x.mean())
    size = max(middle * (1 - middle) / start - 1, 0.1)

    def squares(log_shapes: Array) -> float:
        a, b = np.exp(np.clip(log_shapes, -7, 9))
        return float(((betaincinv(a, b, p) - x) ** 2).sum())

    found = minimize(
        squares,
        np.log([middle * size, (1 - middle) * size]),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-16, "maxiter": 2000, "maxfev": 4000},
    )
    a, b = (float(v) for v in np.exp(np.clip(found.x, -7, 9)))
    return float(found.fun), a / (a + b), math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1)))


def _lowest(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function of one number is lowest: a grid, then a bounded search."""
    from scipy.optimize import minimize_scalar

    grid = np.linspace(low, high, 61)
    best = int(np.argmin([function(float(at)) for at in grid]))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 60)]))
    found = minimize_scalar(function, bounds=around, method="bounded", options={"xatol": 1e-10})
    return float(found.x)


def _transform(x: Array, power: float) -> Array:
    """Box-Cox: (x^λ - 1)/λ, ln x at λ = 0, without loss of digits near it."""
    logs = np.log(x)
    return np.asarray(logs if power == 0 else np.expm1(power * logs) / power)


def _symmetric_power(x: Array) -> float:
    middle = len(x) // 2

    def asymmetry(power: float) -> float:
        t = _transform(x, power)
        up, down = t[middle + 1 :] - t[middle], t[middle] - t[:middle][::-1]
        return float(((up / down - 1) ** 2).sum())

    return _lowest(asymmetry, -2.0, 3.0)


def _taken_back(mean: float, sd: float, power: float) -> tuple[float, float]:
    """Return mean and SD of (1 + λY)^(1/λ), Y normal and cut at 1 + λY = 0 on both sides."""
    if power < 1e-6:
        middle = math.exp(mean + sd**2 / 2)
        return middle, middle * math.sqrt(math.expm1(sd**2))
    from scipy.integrate import quad

    cut = min((mean + 1 / power) / sd, 40.0)

    def moment(value: Callable[[float], float]) -> float:
        def integrand(z: float) -> float:
            back = max(1 + power * (mean + sd * z), 0.0) ** (1 / power)
            return value(back) * math.exp(-(z**2) / 2)

        edges = [-cut, *(e for e in (-8.0, 0.0, 8.0) if abs(e) < cut), cut]
        pieces = (quad(integrand, a, b, limit=200)[0] for a, b in pairwise(edges))
        return math.fsum(pieces)

    mass = moment(lambda _: 1.0)
    first = moment(lambda back: back) / mass
    return first, math.sqrt(moment(lambda back: (back - first) ** 2) / mass)
