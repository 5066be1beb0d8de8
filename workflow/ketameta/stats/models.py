"""The mean of a block of analyses, as every heterogeneity estimator needs it.

With weights u_i = 1 / (v_i + t) and P = U - U X (X'UX)^-1 X'U, all estimators of tau2 are
equations in a few sums: y'Py (the generalised Q), y'PPy, y'PPPy, tr P, tr PP. Studies lie on
the leading axis, analyses on the last, so that every sum runs along contiguous memory.
`design.DesignModel` offers the same for a regression.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

SMALL = 2048  # elements that malloc hands out faster than they are looked up
CHUNK = 65536  # elements, half a megabyte: four such arrays stay in a core's cache


class Sums(NamedTuple):
    """What the weights at one t say; each of shape (n,).

    Twice the score in t is a - b. `b` is tr P for the restricted likelihood and sum u for the
    full one; `d` = -b' is tr PP or sum u^2; `c` = y'PPPy = -a'/2; `q` = y'Py.
    """

    mean: Floats
    total: Floats
    q: Floats
    a: Floats
    b: Floats
    c: Floats
    d: Floats


class Analyses(ABC):
    """What every model of a block of n analyses of at most k studies each offers.

    Attributes
    ----------
    v : shape (k, n)
        Variances, the most precise study of each analysis first; inf for an absent study, which
        so has weight 0.
    count : shape (n,)
        Studies present, at least 1.
    columns
        Coefficients that the data estimate, p.
    parts
        The arrays that a model is made of, in the order of its constructor, each with the axis
        that the analyses lie on.
    """

    v: Floats
    count: Floats
    columns: int
    parts: ClassVar[dict[str, int]]

    @property
    def df(self) -> Floats:
        """Residual degrees of freedom, k - p."""
        return self.count - self.columns

    @property
    def low(self) -> Floats:
        """The smallest variance of each analysis."""
        return self.v[0]

    @cached_property
    def high(self) -> Floats:
        """The largest variance of each analysis."""
        high = np.maximum.reduce(self.v, axis=0)
        if np.isinf(high).any():
            high = np.maximum.reduce(np.where(np.isinf(self.v), 0.0, self.v), axis=0)
        return high

    @cached_property
    def zero(self) -> Sums:
        """The sums at t = 0, for the restricted likelihood."""
        return self.sums(np.zeros(self.count.size), True)

    def take(self, rows: Rows) -> Self:
        """Return the model of some of the analyses (or of one several times)."""
        # take, unlike an index, keeps the analyses contiguous.
        return type(self)(*(getattr(self, x).take(rows, axis) for x, axis in self.parts.items()))

    @abstractmethod
    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t."""


