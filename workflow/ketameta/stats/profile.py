"""Profile-likelihood intervals: of tau2, and of the pooled effect."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ketameta.stats.intervals import NAMES, EffectInterval, Fitted
from ketameta.stats.likelihood import maximise
from ketameta.stats.models import Floats, KnownMean, MeanModel, Rows
from ketameta.stats.roots import bracketed

GRID = 40


def tau2_profile(model: Any, tau2: Floats, method: str, level: float) -> tuple[Floats, Floats]:
    """Return the likelihood-ratio interval of tau2 (Hardy & Thompson 1996; Viechtbauer 2007).

    All tau2 at which twice the log-likelihood is within the chi-squared quantile on 1 degree of
    its maximum: the full likelihood for ML, else the restricted one, whichever estimator gave
    `tau2`. Where a likelihood of several peaks makes that set fall apart its outermost limits
    are returned. The lower limit is 0 where 0 belongs to the set.
    """
    restricted = method != "ML"
    if method in {"ML", "REML"}:
        peak = tau2
    else:
        peak, _ = maximise(model, restricted)
    fall = special.chdtri(1.0, 1.0 - level)
    height = model.log_likelihood(peak, restricted)

    def excess(t: Floats, rows: Rows) -> Floats:
        value = model.take(rows).log_likelihood(t, restricted)
        return np.asarray(2.0 * (height[rows] - value) - fall)

    n = tau2.size
    everyone = np.arange(n)
    at_zero = excess(np.zeros(n), everyone)
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
    value = excess(nodes.ravel(), np.tile(everyone, len(nodes))).reshape(nodes.shape)
    inside = value <= 0.0
    first, last = inside.argmax(axis=0), len(nodes) - 1 - inside[::-1].argmax(axis=0)
    lower, upper = np.zeros(n), np.zeros(n)
    for limit, cell, some in ((lower, first - 1, at_zero > 0.0), (upper, last, at_zero > -np.inf)):
        which = np.flatnonzero(some)
        i = cell[which]
        ends = (nodes[i, which], nodes[i + 1, which], value[i, which], value[i + 1, which])

        def part(t: Floats, r: Rows, which: Rows = which) -> Floats:
            return excess(t, which[r])

        limit[which] = bracketed(part, *ends)
    return lower, upper


def effect_profile(model: MeanModel, fit: Fitted, level: float) -> EffectInterval:
    """Return the likelihood-ratio interval of the pooled effect (Hardy & Thompson 1996).

    All mu at which twice the full log-likelihood, maximised over tau2, is within the
    chi-squared quantile on 1 degree of its maximum. `statistic` is the signed root of the
    likelihood ratio against mu = 0 and `p` its normal tail; `se` is Wald's. The interval is that
    of the likelihood whatever estimator gave the estimate, which need not lie in its middle.
    """
    n = fit.estimate.size
    tau2, _ = maximise(model, False)
    at = model.sums(tau2, False)
    top, peak, se = model.log_likelihood(tau2, False, at), at.mean, np.sqrt(1.0 / at.total)

    def drop(mu: Floats, rows: Rows) -> Floats:
        known = KnownMean.of(model.take(rows), mu)
        best, _ = maximise(known, False)
        return np.asarray(2.0 * (top[rows] - known.log_likelihood(best, False)).clip(0.0))

    reach = np.sqrt(special.chdtri(1.0, 1.0 - level))
    limits = []
    everyone = np.arange(n)
    for side in (-1.0, 1.0):
        inner, outer = peak.copy(), peak + side * reach * se
        f_in, f_out = np.full(n, -reach), np.sqrt(drop(outer, everyone)) - reach
        rows = np.flatnonzero(f_out <= 0.0)
        while rows.size:
            inner[rows], f_in[rows] = outer[rows], f_out[rows]
            outer[rows] = peak[rows] + 2.0 * (outer[rows] - peak[rows])
            f_out[rows] = np.sqrt(drop(outer[rows], rows)) - reach
            rows = rows[f_out[rows] <= 0.0]

        # The root of the drop is nearly linear in mu, the drop itself nearly quadratic.
        def root(mu: Floats, rows: Rows) -> Floats:
            return np.asarray(np.sqrt(drop(mu, rows)) - reach)

        limits.append(bracketed(root, inner, outer, f_in, f_out) + model.origin)
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
    )
