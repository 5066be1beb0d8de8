r"""The likelihood of effects nested in clusters, at the cost of a few sums over the effects.

The covariance of a cluster is V + g_2 E + g_1 1 1', E the pattern of its inner units. V and E are
diagonal in one basis, T (V + E) T' = I, and 1 1' is of rank one: with the variances
:math:`d_i = v_i + g_2 e_i` of the turned effects, the weights :math:`w_i = 1 / d_i` and o = T 1

.. math:: M' \Omega^{-1} M = \sum_i w_i m_i m_i' - \sum_c h_c b_c b_c', \quad
    \log|\Omega| = \sum_i \log d_i + \sum_c \log(1 + g_1 a_c) + \mathrm{const}

where :math:`a_c = \sum w o^2`, :math:`b_c = \sum w o m` and :math:`h_c = g_1 / (1 + g_1 a_c)`
(Sherman & Morrison 1950, Annals of Mathematical Statistics 21, 124). Derivatives are those of
these sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

# Standard deviations to look at, relative to the spread of the effects.
_SPREADS = np.array([0.03, 0.1, 0.2, 0.35, 0.6, 1.0, 1.6, 3.0])
_LOG_2PI = float(np.log(2 * np.pi))
# which sums over clusters make each matrix: S, its derivatives in g_1 and g_2, the second ones
_S, _S1, _S2, _S11, _S12, _S22 = range(6)
_BB, _BB1, _BB2, _B1B1 = range(4)


@dataclass(frozen=True, slots=True)
class Nested:
    """ML or REML log-likelihood in the square roots s of g_1 (clusters) and g_2 (inner units).

    Of n effects, those of a cluster beside each other: their variances `own` by V and `inner` by
    E, shape (n,); `products` (n, q q) of their columns [X, y], q of them; `ones` (n, 1 + q), o^2
    and o times each column. `starts` (c,) is where each cluster begins, `log_scale` the logarithm
    of the determinant of V + E.
    """

    own: Array
    inner: Array
    products: Array
    ones: Array
    starts: Ints
    log_scale: float
    reml: bool

    @classmethod
    def of(cls, columns: Array, V: Array, inner: Ints, stacks: list[Ints], *, reml: bool) -> Nested:
        """Turn the columns [X, y] (n, q), X orthonormal; `inner` (n,) numbers the inner units.

        `stacks` are the rows of all clusters of a size, (c, m) each. Raises a LinAlgError where
        neither V nor the inner units give some combination of effects a variance.
        """
        M = np.column_stack([np.ones(len(columns)), columns])
        turned, own, shares, log_scale = [], [], [], 0.0
        for rows in stacks:
            block = V[rows[:, :, None], rows[:, None, :]]
            units = inner[rows]
            same = (units[:, :, None] == units[:, None, :]).astype(float)
            root = np.linalg.cholesky(block + same)
            half = np.linalg.inv(root)
            back = np.swapaxes(half, 1, 2)
            share, axes = np.linalg.eigh(half @ same @ back)
            T = np.swapaxes(axes, 1, 2) @ half
            own.append(((T @ block) * T).sum(axis=2).ravel())
            shares.append(share.ravel())
            turned.append((T @ M[rows]).reshape(-1, M.shape[1]))
            log_scale += 2 * float(np.log(np.diagonal(root, axis1=1, axis2=2)).sum())
        m = np.concatenate(turned)
        sizes = np.concatenate([np.full(len(rows), rows.shape[1]) for rows in stacks])
        return cls(
            own=np.concatenate(own),
            inner=np.maximum(np.concatenate(shares), 0.0),
            products=(m[:, 1:, None] * m[:, None, 1:]).reshape(len(m), -1),
            ones=m[:, :1] * m,
            starts=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
            log_scale=log_scale,
            reml=reml,
        )

    def g(self, s: Array) -> Array:
        """Variances at the parameters s."""
        return s * s

    def begin(self) -> list[Array]:
        """Return the highest tops of a grid, at most three: each above its neighbours."""
        value = self._on_grid(_SPREADS)
        edged = np.pad(value, 1, constant_values=-np.inf)
        size = _SPREADS.size
        around = [edged[i : i + size, j : j + size] for i in range(3) for j in range(3)]
        tops = np.argwhere(value >= np.max(around, axis=0))
        order = np.argsort([-value[i, j] for i, j in tops], kind="stable")
        return [_SPREADS[tops[n]] for n in order[:3]]

    def _on_grid(self, spreads: Array) -> Array:
        """Log-likelihood but for a constant, for each sqrt(g_1) (row) and sqrt(g_2) (column)."""
        g = spreads**2
        w = 1.0 / (self.own + g[:, None] * self.inner)  # (g_2, n)
        sums = np.add.reduceat(w[:, :, None] * self.ones, self.starts, axis=1)
        r = 1.0 / (1.0 + g[:, None, None] * sums[:, :, 0])  # (g_1, g_2, c)
        h = (g[:, None, None] * r)[:, :, None, :]
        b = sums[:, :, 1:]
        q = b.shape[2]
        bb = (b[:, :, :, None] * b[:, :, None, :]).reshape(g.size, -1, q * q)
        S = ((w @ self.products)[:, None, :] - h @ bb).reshape(g.size, g.size, q, q)
        whole, inside = np.linalg.slogdet(S)[1], np.linalg.slogdet(S[..., :-1, :-1])[1]
        deviance = np.exp(whole - inside) - np.log(w).sum(axis=1) - np.log(r).sum(axis=2)
        return np.asarray(-0.5 * (deviance + (inside if self.reml else 0.0)))

    def curved(self, s: Array) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian in s."""
        S, logdet = self._sums(s * s)
        p = S.shape[1] - 1
        try:
            A = np.linalg.inv(S[0, :p, :p])
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros(2), np.zeros((2, 2))
        u = np.append(-A @ S[0, :p, p], 1.0)
        t = S @ u
        fall = t @ u  # of the residual sum of squares and its derivatives at given coefficients
        cross = t[1:3, :p] @ A @ t[1:3, :p].T
        deviance = logdet + fall
        deviance[3:] -= 2 * cross[[0, 0, 1], [0, 1, 1]]
        if self.reml:
            K = A @ S[1:, :p, :p]
            trace = np.einsum("mii->m", K)
            pairs = np.einsum("mij,nji->mn", K[:2], K[:2])
            deviance[1:] += trace
            deviance[3:] -= pairs[[0, 0, 1], [0, 1, 1]]
            deviance[0] -= np.linalg.slogdet(A)[1]
        value, first, second = deviance[0], deviance[1:3], deviance[[3, 4, 4, 5]].reshape(2, 2)
        hessian = 4 * np.outer(s, s) * second + 2 * np.diag(first)
        return -0.5 * (float(value) + self._constant(p)), -s * first, -0.5 * hessian

    def _constant(self, p: int) -> float:
        return self.log_scale + (self.own.size - (p if self.reml else 0)) * _LOG_2PI

    def value(self, s: Array) -> float:
        """Log-likelihood, -inf where the covariance cannot be inverted."""
        return self.curved(s)[0]

    def solved(self, s: Array) -> tuple[Array, Array]:
        """Return the coefficients of X and their covariance."""
        S = self._sums(s * s)[0][0]
        vcov = np.linalg.inv(S[:-1, :-1])
        return vcov @ S[:-1, -1], vcov

    def _sums(self, g: Array) -> tuple[Array, Array]:
        """Return M'Omega^-1 M (q, q) and log|Omega| (less `log_scale`), with derivatives.

        Both in the order of the value, d/dg_1, d/dg_2, and the second derivatives 11, 12, 22.
        """
        with np.errstate(divide="ignore"):
            w = 1.0 / (self.own + g[1] * self.inner)
        u = self.inner * w
        weights = np.array([w, -u * w, 2 * u * u * w])
        sums = np.add.reduceat(weights[:, :, None] * self.ones, self.starts, axis=1)
        (a, a1, a2), b = sums[:, :, 0], sums[:, :, 1:]
        r = 1.0 / (1.0 + g[0] * a)
        h, r2 = g[0] * r, r * r
        h1, h2 = r2, -h * h * a1
        K = np.zeros((6, 4, a.size))  # what each matrix takes of each product of sums
        K[_S, _BB], K[_S1, _BB], K[_S2, _BB], K[_S2, _BB1] = h, h1, h2, 2 * h
        K[_S11, _BB] = -2 * a * r * r2
        K[_S12, _BB], K[_S12, _BB1] = -2 * h * r2 * a1, 2 * h1
        K[_S22, _BB], K[_S22, _BB1] = -2 * h * a1 * h2 - h * h * a2, 4 * h2
        K[_S22, _BB2], K[_S22, _B1B1] = 2 * h, 2 * h
        q = b.shape[2]
        pairs = b[[0, 0, 0, 1], :, :, None] * b[[0, 1, 2, 1], :, None, :]
        S = -(K.reshape(6, -1) @ pairs.reshape(-1, q * q))
        S[[_S, _S2, _S22]] += weights @ self.products
        S = S.reshape(6, q, q)
        logdet = np.array(
            [
                -np.log(w).sum() - np.log(r).sum(),
                a @ r,
                u.sum() + h @ a1,
                -((a * r) ** 2).sum(),
                a1 @ r2,
                h @ a2 - u @ u - (h * h) @ (a1 * a1),
            ]
        )
        return (S + np.swapaxes(S, 1, 2)) / 2, logdet
