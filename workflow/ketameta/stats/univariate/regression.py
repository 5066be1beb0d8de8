"""Meta-regression: how effects differ with what is known of the studies."""

from __future__ import annotations

import re
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import aligned, as_effects, as_floats, has_labels
from ketameta.stats.numerics.distributions import t_tails
from ketameta.stats.numerics.shown import Labels, index_labels, number_fields
from ketameta.stats.numerics.sums import Floats, over_studies
from ketameta.stats.univariate import units
from ketameta.stats.univariate.design import DesignModel
from ketameta.stats.univariate.heterogeneity import spread_measures
from ketameta.stats.univariate.intervals import DEFAULT, NAMES, adjustment
from ketameta.stats.univariate.models import MeanModel
from ketameta.stats.univariate.pooling import (
    BLOCK,
    KEPT_BY_MALLOC,
    Fields,
    PoolingOptions,
    checked_options,
    shaped,
)
from ketameta.stats.univariate.results import MetaRegression
from ketameta.stats.univariate.tau2 import ESTIMATORS

RULES = ("wald", "hksj", "hksj-adhoc", "auto")
RANK_TOLERANCE = 1e-10
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*|nan", re.ASCII)
# which columns the omnibus test holds, and whether the columns span a constant
About = tuple[NDArray[np.bool_], bool]
REMEDY = "to leave out a study without a moderator make its yi and vi NaN"


def meta_regression(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike,
    tau2: str = "REML",
    interval: str = DEFAULT,
    *,
    level: float = 0.95,
    intercept: bool | None = None,
    tau2_interval: str | None = "qprofile",
) -> MetaRegression:
    """Regress effects on moderators: yi = Xi beta + ui + ei, Var ui = tau2, Var ei = vi.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``; NaN in both marks an absent study.
    X
        Moderators, one column each: shape ``(k,)`` for a single one, ``(k, p)``, or
        ``(..., k, p)``. Rows of absent studies are not looked at.
    tau2
        One of `tau2.ESTIMATORS`: REML, DL, PM ..., or EE for none.
    interval
        wald (normal and chi-squared), hksj (Knapp & Hartung: t and F on k - p degrees),
        hksj-adhoc (their multiplier never below 1), auto (hksj; where tau2 is 0 or k - p is 1
        the wider of wald and hksj; under EE wald).
    level
        Confidence of all intervals.
    intercept
        Whether to put a constant column in front; by default where the columns of X do not
        already span one (as dummies of all groups do).
    tau2_interval
        qprofile, profile or None, as in `random_effects`.

    Returns
    -------
    MetaRegression
        Numbers of an analysis with k <= p studies (k = 0, 1 and, with one moderator, 2), or
        with linearly dependent columns, are NaN; the latter also have `converged` False.

    Raises
    ------
    ValueError
        As `random_effects`; also for X of another shape, missing or infinite in a study that is
        present (yi and vi NaN leave a study out), of text, or, in a lone analysis, with linearly
        dependent columns.

    Notes
    -----
    Knapp & Hartung (2003); R2 after Raudenbush (1994), for EE the adjusted R2 of the weighted
    regression. The omnibus test leaves a constant column out.

    Examples
    --------
    >>> from ketameta.stats import meta_regression
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> meta_regression(yi, vi, [4, 8, 24, 6, 12])
    MetaRegression
          beta      se        p    ci_low  ci_high
    0   0.1153  0.1245   0.3546   -0.1288   0.3593
    1  0.01831  0.0084  0.02929  0.001845  0.03477
    k 5, tau2 0, i2 0, r2 100, qm 4.751, qm_p 0.02929, rule wald, converged yes
    """
    yi, vi, X = aligned(yi=yi, vi=vi, X=X)
    y, v = as_effects(yi, vi)
    options = checked_options(
        PoolingOptions(tau2, interval, level, "k-1", tau2_interval), rules=RULES
    )
    x, lead = as_design(X, y)
    x, own, about = with_constant(x, y, intercept)
    fields = _in_blocks((y, v, x), lead, options, about)
    full = fields.pop("full")
    fields["constant"] = np.full(full.size, own)
    if not lead and fields["k"][0] > fields["beta"].shape[1] and not full[0]:
        raise ValueError("X has linearly dependent columns among the studies present")
    names = _moderators(X, fields["beta"].shape[-1])
    return MetaRegression(**{f: shaped(a, lead) for f, a in fields.items()}, moderators=names)


