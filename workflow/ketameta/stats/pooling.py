"""Random-effects pooling of one analysis or of many at once."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats import intervals
from ketameta.stats.checks import as_effects, as_level, one_of
from ketameta.stats.models import MeanModel
from ketameta.stats.prediction import RULES as PREDICTION_RULES
from ketameta.stats.prediction import prediction_interval
from ketameta.stats.results import RandomEffects
from ketameta.stats.tau2 import ESTIMATORS

Floats = NDArray[np.float64]

# Elements of a block: about 128 kB an array, so that the working set stays in the cache and
# memory does not grow with the batch.
BLOCK = 16384


def random_effects(
    yi: ArrayLike,
    vi: ArrayLike,
    tau2: str = "REML",
    interval: str = "hksj",
    level: float = 0.95,
    *,
    prediction: str = "k-1",
    tau2_interval: str | None = "qprofile",
) -> RandomEffects:
    """Pool effects under the model yi = mu + ui + ei, Var ui = tau2, Var ei = vi.

    Parameters
    ----------
    yi, vi
        Effects and sampling variances, shape ``(..., k)``: leading axes are independent
        analyses. NaN in both marks an absent study.
    tau2
        EE DL DL2 HE HS HSk SJ ML REML EB PM PMM.
    interval
        wald, hksj, hksj-adhoc or auto (hksj where tau2 > 0 and k > 2, else wald).
    level
        Confidence of all intervals.
    prediction
        k-1, k-2, normal or hksj; see `prediction_interval`.
    tau2_interval
        qprofile, or None to leave the intervals of tau2, i2 and h2 out (NaN).

    Returns
    -------
    RandomEffects
        Floats for one analysis, arrays of shape ``(...)`` for a batch. k = 0: all NaN. k = 1:
        that study with its Wald interval (rule ``wald``), q 0 on 0 degrees, and NaN for all that
        needs two studies. k = 2: all defined, HKSJ on 1 degree of freedom.

    Raises
    ------
    ValueError
        For an unknown name, a level outside (0, 1), and what `checks.as_effects` refuses.
    """
    y, v = as_effects(yi, vi)
    one_of("tau2", tau2, tuple(ESTIMATORS))
    one_of("interval", interval, intervals.RULES)
    one_of("prediction", prediction, PREDICTION_RULES)
    if tau2_interval is not None:
        one_of("tau2_interval", tau2_interval, ("qprofile",))
    level = as_level(level)
    lead, k = y.shape[:-1], y.shape[-1]
    y, v = y.reshape(prod(lead), k), v.reshape(prod(lead), k)
    size = max(1, BLOCK // max(k, 1))
    parts = [
        _pool(y[i : i + size], v[i : i + size], tau2, interval, level, prediction, tau2_interval)
        for i in range(0, max(len(y), 1), size)
    ]
    whole = (
        parts[0]
        if len(parts) == 1
        else {f: np.concatenate([p[f] for p in parts]) for f in parts[0]}
    )
    return RandomEffects(**{f: _shaped(x, lead) for f, x in whole.items()})


def _shaped(x: NDArray[Any], lead: tuple[int, ...]) -> Any:
    """Return a flat result in the caller's shape; a plain number where there is no batch."""
    x = x.reshape(lead + x.shape[1:])
    return x.item() if x.ndim == 0 else x


def _pool(
    y: Floats, v: Floats, tau2: str, interval: str, level: float, predict: str, limits: str | None
) -> dict[str, NDArray[Any]]:
    """Return every field of a block of shape (n, k)."""
    k = (~np.isnan(y)).sum(axis=1)
    rows = np.flatnonzero(k >= 2)
    if rows.size == len(k) and rows.size:
        return _fit(y, v, tau2, interval, level, predict, limits)
    out = _few(y, v, k, level)
    if rows.size:
        fit = _fit(y[rows], v[rows], tau2, interval, level, predict, limits)
        for field, x in fit.items():
            out[field][rows] = x
    return out


