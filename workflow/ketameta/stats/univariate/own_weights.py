"""Pooling with weights of one's own, where a variance between studies is estimated or told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketameta.stats.numerics.checks import as_floats
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate import intervals
from ketameta.stats.univariate.prediction import prediction_error, prediction_interval

RULES = ("auto", "wald", "hksj", "hksj-adhoc")


class _Freedom(NamedTuple):
    df: Floats


def as_weights(weights: ArrayLike, y: Floats, lead: tuple[int, ...]) -> Floats:
    """Return weights of shape (n, k) for effects of that shape, 0 where a study is absent."""
    w = as_floats("weights", weights)
    try:
        w = np.broadcast_to(w, (*lead, y.shape[-1])).reshape(y.shape)
    except ValueError:
        raise ValueError(f"weights have shape {np.shape(weights)}, not that of yi") from None
    absent = np.isnan(y)
    if (bad := np.flatnonzero((~absent & ~((w >= 0) & np.isfinite(w))).ravel())).size:
        raise ValueError(f"weights[{bad[0] % y.shape[1]}] is not a number of 0 or more")
    w = np.where(absent, 0.0, w)
    if (~absent.all(axis=1) & ~(w.sum(axis=1) > 0)).any():
        raise ValueError("weights are 0 for all studies")
    return np.asarray(w)


def reweighted(
    y: Floats,
    v: Floats,
    w: Floats,
    fields: Mapping[str, NDArray[Any]],
    rule: str,
    level: float,
    prediction: str,
) -> dict[str, NDArray[Any]]:
    """Return what weights change of the fields of analyses, shapes (n, k): mean and intervals.

    Viechtbauer (2010, Journal of Statistical Software 36(3)), `rma` with `weights`.
    """
    if rule not in RULES:
        raise ValueError(f"weights go with the intervals {', '.join(RULES)}; not with {rule}")
    absent = np.isnan(y)
    t, several = np.asarray(fields["tau2"], float), np.asarray(fields["k"]) > 1
    spread = np.where(absent, np.inf, v) + np.where(np.isnan(t), 0.0, t)[:, None]
    effects, total = np.where(absent, 0.0, y), w.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (w * effects).sum(axis=1) / total
        variance = (w**2 * np.where(absent, 0.0, spread)).sum(axis=1) / total**2
        own = (effects / spread).sum(axis=1) / (1 / spread).sum(axis=1)
        df = np.asarray(fields["k"], float) - 1
        scale = ((effects - own[:, None]) ** 2 / spread).sum(axis=1) / df
        fit = intervals.PooledEffect(mean, variance, scale, t)
        ci = intervals.effect_interval(_Freedom(df), fit, rule, level)
        error = prediction_error(prediction, ci.se, np.sqrt(variance), scale)
        low, high = prediction_interval(mean, error, t, df + 1, rule=prediction, level=level)
        shares = np.where(absent, np.nan, 100.0 * w / total[:, None])
    found = {
        "estimate": mean, "se": ci.se, "statistic": ci.statistic, "df": ci.df, "p": ci.p,
        "ci_low": ci.low, "ci_high": ci.high, "rule": ci.rule, "pi_low": low, "pi_high": high,
    }  # fmt: skip
    changed = {name: np.where(several, x, fields[name]) for name, x in found.items()}
    return {**changed, "weights": shares, "log_likelihood": np.full(len(y), np.nan)}
