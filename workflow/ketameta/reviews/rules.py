"""Pooling by the rules of RevMan, of all analyses and subgroups of a library at once.

Rows lie one below the other, each with the place of the pool that it is in; every sum is one pass
over all rows. Sources of the formulas: Deeks & Higgins (2010), Statistical algorithms in Review
Manager 5; Greenland & Robins (1985), Biometrics 41, 55; Robins, Breslow & Greenland (1986),
Biometrics 42, 311; DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ketameta.stats import pool_many

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
HALF = 0.5
TAU2_MOST = 100.0
# pooled on the log scale, undefined where no one or everyone has the event
RELATIVE = ("OR", "RR")


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of rows, shape (n,): NaN where RevMan says that they are not estimable.

    `up` and `down` are what the Mantel-Haenszel estimate divides, `weight` its weight, `parts` the
    three sums of its variance; all NaN for other data.
    """

    yi: Floats
    vi: Floats
    up: Floats
    down: Floats
    parts: tuple[Floats, Floats, Floats]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Rows that can be pooled."""
        return np.isfinite(self.yi) & np.isfinite(self.vi) & (self.vi > 0)


def _plain(yi: Floats, vi: Floats) -> Effects:
    none = np.full(yi.shape, np.nan)
    return Effects(yi, vi, none, none, (none, none, none))


def of_counts(measure: str, events: Floats, people: Floats) -> Effects:
    """Return OR, RR, RD or Peto's OR of counts, shapes (n, 2): treated, control.

    Where a cell is empty 0.5 goes to each of the four; of a risk difference to its variance alone.
    An OR, RR or Peto OR of no events, or of events alone, is not estimable.
    """
    a, c = events.T
    n1, n2 = people.T
    b, d = n1 - a, n2 - c
    one_sided = ((a == 0) & (c == 0)) | ((b == 0) & (d == 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "PETO":
            total, cases = n1 + n2, a + c
            v = n1 * n2 * cases * (b + d) / (total * total * (total - 1))
            z = a - n1 * cases / total
            ok = v > 0
            return _plain(np.where(ok, z / v, np.nan), np.where(ok, 1 / v, np.nan))
        add = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), HALF, 0.0)
        x = (a + add, b + add, c + add, d + add)
        if measure == "RD":
            return _risk_difference((a, n1, c, n2), x)
        found = _odds_ratio(*x) if measure == "OR" else _risk_ratio(*x)
    gap = np.where(one_sided, np.nan, 0.0)
    parts = [part + gap for part in found.parts]
    return Effects(
        found.yi + gap, found.vi + gap, found.up + gap, found.down + gap,
        (parts[0], parts[1], parts[2]),
    )  # fmt: skip


def _odds_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> Effects:
    n = a + b + c + d
    yi, vi = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    return Effects(yi, vi, r, s, (p * r, p * s + q * r, q * s))


def _risk_ratio(a: Floats, b: Floats, c: Floats, d: Floats) -> Effects:
    n1, n2 = a + b, c + d
    n = n1 + n2
    yi = np.log(a / n1 / (c / n2))
    vi = 1 / a - 1 / n1 + 1 / c - 1 / n2
    spread = (n1 * n2 * (a + c) - a * c * n) / (n * n)
    return Effects(yi, vi, a * n2 / n, c * n1 / n, (spread, spread, spread))


def _risk_difference(
    counts: tuple[Floats, ...], cells: tuple[Floats, Floats, Floats, Floats]
) -> Effects:
    """Return the difference of the counts as they are, with the variance of the filled cells."""
    (a, n1, c, n2), (x1, x2, x3, x4) = counts, cells
    m1, m2 = x1 + x2, x3 + x4
    yi = a / n1 - c / n2
    vi = x1 * x2 / m1**3 + x3 * x4 / m2**3
    n = n1 + n2
    weight = n1 * n2 / n
    m = m1 + m2
    spread = (x1 * x2 * m2**3 + x3 * x4 * m1**3) / (m1 * m2 * m * m)
    return Effects(yi, vi, weight * yi, weight, (spread, spread, spread))


def of_means(measure: str, mean: Floats, sd: Floats, people: Floats) -> Effects:
    """Return MD or Hedges' g of means, SDs and people, shapes (n, 2).

    g has RevMan's factor 1 - 3/(4N - 9) and variance N/(n1 n2) + g²/(2(N - 3.94)).
    """
    (m1, m2), (s1, s2), (n1, n2) = mean.T, sd.T, people.T
    n = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "MD":
            return _plain(m1 - m2, np.where((s1 > 0) | (s2 > 0), s1**2 / n1 + s2**2 / n2, np.nan))
        g = standardised(mean, sd, people) * (1 - 3 / (4 * n - 9))
        return _plain(g, n / (n1 * n2) + g * g / (2 * (n - 3.94)))


def standardised(mean: Floats, sd: Floats, people: Floats) -> Floats:
    """Return the difference of means, shapes (n, 2), over their SD, as it is: Cohen's d."""
    (m1, m2), (s1, s2), (n1, n2) = mean.T, sd.T, people.T
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
        return np.asarray((m1 - m2) / pooled)


