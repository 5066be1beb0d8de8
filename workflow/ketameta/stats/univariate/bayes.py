"""The Bayesian normal-normal model by numerical integration: the same digits every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import as_effects, as_level
from ketameta.stats.numerics.mixtures import Mixture, Mixtures
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.univariate.tau_priors import TauPrior, half_normal

Array = NDArray[np.float64]
# tau = c exp(u - exp(-u)): panels of this width in u hold any prior that is known here
_EDGES = np.arange(-6.5, 41.0, 1.0)
_X, _W = np.polynomial.legendre.leggauss(16)
# shares below exp(-_LEAST) of the peak are none; within a panel the log may fall by _FALL
_LEAST, _FALL, _HALVINGS = 45.0, 20.0, 30


@dataclass(frozen=True, repr=False)
class Bayes(Shown):
    """Posterior summaries on the scale of yi; plain floats, or arrays of shape (...).

    `*_low` and `*_high` bound the shortest interval of the level asked for; `tau` is the standard
    deviation of the true effects, `pi` the true effect of a new study. `log_marginal` is the log of
    the marginal likelihood of the data under the priors (for Bayes factors; NaN where the prior of
    mu is flat). `below` is the probability that mu is below the value asked for.
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
    pi_median: Any
    pi_low: Any
    pi_high: Any
    below: Any
    log_marginal: Any
    k: Any


