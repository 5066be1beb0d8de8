"""The effect by dose with every treated arm apart: each at its own dose, the control shared.

Arms of a trial share its control and its people's like, so that their effects are not independent:
the covariance through the control is known, and a three-level model has a variance between trials
and one between arms (Konstantopoulos 2011, Research Synthesis Methods 2:61).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.moderators import ARMS, CURVED, DOSE, MODERATORS, PLACES
from ketameta.stats import MultilevelFit, restricted_cubic_spline, three_level
from ketameta.synthesize.pool import covariance_of, finite_or_none, independent
from ketameta.tables.fits import IntervalRule
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow
from ketameta.tables.parts import PoolableEffect

Floats = NDArray[np.float64]
# doses and arms from which the line may bend
DOSES, ENOUGH_ARMS = 5, 10
# degrees of freedom that trials leave at least
SPARE = 2
# knots of the spline, in per cent of the doses (Harrell 2015, Regression Modeling Strategies, 2.4)
_KNOTS = (10, 50, 90)


class Arms(NamedTuple):
    """Effects of arms with a dose, their doses, and the names of those without one."""

    effects: list[PoolableEffect]
    doses: Floats
    left_out: list[str]


def choice_of(analysis: Analysis) -> str | None:
    """Return the name of the choice that keeps arms apart and the control whole, if one does."""
    apart = replace(analysis.select, arms="whole")
    return next((one.name for one in analysis.variants if one.select == apart), None)


def arms_with_dose(
    apart: Sequence[PoolableEffect], doses: Mapping[tuple[str, str], float | None]
) -> Arms:
    """Return the arms that have a dose, and name the others."""
    known = [(e, d) for e in apart if (d := doses.get((e.trial_id, e.comparison))) is not None]
    left = [f"{e.trial_id} {e.comparison}".strip() for e in apart
            if doses.get((e.trial_id, e.comparison)) is None]  # fmt: skip
    return Arms([e for e, _ in known], np.array([d for _, d in known]), left)


def by_dose(
    analysis: Analysis, arms: Arms
) -> tuple[list[RegressionRow], list[CoefficientRow], list[ModeratedRow], list[FittedRow]]:
    """Return the regression on the doses of all arms, straight and, where arms allow it, bent.

    Nothing where no trial has several arms, or trials are too few for a line.
    """
    effects, doses, _ = arms
    trials = np.array([effect.trial_id for effect in effects])
    few = len({*trials}) < 2 + SPARE or len({*doses.tolist()}) < 2
    if independent(effects) or few:
        return [], [], [], []
    step = MODERATORS[DOSE].step
    y, v = np.array([effect.yi for effect in effects]), covariance_of(effects)

    def fit(*columns: Floats) -> MultilevelFit:
        x = np.column_stack([np.ones(len(y)), *columns])
        return three_level(y, v, trials, X=x, test="t", level=analysis.model.level)

    tau2 = float(np.nansum(fit().sigma2))
    models = {ARMS: fit(doses / step)}
    knots = np.percentile(doses, _KNOTS)
    if len({*doses.tolist()}) >= DOSES and len(y) >= ENOUGH_ARMS and (np.diff(knots) > 0).all():
        models[CURVED] = fit(*(restricted_cubic_spline(doses, knots) / step).T)
    rows = [_row(analysis, arms, name, found, tau2) for name, found in models.items()]
    terms = [one for name, found in models.items() for one in _terms(analysis, name, found)]
    values = [
        ModeratedRow(
            analysis=analysis.name,
            moderator=ARMS,
            trial_id=effect.trial_id,
            comparison=effect.comparison,
            number=float(dose),
            level="",
            yi=effect.yi,
            vi=effect.vi,
            shared=effect.shared,
        )
        for effect, dose in zip(effects, doses, strict=True)
    ]
    return rows, terms, values, _curve(analysis, doses, models)


def _row(
    analysis: Analysis, arms: Arms, name: str, fit: MultilevelFit, without: float
) -> RegressionRow:
    left = float(np.nansum(fit.sigma2))
    step = f"{DOSE} / {MODERATORS[DOSE].step:g} {MODERATORS[DOSE].unit}"
    bend_too = " + bend of a restricted cubic spline" if name == CURVED else ""
    return RegressionRow(
        analysis=analysis.name,
        model=name,
        formula=f"effect of an arm ~ {step}{bend_too} + (1 | trial / arm)",
        k=len({effect.trial_id for effect in arms.effects}),
        coefficients=len(fit.beta) - 1,
        left_out=arms.left_out,
        failure=None,
        tau2_by="REML",
        rule=IntervalRule.T,
        tau2=left,
        tau2_without=without,
        r2=100 * max(0.0, 1 - left / without) if without > 0 else None,
        # of the bend where there is one: whether a straight line will do
        qm_p=finite_or_none(fit.p[-1]),
        converged=bool(fit.converged),
    )


def _terms(analysis: Analysis, name: str, fit: MultilevelFit) -> list[CoefficientRow]:
    told = [("intercept", "", ""), (DOSE, "", ""), (f"{DOSE}: bend", "bend", "a straight line")]
    return [
        CoefficientRow(
            analysis=analysis.name,
            model=name,
            term=term,
            moderator=DOSE if i else "",
            level=level,
            reference=reference,
            per=MODERATORS[DOSE].step if i == 1 else None,
            k=int(fit.clusters),
            estimate=finite_or_none(fit.beta[i]),
            se=finite_or_none(fit.se[i]),
            ci_low=finite_or_none(fit.ci_low[i]),
            ci_high=finite_or_none(fit.ci_high[i]),
            p=finite_or_none(fit.p[i]),
            permutation_p=None,
        )
        for i, (term, level, reference) in enumerate(told[: len(fit.beta)])
    ]


def _curve(
    analysis: Analysis, doses: Floats, models: Mapping[str, MultilevelFit]
) -> list[FittedRow]:
    """Return the mean effect along the doses, by the model that bends where there is one."""
    step, back = MODERATORS[DOSE].step, MEASURES[analysis.select.measure].transform.back
    at = np.linspace(doses.min(), doses.max(), PLACES)
    curve = at[:, None]
    if CURVED in models:
        curve = restricted_cubic_spline(at, np.percentile(doses, _KNOTS))
    fit, rows = models.get(CURVED, models[ARMS]), np.column_stack([np.ones(PLACES), curve / step])
    means = rows @ fit.beta
    quantile = (fit.ci_high[0] - fit.beta[0]) / fit.se[0]
    half = quantile * np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.vcov, rows))
    return [
        FittedRow(
            analysis=analysis.name,
            moderator=ARMS,
            place=i,
            at=float(at[i]),
            level="",
            k=int(fit.clusters),
            estimate=back(float(means[i])),
            ci_low=back(float(means[i] - half[i])),
            ci_high=back(float(means[i] + half[i])),
        )
        for i in range(PLACES)
    ]
