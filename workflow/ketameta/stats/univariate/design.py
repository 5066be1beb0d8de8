"""The regression of a block of analyses, with the sums that `models.MeanModel` has for a mean."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.sums import Floats, Sums, at_least_two, over_studies
from ketameta.stats.univariate.models import Analyses, most_precise_first


class Basis(NamedTuple):
    """The columns of a design made orthogonal in a weighting, shape (p, k, n), and y without them.

    `weighted` are the columns times the weights, `norms`, shape (p, n), their products with the
    columns; the design is the columns times `factor`, shape (p, p, n), unit upper triangular.
    `rest`, shape (k, n), is what the columns leave of the effects, `along`, (p, n), what they take.
    """

    columns: Floats
    weighted: Floats
    norms: Floats
    factor: Floats
    rest: Floats
    along: Floats

    def apart(self, z: Floats) -> Floats:
        """Return z, shape (k, n), without its parts along the columns."""
        for column, one, norm in zip(self.columns, self.weighted, self.norms, strict=True):
            z = z - column * (_dot(one, z) / norm)
        return z

    def crossed(self, other: Floats) -> Floats:
        """Return tr (N^-1 B)^2, B the symmetric products of `weighted` with `other`, shape (n,)."""
        p, n = self.norms.shape
        one, two = (x.repeat(2, axis=2) if n == 1 else x for x in (self.weighted, other))
        inner = np.einsum("akn,bkn->abn", one, two)[:, :, :n]
        inner *= inner
        inner /= self.norms[:, None] * self.norms
        return over_studies(inner.reshape(p * p, n))


class DesignModel(Analyses):
    """Weighted regressions of n analyses on p columns.

    Attributes
    ----------
    x : shape (p, k, n)
        Designs with their pivots taken out; rows of absent studies are 0.
    y : shape (k, n)
        Effects measured from the plane through the pivots; 0 for an absent study.
    unit : shape (p, p, n)
        Unit upper triangular: the design as given is the columns of x times it.
    origin : shape (p, n)
        What taking the pivots out of the effects left, as coefficients of the columns of x.
    pivot : shape (p, n)
        Where the pivot of each column is among the studies.

    Notes
    -----
    As the mean is measured from its most precise study, each column has a pivot, the study that
    weighs most in it: it is 0 there in every later column and in y, so that no study swamps the
    others in a difference. A weighting then is Gram and Schmidt's without roots: columns C with
    C'UC diagonal, and P = U - U C (C'UC)^-1 C'U. Each vector is taken through the columns
    one after the other (the modified form), which is as stable for least squares as Householder's
    (Björck 1967). Studies lie on the leading axis, so that an analysis has the same bits alone.
    """

    parts: ClassVar = {"x": 2, "y": 1, "v": 1, "count": 0, "unit": 2, "origin": 1, "pivot": 1}

    def __init__(
        self,
        x: Floats,
        y: Floats,
        v: Floats,
        count: Floats,
        unit: Floats,
        origin: Floats,
        pivot: NDArray[np.intp],
    ) -> None:
        self.x, self.y, self.v, self.count = x, y, v, count
        self.unit, self.origin, self.pivot = unit, origin, pivot
        self.columns = x.shape[0]

    @classmethod
    def of(cls, yi: Floats, vi: Floats, x: Floats) -> DesignModel:
        """Arrange analyses of shape (n, k), designs of shape (n, k, p), or (1, k, p) for all."""
        y, v = np.array(yi.T, order="C"), np.array(vi.T, order="C")
        absent = np.isnan(v)
        v[absent], y[absent] = np.inf, 0.0
        x = np.array(np.broadcast_to(x.transpose(2, 1, 0), (x.shape[2], *v.shape)), order="C")
        x[:, absent] = 0.0
        most_precise_first(v, absent, y, *x)
        count = (~absent).sum(axis=0).astype(float)
        return cls(x, y, v, count, *_take_pivots_out(x, y, v))

    def _basis(self, w: Floats) -> Basis:
        """Return the columns orthogonal in the weights w, shape (k, n)."""
        p, n = self.columns, w.shape[1]
        left = np.concatenate([self.x, self.y[None]])
        weighted, norms = np.empty_like(self.x), np.empty((p, n))
        factor = np.zeros((p, p + 1, n))
        for j, column in enumerate(left[:p]):
            np.multiply(w, column, out=weighted[j])
            norms[j] = _dot(weighted[j], column)
            factor[j, j] = 1.0
            factor[j, j + 1 :] = along = _dot(weighted[j], left[j + 1 :]) / norms[j]
            left[j + 1 :] -= column * along[:, None]
        return Basis(left[:p], weighted, norms, factor[:, :p], left[p], factor[:, p])

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t; `mean` is beta, shape (n, p), `total` log |X'UX| of x as it is."""
        if t.size == 1:
            found = self._twice.sums(t.repeat(2), restricted)
            return Sums(*(part[:1] for part in found))
        u = 1.0 / (self.v + t)
        basis = self._basis(u)
        e = u * basis.rest
        q, a = _dot(e, basis.rest), _dot(e, e)
        f = basis.apart(e)
        c = _dot(u * f, f)
        mean, log_det = self._beta(basis), np.log(basis.norms).sum(axis=0)
        d = _dot(u, u)
        if not restricted:
            return Sums(mean, log_det, q, a, over_studies(u), c, d)
        for one, norm in zip(basis.weighted, basis.norms, strict=True):
            d -= 2.0 * _dot(u, one * one) / norm
        b = self._open(u, basis)
        # where one study has nearly all the weight, d is a small difference: tr P^2 lies between
        # (tr P)^2 over the rank of P, and (tr P)^2
        d = np.clip(d + basis.crossed(basis.weighted), b * b / np.maximum(self.df, 1.0), b * b)
        return Sums(mean, log_det, q, a, b, c, d)

    def _open(self, u: Floats, basis: Basis) -> Floats:
        """Return tr P, the sum of the weights less what the columns take of each.

        A pivot may outweigh all others, and its column take nearly all of it: what that leaves is
        the share of the others in the norm of the column.
        """
        here = np.arange(u.shape[1])
        rest = u.copy()
        rest[self.pivot, here] = 0.0
        found = over_studies(rest)
        for pivot, column, one, norm in zip(self.pivot, *basis[:3], strict=True):
            own, parts = one * one, one * column
            own[pivot, here] = parts[pivot, here] = 0.0
            found += (u[pivot, here] * over_studies(parts) - over_studies(own)) / norm
        return found

    def q(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y'Py, the generalised Q at t, and y'PPy, minus its derivative."""
        if t.size == 1:
            q, slope = self._twice.q(t.repeat(2))
            return q[:1], slope[:1]
        u = 1.0 / (self.v + t)
        r = self._basis(u).rest
        e = u * r
        return _dot(e, r), _dot(e, e)

    def covariance(self, t: Floats) -> tuple[Floats, Floats]:
        """Return (X'UX)^-1, shape (n, p, p), and what each column adds to y'UX (X'UX)^-1 X'Uy.

        The latter, shape (p, n), to those before it: the last m add up to b'C^-1 b of the last m
        coefficients b with covariance C, whose digits an inverse would lose.
        """
        basis, p = self._basis(1.0 / (self.v + t)), self.columns
        one = np.broadcast_to(np.eye(p)[:, :, None], (p, p, t.size))
        back = _solve(self.unit, _solve(basis.factor, one))
        whole = np.zeros((p, p, t.size))
        for part, norm in zip(back.swapaxes(0, 1), basis.norms, strict=True):
            whole += part[:, None] * part / norm
        added = basis.along.copy()
        for j, by in enumerate(self.origin):
            added += basis.factor[:, j] * by
        return np.ascontiguousarray(whole.transpose(2, 0, 1)), basis.norms * added * added

    def moments(self, w: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return y'Ay, tr AV, tr A and tr (A S)^2 for the projection A with weights w."""
        basis = self._basis(w)
        v = np.where(w > 0, self.v, 0.0)
        ws = w * (v + t)
        leverage = np.zeros_like(w)
        for one, column, norm in zip(*basis[:3], strict=True):
            leverage += one * column / norm
        open_ = w * (1.0 - leverage)
        spread = _dot(ws * ws, 1.0 - 2.0 * leverage) + basis.crossed(ws * basis.columns)
        return _dot(w * basis.rest, basis.rest), _dot(open_, v), over_studies(open_), spread

    def _beta(self, basis: Basis) -> Floats:
        """Return the coefficients of the design as given, shape (n, p)."""
        beta = _solve(self.unit, self.origin + _solve(basis.factor, basis.along))
        return np.ascontiguousarray(beta.T)

    @cached_property
    def _twice(self) -> DesignModel:
        """A lone analysis with a copy beside it, once instead of in each of its sums."""
        return self.take(np.zeros(2, dtype=np.intp))

    @cached_property
    def _evenly(self) -> Basis:
        """The columns orthogonal with equal weights."""
        return self._basis(np.isfinite(self.v).astype(float))

    @cached_property
    def residual_spread(self) -> Floats:
        """The unweighted residual sum of squares."""
        r = self._evenly.rest
        return _dot(r, r)

    @cached_property
    def total_spread(self) -> Floats:
        """The unweighted sum of squares about the mean."""
        y = sum((x * by for x, by in zip(self.x, self.origin, strict=True)), start=self.y)
        r = np.where(np.isinf(self.v), 0.0, y - over_studies(y) / self.count)
        return over_studies(r * r)

    def log_likelihood(self, t: Floats, restricted: bool, sums: Sums | None = None) -> Floats:
        """Return the (restricted) log-likelihood at t, its coefficients profiled out.

        As `MeanModel.log_likelihood` with k - p for k - 1, and log |X'UX| - log |X'X| for
        log sum u - log k.
        """
        at = sums or self.sums(t, restricted)
        dims = self.df if restricted else self.count
        value: Floats = dims * np.log(2.0 * np.pi) + self.log_det(t) + at.q
        if restricted:
            value += at.total - np.log(self._evenly.norms).sum(axis=0)
        return -0.5 * value


def _take_pivots_out(x: Floats, y: Floats, v: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Make each column 0 at the pivots before its own, and y 0 at all (in place).

    A pivot is the study with the largest weighted square in its column. Each column is scaled by a
    power of two to be near 1 there, so that no square overflows. Return `unit`, `origin` and where
    the pivots are.
    """
    p, n = len(x), y.shape[1]
    unit, origin = np.zeros((p, p, n)), np.empty((p, n))
    pivots = np.zeros((p, n), np.intp)
    here, root = np.arange(n), np.sqrt(1.0 / v)
    for j in range(p):
        with np.errstate(over="ignore"):  # of variances that get other units
            pivots[j] = pivot = np.argmax(np.abs(x[j]) * root, axis=0)
        _, power = np.frexp(x[j, pivot, here])
        unit[j, j] = scale = np.ldexp(1.0, power - 1)
        x[j] /= scale
        height = x[j, pivot, here]
        unit[j, j + 1 :] = x[j + 1 :, pivot, here] / height
        origin[j] = y[pivot, here] / height
        x[j + 1 :] -= x[j] * unit[j, j + 1 :, None]
        y -= x[j] * origin[j]
        x[j + 1 :, pivot, here] = y[pivot, here] = 0.0
    return unit, origin, pivots


def _dot(a: Floats, b: Floats) -> Floats:
    """Return the sums over the studies of a times b: shapes (k, n), and (k, n) or (m, k, n)."""
    n = a.shape[1]
    a = at_least_two(a)
    if b.ndim == 2:
        return np.asarray(np.einsum("ij,ij->j", a, at_least_two(b))[:n])
    if n > 1:
        return np.asarray(np.einsum("ij,mij->mj", a, b))
    return np.asarray(np.einsum("ij,mij->mj", a, b.repeat(2, axis=2))[:, :n])


def _solve(upper: Floats, right: Floats) -> Floats:
    """Return z with upper z = right: shapes (p, p, n), and (p, n) or (p, m, n)."""
    z = np.array(right)
    for i in reversed(range(len(upper))):
        z[i] /= upper[i, i]
        above = upper[:i, i]
        z[:i] -= (above if z.ndim == above.ndim else above[:, None]) * z[i]
    return z