def bayes(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    mu_mean: float = 0.0,
    mu_sd: float = 1.0,
    tau: TauPrior | None = None,
    level: float = 0.95,
    threshold: float = 0.0,
) -> Bayes:
    """Fit yi ~ N(mu, vi + tau²) with mu ~ N(mu_mean, mu_sd²) and a prior of tau.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``; NaN in both marks an absent study.
        Leading axes are independent analyses, fitted one after another (some milliseconds each).
    mu_mean, mu_sd
        Prior of the mean effect, on the scale of yi; an infinite mu_sd is the flat prior.
    tau
        Prior of tau (`half_normal`, `half_cauchy`, `log_normal`, `log_t`); half-normal(0.5) where
        none is given.
    level
        Probability of the shortest intervals.
    threshold
        Value for `below`.

    Returns
    -------
    Bayes. With k = 0 the posterior is the prior.

    Raises
    ------
    ValueError
        As `random_effects`; prior scales that are not above 0; fewer than two studies with a flat
        prior of mu, where the posterior is none.

    Notes
    -----
    Given tau the posterior of mu is normal; the marginal posterior of tau has one dimension and
    is integrated by Gauss-Legendre panels in a logarithm of tau (Röver 2020, Journal of
    Statistical Software 93(6), section 2). Intervals are the shortest: ends of equal density, or
    from 0.

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
    if not mu_sd > 0:
        raise ValueError(f"mu_sd must be above 0; not {mu_sd:g}")
    prior = tau or half_normal(0.5)
    flat = [
        _summary(Posterior(y[i], v[i], prior, mu_mean, mu_sd), level, threshold)
        for i in np.ndindex(y.shape[:-1])
    ]
    if y.ndim == 1:
        return flat[0]
    columns = {f.name: [getattr(fit, f.name) for fit in flat] for f in fields(Bayes)}
    return Bayes(**{name: np.array(x).reshape(y.shape[:-1]) for name, x in columns.items()})


def _summary(found: Posterior, level: float, threshold: float) -> Bayes:
    mu, new = found.mu, found.new
    mu_low, mu_high = mu.shortest(level)
    pi_low, pi_high = new.shortest(level)
    tau_low, tau_high = found.tau_shortest(level)
    mean = float(found.p @ found.tau)
    return Bayes(
        mu.expectation,
        mu.deviation,
        mu.quantile(0.5),
        mu_low,
        mu_high,
        mean,
        float(np.sqrt(found.p @ (found.tau - mean) ** 2)),
        found.tau_quantile(0.5),
        found.tau_mode(),
        tau_low,
        tau_high,
        new.quantile(0.5),
        pi_low,
        pi_high,
        mu.cdf(threshold),
        found.log_marginal,
        found.k,
    )


class Posterior:
    """The posterior of one analysis as shares `p` at values `tau`, both of shape (nodes,).

    `mu` is the distribution of the mean effect, `new` that of the true effect of a new study.
    """

    def __init__(
        self, yi: Array, vi: Array, prior: TauPrior, mu_mean: float = 0.0, mu_sd: float = np.inf
    ) -> None:
        known = ~np.isnan(yi)
        self._y, self._v = yi[known], vi[known]
        self._prior, self._mean, self._precision = prior, mu_mean, mu_sd**-2
        self.k = int(self._y.size)
        if self.k < 2 and not self._precision:
            raise ValueError("a flat prior of mu needs two studies")
        spread = np.sqrt(self._v.min()) if self.k else prior.typical
        self._unit = float(min(spread, prior.typical))
        edges = self._hopeful(_EDGES)
        for _ in range(_HALVINGS):
            half = np.diff(edges)[:, None] / 2
            values, jacobian = self._at(edges[:-1, None] + half * (1 + _X))
            log_density = self.log_density(values.ravel()).reshape(values.shape)
            logs = log_density + np.log(jacobian)
            top = float(logs.max())
            kept = logs.max(axis=1) > top - _LEAST
            steep = kept & (np.ptp(logs, axis=1) > _FALL) & (logs.max(axis=1) > top - _FALL)
            if not steep.any():
                break
            # a prior far from the data: the peak is narrow in the logarithm of tau
            edges = np.sort(np.concatenate([edges, (edges[:-1] + half[:, 0])[steep]]))
        mass = half[kept] * _W * np.exp(logs[kept] - top)
        total = float(mass.sum())
        # panels are neighbours: the integrand has one peak, and those left out lie beside
        self._edges = np.append(edges[:-1][kept], edges[1:][kept][-1])
        self._below = np.concatenate([[0.0], np.cumsum(mass.sum(axis=1))]) / total
        self._top, self._total = top, total
        self.tau, self.p = values[kept].ravel(), mass.ravel() / total
        flat = np.log(total) + top
        self.log_marginal = float(flat) if self._precision else float("nan")

    def _hopeful(self, edges: Array) -> Array:
        """Return the edges of the panels that may hold more than nothing.

        The integrand has one peak, which lies beside the highest edge; from there it falls.
        """
        values, jacobian = self._at(edges)
        logs = self.log_density(values) + np.log(jacobian)
        inside = np.flatnonzero(logs > logs.max() - _LEAST)
        return edges[max(0, inside[0] - 1) : inside[-1] + 2]

    def _at(self, u: Array) -> tuple[Array, Array]:
        """Return tau at u, and its derivative."""
        value = self._unit * np.exp(u - np.exp(-u))
        return value, value * (1 + np.exp(-u))

    def _sums(self, tau: Array) -> tuple[Array, Array, Array]:
        spread = self._v + tau[:, None] ** 2
        weight = 1 / spread
        total = weight.sum(axis=1)
        mean = weight @ self._y / total if self.k else np.zeros_like(tau)
        return spread, total, mean

    def log_density(self, tau: Array) -> Array:
        """Return the log of prior times likelihood of tau > 0; constants whole for a proper mu."""
        spread, total, mean = self._sums(tau)
        inside = ((self._y - mean[:, None]) ** 2 / spread).sum(axis=1)
        inside += np.log(2 * np.pi * spread).sum(axis=1)
        precision = self._precision
        if precision:
            inside += np.log1p(total / precision)
            inside += (mean - self._mean) ** 2 * total * precision / (total + precision)
        else:
            inside += np.log(total)
        return np.asarray(self._prior.log_density(tau) - inside / 2)

    @cached_property
    def _mu(self) -> tuple[Array, Array]:
        """Mean and SD of mu at each value of tau."""
        _, total, mean = self._sums(self.tau)
        precision = total + self._precision
        centre = self._mean * self._precision if self._precision else 0.0
        return (total * mean + centre) / precision, precision**-0.5

    @property
    def mu(self) -> Mixture:
        """The mean effect."""
        return Mixture(self.p, *self._mu)

    @property
    def new(self) -> Mixture:
        """The true effect of a new study."""
        mean, sd = self._mu
        return Mixture(self.p, mean, np.sqrt(sd**2 + self.tau**2))

    def studies(self) -> Mixtures:
        """Return the true effects of the studies that are there, a row each, drawn to the mean."""
        mean, sd = self._mu
        pull = self._v[:, None] / (self._v[:, None] + self.tau**2)
        spread = np.sqrt(pull * self.tau**2 + (pull * sd) ** 2)
        shares = np.broadcast_to(self.p, pull.shape)
        return Mixtures(shares, pull * mean + (1 - pull) * self._y[:, None], spread)

    def tau_cdf(self, tau: float) -> float:
        """Return the probability that the standard deviation of true effects is below tau."""
        u = self._inverse(tau)
        if u <= self._edges[0]:
            return 0.0
        if u >= self._edges[-1]:
            return 1.0
        i = int(np.searchsorted(self._edges, u, "right")) - 1
        step = (u - self._edges[i]) / 2
        values, jacobian = self._at(self._edges[i] + step * (1 + _X))
        inner = np.exp(self.log_density(values) + np.log(jacobian) - self._top)
        return float(self._below[i] + step * (_W @ inner) / self._total)

    def _inverse(self, tau: float) -> float:
        """Return u of a tau."""
        from scipy.optimize import brentq

        if tau <= 0:
            return -np.inf
        goal = np.log(tau / self._unit)
        ends = _EDGES[0] - 1, max(_EDGES[-1], goal + 1)
        return float(brentq(lambda u: u - np.exp(-u) - goal, *ends, xtol=1e-15))

    def _density(self, tau: float) -> float:
        return float(np.exp(self.log_density(np.array([tau]))[0] - self._top) / self._total)

    def tau_quantile(self, share: float) -> float:
        """Return the value below which tau is with this probability."""
        high = float(self._at(self._edges[-1:])[0][0])
        return _root(lambda t: self.tau_cdf(t) - share, 0.0, high)

    def tau_mode(self) -> float:
        """Return the peak of the density of tau: 0 where it falls from there on."""
        from scipy.optimize import minimize_scalar

        density = self.log_density(self.tau)
        best = int(np.argmax(density))
        if best == 0 or density[0] >= density[best]:
            return 0.0
        around = float(self.tau[best - 1]), float(self.tau[min(best + 1, self.tau.size - 1)])
        found = minimize_scalar(
            lambda t: -self.log_density(np.array([t]))[0],
            bounds=around,
            method="bounded",
            options={"xatol": 1e-12 * around[1]},
        )
        # near 0 the density may be flat to the last digit
        flat = self.log_density(self.tau[:1])[0] >= -found.fun
        return 0.0 if flat else float(found.x)

    def tau_shortest(self, level: float) -> tuple[float, float]:
        """Return the shortest interval of tau that holds `level`."""

        def upper(low: float) -> float:
            return self.tau_quantile(min(self.tau_cdf(low) + level, 1 - 1e-15))

        def excess(low: float) -> float:
            return self._density(low) - self._density(upper(low))

        start = float(self.tau[0])
        if excess(start) >= 0:
            return 0.0, upper(0.0)
        last = self.tau_quantile((1 - level) * (1 - 1e-9))
        low = _root(excess, start, last)
        return low, upper(low)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-15, rtol=1e-13))
