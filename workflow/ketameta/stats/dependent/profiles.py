"""Profile-likelihood intervals of the variances and correlations of multilevel models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ketameta.stats.dependent.mixed import Dependent, MixedLikelihood, Problem, scaled, top_of
from ketameta.stats.dependent.shared import label_codes, prepare
from ketameta.stats.dependent.structures import (
    STRUCTURES,
    Powers,
    Shape,
    between_shape,
    filled,
    pattern,
    unstructured,
    variances,
)
from ketameta.stats.numerics.checks import aligned, as_floats, as_level, one_of
from ketameta.stats.numerics.newton import Maximum, ascend
from ketameta.stats.numerics.shown import Shown

Array = NDArray[np.float64]
# doublings of a standard deviation before a limit counts as not found
_REACH = 60


@dataclass(frozen=True, repr=False)
class VarianceIntervals(Shown):
    """Variances and correlations of a model for dependent effects, with profile intervals.

    `labels` names them. `estimate`, `low`, `high` have a value each: variances on the squared
    scale of yi, correlations from -1 to 1. `low` is 0 (or the least correlation) where the
    likelihood there is within the interval's, `high` the largest correlation likewise. NaN where
    a limit was not found; `converged` says of each whether all searches behind it ended.
    """

    NAMED: ClassVar[str] = "labels"

    labels: tuple[str, ...]
    estimate: Array
    low: Array
    high: Array
    converged: NDArray[np.bool_]


class _Part(NamedTuple):
    """A quantity that can be held fixed: a standard deviation in the likelihood's unit, or a rho.

    `held` maximises the likelihood with the quantity at a value, from a start s. `ends` are the
    least and the largest that it can be.
    """

    label: str
    estimate: float
    start: Array
    held: Callable[[float, Array], Maximum]
    ends: tuple[float, float]
    squared: bool


# the top of its likelihood, what can be held fixed, and the unit of the standard deviations
_Model = tuple[Maximum, list[_Part], float]


def variance_intervals(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: ArrayLike,
    within: ArrayLike | None = None,
    X: ArrayLike | None = None,
    *,
    outcome: ArrayLike | None = None,
    structure: str = "UN",
    method: str = "REML",
    level: float = 0.95,
) -> VarianceIntervals:
    r"""Return profile-likelihood intervals of variances and correlations of true effects.

    Parameters
    ----------
    yi, vi, cluster, within, X, method
        As in `three_level`, of one analysis; for `correlated_hierarchical` vi is its
        `working_covariance`.
    outcome, structure
        As in `multivariate`: with `outcome` the intervals are those of that model, without it
        those of `three_level`.
    level
        Confidence level.

    Returns
    -------
    VarianceIntervals with the variance between clusters and within them; or with the variances of
    outcomes, named by their sorted labels, and the correlations.

    Raises
    ------
    ValueError
        As `three_level` and `multivariate`; several analyses; p clusters or fewer, where nothing
        can be estimated.

    Notes
    -----
    A value belongs to the interval if twice the log-likelihood, maximised over all else, is
    within the chi-squared quantile on 1 degree of its maximum. From the estimate outward the first
    value that does not belong ends it. As `confint` of metafor's rma.mv; there AR and HAR
    have no correlation below 0, here they have.

    References
    ----------
    Hardy & Thompson (1996), Statistics in Medicine 15, 619; Viechtbauer (2007), Statistics in
    Medicine 26, 37.

    Examples
    --------
    >>> from ketameta.stats import variance_intervals
    >>> yi, vi = [0.12, 0.31, 0.92, 0.78, 0.44, 0.25], [0.02, 0.03, 0.015, 0.04, 0.02, 0.03]
    >>> variance_intervals(yi, vi, ["A", "A", "B", "B", "C", "D"])
    VarianceIntervals
                      estimate      low    high  converged
    between clusters   0.08817  0.01565  0.8722        yes
    within clusters          0        0  0.1979        yes
    """
    one_of("method", method, ("REML", "ML"))
    one_of("structure", structure, STRUCTURES)
    level = as_level(level)
    yi, vi, cluster, within, X, outcome = aligned(
        yi=yi, vi=vi, cluster=cluster, within=within, X=X, outcome=outcome
    )
    y, v = as_floats("yi", yi), as_floats("vi", vi)
    if y.ndim != 1 or v.shape not in (y.shape, y.shape * 2):
        raise ValueError(f"one analysis at a time: yi (k,) and vi (k,) or (k, k), not {y.shape}")
    if outcome is None:
        data = prepare(y, v, cluster, X)
        inner = np.arange(y.size) if within is None else label_codes(within, y.size, "within")
        model = _nested(_enough(data), inner[data.present], method)
    else:
        codes = label_codes(outcome, y.size, "outcome")
        names = [str(name) for name in np.unique(np.asarray(outcome))]
        design = (codes[:, None] == np.arange(len(names))).astype(float) if X is None else X
        data = prepare(y, v, cluster, design)
        model = _outcomes(_enough(data), codes[data.present], names, structure, method)
    top, parts, unit = model
    found = np.array([_profiled(top, part, level) for part in parts])
    scale = np.array([unit if part.squared else 1.0 for part in parts])
    power = np.array([2 if part.squared else 1 for part in parts])
    estimate, low, high = ((found[:, i] * scale) ** power for i in range(3))
    return VarianceIntervals(
        labels=tuple(part.label for part in parts),
        estimate=estimate,
        low=low,
        high=high,
        converged=found[:, 3] > 0,
    )


def _enough(data: Dependent) -> Dependent:
    """Return the data; ValueError where they leave no variance to estimate."""
    if np.unique(data.codes).size <= data.X.shape[1]:
        raise ValueError("no more clusters than columns of X, so that no variance can be estimated")
    return data


def _nested(data: Dependent, inner: NDArray[np.intp], method: str) -> _Model:
    """Return the three-level model; of two levels where no cluster has several inner units."""
    same = inner[:, None] == inner[None, :]
    patterns = [np.ones(same.shape), same.astype(float)]
    names = ["between clusters", "within clusters"]
    if (same | (data.codes[:, None] != data.codes[None, :])).all():
        patterns, names = patterns[:1], names[:1]
    shape = variances(len(names))
    units = inner if len(names) == 2 else None
    problem, _, unit = scaled(data, patterns, shape, method, units)
    top = top_of(problem, shape)
    parts = [_parameter(name, problem, shape, top, i) for i, name in enumerate(names)]
    return top, parts, unit


def _outcomes(
    data: Dependent, codes: NDArray[np.intp], names: Sequence[str], structure: str, method: str
) -> _Model:
    """Return the model of outcomes whose true effects have a structure."""
    o = len(names)
    if structure == "UN" and o == 2:
        structure = "HCS"  # the same, with the correlation as a parameter
    cells, shape = between_shape(o, structure, None)
    patterns = [pattern(codes, group) for group in cells]
    problem, _, unit = scaled(data, patterns, shape, method)
    top = top_of(problem, shape)
    if structure == "UN":
        between = filled(shape.g(top.at), cells, o)
        return top, _free(data, codes, names, method, between), unit
    count = shape.scales if isinstance(shape, Powers) else o
    labels = [f"variance {name}" for name in names] if count == o else ["variance"]
    parts = [_parameter(label, problem, shape, top, i) for i, label in enumerate(labels)]
    if isinstance(shape, Powers) and o > 1:
        parts.append(_parameter("correlation", problem, shape, top, count, squared=False))
    return top, parts, unit


def _parameter(
    label: str, problem: Problem, shape: Shape, top: Maximum, place: int, *, squared: bool = True
) -> _Part:
    """Return a quantity that is a parameter of the model itself."""
    lower, upper = shape.lower, shape.upper

    def held(x: float, s: Array) -> Maximum:
        low, high, at = lower.copy(), upper.copy(), s.copy()
        low[place] = high[place] = at[place] = x
        return ascend(problem.curved, at, low, high)

    estimate = float(top.at[place])
    ends = (0.0, np.inf) if squared else (float(lower[place]), float(upper[place]))
    return _Part(label, abs(estimate) if squared else estimate, top.at, held, ends, squared)


def _free(
    data: Dependent,
    codes: NDArray[np.intp],
    names: Sequence[str],
    method: str,
    between: Array,
) -> list[_Part]:
    """Return variances and correlations of a free covariance of three outcomes or more.

    Each stands first in an order of the outcomes of its own, where it is a parameter of the
    factor, or of the forms.
    """
    o = len(names)

    def ordered(first: tuple[int, ...]) -> tuple[Problem, Shape, Array, list[int]]:
        order = [*first, *(i for i in range(o) if i not in first)]
        cells, shape = unstructured(order)
        patterns = [pattern(codes, group) for group in cells]
        factor = _factor(between[np.ix_(order, order)])
        problem, _, _ = scaled(data, patterns, shape, method)
        return problem, shape, factor[np.tril_indices(o)], order

    parts = []
    for i, name in enumerate(names):
        problem, shape, s, _ = ordered((i,))
        here = Maximum(s, np.nan, True, s, s)
        parts.append(_parameter(f"variance {name}", problem, shape, here, 0))
    for i in range(o):
        for j in range(i):
            problem, _, s, order = ordered((j, i))
            spread = np.sqrt(between[i, i] * between[j, j])
            label = f"correlation {names[j]}, {names[i]}"
            rho = float(between[i, j] / spread) if spread > 0 else 0.0
            start = np.array([s[0], np.sqrt(between[i, i]), *s[3:]])
            parts.append(_Part(label, rho, start, _at_rho(problem, order), (-1.0, 1.0), False))
    return parts


def _at_rho(problem: Problem, order: Sequence[int]) -> Callable[[float, Array], Maximum]:
    assert isinstance(problem, MixedLikelihood)

    def held(x: float, s: Array) -> Maximum:
        shape = unstructured(order, x)[1]
        lower = shape.lower
        lower[:2] = 0.0  # a standard deviation below 0 would turn the sign of rho
        return ascend(replace(problem, shape=shape).curved, s, lower, shape.upper)

    return held


def _factor(matrix: Array) -> Array:
    """Return a lower triangular L with L L' = matrix, which may be singular."""
    values, axes = np.linalg.eigh(matrix)
    upper = np.asarray(np.linalg.qr((axes * np.sqrt(np.maximum(values, 0.0))).T, mode="r"))
    return np.asarray(upper.T * np.where(np.diag(upper) < 0, -1.0, 1.0))


