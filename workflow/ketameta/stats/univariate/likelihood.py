"""The tau2 that maximises the likelihood over all of [0, inf), proved so for each analysis.

Twice the score is a(t) - b(t), with a = y'PPy = sum z^2 x^2, and b = tr P = sum x (restricted) or
sum u (full), where x = 1 / (d + t) and every d lies between the smallest and the largest
variance: the d are the variances themselves, or the eigenvalues of V in the residual space,
which interlace them. So a, b and their slopes c = sum z^2 x^3, d = sum x^2 at one t bound a and b
everywhere else (Jensen's inequality from one side, the chord from the other), and these bounds
say over which stretch the score keeps its sign: `_stays_below` and `_stays_above` are that
proof. Most analyses need one Newton search and the proof that nothing lies to either side of
it; the others are cut into pieces until each is proved to hold no maximum or exactly one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.numerics.climb import STEPS, LikelihoodPoint, Score, climb
from ketameta.stats.numerics.sums import Floats, Rows, Sums

Flags = NDArray[np.bool_]

TINY = float(np.finfo(float).tiny)
# A piece of t + min(v) by this factor is not cut further: two maxima so close
# together differ in log-likelihood by less than its rounding matters (below 1e-6).
RESOLUTION = 1.02
# Two need fewest evaluations, eight fewest calls. Of 2, 3, 4 and 8, timed on batches and on single
# analyses with one and with several maxima, four is never far from the best; to choose by how many
# analyses there are would let these move each other's last digit.
PARTS = 4


# models.MeanModel, models.KnownMean or design.DesignModel: count, df, low, high,
# residual_spread, take, sums and log_likelihood.
Model = Any


def _point(model: Model, t: Floats, restricted: bool) -> LikelihoodPoint:
    """Evaluate the model at t."""
    at = model.sums(t, restricted)
    return LikelihoodPoint(t, at.a, at.b, at.c, at.d)


def maximise(model: Model, restricted: bool, zero: Sums | None = None) -> tuple[Floats, Flags]:
    """Return tau2 at the global maximum, and whether the search ended within tolerance.

    `zero` may hand in the sums at tau2 = 0 where they are known.
    """
    origin = np.zeros(model.count.size)
    at = zero or model.sums(origin, restricted)
    top = _limit(model)
    nil = LikelihoodPoint(origin, at.a, at.b, at.c, at.d)
    up = (nil.a > nil.b) & (top > 0.0)
    if up.any():
        start = np.where(up, np.minimum(np.maximum(_start(at, model.df), 0.02 * top), top), 0.0)
        best, done = _climb(Score(model, restricted), nil, top, start, ~up)
    else:
        best, done = nil, ~up
    left, right = _surroundings(nil, best, model.low, model.high, top)
    doubt = np.flatnonzero(~(left & right))
    if not doubt.size:
        return best.t, done
    tau2 = best.t.copy()
    part = model if doubt.size == tau2.size else model.take(doubt)
    best = best.at(doubt)
    after = np.flatnonzero(~right[doubt])
    end = _point(part.take(after), top[doubt][after], restricted)
    pieces = _pieces(nil.at(doubt), best, end, np.flatnonzero(~left[doubt]), after)
    brackets = _search(part, restricted, pieces)
    if brackets[0].size:
        tau2[doubt], done[doubt] = _best(part, restricted, best.t, done[doubt], brackets)
    return tau2, done


def _start(zero: Sums, df: Floats) -> Floats:
    """Return DerSimonian and Laird's estimate, which the sums at 0 contain; infinite at most."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray((zero.q - df) / zero.b)


