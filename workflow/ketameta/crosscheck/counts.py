"""Counts pooled once more as they are: `ketameta.stats` has no part in it.

Without variance between trials the models of counts are those of statsmodels: `StratifiedTable`,
and a `GLM` with a baseline of each trial. With it the marginal likelihood of a mixed model is that
of `marginal`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketameta.crosscheck.marginal import (
    NOTHING,
    Part,
    binomial,
    given_margins,
    grid_of,
    highest,
    too_coarse,
)
from ketameta.crosscheck.refits import wls
from ketameta.crosscheck.rows import BY_GRID
from ketameta.measures import CM_EL, MEASURES, UM_FS, UM_RS

Floats = NDArray[np.float64]
Counts = Sequence[tuple[float, float, float, float]]
BY_TABLES = "StratifiedTable"
BY_GLM = "GLM"
BY_BETA = "betabinom of SciPy, its highest likelihood searched"
BY_WEIGHTS = "WLS with the weights of Mantel and Haenszel"


@dataclass(frozen=True)
class Found:
    """An estimate on the analysis scale, its standard error, and the variance between trials."""

    estimate: float
    se: float
    tau2: float | None
    by: str


def stratified(counts: Counts) -> Any:
    """Return the tables of trials: events and people of the treated, then of control."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    return StratifiedTable([np.array([[a, n1 - a], [c, n2 - c]]) for a, n1, c, n2 in counts])


def odds_ratio(counts: Counts) -> Found:
    """Return Mantel and Haenszel's log odds ratio with its standard error."""
    tables = stratified(counts)
    return Found(float(tables.logodds_pooled), float(tables.logodds_pooled_se), None, BY_TABLES)


def risk_ratio(counts: Counts) -> Found:
    """Return Mantel and Haenszel's log risk ratio; its error after Greenland & Robins 1985."""
    with np.errstate(all="ignore"):
        ratio = float(stratified(counts).riskratio_pooled)
    a, n1, c, n2 = np.array(counts, float).T
    n = n1 + n2
    spread = (n1 * n2 * (a + c) / n**2 - a * c / n).sum()
    se = float(np.sqrt(spread / ((a * n2 / n).sum() * (c * n1 / n).sum())))
    return Found(float(np.log(ratio)), se, None, BY_TABLES)


def risk_difference(counts: Counts) -> Found:
    """Return Mantel and Haenszel's risk difference: the mean with weights n1 n2 / (n1 + n2).

    Its error is that of Sato, Greenland & Robins 1989, Biometrics 45:1323.
    """
    a, n1, c, n2 = np.array(counts, float).T
    n = n1 + n2
    weights = n1 * n2 / n
    estimate = float(wls(a / n1 - c / n2, np.ones(len(a)), weights).params[0])
    p = (c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + weights / n * (n2 - n1) / 2).sum()
    q = (a * (n2 - c) / n + c * (n1 - a) / n).sum() / 2
    se = float(np.sqrt(estimate * p + q) / weights.sum())
    return Found(estimate, se, None, BY_WEIGHTS)


def null_statistic(counts: Counts) -> float:
    """Return the statistic of Cochran, Mantel and Haenszel: the square of Peto's over its error."""
    return float(stratified(counts).test_null_odds(correction=False).statistic)


def risks(measure: str, counts: Counts) -> Found:
    """Return the effect of the mean risks of two arms that vary by a beta distribution in each.

    Both arms share the correlation rho within them; where no rho above 0 is more likely people are
    binomial. Errors by second differences of the likelihood.
    """
    from scipy import optimize, special, stats

    a, n1, c, n2 = np.array(counts, float).T

    asked = MEASURES[measure]
    assert asked.of_risks is not None, "the measure compares risks"
    of_risks = asked.of_risks

    def effect(x: Floats) -> float:
        value = of_risks(*special.expit(x[:2]).tolist())
        return float(np.log(value)) if asked.is_ratio else value

    def below(x: Floats) -> float:
        """Return the log-likelihood, its sign turned, at both log odds and log rho / (1 - rho)."""
        p, q = special.expit(x[:2])
        if len(x) == 2:
            return -float((stats.binom.logpmf(a, n1, p) + stats.binom.logpmf(c, n2, q)).sum())
        size = np.exp(min(-x[2], 12.0))  # beyond it rounding would pass for likelihood
        one = stats.betabinom.logpmf(a, n1, p * size, (1 - p) * size)
        return -float((one + stats.betabinom.logpmf(c, n2, q * size, (1 - q) * size)).sum())

    crude = np.array([np.log(x.sum() / (n - x).sum()) for x, n in ((a, n1), (c, n2))])
    how = {"xatol": 1e-5, "fatol": 1e-9}
    ends = [
        optimize.minimize(below, np.append(crude, start), method="Nelder-Mead", options=how)
        for start in (-5.0, -1.0)
    ]
    best = min(ends, key=lambda end: float(end.fun))
    at = crude
    if best.fun < below(crude) - 1e-7:
        at = best.x
        for _ in range(3):
            step = 1e-5 * np.eye(len(at))
            slope = np.array([below(at + i) - below(at - i) for i in step]) / 2e-5
            at = at - np.linalg.solve(_bend(below, at), slope)
    step = 1e-5 * np.eye(len(at))
    slope = np.array([effect(at + i) - effect(at - i) for i in step]) / 2e-5
    variance = slope @ np.linalg.inv(_bend(below, at)) @ slope
    return Found(effect(at), float(np.sqrt(variance)), None, BY_BETA)


