"""Pooled numbers by statsmodels and by equations written out here: `ketameta.stats` has no part.

Weighted least squares with weights 1 / (vi + tau²) give the pooled effect, the variance of
Hartung, Knapp, Sidik and Jonkman (their own, which estimates the scale), and Wald's (scale 1). tau²
is the root of its equation, found here: of the score of the restricted or full likelihood the root
with the highest likelihood, of Paule and Mandel's that of Q with these weights. That of DerSimonian
and Laird, and Paule and Mandel's once more, come from `combine_effects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, t

Floats = NDArray[np.float64]
BY_WLS = "WLS"
BY_EQUATION = "root of its equation"
BY_COMBINING = "combine_effects"
BY_TABLES = "StratifiedTable"
# rules of an interval that least squares give
WALD, HKSJ, FLOORED = "wald", "hksj", "hksj-adhoc"
_GRID = 60


def _combined(yi: Floats, vi: Floats, way: str, **more: float) -> Any:
    # loaded where it is used: it takes as long as all else of a step
    from statsmodels.stats.meta_analysis import combine_effects

    # a tau² below 0 makes roots that are none, which nobody asks for here
    with np.errstate(all="ignore"):
        return combine_effects(yi, vi, method_re=way, **more)


def _wls(yi: Floats, x: Floats, weights: Floats) -> Any:
    from statsmodels.regression.linear_model import WLS

    return WLS(yi, x, weights=weights).fit()


@dataclass(frozen=True)
class Refit:
    """A pooled result on the analysis scale; `size` is Wald's standard error, which is never 0."""

    tau2: float
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    q: float
    size: float


def tau2_of(yi: Floats, vi: Floats, estimator: str) -> tuple[float, str] | None:
    """Return tau² and what made it; None for an estimator that no independent path gives here."""
    if estimator in ("REML", "ML"):
        return _likeliest(yi, vi, restricted=estimator == "REML"), BY_EQUATION
    if estimator in ("PM", "EB"):  # the two are the same number
        return _paule_mandel(yi, vi), BY_EQUATION
    if estimator == "DL":
        # not held at 0, unlike everybody else's: see `stage.KNOWN`
        return float(_combined(yi, vi, "chi2").tau2), BY_COMBINING
    if estimator == "HE":
        return max(0.0, float(np.var(yi, ddof=1) - vi.mean())), "variance of the effects"
    return None


def _paule_mandel(yi: Floats, vi: Floats) -> float:
    if excess(yi, vi, 0.0) <= 0:
        return 0.0
    top = float(((yi - yi.mean()) ** 2).sum()) + float(vi.max())
    while excess(yi, vi, top) > 0:
        top *= 2
    return float(brentq(lambda tau2: excess(yi, vi, tau2), 0.0, top, xtol=1e-300, rtol=1e-14))


def excess(yi: Floats, vi: Floats, tau2: float) -> float:
    """Return how far Q with weights 1 / (vi + tau²) is above its degrees of freedom."""
    w = 1 / (vi + tau2)
    return float((w * (yi - (w @ yi) / w.sum()) ** 2).sum()) - (len(yi) - 1)


def iterated(yi: Floats, vi: Floats) -> float:
    """Return Paule and Mandel's tau² as `combine_effects` iterates it.

    It takes 0 where rounding takes a step past the root (statsmodels 0.15.0: an excess of Q below 0
    ends it before it is held against the tolerance), and what it has after the last step where it
    does not get there. Its tolerance is 1e-5 by default.
    """
    return float(_combined(yi, vi, "iterated", atol=1e-10, maxiter=500).tau2)


def _likeliest(yi: Floats, vi: Floats, *, restricted: bool) -> float:
    """Return the tau² of the highest likelihood: 0, or a root of its score."""
    top = 10 * (float(np.var(yi)) + float(vi.max()))
    grid = np.concatenate([[0.0], np.geomspace(1e-6 * float(vi.min()), top, _GRID)])

    def score(tau2: float) -> float:
        w = 1 / (vi + tau2)
        centre = (w @ yi) / w.sum()
        lost = (w**2).sum() / w.sum() if restricted else 0.0
        return float((w**2 * (yi - centre) ** 2).sum() - w.sum() + lost)

    def likelihood(tau2: float) -> float:
        w = 1 / (vi + tau2)
        centre = (w @ yi) / w.sum()
        whole = np.log(w).sum() - (w * (yi - centre) ** 2).sum()
        return float(whole - (np.log(w.sum()) if restricted else 0.0))

    signs = np.array([score(tau2) for tau2 in grid])
    found = [0.0]
    for i in np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0)):
        found.append(float(brentq(score, grid[i], grid[i + 1], xtol=1e-300, rtol=1e-14)))
    return max(found, key=likelihood)


def refit(yi: Floats, vi: Floats, tau2: float, rule: str, level: float) -> Refit:
    """Return the pooled effect with weights 1 / (vi + tau²) and its interval by a rule."""
    k = len(yi)
    fitted = _wls(yi, np.ones(k), 1 / (vi + tau2))
    wald = float(np.sqrt(fitted.normalized_cov_params[0, 0]))
    hksj = float(fitted.bse[0])
    se = {WALD: wald, HKSJ: hksj, FLOORED: max(wald, hksj)}[rule]
    share = 0.5 + level / 2
    half = se * float(norm.ppf(share) if rule == WALD else t.ppf(share, k - 1))
    estimate = float(fitted.params[0])
    # about the mean with weights 1 / vi, whatever tau² is; that of `combine_effects` loses digits
    q = float(_wls(yi, np.ones(k), 1 / vi).ssr)
    return Refit(tau2, estimate, se, estimate - half, estimate + half, q, wald)


def slope_on(yi: Floats, x: Floats, weights: Floats) -> tuple[float, float]:
    """Return the slope of a weighted regression on x, and its t."""
    fitted = _wls(yi, np.column_stack([np.ones(len(yi)), x]), weights)
    return float(fitted.params[1]), float(fitted.tvalues[1])


def mantel_haenszel(counts: Sequence[tuple[float, float, float, float]], *, odds: bool) -> float:
    """Return the pooled ratio of odds or of risks.

    `counts` are events and people of the treated, then of control, trial by trial.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    tables = StratifiedTable([np.array([[a, n1 - a], [c, n2 - c]]) for a, n1, c, n2 in counts])
    with np.errstate(all="ignore"):
        return float(tables.oddsratio_pooled if odds else tables.riskratio_pooled)