def _moderators(X: Any, columns: int) -> Labels:
    """Return the names of the columns of the design, the constant put in front being one."""
    if not has_labels(X):
        return None
    found = index_labels(X.columns) if X.ndim == 2 else X.name is not None and (X.name,)
    if not found:
        return None
    return ("intercept", *found) if len(found) < columns else found


def _in_blocks(
    data: tuple[Floats, Floats, Floats],
    lead: tuple[int, ...],
    options: PoolingOptions,
    about: About,
) -> Fields:
    """Return every field of all analyses, laid out flat, a block at a time."""
    y, v, x = data
    k, p = x.shape[-2:]
    n = prod(lead)
    y = np.broadcast_to(y, (*lead, k)).reshape(n, k)
    v = np.broadcast_to(v, (*lead, k)).reshape(n, k)
    # one design of all analyses stays one, (1, k, p)
    x = x[None] if x.ndim == 2 else np.broadcast_to(x, (*lead, k, p)).reshape(n, k, p)
    # designs of many columns take their room
    size = max(1, BLOCK // max(k * max(p, 2) // 2, 1))
    if y.size > BLOCK // 32:
        np.empty(KEPT_BY_MALLOC)  # as in pooling: 10,000 regressions take 45 ms so, 57 ms without
    cuts = [slice(i, i + size) for i in range(0, max(n, 1), size)]
    parts = [_block(y[c], v[c], x if len(x) == 1 else x[c], options, about) for c in cuts]
    return {f: np.concatenate([part[f] for part in parts]) for f in parts[0]}


def as_design(X: ArrayLike, y: Floats) -> tuple[Floats, tuple[int, ...]]:
    """Return X as (..., k, p) and the common leading shape, or say what is wrong with it."""
    x = design_columns(X)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim < 2 or x.shape[-2] != y.shape[-1]:
        raise ValueError(
            f"X has shape {np.shape(X)}; with {y.shape[-1]} studies it is (k,), (k, p) "
            "or (..., k, p)"
        )
    try:
        lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-1])
    except ValueError:
        raise ValueError(f"X and yi do not fit together: shapes {x.shape} and {y.shape}") from None
    bad = ~np.isfinite(x) & ~np.isnan(np.broadcast_to(y, (*lead, y.shape[-1])))[..., None]
    if bad.any():
        # Leading axes that X does not have itself are those of yi: name X's own.
        index = [int(i) for i in np.argwhere(bad)[0]][len(lead) - (x.ndim - 2) :]
        raise ValueError(f"X[{', '.join(map(str, index))}] is not finite; {REMEDY}")
    return x, lead


def with_constant(x: Floats, y: Floats, intercept: bool | None) -> tuple[Floats, bool, About]:
    """Return the design with a constant put in front where asked for, whether it was, and `About`.

    `intercept` as in `meta_regression`.
    """
    here = ~np.isnan(y)
    if x.ndim == 2:
        rows = x[here.any(axis=tuple(range(here.ndim - 1)))]
    else:
        shape = np.broadcast_shapes(x.shape[:-1], y.shape)
        rows = np.broadcast_to(x, (*shape, x.shape[-1]))[np.broadcast_to(here, shape)]
    spans = _spans_constant(rows)
    added = bool(intercept or (intercept is None and not spans))
    if added:
        x, rows = (np.concatenate([np.ones((*a.shape[:-1], 1)), a], axis=-1) for a in (x, rows))
    return x, added, (~_constant_columns(rows), spans or added)