def _bend(below: Callable[[Floats], float], at: Floats) -> Floats:
    """Return second derivatives by differences of two widths, whose errors cancel."""

    def by(width: float) -> Floats:
        step = width * np.eye(len(at))
        rows = [
            [
                below(at + i + j) - below(at + i - j) - below(at - i + j) + below(at - i - j)
                for j in step
            ]
            for i in step
        ]
        return np.array(rows) / (4 * width**2)

    return (4 * by(1e-3) - by(2e-3)) / 3


def shares(counts: Sequence[tuple[float, float]]) -> Found | None:
    """Return the log odds of events among people by the binomial-normal model; None as `mixed`."""
    people = max(n for _, n in counts)
    grid = grid_of(1, people)
    own = np.column_stack([np.ones(len(grid)), grid[:, 0]])
    parts = [Part(((binomial(x, n), own),), (0, 1)) for x, n in counts]
    starts = [np.array([0.0, tau]) for tau in (0.0, 0.5)]
    found = _highest(parts, grid, starts, [1], people)
    if found is None or found.tau2:
        return found
    events, sizes = np.array(counts, float).T
    return _by_glm(events, sizes, np.ones((len(events), 1)))


def mixed(way: str, counts: Counts) -> Found | None:
    """Return a log odds ratio by a mixed model of its counts (Stijnen 2010; Jackson 2018).

    UM.FS: log odds a + t/2 and a - t/2, a of each trial; UM.RS: g + s v + m + r u/2 and g + s v -
    r u/2; CM.EL: events of the treated given the margins. t = m + r u, the effect of a trial. None
    where the grid is too coarse for trials as large.
    """
    known = [row for row in counts if 0 < row[0] + row[2] < row[1] + row[3]]
    people = max((max(n1, n2) for _, n1, _, n2 in known), default=1.0)
    grid = grid_of(2 if way == UM_RS else 1, people)
    u, one = grid[:, 0], np.ones(len(grid))
    starts, scales = [np.array([0.0, tau]) for tau in (0.0, 0.5)], [1]
    where: list[tuple[int, ...]]
    if way == CM_EL:
        own = np.column_stack([one, u])
        parts = [Part(((given_margins(*row), own),), (0, 1)) for row in known]
        return _highest(parts, grid, starts, scales, people)
    if way == UM_RS:
        scales = [1, 3]
        starts = [np.array([0.0, tau, 0.0, 0.5]) for tau in (0.0, 0.5)]
        treated = np.column_stack([one, u / 2, one, grid[:, 1]])
        control = np.column_stack([0 * one, -u / 2, one, grid[:, 1]])
        where = [(0, 1, 2, 3)] * len(known)
    else:
        starts = [np.append(start, np.zeros(len(known))) for start in starts]
        treated = np.column_stack([one / 2, u / 2, one])
        control = np.column_stack([-one / 2, -u / 2, one])
        where = [(0, 1, 2 + i) for i in range(len(known))]
    parts = [
        Part(((binomial(a, n1), treated), (binomial(c, n2), control)), at)
        for (a, n1, c, n2), at in zip(known, where, strict=True)
    ]
    found = _highest(parts, grid, starts, scales, people)
    if found is None or found.tau2 or way != UM_FS:
        return found
    a, n1, c, n2 = np.array(known, float).T
    trials = np.vstack([np.eye(len(a))] * 2)
    columns = np.column_stack([np.repeat([0.5, -0.5], len(a)), trials])
    return _by_glm(np.concatenate([a, c]), np.concatenate([n1, n2]), columns)


def _highest(
    parts: Sequence[Part],
    grid: Floats,
    starts: Sequence[Floats],
    scales: list[int],
    people: float,
) -> Found | None:
    """Return the first parameter of the highest likelihood, tau² by the second."""
    peak = highest(parts, grid, starts, scales)
    if too_coarse(grid, people, peak.theta[scales]):
        return None
    tau2 = float(peak.theta[1] ** 2)
    se = float(np.sqrt(peak.covariance[0, 0]))
    return Found(float(peak.theta[0]), se, tau2 if tau2 > NOTHING else 0.0, BY_GRID)


def _by_glm(events: Floats, people: Floats, columns: Floats) -> Found:
    """Return the first coefficient of a binomial regression, without variance between trials."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    both = np.column_stack([events, people - events])
    with warnings.catch_warnings():
        # trials of exactly one odds ratio are predicted exactly, which is no fault here
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fitted = GLM(both, columns, Binomial()).fit(tol=1e-14, tol_criterion="params", maxiter=200)
    return Found(float(fitted.params[0]), float(fitted.bse[0]), 0.0, BY_GLM)
