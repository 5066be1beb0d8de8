"""The sums that all estimators of tau2 are equations in: over many analyses, and over one.

With weights u_i = 1 / (v_i + t) and P = U - U 1 1'U / sum u these are y'Py (the generalised Q),
y'PPy, y'PPPy, tr P and tr PP. The first study is the most precise one of its analysis and effects
are measured from it (y_1 = 0): it alone can swamp the others, and with it apart no difference
loses its leading digits. Two consequences are used: y'Py = sum y u (y - mean) has at most k times
the rounding of the sum of squares, as u_1 mean^2 is part of that; and y'PPPy is the weighted
variance of e = Py, measured from e_1.
"""

from __future__ import annotations

import threading
from functools import reduce
from operator import add, mul
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Number = Any  # an array of shape (n,), or a plain number where one analysis is worked in those

SMALL = 2048  # elements that malloc hands out faster than they are looked up
CHUNK = 131072  # elements, a megabyte: four such arrays stay in the cache that cores share
FEW = 100  # studies up to which plain numbers are faster than arrays, by measurement


class Sums(NamedTuple):
    """What the weights at one t say; each of shape (n,), or a plain number.

    Twice the score in t is a - b. `b` is tr P for the restricted likelihood and sum u for the
    full one; `d` = -b' is tr PP or sum u^2; `c` = y'PPPy = -a'/2; `q` = y'Py.
    """

    mean: Number
    total: Number
    q: Number
    a: Number
    b: Number
    c: Number
    d: Number


def sums(y: Floats, v: Floats, t: Floats, restricted: bool) -> Sums:
    """Return the sums of analyses (k, n) at t, part after part so that each stays in cache."""
    if v.size <= CHUNK:
        return _sums(y, v, t, restricted)
    parts = [_sums(y[:, s], v[:, s], t[s], restricted) for s in _parts(y.shape)]
    return Sums(*map(np.concatenate, zip(*parts, strict=True)))


def q_and_slope(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return y'Py, the generalised Q of analyses (k, n) at t, and y'PPy, minus its derivative."""
    if v.size <= CHUNK:
        return _q(y, v, t)
    parts = [_q(y[:, s], v[:, s], t[s]) for s in _parts(y.shape)]
    q, a = map(np.concatenate, zip(*parts, strict=True))
    return q, a


def _parts(shape: tuple[int, ...]) -> list[slice]:
    """Return slices of the analyses of equal size, CHUNK elements each or somewhat less."""
    k, n = shape
    size = -(-n // -(-n * k // CHUNK))
    return [slice(i, i + size) for i in range(0, n, size)]


class _Scratch(threading.local):
    """Two work arrays for each thread, kept: fresh pages would cost as much as the sums."""

    store = np.empty((2, 0))

    def take(self, shape: tuple[int, ...]) -> Floats:
        """Return the arrays in a shape, with whatever was left in them."""
        size = shape[0] * shape[1]
        if size < SMALL or size > CHUNK:
            return np.empty((2, *shape))
        if self.store.shape[1] < size:
            self.store = np.empty((2, CHUNK))
        return self.store[:, :size].reshape(2, *shape)


_scratch = _Scratch()


def _sums(y: Floats, v: Floats, t: Floats, restricted: bool) -> Sums:
    """Return the sums of some analyses."""
    dot = np.einsum
    u, e = _scratch.take(v.shape)
    np.add(v, t, out=u)
    np.divide(1.0, u, out=u)
    # Copies: what is returned must not live in the scratch.
    first, others = u[0].copy(), u[1:]
    s1 = np.add.reduce(others, 0)
    total = first + s1
    mean = dot("ij,ij->j", u, y) / total
    np.subtract(y, mean, out=e)
    e *= u
    q = dot("ij,ij->j", e, y)
    a = dot("ij,ij->j", e, e)
    e -= e[0].copy()
    drift = dot("ij,ij->j", u, e)
    c = dot("ij,ij,ij->j", u, e, e) - drift * drift / total
    s2 = dot("ij,ij->j", others, others)
    if restricted:
        s3 = dot("ij,ij,ij->j", others, others, others)
        return Sums(mean, total, q, a, *_traces(first, total, s1, s2, s3, c))
    return Sums(mean, total, q, a, total, c, s2 + first * first)


def _traces(
    first: Number, total: Number, s1: Number, s2: Number, s3: Number, c: Number
) -> tuple[Number, Number, Number]:
    """Return tr P, c and tr PP from the power sums S1, S2, S3 of all weights but the first.

    tr P = (S1 (2 u1 + S1) - S2) / W, and tr PP = sum P_ij^2 =
    [W^2 S2 - 2 W S3 + S2^2 + u1^2 (2 S2 + S1^2)] / W^2.
    """
    share, rest = first / total, s2 / total
    both = share * s1
    b = (s1 * (2.0 * first + s1) - s2) / total
    d = s2 * (1.0 + 2.0 * share * share) + both * both + rest * rest - 2.0 * s3 / total
    return b, c, d


def _q(y: Floats, v: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return y'Py and y'PPy of some analyses."""
    dot = np.einsum
    u, e = _scratch.take(v.shape)
    np.add(v, t, out=u)
    np.divide(1.0, u, out=u)
    np.subtract(y, dot("ij,ij->j", u, y) / np.add.reduce(u, 0), out=e)
    e *= u
    return dot("ij,ij->j", e, y), dot("ij,ij->j", e, e)


class One:
    """The same sums of one analysis in plain numbers: a third of the time for few studies.

    Attributes
    ----------
    y, v
        Lists of k numbers, as in the model.
    low
        The smallest variance.

    Raises
    ------
    ZeroDivisionError
        By its methods, where all weights are 0.

    Notes
    -----
    Terms are added one after the other, as over arrays: `sum` compensates from Python 3.12 on.
    """

    def __init__(self, y: list[float], v: list[float]) -> None:
        self.y, self.v, self.low = y, v, v[0]

    def sums(self, t: float, restricted: bool) -> Sums:
        """Return the sums at t."""
        y = self.y
        u = [1.0 / (x + t) for x in self.v]
        first, others = u[0], u[1:]
        s1 = reduce(add, others, 0.0)
        total = first + s1
        mean = reduce(add, map(mul, u, y)) / total
        e = [w * (x - mean) for w, x in zip(u, y, strict=True)]
        q = reduce(add, map(mul, e, y))
        a = reduce(add, map(mul, e, e))
        nil = e[0]
        e = [x - nil for x in e]
        ue = list(map(mul, u, e))
        drift = reduce(add, ue, 0.0)
        c = reduce(add, map(mul, ue, e)) - drift * drift / total
        squares = list(map(mul, others, others))
        s2 = reduce(add, squares, 0.0)
        if restricted:
            s3 = reduce(add, map(mul, squares, others), 0.0)
            return Sums(mean, total, q, a, *_traces(first, total, s1, s2, s3, c))
        return Sums(mean, total, q, a, total, c, s2 + first * first)

    def q(self, t: float) -> tuple[float, float]:
        """Return y'Py and y'PPy."""
        y = self.y
        u = [1.0 / (x + t) for x in self.v]
        mean = reduce(add, map(mul, u, y)) / reduce(add, u, 0.0)
        e = [w * (x - mean) for w, x in zip(u, y, strict=True)]
        return reduce(add, map(mul, e, y)), reduce(add, map(mul, e, e))
