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

from ketameta.stats.numerics.climb import STEPS, CurvePoint, SpreadCurve, climb
from ketameta.stats.numerics.sums import Floats, Sums, over_studies
from ketameta.stats.univariate.likelihood import maximise


class Tau2(NamedTuple):
    """An estimate of tau2 for each analysis of a block; the model's sums there if at hand."""

    value: Floats
    se: Floats
    converged: NDArray[np.bool_]
    sums: Sums | None = None


def told(model: Any, value: float) -> Tau2:
    """Return a tau2 that is known from elsewhere."""
    n = model.count.size
    return Tau2(np.full(n, value), np.full(n, np.nan), np.ones(n, dtype=bool))


def solve_q(
    model: Any, target: Floats, near: tuple[Floats, Sums] | None = None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the tau2 at which the generalised Q equals `target`, 0 where Q(0) is below it.

    `near` is a tau2 at which the sums are known; 0 where it is not given.
    """
    out, done = np.zeros(target.size), np.ones(target.size, dtype=bool)
    t, at = near or (out, model.zero)
    above = model.zero.q > target
    if not above.any():
        return out, done
    # Analyses without a root ride along unless they are most: copying the rest costs more.
    rows = np.arange(out.size) if 2 * above.sum() >= out.size else np.flatnonzero(above)
    curve = SpreadCurve(model, target).take(rows)
    t, q, a, c = (x[rows] for x in (t, at.q, at.a, at.c))
    ended, ss = ~above[rows], curve.model.residual_spread
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        old, newton, end = _reach(curve, ss, t, q, a)
        half, root, p, rest = _quadratic(curve.target, ss, q, a, c)
        guess = t + np.where(half > 0.0, (half + root) / p, rest / (root - half))
    # NaN where all variances are equal: there Newton's step arrives.
    start = np.fmin(np.fmax(np.maximum(newton, 0.0), guess), end)
    below = old.r < 1.0
    between = np.where(below, t, 0.0), np.where(below, end, np.minimum(t, end))
    start = np.where(ended, 0.0, start)
    out[rows], _, done[rows] = climb(curve, old, between, start, ended, STEPS)
    return out, done


def _reach(
    curve: SpreadCurve, ss: Floats, t: Floats, q: Floats, a: Floats
) -> tuple[CurvePoint, Floats, Floats]:
    """Return the point t of the curve, and bounds of its root below and above.

    1/Q is concave, so that Newton's step on it never passes the root; and Q is at most the sum of
    squares over min v + t.
    """
    target = curve.target
    rate = q * q / (target * a)
    newton = t + (1.0 - target / q) * rate
    return CurvePoint(t, target / q, rate), newton, ss / target * (1.0 + 1e-9) - curve.model.low


def _quadratic(
    target: Floats, ss: Floats, q: Floats, a: Floats, c: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what makes the h at which Q(t + h) is nearly `target`: the root of a quadratic.

    Q(t + h) = sum w_i x_i / (1 + x_i h) with weights w = z^2 and x = 1 / (d + t). Its sums of
    w x^j for j = 0 to 3 are known at t (the sum of squares, Q, y'PPy, y'PPPy), and two nodes w, x
    with the same four sums (Gauss's rule) make (Q + ss p h) / (1 + s h + p h^2), here with s and p
    times det. h is (half + root) / p or, where half is below 0, rest / (root - half).
    """
    det, s, p = ss * a - q * q, ss * c - q * a, q * c - a * a
    half = 0.5 * (p * ss - s * target)
    p = p * target
    rest = det * (q - target)
    return half, abs(half * half + p * rest) ** 0.5, p, rest


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
    return _moment(y_ay, model.count, over_studies(a), lambda t: model.moments(a, t)[3])


def hunter_schmidt_k(model: Any) -> Tau2:
    """HSk: HS with Q inflated by k / (k - p) against its downward bias."""
    a = 1.0 / model.v
    y_ay = model.moments(a, np.zeros(model.count.size))[0]
    up = model.count / model.df
    fit = _moment(up * y_ay, model.count, over_studies(a), lambda t: model.moments(a, t)[3])
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
    return _with_expected_se(model.sums(value, False), value, converged)


def restricted_likelihood(model: Any) -> Tau2:
    """REML, at the global maximum; standard error from the expected information."""
    value, converged = maximise(model, restricted=True, zero=model.zero)
    return _with_expected_se(model.sums(value, True), value, converged)


def _with_expected_se(sums: Any, value: Floats, converged: NDArray[np.bool_]) -> Tau2:
    with np.errstate(divide="ignore"):  # where one study has all the weight nothing is expected
        return Tau2(value, np.sqrt(2.0 / sums.d), converged, sums)


def _q_matched(model: Any, target: Floats) -> Tau2:
    """Return the tau2 at which Q(tau2) meets target, with the empirical Bayes standard error."""
    value, converged = solve_q(model, target)
    total = over_studies(1.0 / (model.v + value))
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