class MeanModel(Analyses):
    """Common mean of n analyses of at most k studies each.

    Attributes
    ----------
    y : shape (k, n)
        Effects of each analysis, its most precise study first and measured from that one;
        0 for an absent study.
    origin : shape (n,)
        Effect of the most precise study, to be added to a mean.

    Notes
    -----
    The most precise study is set apart because it is the only one whose weight can swamp the
    others: W - u_i then cancels for that study alone, and is taken as the sum of the others.
    Variances that span twelve orders of magnitude so keep full relative precision.
    """

    columns = 1
    parts: ClassVar = {"y": 1, "v": 1, "count": 0, "origin": 0}

    def __init__(self, y: Floats, v: Floats, count: Floats, origin: Floats) -> None:
        self.y, self.v, self.count, self.origin = y, v, count, origin

    @classmethod
    def of(cls, yi: Floats, vi: Floats) -> MeanModel:
        """Arrange analyses of shape (n, k), NaN for absent, at least one study in each."""
        y, v = np.array(yi.T, order="C"), np.array(vi.T, order="C")
        absent = np.isnan(v)
        v[absent] = np.inf
        count = (v.shape[0] - absent.sum(axis=0)).astype(np.float64)
        best = v.argmin(axis=0)
        column = np.arange(v.shape[1])
        origin = y[best, column]
        y -= origin
        y[absent] = 0.0
        for x in (y, v):
            x[best, column], x[0] = x[0].copy(), x[best, column]
        return cls(y, v, count, origin)

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t, part after part of the analyses so that each stays in cache."""
        if self.v.size <= CHUNK:
            return _sums(self.y, self.v, t, restricted)
        parts = [_sums(self.y[:, s], self.v[:, s], t[s], restricted) for s in _parts(self.y.shape)]
        return Sums(*(np.concatenate(x) for x in zip(*parts, strict=True)))

    def q(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y'Py, the generalised Q at t, and y'PPy, minus its derivative."""
        if self.v.size <= CHUNK:
            return _q(self.y, self.v, t)
        parts = [_q(self.y[:, s], self.v[:, s], t[s]) for s in _parts(self.y.shape)]
        q, a = (np.concatenate(x) for x in zip(*parts, strict=True))
        return q, a

    def moments(self, w: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return y'Ay, tr AV, tr A and tr (A S)^2 for the projection A with weights w.

        A = diag(w) - w w' / sum w, S = V + t I. `w` has shape (k, n) and is 0 for an absent
        study. These four make every moment estimator of tau2 and its standard error
        (DerSimonian & Kacker 2007, eq. 4 and 6).
        """
        add = np.add.reduce
        share = w / add(w, 0)
        r = self.y - add(share * self.y, 0)
        v = np.where(w > 0, self.v, 0.0)
        other = w * (1.0 - share)
        ws = w * (v + t)
        with np.errstate(over="ignore"):  # of a variance next to infinite, with w = 1
            cross = add(share * ws, 0)
            spread = add(ws * ws * (1.0 - 2.0 * share), 0) + cross * cross
        return add(w * r * r, 0), add(other * v, 0), add(other, 0), spread

    @cached_property
    def residual_spread(self) -> Floats:
        """The unweighted residual sum of squares."""
        r = self.y - np.add.reduce(self.y, axis=0) / self.count
        r[np.isinf(self.v)] = 0.0
        return np.add.reduce(r * r, axis=0)

    @property
    def total_spread(self) -> Floats:
        """The unweighted sum of squares about the mean."""
        return self.residual_spread

    def log_likelihood(self, t: Floats, restricted: bool, sums: Sums | None = None) -> Floats:
        """Return the (restricted) log-likelihood at t, its mean profiled out.

        Full: -1/2 [k log 2pi + sum log(v+t) + y'Py]. Restricted (Harville 1974): k-1 for k in
        the first term, and + log sum u - log k inside the bracket.
        """
        s = np.where(np.isinf(self.v), 1.0, self.v + t)
        at = sums or self.sums(t, restricted)
        dims = self.df if restricted else self.count
        value = dims * np.log(2.0 * np.pi) + np.add.reduce(np.log(s), axis=0) + at.q
        if restricted:
            value += np.log(at.total) - np.log(self.count)
        return -0.5 * value


def _parts(shape: tuple[int, ...]) -> list[slice]:
    """Return slices of the analyses, CHUNK elements each."""
    k, n = shape
    size = max(1, CHUNK // k)
    return [slice(i, i + size) for i in range(0, n, size)]


class _Scratch(threading.local):
    """Three work arrays for each thread, kept: fresh pages would cost as much as the sums."""

    store = np.empty((3, 0))

    def take(self, shape: tuple[int, ...]) -> Floats:
        """Return the arrays in a shape, with whatever was left in them."""
        size = shape[0] * shape[1]
        if size < SMALL or size > CHUNK:
            return np.empty((3, *shape))
        if self.store.shape[1] < size:
            self.store = np.empty((3, CHUNK))
        return self.store[:, :size].reshape(3, *shape)


_scratch = _Scratch()


def _sums(y: Floats, v: Floats, t: Floats, restricted: bool) -> Sums:
    """Return the sums of some analyses.

    With the first study apart no difference below loses its leading digits: y'PPPy is
    the weighted variance of e = Py, measured from e_1; tr PP is
    sum P_ij^2 = [W^2 S2 - 2 W S3 + S2^2 + u1^2 (2 S2 + S1^2)] / W^2, and
    tr P = (S1 (2 u1 + S1) - S2) / W, with S the power sums of the other weights.
    """
    add = np.add.reduce
    u, e, work = _scratch.take(v.shape)
    np.add(v, t, out=u)
    np.divide(1.0, u, out=u)
    # A copy: what is returned must not live in the scratch.
    first, others = u[0].copy(), u[1:]
    s1 = add(others, 0)
    total = s1 + first
    np.multiply(u, y, out=e)
    mean = add(e, 0) / total
    np.subtract(y, mean, out=e)
    np.multiply(u, e, out=work)
    e *= work
    q = add(e, 0)
    e, work = work, e
    np.multiply(e, e, out=work)
    a = add(work, 0)
    e -= e[0].copy()
    np.multiply(u, e, out=work)
    drift = add(work, 0)
    work *= e
    c = add(work, 0) - drift * drift / total
    np.multiply(u, u, out=work)
    s2 = add(work[1:], 0)
    if not restricted:
        return Sums(mean, total, q, a, total, c, s2 + first * first)
    work *= u
    s3 = add(work[1:], 0)
    b = (s1 * (2.0 * first + s1) - s2) / total
    share = first / total
    d = s2 * (1.0 + 2.0 * share * share) + (first * s1 / total) ** 2
    d += s2 * s2 / (total * total) - 2.0 * s3 / total
    return Sums(mean, total, q, a, b, c, d)


def _q(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return y'Py and y'PPy of some analyses."""
    add = np.add.reduce
    u, e, _ = _scratch.take(v.shape)
    np.add(v, t, out=u)
    np.divide(1.0, u, out=u)
    np.multiply(u, y, out=e)
    np.subtract(y, add(e, 0) / add(u, 0), out=e)
    u *= e
    e *= u
    q = add(e, 0)
    np.multiply(u, u, out=e)
    return q, add(e, 0)


class KnownMean(Analyses):
    """Effects about a mean that is given: what a profile likelihood in mu maximises over tau2.

    The same sums with P = U; only the full likelihood has a meaning.
    """

    columns = 0
    parts: ClassVar = {"r": 1, "v": 1, "count": 0}

    def __init__(self, r: Floats, v: Floats, count: Floats) -> None:
        self.r, self.v, self.count = r, v, count

    @classmethod
    def of(cls, model: MeanModel, mean: Floats) -> KnownMean:
        """Fix the mean, measured from the model's origin, of each analysis."""
        return cls(np.where(np.isinf(model.v), 0.0, model.y - mean), model.v, model.count)

    @cached_property
    def residual_spread(self) -> Floats:
        """The sum of squares about the given mean."""
        return np.add.reduce(self.r * self.r, axis=0)

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t; `mean` is sum u r, the slope of the log-likelihood in mu."""
        u = 1.0 / (self.v + t)
        e = u * self.r
        ee = e * e
        parts = (e, u, e * self.r, ee, u, ee * u, u * u)
        return Sums(*(np.add.reduce(x, axis=0) for x in parts))

    def log_likelihood(self, t: Floats, restricted: bool, sums: Sums | None = None) -> Floats:
        """Return the full log-likelihood at t and the given mean."""
        s = np.where(np.isinf(self.v), 1.0, self.v + t)
        q = (sums or self.sums(t, restricted)).q
        return -0.5 * (self.count * np.log(2.0 * np.pi) + np.add.reduce(np.log(s), axis=0) + q)
