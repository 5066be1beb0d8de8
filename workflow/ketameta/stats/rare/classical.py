"""Pooling without a model of heterogeneity: Mantel-Haenszel, Peto, inverse variance.

Arrays have shape (..., k): k studies along the last axis, leading axes are
independent analyses, NaN in any number of a study marks it as absent. Results
have shape (...), plain floats for one analysis. Ratios are on the log scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects.cells import events_and_times, two_by_two
from ketameta.stats.effects.effect_size import check_names, effect_size
from ketameta.stats.effects.inputs import Array, float_arrays
from ketameta.stats.numerics.batch import plain_fields
from ketameta.stats.numerics.checks import as_effects, as_level, one_of
from ketameta.stats.numerics.shown import Shown

Number = Any  # a float for one analysis, an array of shape (...) for a batch


@dataclass(frozen=True, repr=False)
class CommonEffect(Shown):
    """A common effect with its test, interval and test of heterogeneity.

    NaN where there is nothing to estimate from: everything for k = 0, without an event to compare
    or where everybody has it, `q_p`, `i2` and `h2` for one study.

    Attributes
    ----------
    estimate, se, statistic, p, ci_low, ci_high
        Pooled effect on the analysis scale, normal test and interval.
    q, q_df, q_p
        Cochran's Q around the estimate.
    i2, h2
        From Q: i2 = 100 max(0, (Q - df)/Q) in per cent, h2 = Q/df.
    k
        Studies with all numbers and people in both arms, also those without events.
    """

    estimate: Number
    se: Number
    statistic: Number
    p: Number
    ci_low: Number
    ci_high: Number
    q: Number
    q_df: Number
    q_p: Number
    i2: Number
    h2: Number
    k: Number


@dataclass(frozen=True, repr=False)
class MantelHaenszel(CommonEffect):
    """A Mantel-Haenszel effect with the tests that belong to it.

    Attributes
    ----------
    cmh, cmh_p
        Cochran-Mantel-Haenszel test of association, one degree of freedom (OR
        and IRR, else NaN), with continuity correction unless switched off.
    bd, bd_p, tarone, tarone_p
        Breslow-Day test of homogeneous odds ratios and Tarone's correction of
        it, one degree of freedom less than informative tables (OR, else NaN).
    """

    cmh: Number
    cmh_p: Number
    bd: Number
    bd_p: Number
    tarone: Number
    tarone_p: Number


def _summary(
    effect: tuple[Array, Array], around: tuple[Array, Array], k: Array, level: float
) -> dict[str, Any]:
    """Test, interval and heterogeneity from (estimate, se) and (Q, studies in Q)."""
    (estimate, se), (q, k_q) = effect, around
    z = special.ndtri(0.5 + as_level(level) / 2)
    # a variance of 0, as where everybody has the event, is no information
    good = np.isfinite(estimate) & np.isfinite(se) & (se > 0)
    estimate, se = np.where(good, estimate, np.nan), np.where(good, se, np.nan)
    df = np.where(good & (k_q > 0), k_q - 1.0, np.nan)
    q = np.where(df > 0, np.maximum(q, 0.0), np.where(df == 0, 0.0, np.nan))
    several = df > 0
    return {
        "estimate": estimate,
        "se": se,
        "statistic": estimate / se,
        "p": 2 * special.ndtr(-np.abs(estimate / se)),
        "ci_low": estimate - z * se,
        "ci_high": estimate + z * se,
        "q": q,
        "q_df": df,
        "q_p": np.where(several, special.chdtrc(df, q), np.nan),
        "i2": np.where(several, np.where(q > df, 100 * (q - df) / q, 0.0), np.nan),
        "h2": np.where(several, q / df, np.nan),
        "k": k,
    }


def _total(values: Array, known: Any) -> Array:
    """Sum over the studies that are present."""
    return np.asarray(np.where(known, values, 0.0).sum(axis=-1))


def _q_around(estimate: Array, yi: Array, vi: Array) -> tuple[Array, Array]:
    """Q of the studies around a pooled value, and how many studies it counts."""
    known = np.isfinite(yi) & (vi > 0)
    q = _total((yi - np.asarray(estimate)[..., None]) ** 2 / vi, known)
    return q, known.sum(axis=-1)


def _studies(measure: str, tables: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Check the tables; they come back as arrays with an axis of studies."""
    check_names(measure, tables)
    x = float_arrays(tables)
    if next(iter(x.values())).ndim == 0:
        raise ValueError(f"{measure} needs an axis of studies; the tables are single numbers")
    return x


