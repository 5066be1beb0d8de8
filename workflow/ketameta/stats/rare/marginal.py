"""Whole-model log-likelihoods of the generalised linear mixed models."""

from typing import Protocol

import numpy as np

from ketameta.stats.numerics.quadrature import (
    Floats,
    Kernel,
    QuadratureRule,
    Values,
    damping,
    integrate,
)
from ketameta.stats.rare.kernels import Arm, Stratified

STEP = 1e-30  # imaginary part of a complex step: far below rounding, far above underflow


class MarginalModel(Protocol):
    """A log-likelihood in parameters θ = (locations, standard deviations of random effects)."""

    locations: int
    scales: int
    start: Floats

    def profile(self, theta: Floats, rule: QuadratureRule) -> Floats | None:
        """Best values of parameters that belong to single studies, or None."""

    def log_likelihood(
        self, theta: Values, nuisance: Floats | None, rule: QuadratureRule
    ) -> Values:
        """Log-likelihood of shape (...) at θ of shape (..., p)."""


class OneEffect:
    """Studies whose own effects are normal around mu with variance tau²; θ = (mu, tau).

    Where nothing is profiled out the integrals themselves have the slopes that `curved` gives.
    """

    locations, scales = 1, 1
    profiled = False

    def __init__(self, kernel: Kernel, start: float, times: Floats | float = 1.0) -> None:
        self.kernel, self.times = kernel, times
        self.start = np.array([start])

    def profile(self, theta: Floats, rule: QuadratureRule) -> Floats | None:
        """Nothing belongs to single studies."""
        return None

    def log_likelihood(
        self, theta: Values, nuisance: Floats | None, rule: QuadratureRule
    ) -> Values:
        """Sum over the studies."""
        parts, _, _ = integrate(self.kernel, theta[..., 0], theta[..., 1], nuisance, rule)
        return np.asarray((self.times * parts).sum(axis=-1))

    def curved(self, theta: Floats, rule: QuadratureRule) -> tuple[Floats, Floats, Floats]:
        """Values (m,), gradients (m, 2) and Hessians (m, 2, 2) at θ of shape (m, 2).

        Those of the integrals, from the slopes g' and g'' in an effect: with (1, u) = d, E[g' d]
        and E[g'' dd'] + Var(g' d) over the posterior of u (Louis 1982, J R Stat Soc B 44:226).
        """
        mu, tau = theta[:, 0], theta[:, 1]
        parts, u, posterior = integrate(self.kernel, mu, tau, None, rule)
        first, second = self.kernel.slope(mu[:, None, None] + tau[:, None, None] * u, None)
        weighted = posterior * u
        squares = first * first - second
        each = posterior, weighted, weighted * u
        score = np.array([(w * first).sum(axis=-1) for w in each[:2]])
        moments = [(w * squares).sum(axis=-1) for w in each]
        whole = np.array([moments[:2], moments[1:]]) - score[:, None] * score
        of_all = (self.times * x for x in (parts, score, whole))
        value, gradient, hessian = (x.sum(axis=-1) for x in of_all)
        return value, gradient.T, hessian.transpose(2, 0, 1)


class StratifiedEffect(OneEffect):
    """As `OneEffect`, with a baseline alpha of its own for each study, profiled out."""

    profiled = True

    def __init__(self, kernel: Stratified, start: float) -> None:
        super().__init__(kernel, start)
        self.tables = kernel

    def profile(self, theta: Floats, rule: QuadratureRule) -> Floats:
        """Baselines that maximise the log-likelihood at θ, shape (..., k).

        Newton with the curvature of the exact integral: E(information) - Var(score)
        over the posterior of the random effect. The integral is log-concave in
        alpha (Prékopa 1973), so there is one maximum.
        """
        mu, tau = theta[..., 0], theta[..., 1]
        alpha = np.broadcast_to(self.tables.start, (*mu.shape, self.tables.start.size)).copy()
        for _ in range(200):
            parts, u, posterior = integrate(self.kernel, mu, tau, alpha + 1j * STEP, rule)
            t = mu[..., None, None] + tau[..., None, None] * u.real
            score, information = self.tables.slope_in_nuisance(t, alpha[..., None])
            expected = (posterior * information).sum(axis=-1)
            mean = (posterior * score).sum(axis=-1)
            spread = (posterior * score**2).sum(axis=-1) - mean**2
            step = parts.imag / STEP / np.maximum(expected - spread, 0.05 * expected)
            alpha += damping(step) * step
            if np.abs(step).max(initial=0.0) < 1e-12:
                break
        return alpha