def _profiled(top: Maximum, part: _Part, level: float) -> tuple[float, float, float, float]:
    """Return estimate, limits and whether all searches ended, in the unit of the likelihood."""
    fall = float(special.chdtri(1.0, 1.0 - level))
    # the top of the whole likelihood, and of the one before
    tops = [top, replace(top, at=part.start)]

    def excess(x: float) -> float:
        found = [part.held(x, start) for start in (part.start, tops[-1].at)]
        tops.append(max(found, key=lambda one: one.value))
        return 2.0 * (top.value - tops[-1].value) - fall

    limits, ended = [], top.converged
    for end in part.ends:
        limits.append(_limit(part, excess, end))
        ended = ended and tops[-1].converged
    return part.estimate, limits[0], limits[1], float(ended)


def _limit(part: _Part, excess: Callable[[float], float], end: float) -> float:
    """Return where the region ends on one side; NaN where no end was found."""
    at = part.estimate
    if at == end:
        return end
    if np.isfinite(end):
        if excess(end) <= 0.0:
            return end
        outside = end
    else:
        step = max(at, 0.5)
        outside = at + step
        for _ in range(_REACH):
            if excess(outside) > 0.0:
                break
            step *= 2.0
            outside += step
        else:
            return float("nan")
    from scipy.optimize import brentq

    return float(brentq(excess, at, outside, xtol=1e-12, rtol=1e-12))