def design_columns(X: Any) -> Floats:
    """Return moderators as numbers, NaN where one is missing; text has a message of its own."""
    try:
        return as_floats("X", X)
    except ValueError as error:
        cells = np.ravel(np.asarray(X, dtype=object))
        # an array of text holds its numbers as text too
        words = (x for x in cells if isinstance(x, str) and not _NUMBER.fullmatch(x))
        if (word := next(words, None)) is None:
            raise
        raise ValueError(
            f"X holds text ({word[:40]!r}); write categories as columns of 0 and 1, one fewer than "
            "there are categories, or compare the groups with subgroup_analysis"
        ) from error


def _constant_columns(rows: Floats) -> NDArray[np.bool_]:
    """Return which columns are one non-zero constant over all studies present, (rows, p)."""
    if not len(rows):
        return np.zeros(rows.shape[1], dtype=bool)
    return np.asarray((rows == rows[0]).all(axis=0) & (rows[0] != 0.0))


def _spans_constant(rows: Floats) -> bool:
    """Return whether one combination of the columns is 1 in every study present, (rows, p)."""
    if not rows.size or _constant_columns(rows).any():
        return bool(rows.size)
    size = np.abs(rows).max(axis=0)
    rows = rows / np.where(size > 0, size, 1.0)
    one = np.ones(len(rows))
    solution = np.linalg.lstsq(rows, one, rcond=None)[0]
    return bool(np.abs(rows @ solution - one).max() < RANK_TOLERANCE)


