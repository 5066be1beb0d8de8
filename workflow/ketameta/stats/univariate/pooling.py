"""Random-effects pooling of one analysis or of many at once."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.numerics.checks import (
    aligned,
    as_effects,
    as_level,
    as_method,
    named_columns,
    one_of,
)
from ketameta.stats.numerics.distributions import t_tails
from ketameta.stats.numerics.ragged import many
from ketameta.stats.numerics.shown import number_fields, study_names
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate import intervals, units
from ketameta.stats.univariate.heterogeneity import LIMITS, spread_measures
from ketameta.stats.univariate.models import MeanModel
from ketameta.stats.univariate.one_rule import OF_RULE, of_rule
from ketameta.stats.univariate.own_weights import as_weights, reweighted
from ketameta.stats.univariate.prediction import RULES as PREDICTION_RULES
from ketameta.stats.univariate.results import RandomEffects
from ketameta.stats.univariate.tau2 import ESTIMATORS, told

if TYPE_CHECKING:
    import pandas as pd

Fields = dict[str, NDArray[Any]]

# Elements of a block, 2 megabytes an array: the rounds of a search are shared by many analyses,
# and memory does not grow with the batch. 100,000 fits of 20 studies take 420, 250, 210, 200, 200
# ms for blocks of 2^14, 2^16, 2^17, 2^18, 2^20 elements.
BLOCK = 2**18

# Effects further apart than 1e45 of the smallest standard error leave no digit of it in the sums.
TOO_FAR = 1e90
# Elements, just below the 32 MiB above which glibc does not learn; see `_in_blocks`.
KEPT_BY_MALLOC = 4_000_000
# what stands for an estimator where tau2 is told
TOLD = "told"


class PoolingOptions(NamedTuple):
    """The choices of a call."""

    tau2: str
    interval: str
    level: float
    prediction: str
    tau2_interval: str | None
    # tau2 as it is told, where it is not estimated
    told: float | None = None
    # rules of the interval beside that, for which what a rule decides has an axis more: (n, rules)
    others: tuple[str, ...] = ()


def random_effects(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str | float = "REML",
    interval: str = intervals.DEFAULT,
    level: float = 0.95,
    *,
    prediction: str = "k-1",
    tau2_interval: str | None = "qprofile",
    weights: ArrayLike | None = None,
) -> RandomEffects:
    """Pool effects under the model yi = mu + ui + ei, Var ui = tau2, Var ei = vi.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``, as many in both: leading axes are
        independent analyses. NaN in both, or a masked entry in either, marks an absent study.
        Series of pandas are paired by their labels, which become the names of the studies; a
        frame has an analysis a row.
    tau2
        One of `tau2.ESTIMATORS`: REML, DL, PM ..., or EE for none. ML and REML are at the global
        maximum of the likelihood. FE and CE are EE; see `words.SYNONYMS`. A number is tau2
        itself, as it is known from elsewhere: it then has no standard error and no limits.
    interval
        auto (hksj; where tau2 is 0 or k is 2 the wider of wald and hksj; under EE wald; see
        `intervals.adjustment`), wald, hksj (also HK, knha), hksj-adhoc, profile (likelihood
        ratio, full likelihood; its outermost limits where the region is in parts) or henmi-copas
        (which pools with the weights of the equal-effects model).
    level
        Confidence of all intervals.
    prediction
        k-1, k-2, normal, or by a standard error of its own hksj, hksj-k-2, k-1-wald, k-2-wald,
        normal-wald; HTS, HK, V and others too: see `prediction.prediction_interval`.
    tau2_interval
        qprofile, profile (likelihood ratio), or None to leave the intervals of tau2, i2 and
        h2 out (NaN).
    weights
        Weights of one's own in place of 1 / (vi + tau2), shape (..., k), 0 or more, in any unit;
        for the intervals wald, hksj, hksj-adhoc and auto. The mean is sum w y / sum w with the
        variance sum w^2 (vi + tau2) / (sum w)^2, and HKSJ multiplies it by the same Q / (k - 1).
        All that speaks of the spread is as without them; the likelihood is NaN.

    Returns
    -------
    RandomEffects
        Floats for one analysis, arrays of shape ``(...)`` for a batch. k = 0: all NaN, rule
        ``none``. k = 1: that study with its Wald interval, Q 0 on 0 degrees, and NaN for all
        that needs two studies. k = 2: all defined, HKSJ on 1 degree of freedom. Effects further
        apart than 1e45 of the smallest standard error: NaN, not converged.

    Raises
    ------
    ValueError
        For an unknown name, a level outside (0, 1), and what `checks.as_effects` refuses; a tau2
        below 0; weights that are below 0, not finite, or 0 for all studies.

    Examples
    --------
    >>> from ketameta.stats import random_effects
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> random_effects(yi, vi)
    RandomEffects: 5 studies, hksj interval
                 value       low    high        p
    effect      0.3339    0.1154  0.5525  0.01324
    prediction          -0.03953  0.7074
    tau2        0.0119         0  0.2141
    I2 %         34.27         0   90.37
    Q, 4 df      5.746                      0.219
    >>> random_effects([yi, yi[::-1]], [vi, vi[::-1]], "DL").tau2.round(4)
    array([0.01, 0.01])
    >>> round(random_effects(yi, vi, tau2=0.05, weights=[1, 2, 3, 1, 2]).estimate, 4)
    0.3733
    """
    y, v = as_effects(yi, vi)
    names = study_names(yi, vi)
    if weights is not None:
        _, weights = aligned(yi=yi, weights=weights)
    asked = (
        PoolingOptions(tau2, interval, level, prediction, tau2_interval)
        if isinstance(tau2, str)
        else PoolingOptions(TOLD, interval, level, prediction, None, float(tau2))
    )
    options = checked_options(asked, rules=intervals.RULES)
    lead, k = y.shape[:-1], y.shape[-1]
    n = prod(lead)
    y, v = y.reshape(n, k), v.reshape(n, k)
    fields = _in_blocks(y, v, options)
    if weights is not None:
        own = as_weights(weights, y, lead)
        how = options.interval, options.level, options.prediction
        fields |= reweighted(y, v, own, fields, *how)
    return RandomEffects(**{f: shaped(x, lead) for f, x in fields.items()}, **names)


def by_rules(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str,
    rules: Sequence[str],
    level: float = 0.95,
    *,
    tau2_interval: str | None = None,
) -> list[RandomEffects]:
    """Return what `random_effects` does under each of several rules, from one fit."""
    y, v = as_effects(yi, vi)
    names = study_names(yi, vi)
    each = [
        checked_options(PoolingOptions(tau2, rule, level, "k-1", tau2_interval), intervals.RULES)
        for rule in rules
    ]
    first, *others = (one.interval for one in each)
    lead, k = y.shape[:-1], y.shape[-1]
    asked = each[0]._replace(interval=first, others=tuple(others))
    fields = _in_blocks(y.reshape(prod(lead), k), v.reshape(prod(lead), k), asked)
    found = []
    for at in range(len(each)):
        own = {f: x[:, at] if others and f in OF_RULE else x for f, x in fields.items()}
        found.append(RandomEffects(**{f: shaped(x, lead) for f, x in own.items()}, **names))
    return found


def pool_many(
    yi: ArrayLike | str,
    vi: ArrayLike | str,
    group: ArrayLike | str,
    *,
    data: Any = None,
    **options: Any,
) -> pd.DataFrame:
    """Pool every analysis of long columns, of any number of studies each.

    Parameters
    ----------
    yi, vi, group
        Effect, sampling variance and analysis of each study, shape (n,), in any order; or the names
        of these columns in `data`. NaN in both yi and vi marks an absent study.
    data
        A frame of pandas or a table of Arrow.
    **options
        As `random_effects`.

    Returns
    -------
    DataFrame with every number of `RandomEffects` as columns and a row an analysis, in the order in
    which they first come; equal to the single calls to the last bit. ``fault`` names the row for
    which an analysis was refused (NaN then) and is empty otherwise.

    Raises
    ------
    ValueError
        As `many`; a column that `data` has not.

    Examples
    --------
    >>> from ketameta.stats import pool_many
    >>> group = ["old", "new", "old", "new", "new"]
    >>> pooled = pool_many([0.1, 0.5, 0.3, 0.1, 0.2], [0.02, 0.03, 0.04, 0.02, 0.05], group)
    >>> pooled[["estimate", "ci_low", "ci_high", "k"]].round(3).rename_axis(None)
         estimate  ci_low  ci_high  k
    old     0.167  -1.031    1.365  2
    new     0.259  -0.277    0.796  3
    """
    if data is not None:
        yi, vi, group = named_columns(data, yi=yi, vi=vi, group=group)
    return many(random_effects, group, yi, vi, **options)


def checked_options(options: PoolingOptions, rules: tuple[str, ...]) -> PoolingOptions:
    """Return the options as they are spelt here; a ValueError names one that is not known."""
    as_level(options.level)
    if options.tau2_interval is not None:
        one_of("tau2_interval", options.tau2_interval, LIMITS)
    tau2 = options.tau2
    if options.told is None:
        tau2 = as_method("tau2", tau2, ESTIMATORS)
    elif not 0.0 <= options.told < np.inf:
        raise ValueError(f"tau2 is an estimator, or a number of 0 or more; not {options.told!r}")
    interval = as_method("interval", options.interval, rules)
    prediction = as_method("prediction", options.prediction, PREDICTION_RULES)
    if interval == "auto" and tau2 == "EE":
        interval = "wald"  # a common effect is assumed: no spread is left to allow for
    return options._replace(tau2=tau2, interval=interval, prediction=prediction)


def _in_blocks(y: Floats, v: Floats, options: PoolingOptions) -> Fields:
    """Return every field of analyses of shape (n, k), a block at a time."""
    n, k = y.shape
    size = max(1, BLOCK // max(k, 1))
    if y.size > BLOCK // 32:
        # Freed at once and never touched: glibc's malloc then keeps pages of up to this size
        # instead of fetching and zeroing them anew for each array. In a fresh process 10,000 fits
        # of 20 studies take 18 ms so, 30 ms without.
        np.empty(KEPT_BY_MALLOC)
    first = _pool(y[:size], v[:size], options)
    if n <= size:
        return first
    whole = {f: np.empty((n, *x.shape[1:]), x.dtype) for f, x in first.items()}
    for i in range(0, n, size):
        part = _pool(y[i : i + size], v[i : i + size], options) if i else first
        for field, x in part.items():
            whole[field][i : i + size] = x
    return whole


def shaped(x: NDArray[Any], lead: tuple[int, ...]) -> Any:
    """Return a flat result in the caller's shape; a plain number where there is no batch."""
    if not lead and x.ndim == 1:
        return x.item()
    return x.reshape(lead + x.shape[1:])


