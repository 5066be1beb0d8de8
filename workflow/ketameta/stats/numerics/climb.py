"""Where a rising function r(tau2) is 1: the search behind the likelihoods and behind Q(tau2).

The score of a likelihood is zero where r = b/a is 1 (see `likelihood`), the generalised Q meets
a target where r = target / Q is. Both are linear in tau2 where all variances are equal and nearly
so for large tau2. A step goes to the cubic in r through the last two points and their slopes
(order 2.7), to Newton's where that leaves the bracket, and to the middle of the bracket where
both do or, every eighth time, to make sure of the end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.sums import Floats, Rows, Sums

Flags = NDArray[np.bool_]

STEPS = 500  # evaluations: every eighth step bisects, and 60 bisections always suffice
# The error is below the square of the last step: after 1e-6 of t it is nearly rounding.
CLOSE = 1e-6
# Near 0 an equation is only known to eps (t + min v).
ROUNDING = 4e-16


class LikelihoodPoint(NamedTuple):
    """The four sums at t that the likelihood is judged by, each of shape (n,)."""

    t: Floats
    a: Floats
    b: Floats
    c: Floats
    d: Floats

    def at(self, rows: Rows) -> LikelihoodPoint:
        """Return some of the analyses."""
        return LikelihoodPoint(*(x[rows] for x in self))

    def join(self, other: LikelihoodPoint) -> LikelihoodPoint:
        """Return the analyses of both, one after the other."""
        return LikelihoodPoint(*(np.concatenate(x) for x in zip(self, other, strict=True)))


class CurvePoint(NamedTuple):
    """A point of r, with the slope dt/dr of its inverse."""

    t: Floats
    r: Floats
    rate: Floats


class Score(NamedTuple):
    """r = b/a of a (restricted) likelihood: below 1 where the likelihood rises."""

    model: Any
    restricted: bool

    def at(self, t: Floats) -> tuple[CurvePoint, tuple[Floats, ...]]:
        """Evaluate at t; also return the sums a, b, c, d."""
        return self.known(t, self.model.sums(t, self.restricted))

    @staticmethod
    def known(t: Floats, at: Sums | LikelihoodPoint) -> tuple[CurvePoint, tuple[Floats, ...]]:
        """Return the same from sums at hand."""
        a, b, c, d = at.a, at.b, at.c, at.d
        return CurvePoint(t, b / a, a * a / (2.0 * b * c - d * a)), (a, b, c, d)

    def take(self, rows: Rows) -> Score:
        """Return some of the analyses, their order kept."""
        if rows.size == self.model.count.size:
            return self
        return self._replace(model=self.model.take(rows))


class SpreadCurve(NamedTuple):
    """r = target / Q, Q the generalised one."""

    model: Any
    target: Floats

    def at(self, t: Floats) -> tuple[CurvePoint, tuple[Floats, ...]]:
        """Evaluate at t."""
        q, a = self.model.q(t)
        return CurvePoint(t, self.target / q, q * q / (self.target * a)), ()

    def take(self, rows: Rows) -> SpreadCurve:
        """Return some of the analyses, their order kept."""
        if rows.size == self.model.count.size:
            return self
        return SpreadCurve(self.model.take(rows), self.target[rows])


Curve = Score | SpreadCurve


def _cubic(old: CurvePoint, at: CurvePoint) -> tuple[Floats, Floats]:
    """Return the step from `at` to where the cubic in r through both points is 1, and Newton's.

    The cubic t(r) has the slopes of both points; it is written in divided differences at `at`.
    """
    gap, rest = old.r - at.r, 1.0 - at.r
    chord = (old.t - at.t) / gap
    bend = (chord - at.rate) / gap
    twist = ((old.rate - chord) / gap - bend) / gap
    return rest * (at.rate + rest * (bend + (rest - gap) * twist)), rest * at.rate


def climb(
    curve: Curve,
    old: CurvePoint,
    between: tuple[Floats, Floats],
    t: Floats,
    ended: Flags,
    steps: int,
) -> tuple[Floats, list[Floats], Flags]:
    """Find where r is 1 for many analyses; arrays of shape (n,) throughout.

    Parameters
    ----------
    curve
        The function.
    old
        A point where it is known.
    between
        Where it is below 1, and where it is not.
    t
        Where to start.
    ended
        Where it is evaluated at t and that is all.
    steps
        After how many evaluations to give up.

    Returns
    -------
    (t, sums, done)
        The roots, what the curve said besides r at the point before, and whether the search
        ended within tolerance.
    """
    low, (lo, hi) = curve.model.low, between
    live = np.arange(t.size)
    out, done = np.empty(t.size), np.zeros(t.size, dtype=bool)
    sums: list[Floats] = []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for step in range(steps):
            at, more = curve.at(t)
            up = at.r < 1.0
            lo, hi = np.where(up, t, lo), np.where(up, hi, t)
            move, newton = _cubic(old, at)
            new = t + move
            inside = (new > lo) & (new < hi)
            if not inside.all():
                new = np.where(inside, new, t + newton)
                inside = (new > lo) & (new < hi)
            near = np.abs(new - t) <= CLOSE * new
            near |= np.abs(newton) <= ROUNDING * (t + low)
            stays = near | ended
            inside = stays if step % 8 == 7 else inside | stays
            if not inside.all():
                new = np.where(inside, new, np.sqrt((lo + low) * (hi + low)) - low)
                near |= hi - lo <= ROUNDING * (hi + low)
            old, t = at, np.where(ended, t, np.maximum(new, 0.0))
            ended = ended | near
            # Finished analyses ride along until half are: copying the rest at every step costs
            # more than to evaluate them once again.
            left = np.flatnonzero(~ended)
            if 2 * left.size <= ended.size or step == steps - 1:
                sums = sums or [np.empty(out.size) for _ in more]
                for x, y in zip((out, *sums), (t, *more), strict=True):
                    x[live] = y
                done[live] = ended
                if not left.size:
                    break
                live, ended, curve = live[left], ended[left], curve.take(left)
                low, lo, hi, t = low[left], lo[left], hi[left], t[left]
                old = CurvePoint(*(x[left] for x in old))
    return out, sums, done
