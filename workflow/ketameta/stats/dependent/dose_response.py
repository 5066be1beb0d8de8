"""Dose-response meta-analysis: one curve through the doses of all studies, in one stage or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.dependent.dose_results import DoseCurve, DoseResponse
from ketameta.stats.dependent.mixed import Dependent, MixedFit
from ketameta.stats.dependent.shared import fit_or_fall_back, label_codes, prepare
from ketameta.stats.dependent.structures import between_shape, filled
from ketameta.stats.numerics.checks import aligned, as_floats, as_labels, as_level, one_of

Array = NDArray[np.float64]
Ints = NDArray[np.intp]

CURVES = ("linear", "quadratic", "spline")
METHODS = ("REML", "ML", "EE")
# where the knots of a spline lie by default, per cent of the rows (Harrell 2015, section 2.4.6)
_KNOTS = (10, 50, 90)


def dose_response(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    dose: ArrayLike,
    *,
    curve: str = "linear",
    knots: ArrayLike | None = None,
    reference: ArrayLike = 0.0,
    stages: int = 2,
    method: str = "REML",
    level: float = 0.95,
) -> DoseResponse:
    r"""Fit a curve through the effects of several doses of studies against a reference each.

    Parameters
    ----------
    yi
        Effects against the reference of their study, shape (k,); NaN marks an absent one.
    vi
        Their covariance (k, k) with zeros between studies, as `greenland_longnecker` and
        `dose_differences` give it; or variances (k,), where no two effects share a reference.
    study
        Label of the study of each effect, shape (k,).
    dose
        Shape (k,).
    curve
        "linear"; "quadratic"; or "spline", cubic and straight beyond its outer `knots`, by default
        at the 10th, 50th and 90th percentile of `dose`.
    knots
        Three or more, increasing.
    reference
        The dose that effects are against: one for all, or shape (k,). A row of yi 0 and variance 0
        is the reference of its study, is itself no effect, and goes before this.
    stages
        2: a curve in each study by generalised least squares, then a multivariate model of
        their coefficients. 1: one model with random coefficients for all, which studies of fewer
        doses than the curve has columns enter too. Where none has, both are the same model.
    method
        "REML", "ML", or "EE" for one curve in all studies.
    level
        Confidence level of intervals.

    Returns
    -------
    DoseResponse, whose `predict` gives the curve with its bands.

    Raises
    ------
    ValueError
        As `multivariate`; a study of several references; unknown words; knots that do not
        increase; doses all alike, or too few for the curve.

    Notes
    -----
    :math:`y_i = (X_i - X_{i0}) (\beta + b_i) + e_i`, with X the columns of the curve at the doses
    of study i and at its reference, without an intercept: at the reference the effect is 0.
    :math:`b_i` has a free covariance.

    References
    ----------
    Orsini, Bellocco & Greenland (2006), Stata Journal 6, 40; Gasparrini, Armstrong & Kenward
    (2012), Statistics in Medicine 31, 3821; Crippa and others (2019), Statistical Methods in
    Medical Research 28, 1579 (one stage).

    Examples
    --------
    >>> from ketameta.stats import dose_differences, dose_response
    >>> study, dose = ["A"] * 3 + ["B"] * 3 + ["C"] * 3 + ["D"] * 3, [0, 10, 20] * 4
    >>> mean = [1, 4, 5, 2, 4, 7, 1, 3, 3, 0, 4, 4]
    >>> rows = dose_differences(mean, [8] * 12, [50] * 12, study, dose)
    >>> fit = dose_response(*rows, study, dose, curve="quadratic")
    >>> fit.predict([5, 10, 20])
    DosePredictions
       dose  estimate      se  ci_low  ci_high  pi_low  pi_high
    0     5     1.594  0.5568  0.5025    2.685  0.5025    2.685
    1    10      2.75     0.8   1.182    4.318   1.182    4.318
    2    20      3.75     0.8   2.182    5.318   2.182    5.318
    """
    one_of("curve", curve, CURVES)
    one_of("method", method, METHODS)
    if stages not in (1, 2):
        raise ValueError(f"stages must be 1 or 2, not {stages}")
    level = as_level(level)
    yi, vi, study, dose = aligned(yi=yi, vi=vi, study=study, dose=dose)
    rows = _rows(yi, vi, study, dose, reference)
    shape = _curve(curve, knots, as_floats("dose", dose))
    X = shape.columns(rows.dose) - shape.columns(rows.reference)
    data = prepare(rows.y, rows.V, rows.codes, X)
    if np.linalg.matrix_rank(data.X) < X.shape[1]:
        raise ValueError(f"doses are too few for the {X.shape[1]} columns of the curve")
    data, size = _of_order_one(data)
    tested, left_out = (data, 0) if stages == 1 else _first_stage(data)
    if tested.y.size == 0:
        raise ValueError(f"no study has as many doses as the curve has columns: {X.shape[1]}")
    kept = np.unique(tested.codes)
    fit, between = _fitted(_only(data, kept), method)
    if stages == 2:
        reml, one = method == "REML", _only(data, kept)
        value = fit.log_likelihood - _at_zero(one, reml) + _at_zero(tested, reml)
        value += (kept.size - reml) * float(np.log(size).sum())
        fit = replace(fit, log_likelihood=value)
    fit = replace(fit, beta=fit.beta / size, vcov=fit.vcov / np.outer(size, size))
    told = tuple(str(rows.names[code]) for code in kept)
    effects = int(np.isin(rows.codes[np.isfinite(rows.y)], kept).sum())
    between = between / np.outer(size, size)
    return _result(tested, fit, between, shape, told, (effects, left_out), level)


class _Rows(NamedTuple):
    """Effects without the reference rows, with the doses of both sides and numbers of studies."""

    y: Array
    V: Array
    dose: Array
    reference: Array
    codes: Ints
    names: Sequence[object]


def _rows(
    yi: ArrayLike, vi: ArrayLike, study: ArrayLike, dose: ArrayLike, reference: ArrayLike
) -> _Rows:
    """Check the rows and take the references out."""
    y, v, at = as_floats("yi", yi), as_floats("vi", vi), as_floats("dose", dose)
    if y.ndim != 1 or v.shape not in (y.shape, y.shape * 2) or at.shape != y.shape:
        raise ValueError(
            f"yi and dose need one axis of the same length and vi that or its square; they have "
            f"{y.shape}, {at.shape} and {v.shape}"
        )
    V = np.diag(v) if v.ndim == 1 else v
    base = np.broadcast_to(as_floats("reference", reference), y.shape).astype(float)
    codes = label_codes(study, y.size, "study")
    names = as_labels("study", study, y.size)[0]
    is_base = (y == 0) & (np.diag(V) == 0)
    for row in np.flatnonzero(is_base):
        own = codes == codes[row]
        if (own & is_base).sum() > 1:
            raise ValueError(f"study {names[codes[row]]} has more than one reference row")
        base = np.where(own, at[row], base)
    kept = ~is_base
    for name, x in (("dose", at), ("reference", base)):
        bad = kept & np.isfinite(y) & ~np.isfinite(x)
        if bad.any():
            raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] is not finite")
    return _Rows(
        y[kept], V[np.ix_(kept, kept)], np.nan_to_num(at[kept]), base[kept], codes[kept], names
    )


def _curve(kind: str, knots: ArrayLike | None, dose: Array) -> DoseCurve:
    """Return the curve, with its knots."""
    if kind != "spline":
        if knots is not None:
            raise ValueError(f"knots are of a spline, not of a curve that is {kind}")
        return DoseCurve(kind)
    finite = dose[np.isfinite(dose)]
    k = np.percentile(finite, _KNOTS) if knots is None else as_floats("knots", knots)
    if k.ndim != 1 or k.size < 3 or not np.isfinite(k).all() or (np.diff(k) <= 0).any():
        raise ValueError(f"knots must be three or more that increase, not {k.tolist()}")
    return DoseCurve(kind, tuple(k.tolist()))


def _of_order_one(data: Dependent) -> tuple[Dependent, Array]:
    """Return the data with columns of one size, and by what they were divided.

    Columns of a curve are of very different size, which the search for their variances does not
    like. A free covariance of the ones is a free covariance of the others.
    """
    size = np.sqrt((data.X**2).mean(axis=0))
    return replace(data, X=data.X / size), size


def _only(data: Dependent, codes: Ints) -> Dependent:
    """Return the rows of some studies."""
    rows = np.isin(data.codes, codes)
    return Dependent(
        data.y[rows],
        data.X[rows],
        data.V[np.ix_(rows, rows)],
        data.codes[rows],
        np.ones(int(rows.sum()), dtype=bool),
    )


def _first_stage(data: Dependent) -> tuple[Dependent, int]:
    """Return the coefficients of each study as effects, and how many studies have none."""
    p = data.X.shape[1]
    beta, blocks, codes, left_out = [], [], [], 0
    for code in np.unique(data.codes):
        rows = np.flatnonzero(data.codes == code)
        X = data.X[rows]
        if np.linalg.matrix_rank(X) < p:
            left_out += 1
            continue
        weighted = np.linalg.solve(data.V[np.ix_(rows, rows)], X)
        blocks.append(np.linalg.inv(weighted.T @ X))
        beta.append(blocks[-1] @ (weighted.T @ data.y[rows]))
        codes.append(np.full(p, code))
    n = p * len(beta)
    V = np.zeros((n, n))
    for i, block in enumerate(blocks):
        V[p * i : p * (i + 1), p * i : p * (i + 1)] = (block + block.T) / 2
    return (
        Dependent(
            np.concatenate(beta) if beta else np.empty(0),
            np.tile(np.eye(p), (len(beta), 1)),
            V,
            np.concatenate(codes) if codes else np.empty(0, dtype=np.intp),
            np.ones(n, dtype=bool),
        ),
        left_out,
    )


def _fitted(data: Dependent, method: str) -> tuple[MixedFit, Array]:
    """Fit the model of all effects; also the covariance of the coefficients of studies.

    That of the coefficients of studies has the same likelihood but for a constant: what effects
    say besides of their curve does not depend on it.
    """
    p = data.X.shape[1]
    if method == "EE":
        beta, vcov, _ = _alone(data)
        fit = MixedFit(beta, vcov, np.empty(0), _at_zero(data, False), True)
        return fit, np.zeros((p, p))
    cells, shape = between_shape(p, "UN", None)
    same, patterns = data.codes[:, None] == data.codes, []
    for ((i, j, _),) in cells:
        both = np.outer(data.X[:, i], data.X[:, j])
        patterns.append((both if i == j else both + both.T) * same)
    fit = fit_or_fall_back(data, patterns, shape, method)
    return fit, filled(fit.g, cells, p)


def _alone(data: Dependent) -> tuple[Array, Array, float]:
    """Coefficients, their covariance and Q under sampling error alone."""
    weighted = np.linalg.solve(data.V, data.X)
    vcov = np.linalg.inv(data.X.T @ weighted)
    beta = vcov @ (weighted.T @ data.y)
    r = data.y - data.X @ beta
    return beta, np.asarray(vcov), float(r @ np.linalg.solve(data.V, r))


def _at_zero(data: Dependent, reml: bool) -> float:
    """Return the (restricted) log-likelihood of one curve in all studies."""
    _, vcov, q = _alone(data)
    n, p = data.X.shape
    value = q + float(np.linalg.slogdet(data.V)[1]) + (n - p * reml) * np.log(2 * np.pi)
    if reml:
        cross = np.linalg.slogdet(data.X.T @ data.X)[1]
        value -= float(np.linalg.slogdet(vcov)[1] + cross)
    return -0.5 * float(value)


def _result(
    data: Dependent,
    fit: MixedFit,
    between: Array,
    curve: DoseCurve,
    studies: tuple[str, ...],
    counts: tuple[int, int],
    level: float,
) -> DoseResponse:
    """Turn a fit into tests and intervals."""
    p = fit.beta.size
    se = np.sqrt(np.diag(fit.vcov))
    statistic = fit.beta / se
    z = float(special.ndtri(0.5 + level / 2))
    q, q_df = _alone(data)[2], data.y.size - p

    def wald(some: slice) -> float:
        return float(fit.beta[some] @ np.linalg.solve(fit.vcov[some, some], fit.beta[some]))

    qm, bends = wald(slice(0, p)), p - 1
    return DoseResponse(
        labels=curve.terms,
        studies=studies,
        beta=fit.beta,
        se=se,
        statistic=statistic,
        p=2 * special.ndtr(-np.abs(statistic)),
        ci_low=fit.beta - z * se,
        ci_high=fit.beta + z * se,
        vcov=fit.vcov,
        between=between,
        qm=qm,
        qm_df=p,
        qm_p=float(special.chdtrc(p, qm)),
        bent_p=float(special.chdtrc(bends, wald(slice(1, p)))) if bends else np.nan,
        q=q,
        q_df=q_df,
        q_p=float(special.chdtrc(q_df, q)) if q_df > 0 else np.nan,
        i2=max(0.0, 100 * (q - q_df) / q) if q > 0 else 0.0,
        log_likelihood=fit.log_likelihood,
        k=counts[0],
        left_out=counts[1],
        converged=fit.converged,
        curve=curve,
        level=level,
    )
