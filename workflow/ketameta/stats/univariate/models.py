"""The mean of a block of analyses, as every heterogeneity estimator needs it.

With weights u_i = 1 / (v_i + t) and P = U - U X (X'UX)^-1 X'U, all estimators of tau2 are
equations in a few sums: y'Py (the generalised Q), y'PPy, y'PPPy, tr P, tr PP. Studies lie on
the leading axis, analyses on the last, so that every sum runs along contiguous memory.
`design.DesignModel` offers the same for a regression.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.sums import Floats, Rows, Sums, over_studies, q_and_slope, sums


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
        smallest: Floats = self.v[0]
        return smallest

    @cached_property
    def high(self) -> Floats:
        """The largest variance of each analysis."""
        v = self.v if self.absent is None else np.where(self.absent, 0.0, self.v)
        largest: Floats = np.maximum.reduce(v, axis=0)
        return largest

    @cached_property
    def absent(self) -> NDArray[np.bool_] | None:
        """Where there is no study, shape (k, n); None where all are present."""
        return None if (self.count == self.v.shape[0]).all() else np.isinf(self.v)

    @cached_property
    def zero(self) -> Sums:
        """The sums at t = 0, for the restricted likelihood."""
        return self.sums(np.zeros(self.count.size), True)

    def log_det(self, t: Floats) -> Floats:
        """Return sum log(v + t) of the studies present."""
        logs = self.v + t
        np.log(logs, out=logs)
        if self.absent is not None:
            logs[self.absent] = 0.0
        return over_studies(logs)

    def take(self, rows: Rows) -> Self:
        """Return the model of some of the analyses (or of one several times)."""
        # take, unlike an index, keeps the analyses contiguous.
        return type(self)(*(getattr(self, x).take(rows, axis) for x, axis in self.parts.items()))

    @abstractmethod
    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t."""


# Of fewer studies in each analysis of a block, this share of all, the gaps are closed.
_FULL = 0.8


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
        present = ~np.isnan(vi)
        count = present.sum(axis=1).astype(float)
        gaps = not present.all()
        if gaps and (most := int(count.max())) < _FULL * vi.shape[1]:
            # a sum over the others is the same without what is absent from it
            places = np.flatnonzero(present)
            present = np.arange(most) < count[:, None]
            yi, vi = (filled(present, x.ravel()[places]) for x in (yi, vi))
        y, v, absent = np.array(yi.T, order="C"), np.array(vi.T, order="C"), ~present.T
        if gaps:
            v[absent], y[absent] = np.inf, 0.0
        most_precise_first(v, absent if gaps else None, y)
        origin = y[0].copy()
        y -= origin
        if gaps:
            y[np.isinf(v)] = 0.0
        return cls(y, v, count, origin)

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t."""
        return sums(self.y, self.v, t, restricted)

    def q(self, t: Floats) -> tuple[Floats, Floats]:
        """Return y'Py, the generalised Q at t, and y'PPy, minus its derivative."""
        return q_and_slope(self.y, self.v, t)

    def moments(self, w: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return y'Ay, tr AV, tr A and tr (A S)^2 for the projection A with weights w.

        A = diag(w) - w w' / sum w, S = V + t I. `w` has shape (k, n) and is 0 for an absent
        study. These four make every moment estimator of tau2 and its standard error
        (DerSimonian & Kacker 2007, eq. 4 and 6).
        """
        share = w / over_studies(w)
        r = self.y - over_studies(share * self.y)
        v = np.where(w > 0, self.v, 0.0)
        other = w * (1.0 - share)
        ws = w * (v + t)
        with np.errstate(over="ignore"):  # of a variance next to infinite, with w = 1
            cross = over_studies(share * ws)
            spread = over_studies(ws * ws * (1.0 - 2.0 * share)) + cross * cross
        return over_studies(w * r * r), over_studies(other * v), over_studies(other), spread

    @cached_property
    def residual_spread(self) -> Floats:
        """The unweighted residual sum of squares."""
        r = self.y - over_studies(self.y) / self.count
        if self.absent is not None:
            r[self.absent] = 0.0
        return over_studies(r * r)

    @property
    def total_spread(self) -> Floats:
        """The unweighted sum of squares about the mean."""
        return self.residual_spread

    def log_likelihood(self, t: Floats, restricted: bool, sums: Sums | None = None) -> Floats:
        """Return the (restricted) log-likelihood at t, its mean profiled out.

        Full: -1/2 [k log 2pi + sum log(v+t) + y'Py]. Restricted (Harville 1974): k-1 for k in
        the first term, and + log sum u - log k inside the bracket.
        """
        at = sums or self.sums(t, restricted)
        dims = self.df if restricted else self.count
        value: Floats = dims * np.log(2.0 * np.pi) + self.log_det(t) + at.q
        if restricted:
            value += np.log(at.total) - np.log(self.count)
        return -0.5 * value


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
        return over_studies(self.r * self.r)

    def sums(self, t: Floats, restricted: bool) -> Sums:
        """Return the sums at t; `mean` is sum u r, the slope of the log-likelihood in mu."""
        u = 1.0 / (self.v + t)
        e = u * self.r
        ee = e * e
        parts = (e, u, e * self.r, ee, u, ee * u, u * u)
        return Sums(*map(over_studies, parts))

    def log_likelihood(self, t: Floats, restricted: bool, sums: Sums | None = None) -> Floats:
        """Return the full log-likelihood at t and the given mean."""
        q = (sums or self.sums(t, restricted)).q
        value: Floats = self.count * np.log(2.0 * np.pi) + self.log_det(t) + q
        return -0.5 * value


def filled(here: NDArray[np.bool_], x: Floats) -> Floats:
    """Return values, shape (..., m), at the m places of a mask in their order, NaN elsewhere."""
    found = np.full((*x.shape[:-1], *here.shape), np.nan)
    np.place(found, np.broadcast_to(here, found.shape), x)
    return found


def most_precise_first(v: Floats, absent: NDArray[np.bool_] | None, *others: Floats) -> None:
    """Put the study with the least variance first, in v and in others of shape (k, n) (in place).

    `absent` is where there is none, v being infinite there.
    """
    # The first least one: twice as fast as argmin along this axis.
    best = (v == np.minimum.reduce(v, axis=0)).argmax(axis=0)
    column = np.arange(v.shape[1])
    # The others have the order that they have without the absent ones.
    first = np.zeros_like(best) if absent is None else absent.argmin(axis=0)
    for x, none in ((v, np.inf), *((other, 0.0) for other in others)):
        lead = x[best, column]
        x[best, column] = x[first, column]
        x[first, column] = none
        x[0] = lead
