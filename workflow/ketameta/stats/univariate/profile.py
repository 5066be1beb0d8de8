"""Profile-likelihood intervals: of tau2, and of the pooled effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.numerics.sums import Floats, Rows
from ketameta.stats.univariate.intervals import NAMES, EffectInterval, PooledEffect
from ketameta.stats.univariate.likelihood import maximise
from ketameta.stats.univariate.models import KnownMean, MeanModel

Flags = NDArray[np.bool_]
# Nodes of tau2, even on the scale of log(least variance + tau2). Peaks of the likelihood are some
# sqrt(2 / k) wide there: a part of the region between two nodes would have to be narrower.
GRID = 200
# Elements of the nodes that are looked at in one go, a megabyte an array
AT_ONCE = 131072
# Points at which the room between two parts is looked at
WITHIN = np.linspace(0.0, 1.0, 9)[1:-1]


def tau2_profile(
    model: Any, tau2: Floats, method: str, level: float
) -> tuple[Floats, Floats, Flags]:
    """Return the likelihood-ratio interval of tau2 (Hardy & Thompson 1996; Viechtbauer 2007).

    All tau2 at which twice the log-likelihood is within the chi-squared quantile on 1 degree of
    its maximum: the full likelihood for ML, else the restricted one, whichever estimator gave
    `tau2`. Where a likelihood of several peaks makes that set fall apart its outermost limits
    are returned, and True. The lower limit is 0 where 0 belongs to the set.
    """
    from scipy.optimize.elementwise import find_root

    restricted = method != "ML"
    peak = tau2 if method in {"ML", "REML"} else maximise(model, restricted)[0]
    nodes, value = _region(model, peak, restricted, level)
    excess = _excess(model, peak, restricted, level)
    inside = value <= 0.0
    first, last = inside.argmax(axis=0), len(nodes) - 1 - inside[::-1].argmax(axis=0)
    n = tau2.size
    lower, upper = np.zeros(n), np.zeros(n)
    for limit, cell, some in ((lower, first - 1, first > 0), (upper, last, last >= 0)):
        which = np.flatnonzero(some)
        i = cell[which]
        limit[which] = find_root(excess, (nodes[i, which], nodes[i + 1, which]), args=(which,)).x
    place = np.arange(len(nodes))[:, None]
    return lower, upper, (~inside & (place > first) & (place < last)).any(axis=0)


def _excess(
    model: Any, peak: Floats, restricted: bool, level: float
) -> Callable[[Floats, Rows], Floats]:
    """Return how far twice the log-likelihood at t is below the region, of some analyses."""
    fall = special.chdtri(1.0, 1.0 - level)
    height = model.log_likelihood(peak, restricted)

    def excess(t: Floats, rows: Rows) -> Floats:
        value = model.take(rows).log_likelihood(t, restricted)
        return np.asarray(2.0 * (height[rows] - value) - fall)

    return excess


def _region(model: Any, peak: Floats, restricted: bool, level: float) -> tuple[Floats, Floats]:
    """Return nodes of tau2 from 0 to beyond the region, shape (GRID + 1, n), and the excess there.

    The maximum is one of the nodes.
    """
    excess = _excess(model, peak, restricted, level)
    everyone = np.arange(peak.size)
    # Beyond every maximum the likelihood falls like t^(-df/2): the far end is outside.
    low = model.low
    far = 4.0 * (model.residual_spread + model.high + peak)
    rows = everyone
    while rows.size:
        rows = rows[excess(far[rows], rows) <= 0.0]
        far[rows] *= 16.0
    nodes = low * np.expm1(np.linspace(0.0, 1.0, GRID)[:, None] * np.log1p(far / low))
    nodes[0], nodes[-1] = 0.0, far
    nodes = np.sort(np.vstack([nodes, peak]), axis=0)
    several = max(1, AT_ONCE // max(model.v.size, 1))
    value = [
        excess(some.ravel(), np.tile(everyone, len(some))).reshape(some.shape)
        for some in (nodes[i : i + several] for i in range(0, len(nodes), several))
    ]
    return nodes, np.concatenate(value)


def effect_profile(model: MeanModel, fit: PooledEffect, level: float) -> EffectInterval:
    """Return the likelihood-ratio interval of the pooled effect (Hardy & Thompson 1996).

    All mu at which twice the full log-likelihood, maximised over tau2, is within the
    chi-squared quantile on 1 degree of its maximum. `statistic` is the signed root of the
    likelihood ratio against mu = 0 and `p` its normal tail; `se` is Wald's. The interval is that
    of the likelihood whatever estimator gave the estimate, which need not lie in its middle.

    Where the set falls apart (a precise study far from the others) the interval holds its
    outermost limits, so that it excludes 0 only where p says so too, and `in_parts` is True.
    """
    from scipy.optimize.elementwise import find_root

    n = fit.estimate.size
    tau2, _ = maximise(model, False)
    at = model.sums(tau2, False)
    top, peak, se = model.log_likelihood(tau2, False, at), at.mean, np.sqrt(1.0 / at.total)
    reach = np.sqrt(special.chdtri(1.0, 1.0 - level))

    def drop(mu: Floats, rows: Rows) -> Floats:
        known = KnownMean.of(model.take(rows), mu)
        best, _ = maximise(known, False)
        return np.asarray(2.0 * (top[rows] - known.log_likelihood(best, False)).clip(0.0))

    # The root of the drop is nearly linear in mu, the drop itself nearly quadratic.
    def root(mu: Floats, rows: Rows) -> Floats:
        return np.asarray(np.sqrt(drop(mu, rows)) - reach)

    everyone = np.arange(n)
    left, right = _spans(model, tau2, level)
    limits = []
    for side, start in ((-1.0, left.min(axis=0)), (1.0, right.max(axis=0))):
        inner, outer = start.copy(), start + side * reach * se
        rows = everyone[root(outer, everyone) <= 0.0]
        while rows.size:
            inner[rows] = outer[rows]
            outer[rows] = start[rows] + 2.0 * (outer[rows] - start[rows])
            rows = rows[root(outer[rows], rows) <= 0.0]
        ends = np.minimum(inner, outer), np.maximum(inner, outer)
        found = find_root(root, ends, args=(everyone,))
        # no bracket: rounding puts the innermost point outside the region, and it is the limit
        limits.append(np.where(found.status == -1, inner, found.x) + model.origin)
    null = -model.origin
    statistic = np.sign(peak - null) * np.sqrt(drop(null, everyone))
    p = 2.0 * special.ndtr(-np.abs(statistic))
    return EffectInterval(
        np.sqrt(fit.variance),
        statistic,
        np.full(n, np.inf),
        p,
        limits[0],
        limits[1],
        np.full(n, "profile", NAMES),
        _apart(left, right, root),
    )


def _spans(model: MeanModel, tau2: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the mu that each node of tau2 allows, from left to right, shape (GRID, n).

    At a given t the log-likelihood falls from its maximum over mu by (mu - mean)^2 total / 2, so
    that t allows an interval about its mean; the region of mu is the union of these. Neighbours
    that both allow some mu also allow what lies between. (inf, -inf) where t allows none.
    """
    nodes, excess = _region(model, tau2, False, level)
    sums = [model.sums(t, False) for t in nodes]
    mean, total = np.array([at.mean for at in sums]), np.array([at.total for at in sums])
    half = np.sqrt(np.maximum(-excess, 0.0) / total)
    allows = excess <= 0.0
    left, right = np.where(allows, mean - half, np.inf), np.where(allows, mean + half, -np.inf)
    both = allows[1:] & allows[:-1]
    left[:-1] = np.where(both, np.minimum(left[:-1], left[1:]), left[:-1])
    right[:-1] = np.where(both, np.maximum(right[:-1], right[1:]), right[:-1])
    return left, right


def _apart(left: Floats, right: Floats, root: Callable[[Floats, Rows], Floats]) -> Flags:
    """Return whether the widest room between the spans really holds a mu outside the region."""
    order = np.argsort(left, axis=0)
    left, right = (np.take_along_axis(x, order, axis=0) for x in (left, right))
    so_far = np.maximum.accumulate(right, axis=0)
    with np.errstate(invalid="ignore"):
        room = np.where(np.isfinite(left[1:]), left[1:] - so_far[:-1], -np.inf)
    widest, everyone = room.argmax(axis=0), np.arange(room.shape[1])
    found = np.zeros(room.shape[1], dtype=bool)
    rows = np.flatnonzero(room[widest, everyone] > 0.0)
    for share in WITHIN if rows.size else ():
        start = so_far[widest[rows], rows]
        found[rows] |= root(start + share * room[widest[rows], rows], rows) > 0.0
    return found
