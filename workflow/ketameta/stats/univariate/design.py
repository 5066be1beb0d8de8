"""The regression of a block of analyses, with the sums that `models.MeanModel` has for a mean."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np

from ketameta.stats.numerics.sums import Floats, Sums, over_studies
from ketameta.stats.univariate.models import Analyses


class DesignModel(Analyses):
    """Weighted regressions of n analyses on p columns.

    Attributes
    ----------
    x : shape (n, k, p)
        Designs; rows of absent studies are 0.
    y : shape (k, n)
        Effects in the order of v; 0 for an absent study.

    Notes
    -----
    Each weighting is a QR decomposition of U^(1/2) X: with Q its orthonormal columns,
    P = U^(1/2) (I - QQ') U^(1/2). Rows go in by falling weight, which keeps the
    decomposition accurate where weights differ by many orders of magnitude. Matrices are in C
    order, of one analysis as of many: so their products take the same way to the same bits.
    """

    parts: ClassVar = {"x": 0, "y": 1, "v": 1, "count": 0}

    def __init__(self, x: Floats, y: Floats, v: Floats, count: Floats) -> None:
        self.x, self.y, self.v, self.count = x, y, v, count
        self.columns = x.shape[2]

    @classmethod
    def of(cls, yi: Floats, vi: Floats, x: Floats) -> DesignModel:
        """Arrange analyses of shape (n, k) and designs of shape (n, k, p)."""
        absent = np.isnan(vi)
        v = np.where(absent, np.inf, vi)
        order = np.argsort(v, axis=1, kind="stable")
        v = np.take_along_axis(v, order, axis=1)
        y = np.take_along_axis(np.where(absent, 0.0, yi), order, axis=1)
        x = np.take_along_axis(np.where(absent[:, :, None], 0.0, x), order[:, :, None], axis=1)
        count = (~absent).sum(axis=1).astype(float)
        return cls(x, np.ascontiguousarray(y.T), np.ascontiguousarray(v.T), count)

    @cached_property
    def _rows(self) -> Floats:
        """The effects, shape (n, k)."""
        return np.ascontiguousarray(self.y.T)

    def _decompose(self, w: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return w^(1/2), Q, R, and the residuals times w^(1/2); w of shape (k, n)."""
        root = np.ascontiguousarray(np.sqrt(w).T)
        basis, r = np.linalg.qr(root[:, :, None] * self.x)
        z = root * self._rows
        return root, basis, r, z - _fitted(basis, z)

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t; `mean` is beta, shape (n, p), and `total` log |X'UX|."""
        root, basis, r, rest = self._decompose(1.0 / (self.v + t))
        z = root * self._rows
        beta = np.asarray(np.linalg.solve(r, _onto(basis, z)[:, :, None])[:, :, 0], dtype=float)
        log_det = 2.0 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1)
        e = root * rest
        f = root * e
        f = f - _fitted(basis, f)
        u = root * root
        parts = ((rest * rest).sum(axis=1), (e * e).sum(axis=1))
        c = (f * f).sum(axis=1)
        if not restricted:
            return Sums(beta, log_det, *parts, u.sum(axis=1), c, (u * u).sum(axis=1))
        leverage = (basis * basis).sum(axis=2)
        inner = np.swapaxes(basis, 1, 2) @ (u[:, :, None] * basis)
        b = (u * (1.0 - leverage)).sum(axis=1)
        d = (u * u * (1.0 - 2.0 * leverage)).sum(axis=1) + (inner * inner).sum(axis=(1, 2))
        return Sums(beta, log_det, *parts, b, c, d)

    def q(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y'Py, the generalised Q at t, and y'PPy, minus its derivative."""
        root, _, _, rest = self._decompose(1.0 / (self.v + t))
        e = root * rest
        return (rest * rest).sum(axis=1), (e * e).sum(axis=1)

    def covariance(self, t: Floats) -> Floats:
        """Return (X'UX)^-1, shape (n, p, p)."""
        _, _, r, _ = self._decompose(1.0 / (self.v + t))
        inverse = np.linalg.inv(r)
        return np.asarray(inverse @ np.swapaxes(inverse, 1, 2))

    def moments(self, w: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return y'Ay, tr AV, tr A and tr (A S)^2 for the projection A with weights w."""
        root, basis, _, rest = self._decompose(w)
        v = np.where(w > 0, self.v, 0.0).T
        s = v + t[:, None]
        ww = root * root
        open_ = ww * (1.0 - (basis * basis).sum(axis=2))
        # A S = W^(1/2) (I - QQ') W^(1/2) S: the trace of its square over i and j.
        inner = np.swapaxes(basis, 1, 2) @ ((ww * s)[:, :, None] * basis)
        squares = (ww * s) ** 2
        spread = (squares * (1.0 - 2.0 * (basis * basis).sum(axis=2))).sum(axis=1)
        spread = spread + (inner * inner).sum(axis=(1, 2))
        return (rest * rest).sum(axis=1), (open_ * v).sum(axis=1), open_.sum(axis=1), spread

    @cached_property
    def residual_spread(self) -> Floats:
        """The unweighted residual sum of squares."""
        _, _, _, rest = self._decompose(np.isfinite(self.v).astype(float))
        return np.asarray((rest * rest).sum(axis=1))

    @cached_property
    def total_spread(self) -> Floats:
        """The unweighted sum of squares about the mean."""
        r = self.y - over_studies(self.y) / self.count
        r[np.isinf(self.v)] = 0.0
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
            r = np.linalg.qr(self.x, mode="r")
            log_det = 2.0 * np.log(np.abs(np.diagonal(r, axis1=1, axis2=2))).sum(axis=1)
            value += at.total - log_det
        return -0.5 * value


def _onto(basis: Floats, z: Floats) -> Floats:
    """Return Q'z, shape (n, p)."""
    return np.asarray((np.swapaxes(basis, 1, 2) @ z[:, :, None])[:, :, 0])


def _fitted(basis: Floats, z: Floats) -> Floats:
    """Return QQ'z, shape (n, k)."""
    return np.asarray((basis @ _onto(basis, z)[:, :, None])[:, :, 0])
