"""The likelihood of y ~ N(X beta, V + sum_m g_m E_m), block-diagonal by cluster.

The g_m follow from parameters s (`structures`): a squared standard deviation, or an
element of a covariance written through its Cholesky factor or its correlations. So
every parameter vector within its bounds gives a valid covariance, a variance of
exactly 0 is inside the space, and gradient and Hessian are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.dependent.nested import Nested
from ketameta.stats.dependent.structures import Shape
from ketameta.stats.numerics.newton import Maximum, ascend

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

_LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class Dependent:
    """The effects that are present: y (n,), X (n, p), V (n, n), cluster codes (n,).

    `present` marks them among all rows.
    """

    y: Array
    X: Array
    V: Array
    codes: Ints
    present: NDArray[np.bool_]


def stacks(codes: Ints) -> list[Ints]:
    """Return the rows of clusters, those of m rows together: an array (clusters, m) for each m."""
    order = np.argsort(codes, kind="stable")
    count = np.bincount(codes)
    each = count[codes[order]]
    return [order[each == m].reshape(-1, m) for m in np.unique(count[count > 0]).tolist()]


def block(matrix: Array, rows: Ints) -> Array:
    """Return the diagonal blocks (clusters, m, m) of (n, n) of a stack of rows."""
    return np.asarray(matrix[rows[:, :, None], rows[:, None, :]])


@dataclass(frozen=True)
class Blocks:
    """Rows of a data set gathered into clusters of one padded size."""

    rows: Ints  # (clusters, size); -1 pads

    @classmethod
    def of(cls, codes: Ints) -> Blocks:
        """Gather row numbers by the cluster codes 0, 1, ... of the rows."""
        found = stacks(codes)
        size = max((rows.shape[1] for rows in found), default=0)
        pad = [((0, 0), (0, size - rows.shape[1])) for rows in found]
        each = [np.pad(rows, p, constant_values=-1) for rows, p in zip(found, pad, strict=True)]
        return cls(np.concatenate(each) if each else np.empty((0, 0), dtype=np.intp))

    def column(self, values: Array) -> Array:
        """Gather (k, ...) into (clusters, size, ...), zeros in the padding."""
        out = values[self.rows]
        out[self.rows < 0] = 0.0
        return out

    def square(self, matrix: Array, diagonal: float) -> Array:
        """Gather the diagonal blocks of (k, k); the padding gets `diagonal`."""
        out = block(matrix, self.rows)
        pad = self.rows < 0
        out[pad[:, :, None] | pad[:, None, :]] = 0.0
        cluster, place = np.nonzero(pad)
        out[cluster, place, place] = diagonal
        return out


@dataclass(frozen=True)
class MixedFit:
    """A fitted model: coefficients (p,), their covariance and the parameters g (m,)."""

    beta: Array
    vcov: Array
    g: Array
    log_likelihood: float
    converged: bool


class Problem(Protocol):
    """A log-likelihood in parameters s, and where to start climbing it."""

    def begin(self) -> list[Array]:
        """Return places to climb from."""

    def g(self, s: Array) -> Array:
        """Return the variances and covariances at s."""

    def value(self, s: Array) -> float:
        """Return the log-likelihood at s."""

    def curved(self, s: Array) -> tuple[float, Array, Array]:
        """Return value, gradient and Hessian at s."""

    def solved(self, s: Array) -> tuple[Array, Array]:
        """Return the coefficients at s and their covariance."""


@dataclass(frozen=True)
class MixedLikelihood:
    """ML or REML log-likelihood in the parameters s."""

    y: Array  # (c, n)
    X: Array  # (c, n, p), orthonormal over all clusters
    V: Array  # (c, n, n)
    E: Array  # (m, c, n, n)
    shape: Shape
    k: int
    reml: bool

    def coefficients(self, g: Array) -> tuple[Array, Array, Array, Array, float]:
        """Inverse blocks, GLS beta, its covariance, residuals, -2 log-likelihood."""
        omega = self.V + np.tensordot(g, self.E, axes=1)
        inverse = np.linalg.inv(omega)
        sign, logdet = np.linalg.slogdet(omega)
        WX = inverse @ self.X
        A = np.einsum("cnp,cnq->pq", self.X, WX)
        vcov = np.linalg.inv(A)
        beta = vcov @ np.einsum("cnp,cn->p", WX, self.y)
        r = self.y - self.X @ beta
        deviance = float(logdet.sum() + np.einsum("cn,cnm,cm->", r, inverse, r))
        deviance += self.k * _LOG_2PI
        if self.reml:
            deviance += float(np.linalg.slogdet(A)[1]) - beta.size * _LOG_2PI
        if not (sign > 0).all():
            deviance = np.inf
        return np.asarray(inverse), beta, np.asarray(vcov), np.asarray(r), deviance

    def begin(self) -> list[Array]:
        """Return the best three of the starts of the shape, and the best of each group."""
        ranked = [sorted(group, key=self.value, reverse=True) for group in self.shape.starts()]
        first = sorted((s for group in ranked for s in group[:3]), key=self.value, reverse=True)[:3]
        return first + [group[0] for group in ranked if not any(group[0] is s for s in first)]

    def solved(self, s: Array) -> tuple[Array, Array]:
        """Return the coefficients of X and their covariance."""
        _, beta, vcov, _, _ = self.coefficients(self.g(s))
        return beta, vcov

    def value(self, s: Array) -> float:
        """Log-likelihood, -inf where the covariance cannot be inverted."""
        try:
            return -0.5 * self.coefficients(self.g(s))[4]
        except np.linalg.LinAlgError:
            return -np.inf

    def g(self, s: Array) -> Array:
        """Variances and covariances at the parameters s."""
        return self.shape.g(s)

    def curved(self, s: Array) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian in s."""
        q = s.size
        try:
            inverse, _, vcov, r, deviance = self.coefficients(self.g(s))
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros(q), np.zeros((q, q))
        gradient, hessian = self._in_g(inverse, vcov, r)
        slope = self.shape.slope(s)  # (m, q): dg/ds
        curvature = slope.T @ hessian @ slope + self.shape.bend(s, gradient)
        return -0.5 * deviance, slope.T @ gradient, curvature

    def _in_g(self, inverse: Array, vcov: Array, r: Array) -> tuple[Array, Array]:
        """Gradient and observed Hessian of the profile likelihood in g.

        d/dg_m = -tr(P E_m)/2 + y'P E_m P y/2 and
        d2/dg_m dg_n = tr(P E_m P E_n)/2 - y'P E_m P E_n P y for REML; for ML the
        traces are of the inverse covariance instead of P (Harville 1977, JASA 72,
        320).
        """
        K = inverse @ self.E  # (m, c, n, n)
        WX = inverse @ self.X
        Wr = np.einsum("cij,cj->ci", inverse, r)
        q = np.einsum("mcij,cj->mci", self.E, Wr)
        Wq = np.einsum("cij,mcj->mci", inverse, q)
        Xq = np.einsum("cip,mci->mp", WX, q)
        square = np.einsum("mci,nci->mn", q, Wq) - Xq @ vcov @ Xq.T
        trace = np.einsum("mcii->m", K)
        trace2 = np.einsum("mcij,ncji->mn", K, K)
        if self.reml:
            EWX = np.einsum("mcij,cjp->mcip", self.E, WX)
            B = np.einsum("cip,mciq->mpq", WX, EWX)
            inner = np.einsum("mcip,cij,ncjq->mnpq", EWX, inverse, EWX, optimize=True)
            trace = trace - np.einsum("pq,mqp->m", vcov, B)
            AB = vcov @ B
            trace2 = trace2 - 2 * np.einsum("pq,mnqp->mn", vcov, inner)
            trace2 = trace2 + np.einsum("mpq,nqp->mn", AB, AB)
        gradient = 0.5 * (np.einsum("ci,mci->m", Wr, q) - trace)
        return gradient, 0.5 * trace2 - square


