"""Estimators of tau2, the variance of the true effects: one function each, found by name.

Each takes a model (`models.MeanModel` or the regression's) and returns tau2, its standard error
and whether it converged, each of shape (n,). A negative solution is cut at 0. The standard error
of a moment estimator is that of the untruncated one with the truncated tau2 put in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats.likelihood import maximise
from ketameta.stats.models import Sums

Floats = NDArray[np.float64]
STEPS = 200


class Tau2(NamedTuple):
    """An estimate of tau2 for each analysis of a block; the model's sums there if at hand."""

    value: Floats
    se: Floats
    converged: NDArray[np.bool_]
    sums: Sums | None = None


def solve_q(
    model: Any, target: Floats, start: Floats | None = None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the tau2 at which the generalised Q equals `target`, 0 where Q(0) is below it.

    Q(t) = sum z^2 / (d + t) in the eigenbasis, so 1/Q is an increasing concave function
    (a harmonic mean of the d + t): Newton's step on 1/Q lands at or left of the root from
    wherever it starts, and climbs to it, in one step where all v are equal.
    """
    out = np.zeros(target.size)
    done = np.ones(target.size, dtype=bool)
    live = np.flatnonzero(model.zero.q > target)
    if not live.size:
        return out, done
    done[live] = False
    t = (out if start is None else start)[live]
    floor = model.low[live]
    model, target = model.take(live), target[live]
    for _ in range(STEPS):
        q, a = model.q(t)
        new = np.maximum(t + q * (q - target) / (target * a), 0.0)
        # The error after a step is its square: relative 1e-7 leaves nothing above rounding.
        move = np.abs(new - t)
        ended = (move <= 1e-7 * new) | (move <= 4e-16 * (new + floor))
        out[live] = t = new
        if ended.any():
            done[live[ended]] = True
            left = np.flatnonzero(~ended)
            if not left.size:
                break
            live, target, t, floor = live[left], target[left], t[left], floor[left]
            model = model.take(left)
    return out, done


def _moment(
    y_ay: Floats, expected: Floats, slope: Floats, spread_at: Callable[[Floats], Floats]
) -> Tau2:
    """Return (y'Ay - expected) / slope cut at 0, with its standard error.

    Var(y'Ay) = 2 tr (A S)^2, S = V + tau2 I.
    """
    value = np.maximum((y_ay - expected) / slope, 0.0)
    se = np.sqrt(2.0 * spread_at(value)) / slope
    return Tau2(value, se, np.ones(value.size, dtype=bool))


def equal_effects(model: Any) -> Tau2:
    """EE: the true effects are equal by assumption."""
    n = model.count.size
    return Tau2(np.zeros(n), np.full(n, np.nan), np.ones(n, dtype=bool))


def _generalised(model: Any, a: Floats) -> Tau2:
    """Generalised moment estimator with weights a (DerSimonian & Kacker 2007, eq. 6)."""
    zero = np.zeros(model.count.size)
    y_ay, tr_av, tr_a, _ = model.moments(a, zero)
    return _moment(y_ay, tr_av, tr_a, lambda t: model.moments(a, t)[3])


def dersimonian_laird(model: Any) -> Tau2:
    """DL: weights 1/v (DerSimonian & Laird 1986); y'PPPy etc. at tau2 = 0 already say it."""
    return _generalised(model, 1.0 / model.v)


def two_step(model: Any) -> Tau2:
    """DL2: weights 1/(v + DL) (DerSimonian & Kacker 2007, section 2.4)."""
    return _generalised(model, 1.0 / (model.v + dersimonian_laird(model).value))


def hedges(model: Any) -> Tau2:
    """HE: equal weights (Hedges & Olkin 1985)."""
    return _generalised(model, np.isfinite(model.v).astype(float))


def hunter_schmidt(model: Any) -> Tau2:
    """HS: (Q - k) / sum 1/v (Hunter & Schmidt 1990; Viechtbauer 2005, eq. 9)."""
    a = 1.0 / model.v
    y_ay = model.moments(a, np.zeros(model.count.size))[0]
    return _moment(y_ay, model.count, a.sum(axis=0), lambda t: model.moments(a, t)[3])


def hunter_schmidt_k(model: Any) -> Tau2:
    """HSk: HS with Q inflated by k / (k - p) against its downward bias."""
    a = 1.0 / model.v
    y_ay = model.moments(a, np.zeros(model.count.size))[0]
    up = model.count / model.df
    fit = _moment(up * y_ay, model.count, a.sum(axis=0), lambda t: model.moments(a, t)[3])
    return fit._replace(se=up * fit.se)


def sidik_jonkman(model: Any) -> Tau2:
    """SJ: start * Q(start) / (k - p), start the variance of y over k (Sidik & Jonkman 2005)."""
    start = model.total_spread / model.count
    a = 1.0 / (model.v + start)
    y_ay = model.moments(a, np.zeros(start.size))[0]
    value = start * y_ay / model.df
    se = start / model.df * np.sqrt(2.0 * model.moments(a, value)[3])
    return Tau2(value, se, np.ones(value.size, dtype=bool))


def maximum_likelihood(model: Any) -> Tau2:
    """ML, at the global maximum; standard error from the expected information."""
    value, converged = maximise(model, restricted=False)
    sums = model.sums(value, False)
    return Tau2(value, np.sqrt(2.0 / sums.d), converged, sums)


def restricted_likelihood(model: Any) -> Tau2:
    """REML, at the global maximum; standard error from the expected information."""
    value, converged = maximise(model, restricted=True, zero=model.zero)
    sums = model.sums(value, True)
    return Tau2(value, np.sqrt(2.0 / sums.d), converged, sums)


def _q_matched(model: Any, target: Floats) -> Tau2:
    """Return the tau2 at which Q(tau2) meets target, with the empirical Bayes standard error."""
    value, converged = solve_q(model, target)
    total = (1.0 / (model.v + value)).sum(axis=0)
    return Tau2(value, np.sqrt(2.0 / model.df) * model.count / total, converged)


def paule_mandel(model: Any) -> Tau2:
    """PM and EB, the same equation: Q(tau2) = k - p (Paule & Mandel 1982; Morris 1983)."""
    return _q_matched(model, model.df)


def median_paule_mandel(model: Any) -> Tau2:
    """PMM: Q(tau2) = the median of chi-squared on k - p (Viechtbauer 2021)."""
    return _q_matched(model, special.chdtri(model.df, 0.5))


ESTIMATORS: dict[str, Callable[[Any], Tau2]] = {
    "EE": equal_effects,
    "DL": dersimonian_laird,
    "DL2": two_step,
    "HE": hedges,
    "HS": hunter_schmidt,
    "HSk": hunter_schmidt_k,
    "SJ": sidik_jonkman,
    "ML": maximum_likelihood,
    "REML": restricted_likelihood,
    "EB": paule_mandel,
    "PM": paule_mandel,
    "PMM": median_paule_mandel,
}
