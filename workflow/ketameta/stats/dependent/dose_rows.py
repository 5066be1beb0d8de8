"""What studies of several doses report, as effects against their reference with a covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.dependent.shared import label_codes
from ketameta.stats.numerics.checks import aligned, as_floats, as_labels, one_of

Array = NDArray[np.float64]

DESIGNS = ("cc", "ci", "ir")


class DoseRows(NamedTuple):
    """Effects (k,) of doses against the reference of their study, and their covariance (k, k).

    The reference rows are 0 in both.
    """

    yi: Array
    vi: Array


def greenland_longnecker(
    yi: ArrayLike,
    vi: ArrayLike,
    study: ArrayLike,
    cases: ArrayLike,
    size: ArrayLike,
    design: ArrayLike,
) -> DoseRows:
    r"""Fill in the covariance of adjusted log ratios that share a reference dose.

    Parameters
    ----------
    yi, vi
        Adjusted log odds, risk or rate ratios against the reference and their variances, shape
        (k,); in the row of a study's reference yi is 0 and vi 0 or NaN.
    study
        Label of the study of each row, shape (k,).
    cases, size
        Cases in each row, and people (design "ir": person-time), shape (k,): crude, as printed.
    design
        One for all, or (k,): "cc" case-control, odds ratios; "ci" cumulative incidence, risk
        ratios; "ir" incidence rates, rate or hazard ratios.

    Returns
    -------
    DoseRows; rows of a study have the variances given.

    Raises
    ------
    ValueError
        Names the study without exactly one reference row, or where more cases than people are
        told; bad shapes and values.

    Notes
    -----
    Cases :math:`A_j` are found that give the adjusted ratios and keep the cases of the study in
    all, and the size of each row. With :math:`u_j = 1/A_j + 1/(N_j - A_j)` (cc),
    :math:`1/A_j - 1/N_j` (ci) or :math:`1/A_j` (ir) two ratios correlate by :math:`u_0 /
    \sqrt{(u_0 + u_i)(u_0 + u_j)}`. The dosresmeta of R finds the cases of "ci" as if its ratios
    were of odds; here they are of risks, as told.

    References
    ----------
    Greenland & Longnecker (1992), American Journal of Epidemiology 135, 1301; Orsini and others
    (2012), American Journal of Epidemiology 175, 66.

    Examples
    --------
    >>> from ketameta.stats import greenland_longnecker
    >>> yi, vi = [0, -0.22, 0.15, 0.45], [0, 0.0542, 0.0563, 0.0559]
    >>> cases, people = [165, 74, 90, 122], [337, 167, 186, 212]
    >>> greenland_longnecker(yi, vi, ["A"] * 4, cases, people, "cc").vi.round(4)
    array([[0.    , 0.    , 0.    , 0.    ],
           [0.    , 0.0542, 0.0188, 0.0194],
           [0.    , 0.0188, 0.0563, 0.0206],
           [0.    , 0.0194, 0.0206, 0.0559]])
    """
    yi, vi, study, cases, size = aligned(yi=yi, vi=vi, study=study, cases=cases, size=size)
    y, v, a, n = (
        _row_of(name, x) for name, x in (("yi", yi), ("vi", vi), ("cases", cases), ("size", size))
    )
    kinds = np.broadcast_to(np.asarray(design), y.shape) if np.ndim(design) == 0 else design
    kinds = [one_of("design", str(kind), DESIGNS) for kind in np.asarray(kinds)]
    for name, x in (("vi", v), ("cases", a), ("size", n)):
        if x.shape != y.shape or len(kinds) != y.size:
            raise ValueError(f"{name} and design need a value for each of {y.size} rows")
    _refuse(~np.isfinite(y) & ~(np.isnan(y) & ~(v > 0)), "yi", "is not finite")
    _refuse(~((a >= 0) & np.isfinite(a)), "cases", "is not a count")
    _refuse(~((n > 0) & np.isfinite(n)), "size", "is not positive")
    codes = label_codes(study, y.size, "study")
    names, V = as_labels("study", study, y.size)[0], np.zeros((y.size, y.size))
    effects = np.where(np.isnan(y), 0.0, y)
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code)
        first = _reference(str(name), rows, effects, v)
        others = rows[rows != first]
        if len({kinds[row] for row in rows}) > 1:
            raise ValueError(f"study {name} has rows of several designs")
        order = np.array([first, *others])
        u = _spreads(str(name), effects[order], a[order], n[order], kinds[first])
        s = u[0] + u[1:]
        block = u[0] / np.sqrt(np.outer(s, s)) * np.sqrt(np.outer(v[others], v[others]))
        block[np.diag_indices(others.size)] = v[others]
        V[np.ix_(others, others)] = block
    return DoseRows(effects, V)


def _row_of(name: str, value: ArrayLike) -> Array:
    x = as_floats(name, value)
    if x.ndim != 1:
        raise ValueError(f"{name} must have one axis, not shape {x.shape}")
    return x


def _refuse(bad: NDArray[np.bool_], name: str, what: str) -> None:
    if bad.any():
        raise ValueError(f"{name}[{int(np.flatnonzero(bad)[0])}] {what}")


def _reference(name: str, rows: NDArray[np.intp], y: Array, v: Array) -> int:
    """Return the row of a study's reference."""
    found = rows[~(v[rows] > 0)]
    if found.size != 1 or y[found[0]] != 0 or v[found[0]] < 0:
        raise ValueError(
            f"study {name} needs one reference row, with yi 0 and vi 0 or NaN, and positive vi in "
            f"the others; it has {found.size}"
        )
    return int(found[0])