def _pool(y: Floats, v: Floats, options: PoolingOptions) -> Fields:
    """Return every field of a block of shape (n, k)."""
    absent = np.isnan(y)
    if y.size and y.shape[1] >= 2 and not absent.any():
        return _fit(y, v, options)
    few = y.shape[1] - absent.sum(axis=1) < 2
    if few.size and not few.any():
        return _fit(y, v, options)
    return _fit_but(few, y, v, options)


def _fit_but(few: NDArray[np.bool_], y: Floats, v: Floats, options: PoolingOptions) -> Fields:
    """Fit the analyses that have enough to estimate something from; fill in the others."""
    some, rest = np.flatnonzero(few), np.flatnonzero(~few)
    out = _few(y[some], v[some], options)
    if not rest.size:
        return out
    back = np.argsort(np.concatenate([rest, some]))
    fitted = _fit(y[rest], v[rest], options)
    return {f: np.concatenate([x, out[f]]).take(back, axis=0) for f, x in fitted.items()}


def _few(y: Floats, v: Floats, options: PoolingOptions) -> Fields:
    """Return the fields of analyses of no study (NaN), of one (itself), of some too far apart."""
    n, k = len(y), y.shape[1] - np.isnan(y).sum(axis=1)
    out: Fields = {f: np.full(n, np.nan) for f in number_fields(RandomEffects)}
    out["k"] = k
    out["converged"] = k < 2
    out["ci_in_parts"] = out["tau2_in_parts"] = np.zeros(n, bool)
    out["rule"] = np.where(k == 1, "wald", "none").astype(intervals.NAMES)
    out["weights"] = np.full(y.shape, np.nan)
    one = np.flatnonzero(k == 1)
    if one.size:
        column = (~np.isnan(y[one])).argmax(axis=1)
        effect, se = y[one, column], np.sqrt(v[one, column])
        half = special.ndtri(0.5 + options.level / 2.0) * se
        df = np.full(one.size, np.inf)
        values = {
            "estimate": effect,
            "se": se,
            "statistic": effect / se,
            "df": df,
            "p": t_tails(effect / se, df),
            "ci_low": effect - half,
            "ci_high": effect + half,
            "q": 0.0,
            "q_df": 0.0,
        }
        if options.tau2 == "EE":  # assumed, not estimated
            values["tau2"] = 0.0
        elif options.told is not None:
            values["tau2"] = options.told
        for field, x in values.items():
            out[field][one] = x
        out["weights"][one, column] = 100.0
    if options.others:
        rules = 1 + len(options.others)
        out |= {f: out[f][:, None].repeat(rules, axis=1) for f in OF_RULE}
    return out


