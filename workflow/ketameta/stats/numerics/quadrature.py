"""Marginal log-likelihoods of studies with one normal random effect.

The functions accept complex arguments with an imaginary part h far below rounding:
the imaginary part of f(x + ih)/h is then the derivative of f at x to the last digit
(Squire and Trapp 1998), also through the mode that the quadrature adapts to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

Values = NDArray[Any]  # float64 or complex128
Floats = NDArray[np.float64]

_MAX_STEPS = 200
# points of all studies that are looked at together, for the processor's own memory to hold them
_AT_ONCE = 2**14


class Kernel(Protocol):
    """The log-likelihood g of each study as a function of its own effect t.

    `t` has shape (..., k, j), j points for each study; `nuisance` is None or an
    array of shape (..., k, 1). g must be concave in t.
    """

    def value(self, t: Values, nuisance: Values | None) -> Values:
        """Log-likelihood g, shape (..., k, j)."""

    def slope(self, t: Values, nuisance: Values | None) -> tuple[Values, Values]:
        """First derivative of g and the negative second one."""

    def saturated(self) -> float:
        """Sum of the log-likelihoods, each at its own best t."""


@dataclass(frozen=True)
class QuadratureRule:
    """Gauss-Hermite nodes z and log weights, so that ∫ f ≈ Σ exp(log_weights) f(z)."""

    z: Floats
    log_weights: Floats

    @classmethod
    @cache
    def of(cls, nodes: int) -> QuadratureRule:
        """Rule with `nodes` points for functions near a standard normal density."""
        z, w = special.roots_hermitenorm(nodes)
        seen = w > 0  # of hundreds of nodes the outermost weigh nothing that a double can hold
        return cls(z[seen], np.log(w[seen]) + z[seen] ** 2 / 2)


def softplus(x: Values) -> Values:
    """log(1 + exp(x)) without overflow; complex x with an infinitesimal imaginary part.

    The complex log1p of NumPy loses the digits that a large group with few events
    needs, so the imaginary part is carried by the derivative.
    """
    real = x.real
    e = np.exp(-np.abs(real))
    found = np.asarray(np.maximum(real, 0.0) + np.log1p(e))
    if not np.iscomplexobj(x):
        return found
    whole = np.empty(found.shape, complex)
    whole.real, whole.imag = found, x.imag * (np.where(real > 0, 1.0, e) / (1 + e))
    return whole


def logistic(x: Values) -> Values:
    """1/(1 + exp(-x)) without overflow."""
    up = x.real > 0
    e = np.exp(np.where(up, -x, x))
    out: Values = np.where(up, 1.0, e) / (1 + e)
    return out


def damping(change: Floats) -> Floats:
    """Factor by which a Newton step is shortened that changes a linear predictor by `change`.

    log(1 + d)/d: for sums of Bernoulli log-likelihoods, of which the third
    derivative is at most the second, such steps always climb and still converge
    quadratically (Bach 2010; Sun and Tran-Dinh 2019).
    """
    d = np.maximum(np.abs(change), 1e-300)
    return np.asarray(np.where(d < 1e-8, 1.0, np.log1p(d) / d))


def _mode(kernel: Kernel, mu: Values, tau: Values, nuisance: Values | None) -> Values:
    """Standardised random effect u at which g(mu + tau u) - u²/2 is largest, (..., k, 1)."""
    real = None if nuisance is None else nuisance.real
    m, s = mu.real, tau.real
    u: Values = np.zeros(())
    for _ in range(_MAX_STEPS):
        first, second = kernel.slope(m + s * u, real)
        step = (s * first - u) / (1 + s**2 * second)
        u = u + damping(s * step) * step
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    # The last, undamped steps carry the mode to full accuracy and give it its
    # imaginary part where the arguments have one.
    for _ in range(2):
        first, second = kernel.slope(mu + tau * u, nuisance)
        u = u + (tau * first - u) / (1 + tau**2 * second)
    return u


def integrate(
    kernel: Kernel, mu: Values, tau: Values, nuisance: Values | None, rule: QuadratureRule
) -> tuple[Values, Values, Floats]:
    """Log of ∫ exp(g(mu + tau u)) φ(u) du for each study, by adaptive quadrature.

    Parameters
    ----------
    kernel
        The studies.
    mu, tau
        Mean and standard deviation of the effects, shape (...), real or complex.
    nuisance
        Parameters of the single studies, shape (..., k), or None.
    rule
        One node is the Laplace approximation.

    Returns
    -------
    log_integral, points, posterior
        (..., k); the standardised effects u at the nodes and their normalised weights, both
        (..., k, nodes).

    Notes
    -----
    Nodes û + s z with û the mode and s^-2 the curvature at it (Liu and Pierce
    1994), as lme4 places them.
    """
    mu, tau = mu[..., None, None], tau[..., None, None]
    per_study = None if nuisance is None else nuisance[..., None]
    u = _mode(kernel, mu, tau, per_study)
    scale = 1 / np.sqrt(1 + tau**2 * kernel.slope(mu + tau * u, per_study)[1])
    given = mu, tau, u, scale, per_study
    size = max(1, _AT_ONCE // max(u[0].size * rule.z.size, 1))
    if u.ndim == 2 or len(u) <= size:
        return _near_mode(kernel, given, rule)
    cuts = [slice(i, i + size) for i in range(0, len(u), size)]
    parts = [_near_mode(kernel, tuple(x if x is None else x[c] for x in given), rule) for c in cuts]
    log_integral, points, posterior = map(np.concatenate, zip(*parts, strict=True))
    return log_integral, points, posterior


def _near_mode(
    kernel: Kernel, given: tuple[Any, ...], rule: QuadratureRule
) -> tuple[Values, Values, Floats]:
    """Return what `integrate` does, given its arguments, the mode and the scale at it."""
    mu, tau, u, scale, per_study = given
    points = u + scale * rule.z
    logs = kernel.value(mu + tau * points, per_study) - points**2 / 2 + rule.log_weights
    top = logs.real.max(axis=-1, keepdims=True)
    terms = np.exp(logs - top)
    total = terms.sum(axis=-1)
    log_integral = np.log(total) + top[..., 0] + np.log(scale[..., 0]) - np.log(2 * np.pi) / 2
    return log_integral, points, terms.real / total.real[..., None]