def of_observed(observed: Floats) -> Effects:
    """Return (O - E)/V with variance 1/V of columns O-E and V, shape (n, 2)."""
    excess, v = observed.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ok = v > 0
        return _plain(np.where(ok, excess / v, np.nan), np.where(ok, 1 / v, np.nan))


def of_generic(generic: Floats) -> Effects:
    """Return estimates with the variances of their standard errors, shape (n, 2)."""
    estimate, se = generic.T
    return _plain(np.where(se > 0, estimate, np.nan), np.where(se > 0, se * se, np.nan))


def sums(place: Places, x: Floats, size: int) -> Floats:
    """Return the sum of x, shape (n,), over the rows of each place, shape (size,)."""
    return np.bincount(place, x, size).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Pools:
    """Pooled results, shape (m,) each, on the scale of analysis; NaN where there is nothing.

    `se` is that of the interval, Wald's or HKSJ's; `z` and `p` are always Wald's, `t` is HKSJ's.
    `prediction_low` to `prediction_high` has the quantile of the interval. `weights` are of the
    rows, in per cent of their pool. `i2` is (Q - df)/Q in per cent.
    """

    k: Places
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    prediction_low: Floats
    prediction_high: Floats
    z: Floats
    t: Floats
    p: Floats
    q: Floats
    df: Floats
    q_p: Floats
    i2: Floats
    tau2: Floats
    tau2_low: Floats
    tau2_high: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Rules:
    """How pools of one kind are pooled: all of them by one method, model and estimator."""

    method: str
    measure: str
    random: bool
    tau2: str = "DL"
    hksj: bool = False
    tau2_limits: bool = False


def pool(effects: Effects, place: Places, rules: Rules, level: Floats) -> Pools:
    """Pool rows by the pool that each is in.

    Parameters
    ----------
    effects
        Of n rows.
    place
        The pool of each row, shape (n,), of 0 to m - 1.
    rules
        RevMan's, the same for all pools.
    level
        Of the intervals, shape (m,).
    """
    m = level.size
    known = effects.known

    def total(x: Floats) -> Floats:
        """Sum over the rows of each pool."""
        return sums(place[known], x[known], m)

    k = np.bincount(place[known], minlength=m)
    y, v = effects.yi, effects.vi
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        w = 1 / v
        if rules.method == "MH":
            estimate, se = _mantel_haenszel(effects, rules.measure, total)
            share = effects.down
        else:
            estimate, se, share = total(w * y) / total(w), total(w) ** -0.5, w
        q = total(w * (y - estimate[place]) ** 2)
        df = np.where(k > 0, k - 1.0, np.nan)
        tau2 = np.full(m, np.nan)
        if rules.random:
            tau2 = _spread(rules, (y, v, place), known, (q, df, total(w), total(w * w)))
            share = 1 / (v + tau2[place])
            estimate, se = total(share * y) / total(share), total(share) ** -0.5
        several = df > 0
        z = np.abs(estimate / se)
        quantile, t = special.ndtri(0.5 + level / 2), np.full(m, np.nan)
        if rules.hksj:
            scale = total(share * (y - estimate[place]) ** 2) / df
            se = np.where(several, np.sqrt(scale) * se, se)
            t = np.where(several, np.abs(estimate / se), np.nan)
            quantile = np.where(
                several, special.stdtrit(np.maximum(df, 1), 0.5 + level / 2), quantile
            )
        half, wide = quantile * se, quantile * np.sqrt(tau2 + se * se)
        i2 = np.where(several, np.where(q > df, 100 * (q - df) / q, 0.0), np.nan)
        weights = np.where(known, 100 * share / total(share)[place], np.nan)
    none = np.where(k > 0, 0.0, np.nan)
    return Pools(
        k, estimate + none, se + none, estimate - half, estimate + half,
        estimate - wide, estimate + wide, z, t, 2 * special.ndtr(-z),
        np.where(several, q, none), df,
        np.where(several, special.chdtrc(np.maximum(df, 1), q), np.nan), i2, tau2,
        *_limits(rules, (y, v, place), known, m), weights,
    )  # fmt: skip