def inverse_variance(yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95) -> CommonEffect:
    """Pool effects with weights 1/vi (common-effect model).

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape (..., k); NaN in both: absent.
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        As `checks.as_effects`: infinite values, vi of 0 or below, NaN in one alone.

    Notes
    -----
    Σ w y/Σ w with variance 1/Σ w, w = 1/v (Birge 1932; Cochran 1954).

    Examples
    --------
    >>> from ketameta.stats import inverse_variance
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> fit = inverse_variance(yi, vi)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    0.344 [0.214, 0.475]
    """
    y, v = as_effects(yi, vi)
    known = ~np.isnan(y)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = _total(1 / v, known)
        estimate = _total(y / v, known) / total
        around = _q_around(estimate, y, v)
        return CommonEffect(
            **plain_fields(_summary((estimate, total**-0.5), around, around[1], level))
        )


def peto(*, level: float = 0.95, **tables: ArrayLike) -> CommonEffect:
    """Pool 2×2 tables to a log odds ratio by Peto's one-step method.

    Parameters
    ----------
    level
        Confidence level, between 0 and 1.
    **tables
        ai, bi or n1i, ci, di or n2i of shape (..., k).

    Raises
    ------
    ValueError
        As `effect_size`.

    Notes
    -----
    Σ(a - E)/Σ V with variance 1/Σ V, E and V the hypergeometric mean and
    variance of a (Yusuf and others 1985). No cell is corrected. Tables with no
    or only events have V = 0 and say nothing; Q = Σ (a-E)²/V - (Σ(a-E))²/Σ V
    and its degrees of freedom count the others.

    Examples
    --------
    >>> from ketameta.stats import peto
    >>> trials = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 6, 8], "n2i": [20, 20, 30]}
    >>> fit = peto(**trials)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    0.998 [0.326, 1.670]
    """
    a, b, c, d = two_by_two(_studies("PETO", tables))
    n1, n2, n = a + b, c + d, a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = a - (a + c) * n1 / n
        v = (a + c) * (b + d) * (n1 / n) * (n2 / n) / (n - 1)
        known = v > 0
        sum_o, sum_v = _total(excess, known), _total(v, known)
        q = _total(excess**2 / v, known) - sum_o**2 / sum_v
        k = (~np.isnan(n)).sum(axis=-1)
        effect, around = (sum_o / sum_v, sum_v**-0.5), (q, known.sum(axis=-1))
        parts = _summary(effect, around, k, level)
    return CommonEffect(**plain_fields(parts))


def mantel_haenszel(
    measure: str,
    *,
    add: float = 0.5,
    to: str = "only0",
    drop00: bool = True,
    correct: bool = True,
    variance: str = "sato",
    level: float = 0.95,
    **tables: ArrayLike,
) -> MantelHaenszel:
    """Pool tables of events by the Mantel-Haenszel method.

    Parameters
    ----------
    measure
        "OR" or "RR" (log scale), "RD": ai, bi or n1i, ci, di or n2i; "IRR" (log
        scale): x1i t1i x2i t2i. All of shape (..., k).
    add, to, drop00
        Zero cells, as in `effect_size`, for the single effects that enter Q:
        the pooled estimate itself is taken from the uncorrected tables.
    correct
        Continuity correction of the Cochran-Mantel-Haenszel test.
    variance
        Of a pooled RD: "sato", consistent also for many small tables, or
        "greenland-robins", for few large ones (as RevMan has it).
    level
        Confidence level, between 0 and 1.

    Raises
    ------
    ValueError
        As `effect_size`; unknown variance.

    Notes
    -----
    Estimates: Mantel and Haenszel 1959 (OR), Greenland and Robins 1985 (RR, RD,
    and IRR after Rothman). Variances: Robins, Breslow and Greenland 1986 (OR),
    Sato 1989 or Greenland and Robins 1985 (RD), the latter (others). Tests:
    Mantel and Haenszel 1959; Breslow and Day 1980; Tarone 1985. Agrees with
    `rma.mh` of metafor 3.8-1.

    Examples
    --------
    >>> from ketameta.stats import mantel_haenszel
    >>> trials = {"ai": [12, 9, 15], "n1i": [20, 20, 30], "ci": [5, 6, 8], "n2i": [20, 20, 30]}
    >>> fit = mantel_haenszel("RR", **trials)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    0.639 [0.192, 1.086]
    """
    one_of("measure", measure, tuple(_POOLED))
    one_of("variance", variance, ("sato", "greenland-robins"))
    x = _studies(measure, tables)
    raw = events_and_times(x) if measure == "IRR" else two_by_two(x)
    size = sum(raw, np.zeros(()))
    absent = np.isnan(size)
    cells = [np.where(absent, np.nan, cell) for cell in raw]
    named: dict[str, Any] = {**x}
    es = effect_size(measure, add=add, to=to, drop00=drop00, **named)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        effect = _POOLED[measure](*cells)
        if measure == "RD" and variance == "greenland-robins":
            effect = effect[0], _greenland_robins(*cells)
        around = _q_around(effect[0], np.asarray(es.yi), np.asarray(es.vi))
        parts = _summary(effect, around, (~absent).sum(axis=-1), level)
        nothing = np.full_like(parts["estimate"], np.nan)
        tests = dict.fromkeys(("cmh", "cmh_p", "bd", "bd_p", "tarone", "tarone_p"), nothing)
        if measure == "OR":
            tests |= _cochran(cells, correct) | _breslow_day(cells, parts["estimate"])
        elif measure == "IRR":
            tests |= _rate_test(cells, correct)
    return MantelHaenszel(**plain_fields(parts | tests))


