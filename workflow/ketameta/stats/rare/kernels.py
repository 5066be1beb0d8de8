"""Likelihoods of one study given its effect, for the generalised linear mixed models."""

from typing import Protocol

import numpy as np
from scipy import special

from ketameta.stats.effects.inputs import Array
from ketameta.stats.numerics.quadrature import Floats, Values, logistic, softplus


def log_choose(n: Floats, x: Floats) -> Floats:
    """Log binomial coefficient."""
    out = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    return np.asarray(out)


def saturated_binomial(x: Floats, n: Floats) -> Floats:
    """Binomial log-likelihood at the observed proportion."""
    out: Floats = log_choose(n, x) + special.xlogy(x, x / n) + special.xlogy(n - x, (n - x) / n)
    return out


class Binomial:
    """x events of n with log odds offset + t, each for so many `times` the same study."""

    def __init__(self, x: Array, n: Array, offset: Array, times: Array) -> None:
        self.x, self.n, self.offset = x[:, None], n[:, None], offset[:, None]
        self.times = times
        self.constant = log_choose(self.n, self.x)

    def value(self, t: Values, nuisance: Values | None) -> Values:
        """Log-likelihood."""
        eta = self.offset + t
        return self.constant + self.x * eta - self.n * softplus(eta)

    def slope(self, t: Values, nuisance: Values | None) -> tuple[Values, Values]:
        """Score and information in t."""
        p = logistic(self.offset + t)
        return self.x - self.n * p, self.n * p * (1 - p)

    def saturated(self) -> float:
        """Log-likelihood with an effect of its own for each study."""
        return float((self.times * saturated_binomial(self.x, self.n)[:, 0]).sum())


class Arm(Protocol):
    """An arm of each study: the log-likelihood of its count in a linear predictor eta.

    Arrays have shape (k, 1) and stretch along the points of eta, (..., k, j). The log-likelihood
    is concave in eta, its third derivative at most the second.
    """

    constant: Floats
    x: Floats

    def value(self, eta: Values) -> Values:
        """Log-likelihood less its constant."""

    def moments(self, eta: Values) -> tuple[Values, Values]:
        """Return the expected count and its variance, which is the information in eta."""

    def saturated(self) -> Floats:
        """Log-likelihood of each study at the count observed."""


class BinomialArm:
    """x events of n people with log odds eta."""

    def __init__(self, x: Array, n: Array) -> None:
        self.x, self.n = x[:, None], n[:, None]
        self.constant = log_choose(self.n, self.x)

    def value(self, eta: Values) -> Values:
        """Log-likelihood less its constant."""
        return np.asarray(self.x * eta - self.n * softplus(eta))

    def moments(self, eta: Values) -> tuple[Values, Values]:
        """Return the expected count and its variance."""
        p = logistic(eta)
        return self.n * p, self.n * p * (1 - p)

    def saturated(self) -> Floats:
        """Log-likelihood of each study at the proportion observed."""
        return saturated_binomial(self.x, self.n)


class PoissonArm:
    """x events in the person-time t with log rate eta."""

    def __init__(self, x: Array, t: Array) -> None:
        self.x, self.t = x[:, None], t[:, None]
        self.constant = special.xlogy(self.x, self.t) - special.gammaln(self.x + 1)

    def value(self, eta: Values) -> Values:
        """Log-likelihood less its constant."""
        return np.asarray(self.x * eta - self._expected(eta))

    def moments(self, eta: Values) -> tuple[Values, Values]:
        """Return the expected count and its variance, which are the same."""
        expected = self._expected(eta)
        return expected, expected

    def saturated(self) -> Floats:
        """Log-likelihood of each study at the rate observed."""
        return np.asarray(special.xlogy(self.x, self.x) - self.x - special.gammaln(self.x + 1))

    def _expected(self, eta: Values) -> Values:
        # beyond e^500 a search has run off, and infinities would only spoil its derivatives
        real = np.minimum(eta.real, 500.0)
        at = real + 1j * eta.imag if np.iscomplexobj(eta) else real
        return np.asarray(self.t * np.exp(at))