def _independent(x: Floats, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether the columns are linearly independent among the studies present, shape (n,)."""
    if len(x) == 1 and here.all():
        here = here[:1]
    shown = np.where(here[:, :, None], x, 0.0)
    size = np.abs(shown).max(axis=1, initial=0.0)
    singular = np.linalg.svd(shown / np.where(size > 0, size, 1.0)[:, None, :], compute_uv=False)
    most, least = singular.max(axis=1, initial=0.0), singular.min(axis=1, initial=1.0)
    return np.asarray(least > RANK_TOLERANCE * most)


def _block(y: Floats, v: Floats, x: Floats, options: PoolingOptions, about: About) -> Fields:
    """Return every field of a block, with `full`: whether the columns are independent."""
    n, p = len(y), x.shape[2]
    here = ~np.isnan(y)
    k = here.sum(axis=1)
    full = (k >= p) & _independent(x, here)
    out: Fields = {f: np.full(n, np.nan) for f in number_fields(MetaRegression)}
    for field in ("beta", "se", "statistic", "p", "ci_low", "ci_high"):
        out[field] = np.full((n, p), np.nan)
    out["covariance"] = np.full((n, p, p), np.nan)
    out["rule"] = np.full(n, "none", NAMES)
    tested, _ = about
    out["k"], out["qm_df"] = k, np.full(n, tested.sum() if tested.any() else p)
    out["converged"] = full | (k <= p)
    out["tau2_in_parts"] = np.zeros(n, bool)
    out["full"] = full
    rows = np.flatnonzero(full & (k > p))
    if rows.size:
        chosen = y[rows], v[rows], x if len(x) == 1 else x[rows]
        for field, a in _fit(*chosen, options, about).items():
            out[field][rows] = a
    return out


def _fit(y: Floats, v: Floats, x: Floats, options: PoolingOptions, about: About) -> Fields:
    """Return every field of analyses with independent columns and k > p."""
    tested, spans = about
    model = DesignModel.of(y, v, x)
    if units.is_extreme(model.low):
        s = units.power_of_two(model.low)
        fields = _fit(y / s[:, None], v / s[:, None] / s[:, None], x, options, about)
        dims = (~np.isnan(y)).sum(axis=1) - (x.shape[2] if options.tau2 == "REML" else 0.0)
        return units.restore(fields, s, dims)
    found = ESTIMATORS[options.tau2](model)
    restricted = options.tau2 == "REML"
    t = found.value
    at = found.sums or model.sums(t, restricted)
    by = adjustment(options.interval, at.q / model.df, model.df, t, options.level)
    df = by.df
    covariance, added = model.covariance(t)
    covariance *= by.factor[:, None, None]
    se = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    with np.errstate(divide="ignore", invalid="ignore"):  # se is 0 where the fit is exact
        statistic = at.mean / se
    half = by.quantile[:, None] * se
    spread: dict[str, Any] = spread_measures(
        model, found, at, options.tau2, limits=options.tau2_interval, level=options.level
    )
    for old, new in (("q", "qe"), ("q_df", "qe_df"), ("q_p", "qe_p")):
        spread[new] = spread.pop(old)
    del spread["i2_q"], spread["h2_q"]
    p = t_tails(statistic, np.broadcast_to(df[:, None], se.shape))
    columns = np.flatnonzero(tested) if tested.any() else np.arange(x.shape[2])
    if columns.size == 1:  # the test of the coefficient itself
        qm, qm_p = statistic[:, columns[0]] ** 2, p[:, columns[0]]
    elif columns[0] == x.shape[2] - columns.size:  # the last ones, as behind a constant
        with np.errstate(divide="ignore", invalid="ignore"):  # the multiplier of an exact fit is 0
            qm = over_studies(added[columns]) / by.factor
        qm, qm_p = _tail(qm, columns.size, df)
    else:
        qm, qm_p = omnibus(at.mean[:, columns], covariance[:, columns][:, :, columns], df)
    return spread | {
        "beta": at.mean,
        "se": se,
        "statistic": statistic,
        "df": df,
        "p": p,
        "ci_low": at.mean - half,
        "ci_high": at.mean + half,
        "covariance": covariance,
        "rule": by.rule,
        "scale": at.q / model.df,
        "factor": by.factor,
        "tau2_se": found.se,
        "r2": _r2(y, v, model, t, options.tau2) if spans else np.full(t.size, np.nan),
        "qm": qm,
        "qm_df2": df,
        "qm_p": qm_p,
        "log_likelihood": model.log_likelihood(t, restricted, at),
        "converged": found.converged,
    }


def omnibus(beta: Floats, covariance: Floats, df: Floats) -> tuple[Floats, Floats]:
    """Return beta' C^-1 beta, over its dimension where df is finite, and its p.

    By chi-squared where df is infinite, else by F; shapes (n, m), (n, m, m) and (n,).
    """
    m = beta.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Scaled to unit diagonal: columns in different units must not look dependent.
        size = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        z = beta / size
        unit = covariance / (size[:, :, None] * size[:, None, :])
    known = np.isfinite(z).all(axis=1)
    # no spread at all leaves any coefficient but 0 infinitely many standard errors off
    q = np.where(np.isinf(z).any(axis=1), np.inf, np.nan)
    if known.any():
        solved = np.linalg.solve(unit[known], z[known][:, :, None])[:, :, 0]
        q[known] = (z[known] * solved).sum(axis=1)
    return _tail(q, m, df)


def _tail(q: Floats, m: int, df: Floats) -> tuple[Floats, Floats]:
    """Return a chi-squared on m degrees, over m where df is finite, and its p."""
    finite = np.isfinite(df)
    q = np.where(finite, q / m, q)
    p = np.where(
        finite, special.fdtrc(m, np.where(finite, df, 1.0), q), special.chdtrc(float(m), q)
    )
    return q, p


def _r2(y: Floats, v: Floats, model: DesignModel, tau2: Floats, method: str) -> Floats:
    """Return the share of tau2 that the moderators explain, per cent, cut at 0.

    Without moderators the same effects are fitted once, however many designs they have.
    """
    same = all(np.array_equal(a, np.broadcast_to(a[:1], a.shape), equal_nan=True) for a in (y, v))
    whole = MeanModel.of(y[:1], v[:1]) if same else MeanModel.of(y, v)
    if method == "EE":
        before, after = whole.zero.q / whole.df, model.zero.q / model.df
    else:
        before, after = ESTIMATORS[method](whole).value, tau2
    before = np.broadcast_to(before, after.shape)
    some = before > 0.0
    left: Floats = np.divide(after, before, out=np.ones_like(after), where=some)
    return 100.0 * np.maximum(0.0, 1.0 - left)