def _spreads(name: str, y: Array, cases: Array, n: Array, design: str) -> Array:
    """Return u of each row of a study, the reference first."""
    total = float(cases.sum())
    if design == "cc":
        from scipy.optimize import brentq

        if not 0 < total < n.sum():
            raise ValueError(f"study {name} has {total:g} cases among {n.sum():g} people")
        # cases of all rows as the log odds of the reference rise: one crossing
        bound = 40.0 + float(np.abs(y).max())
        level = brentq(
            lambda at: float((n * special.expit(at + y)).sum()) - total, -bound, bound, xtol=1e-14
        )
        fitted = n * special.expit(level + y)
        return np.asarray(1 / fitted + 1 / (n * special.expit(-level - y)))
    if total <= 0:
        raise ValueError(f"study {name} has no case")
    weights = n * np.exp(y)
    fitted = total * weights / weights.sum()
    if design == "ir":
        return np.asarray(1 / fitted)
    if (fitted >= n).any():
        raise ValueError(f"study {name} has more cases than people where its ratios are kept")
    return np.asarray(1 / fitted - 1 / n)


def dose_differences(
    mean: ArrayLike,
    sd: ArrayLike,
    n: ArrayLike,
    study: ArrayLike,
    dose: ArrayLike,
    *,
    measure: str = "MD",
    corrected: bool = True,
) -> DoseRows:
    r"""Compare the means of all doses of a study with that of its lowest dose.

    Parameters
    ----------
    mean, sd, n
        Of each arm, shape (k,).
    study, dose
        Label of the study and the dose, shape (k,).
    measure
        "MD", or "SMD" in units of the study's standard deviation.
    corrected
        Whether the small-sample factor J of all degrees of freedom of the study is applied to an
        SMD; without it they are those of Cohen's d.

    Returns
    -------
    DoseRows, 0 in the row of the lowest dose.

    Raises
    ------
    ValueError
        Names the study whose lowest dose stands twice; bad shapes and values.

    Notes
    -----
    The standard deviation s is pooled over all arms of a study of N people. With i and j its
    doses and 0 the lowest, :math:`cov(MD_i, MD_j) = s^2 (1 / n_0 + [i = j] / n_i)` and, of d = MD /
    s, :math:`cov(d_i, d_j) = 1 / n_0 + [i = j] / n_i + d_i d_j / (2 N)`. Crippa & Orsini take
    the variance of the lowest dose alone between two doses; here s is one for both.

    References
    ----------
    Crippa & Orsini (2016), BMC Medical Research Methodology 16, 91; Gleser & Olkin (2009), in
    Cooper et al., The Handbook of Research Synthesis, chapter 19.

    Examples
    --------
    >>> from ketameta.stats import dose_differences
    >>> found = dose_differences([2.0, 5.0, 6.0], [8, 9, 8], [40, 42, 41], ["A"] * 3, [0, 10, 20])
    >>> found.yi
    array([0., 3., 4.])
    >>> found.vi.round(3)
    array([[0.   , 0.   , 0.   ],
           [0.   , 3.407, 1.745],
           [0.   , 1.745, 3.448]])
    """
    one_of("measure", measure, ("MD", "SMD"))
    mean, sd, n, study, dose = aligned(mean=mean, sd=sd, n=n, study=study, dose=dose)
    values = (("mean", mean), ("sd", sd), ("n", n), ("dose", dose))
    m, s, size, at = (_row_of(name, x) for name, x in values)
    for name, x in (("sd", s), ("n", size), ("dose", at)):
        if x.shape != m.shape:
            raise ValueError(f"mean and {name} need as many rows; they have {m.size} and {x.size}")
        _refuse(~np.isfinite(x) | ((x <= 0) & (name != "dose")), name, "is not a positive number")
    _refuse(~np.isfinite(m), "mean", "is not finite")
    _refuse(size <= 1, "n", "is not above 1")
    codes = label_codes(study, m.size, "study")
    y, V = np.zeros(m.size), np.zeros((m.size, m.size))
    for code, name in enumerate(as_labels("study", study, m.size)[0]):
        rows = np.flatnonzero(codes == code)
        low = rows[at[rows] == at[rows].min()]
        if low.size > 1:
            raise ValueError(f"study {name} has its lowest dose {at[low[0]]:g} in {low.size} rows")
        others = rows[rows != low[0]]
        df = float((size[rows] - 1).sum())
        spread = float(np.sqrt(((size[rows] - 1) * s[rows] ** 2).sum() / df))
        y[others] = m[others] - m[low[0]]
        block = np.full((others.size,) * 2, 1 / size[low[0]]) + np.diag(1 / size[others])
        if measure == "MD":
            block *= spread**2
        else:
            y[others] /= spread
            block += np.outer(y[others], y[others]) / (2 * size[rows].sum())
            factor = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
            J = float(np.exp(factor) * np.sqrt(2 / df)) if corrected else 1.0
            y[others] *= J
            block *= J**2
        V[np.ix_(others, others)] = block
    return DoseRows(y, V)