class Stratified:
    """Two arms with predictors alpha + t/2 and alpha - t/2; alpha is the nuisance.

    `start` are values of alpha to start from, shape (k,).
    """

    def __init__(self, one: Arm, two: Arm, start: Array) -> None:
        self.one, self.two, self.start = one, two, start

    def value(self, t: Values, nuisance: Values | None) -> Values:
        """Log-likelihood of both arms."""
        assert nuisance is not None
        constant = self.one.constant + self.two.constant
        first, second = self.one.value(nuisance + t / 2), self.two.value(nuisance - t / 2)
        return np.asarray(constant + first + second)

    def slope(self, t: Values, nuisance: Values | None) -> tuple[Values, Values]:
        """Score and information in t."""
        assert nuisance is not None
        (m1, w1), (m2, w2) = self._moments(t, nuisance)
        return (self.one.x - m1 - self.two.x + m2) / 2, (w1 + w2) / 4

    def slope_in_nuisance(self, t: Floats, nuisance: Floats) -> tuple[Floats, Floats]:
        """Score and information in alpha."""
        (m1, w1), (m2, w2) = self._moments(t, nuisance)
        return self.one.x - m1 + self.two.x - m2, w1 + w2

    def _moments(self, t: Values, nuisance: Values) -> tuple[tuple[Values, Values], ...]:
        return self.one.moments(nuisance + t / 2), self.two.moments(nuisance - t / 2)

    def saturated(self) -> float:
        """Log-likelihood with both counts as observed."""
        return float((self.one.saturated() + self.two.saturated()).sum())


class Hypergeometric:
    """Events a of arm 1 given both margins of the table, log odds ratio t.

    P(a) ∝ C(n1, a) C(n2, s - a) exp(a t) over the possible a, s events in all
    (Fisher's noncentral hypergeometric distribution).
    """

    def __init__(self, a: Array, b: Array, c: Array, d: Array) -> None:
        self.a = a[:, None]
        n1, n2, s = a + b, c + d, a + c
        self.low, self.high = np.maximum(0.0, s - n2), np.minimum(n1, s)
        self.constant = log_choose(n1, a)[:, None] + log_choose(n2, c)[:, None]
        self.support, self.weights = [], []
        for i in range(a.size):
            y = np.arange(self.low[i], self.high[i] + 1)
            self.support.append(y)
            self.weights.append(log_choose(n1[i], y) + log_choose(n2[i], s[i] - y))

    def _per_study(self, t: Values) -> Values:
        return np.broadcast_to(t, (*t.shape[:-2], self.a.size, t.shape[-1]))

    def _window(self, i: int, t: Floats) -> slice:
        """Part of the support that matters for some t; the rest adds below 1e-26."""
        y, w = self.support[i], self.weights[i]
        at_low, at_high = w + y * t.min(), w + y * t.max()
        # Terms are log-concave in y: left of the window they only shrink as t grows.
        left = int(np.argmax(at_low >= at_low.max() - 60))
        right = len(y) - int(np.argmax((at_high >= at_high.max() - 60)[::-1]))
        return slice(left, right)

    def _terms(self, i: int, t: Values) -> tuple[Floats, Values, Floats]:
        """Support y, exp(log weight + y t - top) and top for study i, t of shape (..., j)."""
        part = self._window(i, t.real)
        y = self.support[i][part]
        logs = self.weights[i][part] + y * t[..., None]
        top = logs.real.max(axis=-1, keepdims=True)
        return y, np.exp(logs - top), top[..., 0]

    def value(self, t: Values, nuisance: Values | None) -> Values:
        """Log-likelihood."""
        t = self._per_study(t)
        norm = np.empty(t.shape, dtype=t.dtype)
        for i in range(self.a.size):
            _, terms, top = self._terms(i, t[..., i, :])
            norm[..., i, :] = np.log(terms.sum(axis=-1)) + top
        return self.constant + self.a * t - norm

    def slope(self, t: Values, nuisance: Values | None) -> tuple[Values, Values]:
        """Score a - E(a) and information Var(a)."""
        t = self._per_study(t)
        mean, variance = np.empty(t.shape, dtype=t.dtype), np.empty(t.shape, dtype=t.dtype)
        for i in range(self.a.size):
            y, terms, _ = self._terms(i, t[..., i, :])
            total = terms.sum(axis=-1)
            mean[..., i, :] = m = (terms @ y) / total
            variance[..., i, :] = (terms * (y - m[..., None]) ** 2).sum(axis=-1) / total
        return self.a - mean, variance

    def saturated(self) -> float:
        """Log-likelihood with a log odds ratio of its own for each study.

        0 for a study at an end of its support, where the ratio is infinite.
        """
        inner = (self.a[:, 0] > self.low) & (self.a[:, 0] < self.high)
        t = np.zeros(self.a.shape)
        for _ in range(200):
            first, second = self.slope(t, None)
            step = np.where(inner[:, None], first / np.maximum(second, 1e-300), 0.0)
            d = np.maximum(np.abs(step), 1e-300)
            t = t + step * np.log1p(d) / d
            if np.abs(step).max(initial=0.0) < 1e-12:
                break
        return float(np.where(inner[:, None], self.value(t, None), 0.0).sum())
