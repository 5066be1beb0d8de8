"""What a meta-regression says of studies to come, and of combinations of its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ketameta.stats.numerics.checks import as_level, as_method, has_labels
from ketameta.stats.numerics.distributions import t_quantile, t_tails
from ketameta.stats.numerics.shown import Labels, Shown, index_labels
from ketameta.stats.numerics.sums import Floats
from ketameta.stats.univariate.prediction import RULES, prediction_error, prediction_interval
from ketameta.stats.univariate.regression import RANK_TOLERANCE, design_columns, omnibus
from ketameta.stats.univariate.results import MetaRegression, Number


@dataclass(frozen=True, repr=False)
class Predictions(Shown):
    """Effects that a meta-regression expects at values of its moderators; fields (..., m).

    Attributes
    ----------
    estimate, se, ci_low, ci_high
        The mean true effect there, its standard error and confidence interval.
    pi_low, pi_high
        Prediction interval of the true effect of one study there.
    analyses
        Names of the rows of X, where it carried some; else None.
    """

    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    pi_low: Floats
    pi_high: Floats
    analyses: Labels = None


@dataclass(frozen=True, repr=False)
class Contrasts(Shown):
    """Linear combinations of the coefficients of a meta-regression.

    Attributes
    ----------
    estimate, se, statistic, p, ci_low, ci_high
        Of each combination by itself, shape (..., m); tests by t on the degrees of freedom of the
        fit, or by z.
    qm, qm_df, qm_df2, qm_p
        The test that all of them are 0: chi-squared on `qm_df` degrees (qm_df2 infinite) or F.
        `qm_df` is how many of them are independent.
    analyses
        Names of the rows of L, where it carried some; else None.
    """

    BELOW: ClassVar[tuple[str, ...]] = ("qm", "qm_df", "qm_df2", "qm_p")

    estimate: Floats
    se: Floats
    statistic: Floats
    p: Floats
    ci_low: Floats
    ci_high: Floats
    qm: Number
    qm_df: int
    qm_df2: Number
    qm_p: Number
    analyses: Labels = None


def predicted(
    fit: MetaRegression,
    X: ArrayLike,
    *,
    level: float = 0.95,
    prediction: str = "k-1",
) -> Predictions:
    """Return the effects that a meta-regression expects at values of its moderators.

    Parameters
    ----------
    fit
        What `meta_regression` returned.
    X
        Values of the moderators, a row a prediction, shape ``(m, p)``; of a single moderator also
        ``(m,)``. Without the constant column where the fit put it in front. A frame is taken by
        the names of its columns where the fit has names.
    level
        Confidence of both intervals.
    prediction
        The rule of the prediction interval, as in `random_effects`, k - p standing for its k - 1:
        k-1 (t with k - p degrees), k-2 (k - p - 1), normal; those named hksj and wald with that
        standard error, whatever the fit used.

    Returns
    -------
    Predictions, fields of shape ``(..., m)``; NaN where the fit has no coefficients. Under EE the
    prediction interval has no variance between studies in it.

    Raises
    ------
    ValueError
        Columns that are not those of the fit, values that are not finite, unknown words.

    Notes
    -----
    At a row x the estimate is x'b, its variance x'Cx with C the covariance of the coefficients;
    confidence intervals by t or z as those of the coefficients. Equal to metafor's ``predict``,
    whose ``pi.type="t"`` is k-1 and whose ``"riley"`` is k-2.

    Examples
    --------
    >>> from ketameta.stats import meta_regression, predicted
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> hours = [4, 8, 24, 6, 12]
    >>> predicted(meta_regression(yi, vi, hours), [4, 24])
    Predictions
       estimate      se     ci_low  ci_high   pi_low  pi_high
    0    0.1885  0.0978  -0.003196   0.3802  -0.1228   0.4997
    1    0.5547  0.1172     0.3249   0.7844   0.1815   0.9278
    """
    level = as_level(level)
    prediction = as_method("prediction", prediction, RULES)
    x, names = _rows(fit, X)
    estimate, covariance = fit.beta @ x.T, fit.covariance
    se = _errors(x, covariance)
    df, k, p = np.asarray(fit.df), np.asarray(fit.k), x.shape[1]
    half = np.asarray(t_quantile(df, level))[..., None] * se
    used, scale = np.asarray(fit.factor), np.asarray(fit.scale)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a fit without any spread
        wald = se / np.sqrt(used)[..., None]
    low, high = prediction_interval(
        estimate,
        prediction_error(prediction, se, wald, scale[..., None]),
        np.asarray(fit.tau2)[..., None],
        np.asarray(k - p + 1.0)[..., None],
        rule=prediction,
        level=level,
    )
    return Predictions(estimate, se, estimate - half, estimate + half, low, high, names)


def contrasts(fit: MetaRegression, L: ArrayLike, *, level: float = 0.95) -> Contrasts:
    """Test linear combinations of the coefficients of a meta-regression, each and all at once.

    Parameters
    ----------
    fit
        What `meta_regression` returned.
    L
        Weights of the coefficients, a row a combination, shape ``(m, p)``, or ``(p,)`` for one.
        Without the first column, the constant's, where the fit put that in front and no
        combination weighs it.
    level
        Confidence of the intervals.

    Returns
    -------
    Contrasts. Rows that others imply (a - b, b - c, a - c) have their own test and add nothing to
    the common one.

    Raises
    ------
    ValueError
        Columns that are not those of the fit, values that are not finite, or rows all 0.

    Notes
    -----
    Of a row l the estimate is l'b with variance l'Cl. All at once: b'B'(BCB')^-1 Bb with B an
    orthonormal basis of the rows, over its rank where the fit is tested by t. Equal to metafor's
    ``anova(fit, X = L)``.

    Examples
    --------
    >>> from ketameta.stats import contrasts, meta_regression
    >>> yi, vi = [0.12, 0.31, 0.52, 0.18, 0.44], [0.02, 0.03, 0.015, 0.04, 0.02]
    >>> groups = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]
    >>> fit = meta_regression(yi, vi, groups, interval="wald")
    >>> contrasts(fit, [[-1, 1, 0], [-1, 0, 1]])
    Contrasts
       estimate      se  statistic        p    ci_low  ci_high
    0     0.248  0.1592      1.558   0.1192  -0.06396     0.56
    1      0.38  0.1683      2.258  0.02397   0.05009   0.7099
    qm 5.348, qm_df 2, qm_df2 inf, qm_p 0.06899
    """
    level = as_level(level)
    x, names = _rows(fit, L, weights=True)
    if not x.any(axis=1).all():
        raise ValueError(f"L[{int((~x.any(axis=1)).argmax())}] is 0 throughout")
    estimate, se = fit.beta @ x.T, _errors(x, fit.covariance)
    df = np.asarray(fit.df, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = estimate / se
    half = np.asarray(t_quantile(df, level))[..., None] * se
    _, size, turned = np.linalg.svd(x / np.abs(x).max(axis=1, keepdims=True))
    basis = turned[: int((size > RANK_TOLERANCE * size[0]).sum())]
    m, lead = len(basis), df.shape
    beta = (fit.beta @ basis.T).reshape(-1, m)
    covariance = (basis @ fit.covariance @ basis.T).reshape(-1, m, m)
    q, p = omnibus(beta, covariance, df.ravel())
    return Contrasts(
        estimate,
        se,
        statistic,
        t_tails(statistic, np.broadcast_to(df[..., None], se.shape)),
        estimate - half,
        estimate + half,
        qm=q.reshape(lead) if lead else float(q[0]),
        qm_df=m,
        qm_df2=fit.df,
        qm_p=p.reshape(lead) if lead else float(p[0]),
        analyses=names,
    )


def _errors(x: Floats, covariance: Floats) -> Floats:
    """Return the standard errors of x'b, shape (..., m)."""
    variance = np.einsum("mi,...ij,mj->...m", x, covariance, x)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _rows(fit: MetaRegression, X: Any, *, weights: bool = False) -> tuple[Floats, Labels]:
    """Return rows with a column for each coefficient, and their names; say what does not fit.

    What a row has in front for a constant that the fit put there itself is 1, of `weights` 0.
    """
    what, p, added = "L" if weights else "X", fit.beta.shape[-1], bool(np.all(fit.constant))
    names = index_labels(X.index) if has_labels(X) else None
    asked = fit.moderators[1:] if added and fit.moderators else fit.moderators
    if asked and has_labels(X) and X.ndim == 2 and set(X.columns) != set(fit.moderators or ()):
        if missing := [name for name in asked if name not in X.columns]:
            raise ValueError(f"{what} has no column {missing[0]!r}; the fit has {', '.join(asked)}")
        X = X[list(asked)]
    x = design_columns(X)
    own = p - 1 if added else p
    if x.ndim == 1:
        x = x[None] if weights or own != 1 else x[:, None]
    if x.ndim != 2 or x.shape[1] not in (own, p):
        of = f"{p}" if own == p else f"{own}, or {p} with the constant in front"
        raise ValueError(f"{what} has shape {np.shape(X)}; it has a column a coefficient, {of}")
    if not np.isfinite(x).all():
        i, j = (int(a) for a in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"{what}[{i}, {j}] is not finite")
    if x.shape[1] < p:
        x = np.concatenate([np.full((len(x), 1), 0.0 if weights else 1.0), x], axis=1)
    return x, names
