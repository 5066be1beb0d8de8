"""The tau2 that maximises the likelihood over all of [0, inf), for many analyses at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketameta.stats.models import Floats, MeanModel

GRID = 12
STEPS = 200


def maximise(model: MeanModel, restricted: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """Return tau2 at the global maximum, and whether the search ended within tolerance.

    Twice the score is a(t) - b(t) with a = y'PPy and b = tr P (restricted) or sum u. It is
    computed on a grid of t + min(v), equally spaced in the logarithm, from t = 0 to a bound
    above which it is negative. Every sign change from + to - encloses a maximum, as does
    t = 0 if the score there is not positive. Each is found by a safeguarded Newton step; where
    there are several the likelihood decides.
    """
    floor = model.v[0]
    top = _bound(model, restricted)
    n = floor.size
    span = np.log(np.maximum(top / floor, 1.0))
    grid = floor * np.exp(np.linspace(0.0, 1.0, GRID)[:, None] * span)
    t = grid - floor
    t[0] = 0.0
    a, b = model.score(t, restricted)
    up = a > b
    up[-1] = False
    turn = up[:-1] & ~up[1:]
    cell, row = np.nonzero(turn)
    tau2 = np.zeros(n)
    done = np.ones(n, dtype=bool)
    if row.size:
        part = model if row.size == n and (row == np.arange(n)).all() else model.take(row)
        ratio = b / a.clip(np.finfo(float).tiny)
        root, ok = _root(
            part, restricted, t[cell, row], t[cell + 1, row], ratio[cell, row], ratio[cell + 1, row]
        )
        _choose(model, restricted, row, root, ok, ~up[0], tau2, done)
    return tau2, done


def _choose(
    model: MeanModel,
    restricted: bool,
    row: NDArray[np.intp],
    root: Floats,
    ok: NDArray[np.bool_],
    at_zero: NDArray[np.bool_],
    tau2: Floats,
    done: NDArray[np.bool_],
) -> None:
    """Write to tau2 and done the best of each analysis's candidates."""
    rivals = np.bincount(row, minlength=tau2.size) + at_zero
    single = rivals[row] == 1
    tau2[row[single]] = root[single]
    done[row[single]] = ok[single]
    many = np.flatnonzero(~single)
    if not many.size:
        return
    # A maximum at 0 is the rival to beat; without one any maximum inside beats minus infinity.
    where = np.unique(row[many])
    best = np.full(tau2.size, -np.inf)
    part = model.take(where)
    value = part.log_likelihood(np.zeros(where.size), restricted)
    best[where] = np.where(at_zero[where], value, -np.inf)
    values = model.take(row[many]).log_likelihood(root[many], restricted)
    for i, value in zip(many, values, strict=True):
        if value > best[row[i]]:
            best[row[i]], tau2[row[i]], done[row[i]] = value, root[i], ok[i]


def _bound(model: MeanModel, restricted: bool) -> Floats:
    """Return min(v) plus a tau2 above which the score is negative.

    In the eigenbasis of V within the residual space, a = sum z^2/(d+t)^2 and
    b >= sum 1/(d+t), min v <= d <= max v, sum z^2 = SS. Hence a < b once
    SS (max v + t) < (k - p) (min v + t)^2, and once t + min v > SS.
    """
    ss, _ = model.total_spread()
    low = model.v[0]
    high = np.where(np.isfinite(model.v), model.v, 0.0).max(axis=0)
    df = model.df
    half = ss / (2.0 * df)
    root = half + np.sqrt(half * half + ss / df * (high - low))
    return np.minimum(root, ss) * (1.0 + 1e-9)


def _root(
    model: MeanModel, restricted: bool, lo: Floats, hi: Floats, rlo: Floats, rhi: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Find where b/a = 1 between lo (score > 0) and hi (score <= 0).

    b/a is linear in t where all v are equal and nearly so for large t, so Newton's step on
    b/a - 1 needs few rounds; a step that leaves the bracket is replaced by its middle.
    """
    n = lo.size
    floor = model.v[0]
    lo, hi = lo.copy(), hi.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        t = lo + (1.0 - rlo) / (rhi - rlo) * (hi - lo)
    t = np.where((t > lo) & (t < hi), t, _middle(lo, hi, floor))
    out = t.copy()
    done = np.zeros(n, dtype=bool)
    live = np.arange(n)
    for _ in range(STEPS):
        a, b, c, d = model.slope(t, restricted)
        up = a > b
        lo = np.where(up, t, lo)
        hi = np.where(up, hi, t)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            new = t + a * (a - b) / (2.0 * b * c - d * a)
        new = np.where((new >= lo) & (new <= hi), new, _middle(lo, hi, floor))
        move = np.abs(new - t)
        # Newton's error is the square of its last step: 1e-8 of t leaves nothing above
        # rounding. Close to 0 the score itself is only known to eps (t + min v).
        ended = (move <= 1e-8 * new) | (move <= 4e-16 * (new + floor))
        t = new
        out[live] = t
        if ended.any():
            done[live[ended]] = True
            keep = np.flatnonzero(~ended)
            if not keep.size:
                break
            live, lo, hi, t, floor = live[keep], lo[keep], hi[keep], t[keep], floor[keep]
            model = model.take(keep)
    return out, done


def _middle(lo: Floats, hi: Floats, floor: Floats) -> Floats:
    """Return the middle of a bracket on the scale of log(t + min v)."""
    return np.sqrt((lo + floor) * (hi + floor)) - floor