def _climb(
    curve: Score, nil: LikelihoodPoint, hi: Floats, t: Floats, ended: Flags
) -> tuple[LikelihoodPoint, Flags]:
    """Return the root of the score between `nil` and hi, and whether it was found."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        old, _ = curve.known(nil.t, nil)
    t, (a, b, c, d), done = climb(curve, old, (nil.t, hi), t, ended, STEPS)
    # At a root a = b holds exactly; where the search did not start the score may be below 0.
    return LikelihoodPoint(t, a, np.where(ended, b, a), c, d), done


def _limit(model: Model) -> Floats:
    """Return a bound above every maximum.

    a <= SS / (min v + t)^2 and b >= (k - p) / (max v + t): the score is negative once
    SS (max v + t) < (k - p) (min v + t)^2, and also once min v + t > SS, where every
    log(d + t) + z^2 / (d + t) rises.
    """
    low, high, ss = model.low, model.high, model.residual_spread
    half = ss / (2.0 * model.df)
    with np.errstate(over="ignore"):  # of a variance next to infinite; the other bound holds
        bound = np.minimum(half + np.sqrt(half * (half + 2.0 * (high - low))), ss)
    limit: Floats = np.maximum(bound * (1.0 + 1e-9) - low, 0.0)
    return limit


def _surroundings(
    nil: LikelihoodPoint, best: LikelihoodPoint, low: Floats, high: Floats, top: Floats
) -> tuple[Flags, Flags]:
    """Return whether nothing can hide below and above the maximum in hand."""
    with np.errstate(divide="ignore"):  # b of a swamped study may underflow
        ratio = best.a / best.b
    right = (top <= best.t) | _stays_below(best, ratio, low, high, top - best.t)
    left = (best.t <= 0.0) | _stays_above(best, ratio, low, high, -best.t)
    rows = np.flatnonzero(~left)
    left[rows] = _stays_above_between(nil.at(rows), best.at(rows), low[rows], high[rows])
    return left, right


def _stays_above_between(
    nil: LikelihoodPoint, best: LikelihoodPoint, low: Floats, high: Floats
) -> Flags:
    """Return where a > b is proved from both ends to a meeting point; best is a root."""
    middle = (low * (low + best.t)) ** 0.5 - low
    with np.errstate(divide="ignore"):
        ratio = nil.a / nil.b
    first = _stays_above(nil, ratio, low, high, middle)
    return first & _stays_above(best, best.a / best.b, low, high, middle - best.t)


def _shape(at: LikelihoodPoint, low: Floats, high: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return min v + t, and in units of its inverse the least x and the means c/a and d/b."""
    unit = low + at.t
    least = unit / (high + at.t)
    # Without any spread a and c are 0: any mean does.
    x1 = np.minimum(np.maximum(unit * at.c / np.maximum(at.a, TINY), least), 1.0)
    return unit, least, x1, np.minimum(np.maximum(unit * at.d / at.b, least), 1.0)


def _stays_below(
    at: LikelihoodPoint, ratio: Floats, low: Floats, high: Floats, step: Floats
) -> Flags:
    """Return where a < b is proved from t to t + step (of either sign), ratio being a/b at t.

    For a step h: b >= b / (1 + x2 h) by Jensen, x2 = d/b the mean of x; a is at most its chord,
    a (1 + g h + e h^2) / ((1 + h)(1 + m h))^2, m the least x and x1 = c/a the mean that enters
    g and e. Cleared of denominators this is a quartic in h.
    """
    unit, m, x1, x2 = _shape(at, low, high)
    h = step / unit
    s = 1.0 + m
    g = 2.0 * (s - x1)
    e = 1.0 - (x1 - m) * s
    hh = h * h
    k1 = (2.0 * s - ratio * (g + x2)) * h
    k2 = (s * s + 2.0 * m - ratio * (e + x2 * g)) * hh
    k3 = (2.0 * s * m - ratio * x2 * e) * hh * h
    k0, k4 = 1.0 - ratio, (m * hh) * (m * hh)
    # A polynomial is positive on [0, 1] where all its Bernstein coefficients are.
    return (
        (k0 >= 0.0)
        & (k0 + k1 / 4.0 > 0.0)
        & (k0 + k1 / 2.0 + k2 / 6.0 > 0.0)
        & (k0 + 0.75 * k1 + k2 / 2.0 + k3 / 4.0 > 0.0)
        & (k0 + k1 + k2 + k3 + k4 > 0.0)
    )


def _stays_above(
    at: LikelihoodPoint, ratio: Floats, low: Floats, high: Floats, step: Floats
) -> Flags:
    """Return where a > b is proved from t to t + step; as `_stays_below` with the roles swapped.

    a >= a / (1 + x1 h)^2 by Jensen, b at most its chord b (1 + (s - x2) h) / ((1 + h)(1 + m h)):
    a cubic in h.
    """
    unit, m, x1, x2 = _shape(at, low, high)
    h = step / unit
    s = 1.0 + m
    other = s - x2
    k0 = ratio - 1.0
    k1 = (ratio * s - 2.0 * x1 - other) * h
    k2 = (ratio * m - x1 * (x1 + 2.0 * other)) * (h * h)
    k3 = -other * (x1 * h) * (x1 * h) * h
    return (
        (k0 >= 0.0)
        & (k0 + k1 / 3.0 > 0.0)
        & (k0 + (2.0 * k1 + k2) / 3.0 > 0.0)
        & (k0 + k1 + k2 + k3 > 0.0)
    )


class Pieces(NamedTuple):
    """Stretches of tau2 in which other maxima may hide.

    `row` says of which analysis; `up_left` and `up_right` whether the score is positive just
    inside the ends, which at a root the sums there cannot say.
    """

    row: Rows
    left: LikelihoodPoint
    right: LikelihoodPoint
    up_left: Flags
    up_right: Flags

    def at(self, which: Rows) -> Pieces:
        """Return some of the pieces."""
        return Pieces(
            self.row[which],
            self.left.at(which),
            self.right.at(which),
            self.up_left[which],
            self.up_right[which],
        )


