"""The beta-binomial model of two arms: trials without any event enter as they are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ketameta.stats.effects.cells import two_by_two
from ketameta.stats.effects.effect_size import check_names
from ketameta.stats.effects.inputs import Array, float_arrays, refuse
from ketameta.stats.numerics.checks import as_level, one_of
from ketameta.stats.numerics.newton import Maximum, ascend
from ketameta.stats.numerics.shown import Shown
from ketameta.stats.rare.kernels import log_choose

MEASURES = ("OR", "RR", "RD")
COMMON = ("rho", "beta")
# spreads g from which the search starts: correlations within an arm of 0.001 to 0.67
_STARTS = (0.001, 0.02, 0.2, 2.0)

Number = Any  # a float for one analysis, an array of shape (...) for a batch


@dataclass(frozen=True, repr=False)
class BetaBinomial(Shown):
    """A pooled effect from a beta-binomial model of two arms, by maximum likelihood.

    Everything but `k` and `converged` is NaN where the likelihood has no maximum at finite log
    odds (an arm without any event, or with events only) or the search failed: then `converged`
    is False. k = 0: NaN. k = 1: that study with its binomial error, NaN for `rho1`, `rho2`.

    Attributes
    ----------
    estimate, se, statistic, p, ci_low, ci_high
        Log odds ratio, log risk ratio or risk difference of the mean risks; standard error from
        the observed information of all parameters; normal test and interval.
    risk1, risk2
        Mean risk of each arm, between 0 and 1.
    rho1, rho2
        Correlation of two people of one arm of a trial, 0 where trials do not differ; both the
        same under a common rho.
    spread_p
        Likelihood-ratio test against equal risks in all trials, rho = 0: half a chi-squared on 1
        degree, since 0 is the end of what rho can be (Self & Liang 1987).
    log_likelihood
        With all constants.
    k, converged
        Studies used; whether the maximum was found.
    """

    SHORT: ClassVar[tuple[str, ...]] = (
        *("estimate", "se", "ci_low", "ci_high", "p", "risk1", "risk2", "rho1", "k"),
    )

    estimate: Number
    se: Number
    statistic: Number
    p: Number
    ci_low: Number
    ci_high: Number
    risk1: Number
    risk2: Number
    rho1: Number
    rho2: Number
    spread_p: Number
    log_likelihood: Number
    k: Number
    converged: Any


def beta_binomial(
    measure: str, *, common: str = "rho", level: float = 0.95, **tables: ArrayLike
) -> BetaBinomial:
    r"""Pool event counts by a beta-binomial model, without a continuity correction.

    The risks of the trials' arms vary by a beta distribution in each arm. All trials count, those
    without an event in both arms too: they say that risks are low.

    Parameters
    ----------
    measure
        "OR", "RR" or "RD" of the mean risks.
    common
        What both arms share: "rho", the correlation within an arm (Kuss 2015), or "beta", the
        second parameter of the beta distribution, so that the odds ratio is the ratio of the first
        ones (both compared by Felsch and others 2022).
    level
        Confidence level, between 0 and 1.
    **tables
        ai, bi or n1i, ci, di or n2i: whole numbers of shape (..., k), arm 1 first; NaN in one arm
        or both marks an absent study. Leading axes are fitted one after another.

    Raises
    ------
    ValueError
        As `effect_size`; an unknown measure or common parameter; fractional counts.

    Notes
    -----
    Events of arm j are beta-binomial with mean :math:`\mu_j` and :math:`\gamma_j = 1 / (\alpha_j
    + \beta_j)`, :math:`\rho_j = \gamma_j / (1 + \gamma_j)`:

    .. math:: P(x) = \binom{n}{x} \frac{\prod_{r<x} (\mu + r\gamma)
        \prod_{r<n-x} (1 - \mu + r\gamma)}{\prod_{r<n} (1 + r\gamma)}

    which is the binomial at :math:`\gamma = 0`. Arms of one trial enter as independent given
    their means, as Kuss has it: the model compares the arms' populations and leaves out which
    two arms were randomised together. Where risks of trials differ much and arms are unequal in
    size, hold it against `glmm` or `mantel_haenszel`, which compare within trials. The normal
    interval is one of large samples: simulated at mean risks of 0.06 and 0.12, rho 0.05 and 30 to
    150 people an arm it held the truth in 85 % of three trials, 89 % of five, 93 % of ten.

    References
    ----------
    Kuss (2015), Statistics in Medicine 34, 1097; Felsch, Beckmann, Bender and others (2022), BMC
    Medical Research Methodology 22, 319.

    Examples
    --------
    >>> from ketameta.stats import beta_binomial
    >>> trials = {"ai": [3, 0, 1, 0], "n1i": [90, 60, 75, 40], "ci": [7, 2, 4, 0],
    ...           "n2i": [88, 61, 77, 41]}
    >>> fit = beta_binomial("OR", **trials)
    >>> print(f"{fit.estimate:.3f} [{fit.ci_low:.3f}, {fit.ci_high:.3f}]")
    -1.206 [-2.340, -0.072]
    """
    one_of("measure", measure, MEASURES)
    one_of("common", common, COMMON)
    level = as_level(level)
    check_names(measure, tables)
    x = float_arrays(tables)
    if next(iter(x.values())).ndim == 0:
        raise ValueError(f"{measure} needs an axis of studies; the counts are single numbers")
    for name, values in x.items():
        refuse(values % 1 > 0, name, values, "is not a whole number")
    cells = two_by_two(x)
    lead = cells[0].shape[:-1]
    fits = [_fit(measure, common, [cell[i] for cell in cells], level) for i in np.ndindex(lead)]
    if not lead:
        return BetaBinomial(**fits[0])
    names = [field.name for field in fields(BetaBinomial)]
    stacked = {name: np.array([fit[name] for fit in fits]).reshape(lead) for name in names}
    return BetaBinomial(**stacked)


class _Arm(NamedTuple):
    """How many studies have more than r events, non-events and people; r = 0, 1, ..."""

    events: Array
    rest: Array
    people: Array
    constant: float

    @classmethod
    def of(cls, x: Array, rest: Array) -> _Arm:
        constant = float(log_choose(x + rest, x).sum())
        return cls(_tail(x), _tail(rest), _tail(x + rest), constant)

    def curved(self, eta: float, g: float, common: str) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient and Hessian in eta, the log odds of the mean, and g.

        gamma is g under a common rho, g (1 - mean) under a common beta.
        """
        mean, rest = float(special.expit(eta)), float(special.expit(-eta))
        slope = mean * rest
        bend = slope * (rest - mean)
        by_beta = common == "beta"
        gamma = g * rest if by_beta else g
        first = np.array([[slope, 0.0], [-g * slope, rest]] if by_beta else [[slope, 0.0], [0, 1]])
        r = [np.arange(counts.size) for counts in self[:3]]
        at = [mean + gamma * r[0], rest + gamma * r[1], 1.0 + gamma * r[2]]
        value, gradient, hessian = self.constant, np.zeros(2), np.zeros((2, 2))
        # each sum is of log(a + gamma r), where a moves with the mean by +1, -1 and 0
        for counts, place, base, (sign, side) in zip(
            self[:3], r, at, ((1.0, 1.0), (-1.0, 1.0), (0.0, -1.0)), strict=True
        ):
            direction = np.stack([np.full(place.size, sign), place.astype(float)])
            weight = side * counts / base
            value += float((side * counts * np.log(base)).sum())
            gradient += direction @ weight
            hessian -= (direction * (side * counts / base**2)) @ direction.T
        second = np.zeros((2, 2, 2))
        second[0, 0, 0] = bend
        if by_beta:
            second[1] = [[-g * bend, -slope], [-slope, 0.0]]
        curvature = first.T @ hessian @ first + np.tensordot(gradient, second, axes=1)
        return value, first.T @ gradient, curvature