def fit_mixed(
    data: Dependent,
    patterns: Sequence[Array],
    shape: Shape,
    method: str,
    inner: Ints | None = None,
) -> MixedFit:
    """Maximise the likelihood over beta and g.

    Parameters
    ----------
    data
        X of full rank, V without entries between clusters.
    patterns
        The E_m, each (k, k).
    shape
        How the g_m follow from parameters.
    method
        "REML" or "ML".
    inner
        Where the g are two variances, that of clusters and that of units within them: numbers of
        these units (k,). The likelihood is the same, but quicker.

    Notes
    -----
    As `scaled` has it, so that the answer scales with y and X. With orthonormal columns Harville's
    constant log|X'X|, which makes REML likelihoods of one data set comparable with other software,
    is 0.
    """
    problem, back, unit = scaled(data, patterns, shape, method, inner)
    top = top_of(problem, shape)
    beta, vcov = problem.solved(top.at)
    freedom = data.y.size - (data.X.shape[1] if method == "REML" else 0)
    return MixedFit(
        beta=back @ beta,
        vcov=back @ vcov @ back.T,
        g=problem.g(top.at) * unit**2,
        log_likelihood=top.value - freedom * float(np.log(unit)),
        converged=top.converged,
    )


def scaled(
    data: Dependent,
    patterns: Sequence[Array],
    shape: Shape,
    method: str,
    inner: Ints | None = None,
) -> tuple[Problem, Array, float]:
    """Return the likelihood in a unit of its own, of orthonormal columns, and both ways back.

    The unit is the root mean square of the residuals, or of the standard errors if larger; the
    matrix (p, p) turns coefficients back. Arguments as in `fit_mixed`.
    """
    Q, R = np.linalg.qr(data.X)
    r = data.y - Q @ (Q.T @ data.y)
    unit = float(np.sqrt(max(float(np.mean(r * r)), float(np.median(np.diag(data.V))))))
    y, V, reml = data.y / unit, data.V / unit**2, method == "REML"
    back = np.linalg.inv(R) * unit
    if inner is not None:
        columns = np.column_stack([Q, y])
        return Nested.of(columns, V, inner, stacks(data.codes), reml=reml), back, unit
    blocks = Blocks.of(data.codes)
    problem = MixedLikelihood(
        y=blocks.column(y),
        X=blocks.column(Q),
        V=blocks.square(V, 1.0),
        E=np.stack([blocks.square(pattern, 0.0) for pattern in patterns]),
        shape=shape,
        k=y.size,
        reml=reml,
    )
    return problem, back, unit


def top_of(problem: Problem, shape: Shape) -> Maximum:
    """Return where the likelihood is largest.

    The best places of a grid are climbed from and the highest end is kept: these likelihoods can
    have more than one top.
    """
    starts = problem.begin()
    ends = [ascend(problem.curved, start, shape.lower, shape.upper) for start in starts]
    best = max(ends, key=lambda end: (end.value, end.converged))
    if not best.converged:
        best = ascend(problem.curved, best.at, shape.lower, shape.upper)
    at, value = _snap(problem, best.at, best.value)
    return replace(best, at=at, value=value)


def _snap(problem: Problem, s: Array, value: float) -> tuple[Array, float]:
    """Set parameters that the ascent took next to 0 to exactly 0; return them with their value.

    At a variance of 0 the likelihood is flat in its square root, so the ascent
    ends at 1e-6 or so rather than at 0; 0 is kept when it costs no likelihood.
    """
    for place in np.flatnonzero(np.abs(s) < 1e-3):
        trial = s.copy()
        trial[place] = 0.0
        if (there := problem.value(trial)) >= value - 1e-12:
            s, value = trial, there
    return s, value
