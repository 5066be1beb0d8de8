"""The Bayesian normal-normal model by numerical integration: the same digits every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import as_effects, as_level
from ketameta.stats.numerics.shown import Shown

Array = NDArray[np.float64]
PANELS, NODES = 400, 20


@dataclass(frozen=True, repr=False)
class Bayes(Shown):
    """Posterior summaries on the scale of yi; plain floats, or arrays of shape (...).

    `*_low` and `*_high` bound the shortest interval of the level asked for; `tau` is the standard
    deviation of the true effects. `log_marginal` is the log of the marginal likelihood of the
    data under the priors (for Bayes factors).
    """

    mu_mean: Any
    mu_sd: Any
    mu_median: Any
    mu_low: Any
    mu_high: Any
    tau_mean: Any
    tau_sd: Any
    tau_median: Any
    tau_mode: Any
    tau_low: Any
    tau_high: Any
    log_marginal: Any
    k: Any


def bayes(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    mu_mean: float = 0.0,
    mu_sd: float = 1.0,
    tau_scale: float = 0.5,
    level: float = 0.95,
) -> Bayes:
    """Fit yi ~ N(mu, vi + tau²) with mu ~ N(mu_mean, mu_sd²) and tau ~ half-normal(tau_scale).

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``; NaN in both marks an absent study.
        Leading axes are independent analyses, fitted one after another (some 10 ms each).
    mu_mean, mu_sd
        Prior of the mean effect, on the scale of yi.
    tau_scale
        Scale of the half-normal prior of tau, on the scale of yi.
    level
        Probability of the shortest intervals.

    Returns
    -------
    Bayes. With k = 0 the posterior is the prior.

    Raises
    ------
    ValueError
        As `random_effects`; prior scales that are not above 0.

    Notes
    -----
    Given tau the posterior of mu is normal; the marginal posterior of tau has one dimension and
    is integrated by Gauss-Legendre panels (Röver 2020, Journal of Statistical Software 93(6),
    section 2). Intervals are the shortest: ends of equal density, or from 0.

    Examples
    --------
    >>> from ketameta.stats import bayes
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = bayes(yi, vi)
    >>> print(f"{fit.mu_mean:.3f} [{fit.mu_low:.3f}, {fit.mu_high:.3f}]")
    0.326 [0.091, 0.552]
    """
    y, v = as_effects(yi, vi)
    as_level(level)
    for name, value in (("mu_sd", mu_sd), ("tau_scale", tau_scale)):
        if not value > 0:
            raise ValueError(f"{name} must be above 0; not {value:g}")
    flat = [
        _one(a[~np.isnan(a)], b[~np.isnan(a)], (mu_mean, mu_sd, tau_scale), level)
        for a, b in ((y[index], v[index]) for index in np.ndindex(y.shape[:-1]))
    ]
    if y.ndim == 1:
        return flat[0]
    columns = {f.name: [getattr(fit, f.name) for fit in flat] for f in fields(Bayes)}
    return Bayes(**{name: np.array(x).reshape(y.shape[:-1]) for name, x in columns.items()})


def _one(y: Array, v: Array, prior: tuple[float, float, float], level: float) -> Bayes:
    given_tau = _GivenTau(y, v, prior)
    edges = np.linspace(0.0, given_tau.end(), PANELS + 1)
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    tau = (edges[:-1, None] + half * (1 + x)).ravel()
    log_density = given_tau.log_density(tau)
    top = float(log_density.max())
    mass = (half * w).ravel() * np.exp(log_density - top)
    total = float(mass.sum())
    p = mass / total
    mean, sd = given_tau.mu(tau)

    def tau_density(t: float) -> float:
        return float(np.exp(given_tau.log_density(np.array([t]))[0] - top) / total)

    below = np.concatenate([[0.0], np.cumsum(p.reshape(PANELS, NODES).sum(axis=1))])

    def tau_cdf(t: float) -> float:
        i = min(int(np.searchsorted(edges, t, "right")) - 1, PANELS - 1)
        step = (t - edges[i]) / 2
        inner = given_tau.log_density(edges[i] + step * (1 + x))
        return float(below[i] + step * (w @ np.exp(inner - top)) / total)

    def mu_cdf(m: float) -> float:
        return float(p @ special.ndtr((m - mean) / sd))

    def mu_density(m: float) -> float:
        z = (m - mean) / sd
        return float(p @ (np.exp(-(z**2) / 2) / (sd * np.sqrt(2 * np.pi))))

    mu_mean = float(p @ mean)
    mu_sd = float(np.sqrt(p @ (sd**2 + (mean - mu_mean) ** 2)))
    tau_mean = float(p @ tau)
    mode = _mode(given_tau, tau, log_density)
    reach = 12 * mu_sd + float(np.ptp(mean))
    mu_range = (mu_mean - reach, mu_mean + reach)
    mu_low, mu_high = _shortest(mu_cdf, mu_density, mu_range, level)
    tau_low, tau_high = _shortest(tau_cdf, tau_density, (0.0, float(edges[-1])), level)
    return Bayes(
        mu_mean,
        mu_sd,
        _root(lambda m: mu_cdf(m) - 0.5, *mu_range),
        mu_low,
        mu_high,
        tau_mean,
        float(np.sqrt(p @ (tau - tau_mean) ** 2)),
        _root(lambda t: tau_cdf(t) - 0.5, 0.0, float(edges[-1])),
        mode,
        tau_low,
        tau_high,
        float(np.log(total)) + top,
        int(y.size),
    )


@dataclass(frozen=True)
class _GivenTau:
    """What is normal once tau is given: the likelihood of tau, and the posterior of mu."""

    y: Array
    v: Array
    prior: tuple[float, float, float]

    def _sums(self, tau: Array) -> tuple[Array, Array, Array]:
        spread = self.v + tau[:, None] ** 2
        w = 1 / spread
        total = w.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(total > 0, w @ self.y / total, 0.0)
        return spread, total, mean

    def log_density(self, tau: Array) -> Array:
        """Return the log of prior times likelihood of tau, with all constants."""
        m0, s0, scale = self.prior
        spread, total, mean = self._sums(tau)
        inside = ((self.y - mean[:, None]) ** 2 / spread).sum(axis=1)
        apart = total * (mean - m0) ** 2 / (1 + s0**2 * total)
        constants = np.log(2 * np.pi * spread).sum(axis=1) + np.log1p(s0**2 * total)
        prior = np.log(2 / (scale * np.sqrt(2 * np.pi))) - (tau / scale) ** 2 / 2
        return np.asarray(prior - (constants + inside + apart) / 2)

    def mu(self, tau: Array) -> tuple[Array, Array]:
        """Return mean and SD of mu given tau."""
        m0, s0, _ = self.prior
        _, total, mean = self._sums(tau)
        precision = total + s0**-2
        return (total * mean + m0 / s0**2) / precision, precision**-0.5

    def end(self) -> float:
        """Return a tau beyond which less than e-40 of the peak is left."""
        scale = self.prior[2]
        grid = np.geomspace(1e-6 * scale, 10 * scale, 400)
        density = self.log_density(grid)
        inside = grid[density > density.max() - 40]
        return float(inside[-1] * 1.05)


def _mode(given_tau: _GivenTau, tau: Array, log_density: Array) -> float:
    """Return the peak of the density of tau: 0 where it falls from there on."""
    from scipy.optimize import minimize_scalar

    at_zero = given_tau.log_density(np.zeros(1))[0]
    best = int(np.argmax(log_density))
    low, high = tau[max(best - 1, 0)], tau[min(best + 1, tau.size - 1)]
    found = minimize_scalar(
        lambda t: -given_tau.log_density(np.array([t]))[0],
        bounds=(low if best else 0.0, high),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return 0.0 if at_zero >= -found.fun else float(found.x)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-14))


def _shortest(
    cdf: Callable[[float], float],
    density: Callable[[float], float],
    within: tuple[float, float],
    level: float,
) -> tuple[float, float]:
    """Return the shortest interval of a density with one peak that holds `level`."""
    start, end = within

    def upper(low: float) -> float:
        goal = min(cdf(low) + level, cdf(end))
        return _root(lambda x: cdf(x) - goal, low, end)

    def excess(low: float) -> float:
        return density(low) - density(upper(low))

    if excess(start) >= 0:
        return start, upper(start)
    last = _root(lambda x: cdf(x) - (1 - level) * (1 - 1e-9), start, end)
    low = _root(excess, start, last)
    return low, upper(low)