def _tail(counts: Array) -> Array:
    """Return how many counts are above r, for r from 0 to the largest less 1."""
    number = np.bincount(counts.astype(int))
    return np.asarray(number[::-1].cumsum()[::-1][1:].astype(float))


def _curved(arms: list[_Arm], common: str, at: Array) -> tuple[float, Array, Array]:
    """Log-likelihood of both arms in (log odds of arm 1, of arm 2, g)."""
    value, gradient, hessian = 0.0, np.zeros(3), np.zeros((3, 3))
    for j, arm in enumerate(arms):
        one, slope, curvature = arm.curved(float(at[j]), float(at[2]), common)
        where = [j, 2]
        value += one
        gradient[where] += slope
        hessian[np.ix_(where, where)] += curvature
    return value, gradient, hessian


def _fit(measure: str, common: str, cells: list[Array], level: float) -> dict[str, Any]:
    """Fit one analysis and return every field."""
    present = ~np.isnan(sum(cells, np.zeros(())))
    a, b, c, d = (cell[present] for cell in cells)
    k = int(a.size)
    out: dict[str, Any] = {f.name: float("nan") for f in fields(BetaBinomial)}
    out |= {"k": k, "converged": k == 0}
    if k == 0 or not all(cell.sum() > 0 for cell in (a, b, c, d)):
        return out
    arms = [_Arm.of(a, b), _Arm.of(c, d)]
    crude = np.array([np.log(a.sum() / b.sum()), np.log(c.sum() / d.sum()), 0.0])
    binomial, _, _ = _curved(arms, common, crude)
    end = _maximise(arms, common, crude, k)
    if not end.converged:
        return out
    free = [0, 1, 2] if end.at[2] > 0 else [0, 1]
    information = -end.hessian[np.ix_(free, free)]
    if np.linalg.eigvalsh(information)[0] <= 0:
        return out
    out |= _effect(measure, end.at, np.asarray(np.linalg.inv(information))[:2, :2], level)
    out |= {"log_likelihood": end.value, "converged": True}
    if k > 1:
        g = float(end.at[2]) * (special.expit(-end.at[:2]) if common == "beta" else np.ones(2))
        out |= dict(zip(("rho1", "rho2"), (g / (1 + g)).tolist(), strict=True))
        ratio = max(0.0, 2 * (end.value - binomial))
        out["spread_p"] = float(special.chdtrc(1, ratio)) / 2 if end.at[2] > 0 else 1.0
    return out