def _pieces(
    nil: LikelihoodPoint, best: LikelihoodPoint, end: LikelihoodPoint, before: Rows, after: Rows
) -> Pieces:
    """Return the pieces before and after the maximum in hand that are not yet decided."""
    up = np.arange(before.size + after.size) < before.size
    left = nil.at(before).join(best.at(after))
    return Pieces(np.concatenate([before, after]), left, best.at(before).join(end), up, up.copy())


def _search(model: Model, restricted: bool, pieces: Pieces) -> tuple[Rows, LikelihoodPoint, Floats]:
    """Cut the pieces until each is decided; return those that hold a maximum: row, ends."""
    low, high = model.low, model.high
    found = []
    while pieces.row.size:
        # Places, not flags: of many arrays flags would be counted again for each.
        holds, open_ = map(np.flatnonzero, _decide(pieces, low[pieces.row], high[pieces.row]))
        found.append((pieces.row[holds], pieces.left.at(holds), pieces.right.t[holds]))
        if not open_.size:
            break
        pieces = _cut(model, restricted, pieces.at(open_))
    row, left, hi = zip(*found, strict=True)
    return (
        np.concatenate(row),
        LikelihoodPoint(*map(np.concatenate, zip(*left, strict=True))),
        np.concatenate(hi),
    )


def _cut(model: Model, restricted: bool, pieces: Pieces) -> Pieces:
    """Cut each piece into PARTS, of one length on the scale of log(min v + t)."""
    row, left, right, up_left, up_right = pieces
    cuts = PARTS - 1
    low = model.low[row]
    share = np.arange(1, PARTS)[:, None] / PARTS
    span = np.log((right.t + low) / (left.t + low))
    t = (left.t + low) * np.exp(share * span) - low
    between = _point(model.take(np.tile(row, cuts)), t.ravel(), restricted)
    up = between.a > between.b
    return Pieces(
        np.tile(row, PARTS),
        left.join(between),
        between.join(right),
        np.concatenate([up_left, up]),
        np.concatenate([up, up_right]),
    )


def _decide(pieces: Pieces, low: Floats, high: Floats) -> tuple[Flags, Flags]:
    """Return which pieces hold exactly one maximum, and which are still open.

    The score keeps its sign over a piece where the proofs from its two ends meet in the middle;
    it changes sign at most once where a/b is monotone, that is where 2 b c - a d keeps
    its sign. b c and a d fall with t, and rise when multiplied by (min v + t)^4.
    """
    _, left, right, up_left, up_right = pieces
    s_left, s_right = left.t + low, right.t + low
    middle = np.sqrt(s_left * s_right) - low
    kept = np.zeros(low.shape, dtype=bool)
    for proof, same in ((_stays_above, up_left & up_right), (_stays_below, ~up_left & ~up_right)):
        i = np.flatnonzero(same)
        p, q, lo, hi = left.at(i), right.at(i), low[i], high[i]
        kept[i] = proof(p, p.a / p.b, lo, hi, middle[i] - p.t)
        kept[i] &= proof(q, q.a / q.b, lo, hi, middle[i] - q.t)
    grow = s_right / s_left
    grow *= grow
    grow *= grow
    bc_left, bc_right = left.b * left.c, right.b * right.c
    ad_left, ad_right = left.a * left.d, right.a * right.d
    falls = (2.0 * bc_right > ad_left) | (2.0 * bc_left > grow * ad_right)
    rises = (2.0 * bc_left < ad_right) | (2.0 * grow * bc_right < ad_left)
    # So put that sums which are no numbers end the search rather than prolong it.
    small = ~(s_right > RESOLUTION * s_left)
    return up_left & ~up_right & (falls | small), ~(kept | falls | rises | small)


def _best(
    model: Model,
    restricted: bool,
    tau2: Floats,
    done: Flags,
    brackets: tuple[Rows, LikelihoodPoint, Floats],
) -> tuple[Floats, Flags]:
    """Return for each analysis the highest of the maximum in hand and those in brackets."""
    tau2, done = tau2.copy(), done.copy()
    row, left, hi = brackets
    part = model.take(row)
    low = part.low
    middle = np.sqrt((left.t + low) * (hi + low)) - low
    ended = np.zeros(row.size, dtype=bool)
    there, ok = _climb(Score(part, restricted), left, hi, middle, ended)
    value = part.log_likelihood(there.t, restricted)
    order = np.lexsort((value, row))
    last = order[np.append(row[order][1:] != row[order][:-1], True)]
    known = model.take(row[last]).log_likelihood(tau2[row[last]], restricted)
    last = last[value[last] > known]
    tau2[row[last]], done[row[last]] = there.t[last], ok[last]
    return tau2, done