def _fit(y: Floats, v: Floats, options: PoolingOptions) -> Fields:
    """Return every field of analyses of two studies or more."""
    model = MeanModel.of(y, v)
    if options.told is None and units.is_extreme(model.low):
        s = units.power_of_two(model.low)
        fields = _fit(y / s[:, None], v / s[:, None] / s[:, None], options)
        dims = fields["k"] - (1.0 if options.tau2 == "REML" else 0.0)
        return units.restore(fields, s, dims)
    far = ~(model.residual_spread <= TOO_FAR * model.low)
    if far.any():
        return _fit_but(far, y, v, options)
    found = ESTIMATORS[options.tau2](model) if options.told is None else told(model, options.told)
    restricted = options.tau2 == "REML"
    t = found.value
    at = found.sums or model.sums(t, restricted)
    fit = intervals.PooledEffect(at.mean + model.origin, 1.0 / at.total, at.q / model.df, t)
    rules = options.interval, *options.others
    how = options.prediction, options.level
    each = [of_rule(rule, model, fit, v, *how) for rule in rules]
    whole: Fields = {
        "tau2_se": found.se,
        "k": model.count.astype(np.intp),
        "log_likelihood": model.log_likelihood(t, restricted, at),
        "converged": found.converged,
        **{
            f: np.stack([one[f] for one in each], axis=1) if options.others else each[0][f]
            for f in OF_RULE
        },
    }
    return whole | spread_measures(
        model, found, at, options.tau2, limits=options.tau2_interval, level=options.level
    )