class TwoEffects:
    """Two arms with random baselines; θ = (mu, γ, τ, σ).

    Log odds or log rates are γ + mu + σ v + τ u/2 in arm 1 and γ + σ v - τ u/2 in arm 2, with
    u and v standard normal and independent: a random study effect beside the random
    treatment effect.
    """

    locations, scales = 2, 2

    def __init__(self, one: Arm, two: Arm, start: tuple[float, float]) -> None:
        """Start from the mean effect and the predictor of arm 2."""
        self.one, self.two, self.start = one, two, np.array(start)

    def profile(self, theta: Floats, rule: QuadratureRule) -> Floats | None:
        """Nothing belongs to single studies."""
        return None

    def _predictors(self, theta: Values, u: Values, v: Values) -> tuple[Values, Values]:
        mu, gamma, tau, sigma = (theta[..., i, None, None] for i in range(4))
        base = gamma + sigma * v
        return base + mu + tau * u / 2, base - tau * u / 2

    def _slope(self, theta: Values, u: Values, v: Values) -> tuple[Values, ...]:
        """Gradient in (u, v) and the entries uu, uv, vv of the negative Hessian."""
        one, two = self._predictors(theta, u, v)
        half, sigma = theta[..., 2, None, None] / 2, theta[..., 3, None, None]
        (m1, w1), (m2, w2) = self.one.moments(one), self.two.moments(two)
        r1, r2 = self.one.x - m1, self.two.x - m2
        return (
            half * (r1 - r2) - u,
            sigma * (r1 + r2) - v,
            1 + half**2 * (w1 + w2),
            half * sigma * (w1 - w2),
            1 + sigma**2 * (w1 + w2),
        )

    def _mode(self, theta: Values) -> tuple[Values, Values]:
        real = theta.real
        u: Values = np.zeros((*theta.shape[:-1], self.one.x.size, 1))
        v: Values = u.copy()
        half, sigma = real[..., 2, None, None] / 2, real[..., 3, None, None]
        for _ in range(200):
            du, dv = _solve(*self._slope(real, u, v))
            change = np.maximum(np.abs(sigma * dv + half * du), np.abs(sigma * dv - half * du))
            factor = damping(change)
            u, v = u + factor * du, v + factor * dv
            if max(np.abs(du).max(initial=0.0), np.abs(dv).max(initial=0.0)) < 1e-10:
                break
        for _ in range(2):
            du, dv = _solve(*self._slope(theta, u, v))
            u, v = u + du, v + dv
        return u, v

    def log_likelihood(
        self, theta: Values, nuisance: Floats | None, rule: QuadratureRule
    ) -> Values:
        """Sum over the studies of a two-dimensional adaptive quadrature.

        Product rule on the axes of the Cholesky factor of the curvature at the
        mode; one node is the Laplace approximation.
        """
        u, v = self._mode(theta)
        _, _, uu, uv, vv = self._slope(theta, u, v)
        # Negative Hessian H = L L'; points are mode + L'^-1 z, of determinant 1/(l11 l22).
        l11 = np.sqrt(uu)
        l21 = uv / l11
        l22 = np.sqrt(vv - l21**2)
        z1, z2 = (z.ravel() for z in np.meshgrid(rule.z, rule.z, indexing="ij"))
        weights = np.add.outer(rule.log_weights, rule.log_weights).ravel()
        right = z2 / l22
        up = u + (z1 - l21 * right) / l11
        vp = v + right
        one, two = self._predictors(theta, up, vp)
        logs = self.one.value(one) + self.two.value(two) - (up**2 + vp**2) / 2 + weights
        top = logs.real.max(axis=-1, keepdims=True)
        total = np.log(np.exp(logs - top).sum(axis=-1)) + top[..., 0]
        constant = (self.one.constant + self.two.constant)[:, 0]
        parts = constant + total - np.log(l11 * l22)[..., 0] - np.log(2 * np.pi)
        return np.asarray(parts.sum(axis=-1))


def _solve(gu: Values, gv: Values, uu: Values, uv: Values, vv: Values) -> tuple[Values, Values]:
    """Solve the symmetric 2×2 systems [[uu, uv], [uv, vv]] x = g."""
    det = uu * vv - uv**2
    return (vv * gu - uv * gv) / det, (uu * gv - uv * gu) / det