def _pool_or(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    n = a + b + c + d
    known = n > 0
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    big_r, big_s = _total(r, known), _total(s, known)
    spread = (
        _total(p * r, known) / big_r**2
        + _total(p * s + q * r, known) / (big_r * big_s)
        + _total(q * s, known) / big_s**2
    )
    return np.log(big_r / big_s), np.sqrt(spread / 2)


def _pool_rr(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    n1, n2, n = a + b, c + d, a + b + c + d
    known = n > 0
    r, s = _total(a * n2 / n, known), _total(c * n1 / n, known)
    spread = _total((n1 / n) * (n2 / n) * (a + c) - a * c / n, known)
    return np.log(r / s), np.sqrt(spread / (r * s))


def _pool_rd(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    n1, n2, n = a + b, c + d, a + b + c + d
    known = n > 0
    w = _total(n1 * n2 / n, known)
    rd = _total((a * n2 - c * n1) / n, known) / w
    p = _total((c * n1**2 - a * n2**2 + n1 * n2 * (n2 - n1) / 2) / n**2, known)
    q = _total((a * d + c * b) / n, known) / 2
    return rd, np.sqrt((rd * p + q) / w**2)


def _greenland_robins(a: Array, b: Array, c: Array, d: Array) -> Array:
    """Return the standard error of the pooled RD from the binomial variances of each table."""
    n1, n2, n = a + b, c + d, a + b + c + d
    known = n > 0
    within = (a * b / n1) * (n2 / n) ** 2 + (c * d / n2) * (n1 / n) ** 2
    return np.sqrt(_total(within, known) / _total(n1 * n2 / n, known) ** 2)


def _pool_irr(x1: Array, t1: Array, x2: Array, t2: Array) -> tuple[Array, Array]:
    t = t1 + t2
    known = t > 0
    r, s = _total(x1 * t2 / t, known), _total(x2 * t1 / t, known)
    spread = _total((t1 / t) * (t2 / t) * (x1 + x2), known)
    return np.log(r / s), np.sqrt(spread / (r * s))


_POOLED = {"OR": _pool_or, "RR": _pool_rr, "RD": _pool_rd, "IRR": _pool_irr}


def _one_degree(excess: Array, variance: Array, correct: bool) -> dict[str, Array]:
    # The correction can pass 0 and then counts as far again, as metafor does it.
    chi2 = (np.abs(excess) - (0.5 if correct else 0.0)) ** 2 / variance
    chi2 = np.where(variance > 0, chi2, np.nan)
    return {"cmh": chi2, "cmh_p": special.chdtrc(1.0, chi2)}


def _cochran(cells: list[Array], correct: bool) -> dict[str, Array]:
    a, b, c, d = cells
    n1, n2, n = a + b, c + d, a + b + c + d
    v = (n1 / n) * (n2 / n) * (a + c) * (b + d) / (n - 1)
    known = n > 1
    return _one_degree(_total(a - n1 * (a + c) / n, known), _total(v, known), correct)


def _rate_test(cells: list[Array], correct: bool) -> dict[str, Array]:
    x1, t1, x2, t2 = cells
    x, t = x1 + x2, t1 + t2
    known = t > 0
    v = _total(x * (t1 / t) * (t2 / t), known)
    return _one_degree(_total(x1 - x * t1 / t, known), v, correct)


def _breslow_day(cells: list[Array], estimate: Array) -> dict[str, Array]:
    """Compare each table with the one that has its margins and the pooled odds ratio."""
    a, b, c, d = cells
    n1, n2, x = a + b, c + d, a + c
    ratio = np.exp(estimate)[..., None]
    # The smaller root of the quadratic in e11, in the form that is stable near ratio 1.
    half = ratio * (n1 + x) + (n2 - x)
    root = np.sqrt(half**2 - 4 * n1 * x * ratio * (ratio - 1))
    e11 = 2 * n1 * x * ratio / (half + root)
    v = 1 / (1 / e11 + 1 / (n1 - e11) + 1 / (x - e11) + 1 / (n2 - x + e11))
    known = (e11 > 0) & (x > 0) & (b + d > 0) & (v > 0)
    bd = _total((a - e11) ** 2 / v, known)
    tarone = np.maximum(bd - _total(a - e11, known) ** 2 / _total(v, known), 0.0)
    df = known.sum(axis=-1) - 1.0
    several = (df > 0) & np.isfinite(estimate)
    return {
        "bd": np.where(several, bd, np.nan),
        "bd_p": np.where(several, special.chdtrc(df, bd), np.nan),
        "tarone": np.where(several, tarone, np.nan),
        "tarone_p": np.where(several, special.chdtrc(df, tarone), np.nan),
    }