def _maximise(arms: list[_Arm], common: str, crude: Array, k: int) -> Maximum:
    """Climb from several spreads, and with none; the highest end."""
    infinite = np.full(2, np.inf)
    ends = []
    for g in (0.0, *(_STARTS if k > 1 else ())):
        top = np.inf if g else 0.0
        ends.append(
            ascend(
                lambda at: _curved(arms, common, at),
                np.array([*crude[:2], g]),
                lower=np.array([*-infinite, 0.0]),
                upper=np.array([*infinite, top]),
            )
        )
    highest = max(ends, key=lambda end: end.value)
    # the first as high as that but for rounding, so that no spread is none
    level = (end for end in ends if end.converged and end.value >= highest.value - 1e-10)
    return next(level, highest)


def _effect(measure: str, at: Array, covariance: Array, level: float) -> dict[str, float]:
    """Effect of the mean risks and its interval, errors by the first derivatives."""
    mean, rest = special.expit(at[:2]), special.expit(-at[:2])
    scale, slope = {
        "OR": (at[:2], np.ones(2)),
        "RR": (np.log(mean), rest),
        "RD": (mean, mean * rest),
    }[measure]
    contrast = np.array([slope[0], -slope[1]])
    estimate, se = float(scale[0] - scale[1]), float(np.sqrt(contrast @ covariance @ contrast))
    z = float(special.ndtri(0.5 + level / 2))
    return {
        "estimate": estimate,
        "se": se,
        "statistic": estimate / se,
        "p": float(2 * special.ndtr(-abs(estimate / se))),
        "ci_low": estimate - z * se,
        "ci_high": estimate + z * se,
        "risk1": float(mean[0]),
        "risk2": float(mean[1]),
    }
