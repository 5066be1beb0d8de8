"""Effects pooled and regressed once more: `ketameta.stats` has no part in it.

Weighted least squares of statsmodels with weights 1 / (vi + tau²) give the coefficients, the
variance of Hartung, Knapp, Sidik and Jonkman (their own, which estimates the scale), and Wald's
(scale 1). tau² is the root of its equation, found here: of the score of the restricted or full
likelihood the root with the highest likelihood, of Paule and Mandel's that of the residual Q with
these weights. That of DerSimonian and Laird without moderators, and Paule and Mandel's once more,
come from `combine_effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

Floats = NDArray[np.float64]
BY_WLS = "WLS"
BY_EQUATION = "root of its equation"
BY_SUM = "its sum"
BY_COMBINING = "combine_effects"
# rules of an interval that least squares give
WALD, HKSJ, FLOORED = "wald", "hksj", "hksj-adhoc"
_GRID = 60


def _combined(yi: Floats, vi: Floats, way: str, **more: float) -> Any:
    # loaded where it is used: it takes as long as all else of a step
    from statsmodels.stats.meta_analysis import combine_effects

    # a tau² below 0 makes roots that are none, which nobody asks for here
    with np.errstate(all="ignore"):
        return combine_effects(yi, vi, method_re=way, **more)


def wls(yi: Floats, x: Floats, weights: Floats) -> Any:
    """Return a weighted regression of effects (k,) on columns (k, p), as statsmodels has it."""
    from statsmodels.regression.linear_model import WLS

    return WLS(yi, x, weights=weights).fit()


@dataclass(frozen=True)
class Refit:
    """Coefficients (p,) on the analysis scale, with what a rule makes of their errors.

    `size` are Wald's standard errors, which are never 0; `q_between` tests all coefficients but
    the first against 0, as F where the interval is by t, else as chi-squared.
    """

    beta: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    p: Floats
    size: Floats
    q_between: float
    p_between: float


def tau2_of(
    yi: Floats, vi: Floats, estimator: str, x: Floats | None = None
) -> tuple[float, str] | None:
    """Return tau² and what made it; None for an estimator that no independent path gives here.

    `x` (k, p) are the columns of a regression, the intercept among them.
    """
    if estimator == "EE":
        return 0.0, "none"
    if estimator == "DL" and x is None:
        # not held at 0, unlike everybody else's: see `stage.KNOWN`
        return float(_combined(yi, vi, "chi2").tau2), BY_COMBINING
    columns = np.ones((len(yi), 1)) if x is None else x
    data = yi, vi, np.linalg.qr(columns)[0]
    if estimator in ("REML", "ML"):
        return _likeliest(data, restricted=estimator == "REML"), BY_EQUATION
    if estimator in ("PM", "EB"):  # the two are the same number
        return _paule_mandel(data), BY_EQUATION
    if estimator == "DL":
        at = _at(data, np.zeros(1))
        return max(0.0, float((at.q[0] - at.df) / at.trace[0])), BY_EQUATION
    if estimator == "HE":
        hat = data[2] @ data[2].T
        left = float(yi @ (yi - hat @ yi) - (vi * (1 - np.diag(hat))).sum())
        return max(0.0, left / (len(yi) - columns.shape[1])), "variance of the effects"
    return None


class _At(NamedTuple):
    """Sums at some values (m,) of tau²: with P = W - WX(X'WX)⁻¹X'W, W the weights."""

    q: Floats  # y'Py
    square: Floats  # y'PPy
    trace: Floats  # tr P
    weights: Floats  # tr W
    log_weights: Floats  # log |W|
    log_cross: Floats  # log |X'WX|
    df: int


def _at(data: tuple[Floats, Floats, Floats], tau2: Floats) -> _At:
    y, v, x = data
    w = 1 / (v + tau2[:, None])
    cross = np.einsum("mk,kp,kq->mpq", w, x, x)
    beta = np.linalg.solve(cross, np.einsum("mk,kp,k->mp", w, x, y)[:, :, None])[:, :, 0]
    left = y - beta @ x.T
    lost = np.linalg.solve(cross, np.einsum("mk,kp,kq->mpq", w * w, x, x))
    whole = w.sum(axis=1)
    return _At(
        q=(w * left**2).sum(axis=1),
        square=(w**2 * left**2).sum(axis=1),
        trace=whole - np.trace(lost, axis1=1, axis2=2),
        weights=whole,
        log_weights=np.log(w).sum(axis=1),
        log_cross=np.linalg.slogdet(cross)[1],
        df=len(y) - x.shape[1],
    )


def _paule_mandel(data: tuple[Floats, Floats, Floats]) -> float:
    def over(tau2: float) -> float:
        at = _at(data, np.array([tau2]))
        return float(at.q[0]) - at.df

    if over(0.0) <= 0:
        return 0.0
    y, v, _ = data
    top = float(((y - y.mean()) ** 2).sum()) + float(v.max())
    while over(top) > 0:
        top *= 2
    return float(brentq(over, 0.0, top, xtol=1e-300, rtol=1e-14))


def excess(yi: Floats, vi: Floats, tau2: float) -> float:
    """Return how far Q with weights 1 / (vi + tau²) is above its degrees of freedom."""
    at = _at((yi, vi, np.ones((len(yi), 1))), np.array([tau2]))
    return float(at.q[0]) - at.df


def iterated(yi: Floats, vi: Floats) -> float:
    """Return Paule and Mandel's tau² as `combine_effects` iterates it.

    It takes 0 where rounding takes a step past the root (statsmodels 0.15.0: an excess of Q below 0
    ends it before it is held against the tolerance), and what it has after the last step where it
    does not get there. Its tolerance is 1e-5 by default.
    """
    return float(_combined(yi, vi, "iterated", atol=1e-10, maxiter=500).tau2)


def _likeliest(data: tuple[Floats, Floats, Floats], *, restricted: bool) -> float:
    """Return the tau² of the highest likelihood: 0, or a root of its score."""
    y, v, _ = data
    top = 10 * (float(np.var(y)) + float(v.max()))
    grid = np.concatenate([[0.0], np.geomspace(1e-6 * float(v.min()), top, _GRID)])

    def scores(tau2: Floats) -> Floats:
        at = _at(data, tau2)
        return at.square - (at.trace if restricted else at.weights)

    def likelihood(tau2: float) -> float:
        at = _at(data, np.array([tau2]))
        whole = float(at.log_weights[0] - at.q[0])
        return whole - (float(at.log_cross[0]) if restricted else 0.0)

    signs = scores(grid)
    found = [0.0]
    for i in np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0)):
        root = brentq(
            lambda tau2: float(scores(np.array([tau2]))[0]),
            *(grid[i], grid[i + 1]),
            xtol=1e-300,
            rtol=1e-14,
        )
        found.append(float(root))
    return max(found, key=likelihood)


def refit(
    yi: Floats, vi: Floats, tau2: float, rule: str, level: float, x: Floats | None = None
) -> Refit:
    """Return the effects regressed with weights 1 / (vi + tau²), with intervals by a rule.

    Without columns `x` (k, p), the intercept among them, it is the pooled effect.
    """
    columns = np.ones((len(yi), 1)) if x is None else x
    k, p = columns.shape
    fitted = wls(yi, columns, 1 / (vi + tau2))
    scale = 1.0 if rule == WALD else float(fitted.scale)
    scale = max(1.0, scale) if rule == FLOORED else scale
    covariance, beta = fitted.normalized_cov_params, fitted.params
    wald = np.sqrt(np.diag(covariance))
    se = wald * np.sqrt(scale)
    share = 0.5 + level / 2
    half = se * float(ndtri(share) if rule == WALD else stdtrit(k - p, share))
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.abs(beta) / se
    between, apart = 0.0, 1.0
    if p > 1:
        between = float(beta[1:] @ np.linalg.solve(covariance[1:, 1:], beta[1:])) / scale
        between = between if rule == WALD else between / (p - 1)
        apart = float(chdtrc(p - 1, between) if rule == WALD else fdtrc(p - 1, k - p, between))
    return Refit(
        beta=beta,
        se=se,
        ci_low=beta - half,
        ci_high=beta + half,
        p=2 * (ndtr(-far) if rule == WALD else stdtr(k - p, -far)),
        size=wald,
        q_between=between,
        p_between=apart,
    )


def q_of(yi: Floats, vi: Floats) -> float:
    """Return Q about the mean with weights 1 / vi; that of `combine_effects` loses digits."""
    return excess(yi, vi, 0.0) + len(yi) - 1