def _few(y: Floats, v: Floats, k: NDArray[np.intp], level: float) -> dict[str, NDArray[Any]]:
    """Return the fields of analyses of no study (NaN) and of one (itself)."""
    n = len(k)
    out: dict[str, NDArray[Any]] = {
        f: np.full(n, np.nan) for f in RandomEffects.__dataclass_fields__
    }
    out["k"] = k
    out["converged"] = np.ones(n, dtype=bool)
    out["rule"] = np.full(n, "wald", dtype="U12")
    out["weights"] = np.full(y.shape, np.nan)
    one = np.flatnonzero(k == 1)
    if one.size:
        column = (~np.isnan(y[one])).argmax(axis=1)
        effect, se = y[one, column], np.sqrt(v[one, column])
        half = special.ndtri(0.5 + level / 2.0) * se
        df = np.full(one.size, np.inf)
        values = {
            "estimate": effect,
            "se": se,
            "statistic": effect / se,
            "df": df,
            "p": intervals.t_tails(effect / se, df),
            "ci_low": effect - half,
            "ci_high": effect + half,
            "q": 0.0,
            "q_df": 0.0,
        }
        for field, x in values.items():
            out[field][one] = x
        out["weights"][one, column] = 100.0
    return out


def _fit(
    y: Floats, v: Floats, tau2: str, interval: str, level: float, predict: str, limits: str | None
) -> dict[str, NDArray[Any]]:
    """Return every field of analyses of two studies or more."""
    model = MeanModel.of(y, v)
    found = ESTIMATORS[tau2](model)
    t = found.value
    u, estimate, variance, q_t = model.mean(t)
    ci = intervals.effect_interval(model, t, estimate, variance, q_t, interval, level)
    hksj_se = np.sqrt(q_t / model.df * variance)
    pi_low, pi_high = prediction_interval(estimate, ci.se, hksj_se, t, model.count, predict, level)
    q, _ = model.q(np.zeros(t.size))
    df = model.df
    _, typical = model.score(np.zeros(t.size), True)
    typical = df / typical
    i2_q = 100.0 * np.maximum(0.0, 1.0 - df / np.maximum(q, np.finfo(float).tiny))
    low, high = intervals.q_profile(model, level) if limits else (np.full(t.size, np.nan),) * 2
    # Under EE tau2 is assumed, not estimated: only Q can speak of heterogeneity then.
    i2, h2 = (i2_q, q / df) if tau2 == "EE" else (_i2(t, typical), 1.0 + t / typical)
    weights = np.full(y.shape, np.nan)
    here = ~np.isnan(y)
    weights[here] = (1.0 / (v + t[:, None]))[here]
    weights *= (100.0 * variance)[:, None]
    return {
        "estimate": estimate, "se": ci.se, "statistic": ci.statistic, "df": ci.df, "p": ci.p,
        "ci_low": ci.low, "ci_high": ci.high, "rule": ci.rule,
        "pi_low": pi_low, "pi_high": pi_high,
        "tau2": t, "tau2_se": found.se, "tau2_low": low, "tau2_high": high,
        "i2": i2, "i2_low": _i2(low, typical), "i2_high": _i2(high, typical),
        "h2": h2, "h2_low": 1.0 + low / typical, "h2_high": 1.0 + high / typical,
        "i2_q": i2_q, "h2_q": q / df,
        "q": q, "q_df": df, "q_p": special.chdtrc(df, q),
        "k": model.count.astype(np.intp), "weights": weights,
        "log_likelihood": model.log_likelihood(t, tau2 == "REML"),
        "converged": found.converged,
    }  # fmt: skip


def _i2(tau2: Floats, typical: Floats) -> Floats:
    """Return the share of variance that is between studies, per cent (Higgins & Thompson 2002)."""
    return 100.0 * tau2 / (tau2 + typical)