def _mantel_haenszel(
    effects: Effects, measure: str, total: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    up, down = total(effects.up), total(effects.down)
    one, two, three = (total(part) for part in effects.parts)
    if measure == "RD":
        return up / down, np.sqrt(one) / down
    if measure == "RR":
        return np.log(up / down), np.sqrt(one / (up * down))
    variance = one / (2 * up * up) + two / (2 * up * down) + three / (2 * down * down)
    return np.log(up / down), np.sqrt(variance)


def _spread(
    rules: Rules,
    rows: tuple[Floats, Floats, Places],
    known: NDArray[np.bool_],
    sums: tuple[Floats, Floats, Floats, Floats],
) -> Floats:
    """Return tau²; DerSimonian and Laird's about the estimate that Q is about."""
    q, df, w, w2 = sums
    if rules.tau2 == "DL":
        return np.where(df > 0, np.maximum(0.0, (q - df) / (w - w2 / w)), 0.0)
    y, v, place = (x[known] for x in rows)
    found = pool_many(y, v, place, tau2=rules.tau2, tau2_interval=None)
    tau2 = np.zeros(q.size)
    tau2[found.index] = found["tau2"].fillna(0.0)
    return tau2


def _limits(
    rules: Rules, rows: tuple[Floats, Floats, Places], known: NDArray[np.bool_], size: int
) -> tuple[Floats, Floats]:
    """Return the limits of tau² by Q's profile, at 95%; RevMan looks no further than 100."""
    low, high = np.full(size, np.nan), np.full(size, np.nan)
    if rules.tau2_limits and known.any():
        found = pool_many(*(x[known] for x in rows))
        several = found["k"].to_numpy() > 1
        at = found.index.to_numpy()[several]
        low[at] = found["tau2_low"].to_numpy()[several]
        high[at] = np.minimum(found["tau2_high"].to_numpy()[several], TAU2_MOST)
    return low, high


def between(estimate: Floats, se: Floats, place: Places, size: int) -> tuple[Floats, ...]:
    """Return chi² between subgroups with df, p and I² in per cent, shape (size,) each.

    Of subgroups with pooled estimates, shape (g,), each in the analysis `place`; NaN where fewer
    than two of an analysis have one.
    """
    known = np.isfinite(estimate) & (se > 0)
    y, w, place = estimate[known], se[known] ** -2.0, place[known]
    k = np.bincount(place, minlength=size)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums(place, w * y, size) / sums(place, w, size)
        q = sums(place, w * (y - mean[place]) ** 2, size)
        df = np.where(k > 1, k - 1.0, np.nan)
        q = np.where(k > 1, q, np.nan)
        i2 = np.where(q > df, 100 * (q - df) / q, np.where(k > 1, 0.0, np.nan))
    return q, df, np.where(k > 1, special.chdtrc(np.maximum(df, 1), q), np.nan), i2
