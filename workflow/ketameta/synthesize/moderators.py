"""What goes with the effects of an analysis: each asked alone, and several at once, by regression.

Trials differ in more than what is asked, and were not randomised to it: a coefficient compares
trials, and shows what goes together (Cochrane Handbook 10.11.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.methods import NEED_ONE_MEAN
from ketameta.moderators import DOSE, MODERATORS, PLACES, dose_of
from ketameta.stats import (
    MetaRegression,
    Permutation,
    meta_regression,
    permutation_test,
    random_effects,
)
from ketameta.synthesize.designs import Design, Value, design_of, formula_of
from ketameta.synthesize.doses import arms_with_dose, by_dose
from ketameta.synthesize.judge import SEVERITY
from ketameta.synthesize.pool import count_trials, finite_or_none, independent
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.moderators import (
    TOGETHER,
    CoefficientRow,
    FittedRow,
    ModeratedRow,
    RegressionRow,
)
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.raw import ArmRow, TrialRow

Floats = NDArray[np.float64]
# orders that are fitted: more only where so many as `SEEN` of fewer have not come near the one
# observed. p is then known to a seventh of itself (Besag 1991, Biometrika 78:301)
ORDERS, SEEN = (200, 1_000, 10_000), 50
# and of many trials fewer orders: so many rows are dealt out in all
DEALT = 1_000_000
# degrees of freedom that a regression leaves at least
SPARE = 2
SHARED = (
    "arms of a trial share a control, and a regression takes one effect a trial (arms: together, "
    "first or split)"
)
_WORDS = {"unclear": "some concerns"}


class Background(NamedTuple):
    """What is told of a whole trial, and of none of its effects."""

    trial_id: str
    funding: str | None
    blinding: str | None
    # of each arm with a dose: its name, and the dose with its unit
    doses: tuple[tuple[str, str], ...] = ()


def backgrounds(trials: Sequence[TrialRow], arms: Sequence[ArmRow]) -> dict[str, Background]:
    """Return what is told of whole trials, by trial."""
    doses = by((arm for arm in arms if arm.dose and arm.dose_unit), lambda arm: arm.trial_id)
    return {
        one.trial_id: Background(
            one.trial_id,
            one.funding,
            one.blinding,
            tuple((arm.arm_id, f"{arm.dose} {arm.dose_unit}") for arm in doses[one.trial_id]),
        )
        for one in trials
    }


class ModeratorRows(NamedTuple):
    """The rows of the tables of an analysis."""

    regressions: list[RegressionRow]
    coefficients: list[CoefficientRow]
    moderated: list[ModeratedRow]
    fitted: list[FittedRow]


def risks_of(judgements: Sequence[JudgementRow]) -> dict[str, str]:
    """Return the worst judgement of each trial that has one; unclear counts as some concerns."""
    worst: dict[str, str] = {}
    for row in judgements:
        said = _WORDS.get(row.judgement, row.judgement)
        worst[row.trial_id] = max(said, worst.get(row.trial_id, said), key=SEVERITY.index)
    return worst


def moderated(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    trials: Sequence[Background],
    judgements: Sequence[JudgementRow],
    apart: Sequence[VariantRow] = (),
) -> ModeratorRows:
    """Return the regressions of a whole analysis on all that its configuration asks.

    `apart` are its effects with every treated arm apart and the control whole: where dose is asked
    alone, it is asked of these too. Where its own effects share a control they are these.
    None where nothing is asked, or fewer than two trials are there.
    """
    found = ModeratorRows([], [], [], [])
    asked = analysis.model.moderators
    whole = analysis.name == analysis.base
    if not asked or not whole or len(effects) < 2:
        return found
    arms: Sequence[PoolableEffect] = apart
    told, risks = {one.trial_id: one for one in trials}, risks_of(judgements)
    if independent(effects):
        _regress_all(analysis, effects, told, risks, found)
    else:
        arms = effects
        found.regressions.extend(_of_shared(analysis, effects))
    if arms and (DOSE,) in asked:
        doses = {(one.trial_id, arm): dose_of(dose) for one in trials for arm, dose in one.doses}
        doses |= {(effect.trial_id, ""): dose_of(effect.dose) for effect in effects}
        of_arms = by_dose(analysis, arms_with_dose(arms, doses))
        found.regressions.extend(of_arms[0])
        found.coefficients.extend(of_arms[1])
        found.moderated.extend(of_arms[2])
        found.fitted.extend(of_arms[3])
    return found


def _regress_all(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    told: Mapping[str, Background],
    risks: Mapping[str, str],
    found: ModeratorRows,
) -> None:
    """Add what effects have for each moderator that is asked, and each regression."""
    asked = analysis.model.moderators
    names = dict.fromkeys(name for model in asked for name in model)
    values = {name: [_value(name, e, told, risks) for e in effects] for name in names}
    for name, column in values.items():
        found.moderated.extend(
            ModeratedRow(
                analysis=analysis.name,
                moderator=name,
                trial_id=effect.trial_id,
                comparison=effect.comparison,
                number=value if isinstance(value, float) else None,
                level=value if isinstance(value, str) else "",
            )
            for effect, value in zip(effects, column, strict=True)
            if value is not None
        )
    for model in asked:
        _regress(analysis, effects, model, values, found)


def _of_shared(analysis: Analysis, effects: Sequence[EffectRow]) -> list[RegressionRow]:
    """Return why effects that share a control are not regressed, one row a model."""
    return [
        RegressionRow(
            analysis=analysis.name,
            model=TOGETHER.join(model),
            formula=formula_of(model, Design([], [])),
            k=count_trials(effects),
            coefficients=0,
            left_out=[],
            failure=SHARED,
        )
        for model in analysis.model.moderators
    ]


def _value(
    name: str, effect: EffectRow, told: Mapping[str, Background], risks: Mapping[str, str]
) -> Value:
    """Return what an effect has for a moderator; None where that is not known."""
    if name == DOSE:
        return dose_of(effect.dose)
    if name == "n":
        return float(effect.people)
    if name == "risk_of_bias":
        return risks.get(effect.trial_id)
    if name in ("funding", "blinding"):
        trial = told.get(effect.trial_id)
        return getattr(trial, name, None) or None
    value = getattr(effect, name)
    if MODERATORS[name].is_number:
        return None if value is None else float(value)
    return str(value) or None


def _regress(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    model: Sequence[str],
    values: Mapping[str, Sequence[Value]],
    found: ModeratorRows,
) -> None:
    """Add one regression, its coefficients, and of one moderator alone the mean effects."""
    here = [i for i in range(len(effects)) if all(values[n][i] is not None for n in model)]
    own = {name: [values[name][i] for i in here] for name in model}
    design = design_of(model, own) if here else Design([], [])
    y, v = (np.array([getattr(effects[i], name) for i in here]) for name in ("yi", "vi"))
    x = np.array(design.columns, float).reshape(len(design.columns), len(here)).T
    name, asked, together = analysis.name, analysis.model, TOGETHER.join(model)
    told = {
        "analysis": name,
        "model": together,
        "formula": formula_of(model, design),
        "k": len(here),
        "coefficients": len(design.terms),
        "left_out": [
            f"{e.label or e.trial_id} ({', '.join(n for n in model if values[n][i] is None)})"
            for i, e in enumerate(effects)
            if i not in here
        ],
    }
    if why := failure_of(x):
        found.regressions.append(RegressionRow(**told, failure=why))  # type: ignore[arg-type]
        return
    rule = "auto" if asked.interval in NEED_ONE_MEAN else asked.interval
    fit, without, dealt = regressed((y, v, x), asked.tau2, rule, asked.level)
    found.regressions.append(
        RegressionRow(
            **told,  # type: ignore[arg-type]
            failure=None,
            tau2_by=asked.tau2,
            rule=str(fit.rule),
            tau2=finite_or_none(fit.tau2),
            i2=finite_or_none(fit.i2),
            tau2_without=finite_or_none(without),
            r2=finite_or_none(fit.r2) if without > 0 else None,
            qm=finite_or_none(fit.qm),
            qm_p=finite_or_none(fit.qm_p),
            qm_df=int(fit.qm_df),
            permutation_p=finite_or_none(dealt.qm_p),
            arrangements=dealt.arrangements,
            exact=dealt.exact,
            converged=bool(fit.converged),
        )
    )
    found.coefficients.extend(_coefficients(name, together, design, fit, dealt))
    if len(model) == 1:
        found.fitted.extend(_fitted(analysis, model[0], own[model[0]], design, fit))


class Regression(NamedTuple):
    """A fit, tau² of the same effects without moderators, and the test by permutation."""

    fit: MetaRegression
    without: float
    dealt: Permutation


def regressed(
    data: tuple[Floats, Floats, Floats], tau2: str, rule: str, level: float
) -> Regression:
    """Regress effects (k,) with variances (k,) on an intercept and columns (k, p)."""
    y, v, _ = data
    fit = meta_regression(*data, tau2, rule, level=level, intercept=True, tau2_interval=None)
    without = random_effects(y, v, tau2, "wald", tau2_interval=None).tau2
    return Regression(fit, float(without), _permuted(*data, tau2))


def failure_of(x: Floats) -> str:
    """Say why columns (k, p) cannot be fitted to k effects; empty where they can."""
    k, terms = x.shape
    if not k:
        return "no trial has a value"
    if terms == 0 or (np.ptp(x, axis=0) == 0).any():
        return "all trials have one value"
    if k < terms + 1 + SPARE:
        return f"{k} trials for {terms + 1} coefficients: {terms + 1 + SPARE} are needed"
    whole = np.column_stack([np.ones(k), x / np.abs(x).max(axis=0)])
    if np.linalg.matrix_rank(whole, tol=1e-8) <= terms:
        return "what is asked is known from each other: the columns depend on each other"
    return ""


def _permuted(y: Floats, v: Floats, x: Floats, tau2: str) -> Permutation:
    """Deal the rows of a design out to the effects in other orders (Higgins & Thompson 2004).

    HKSJ of every order, drawn with one seed.
    """
    first, *others = [n for n in ORDERS if n == ORDERS[0] or n * len(y) <= DEALT]
    design = np.column_stack([np.ones(len(y)), x])
    found = permutation_test(y, v, design, tau2, intercept=False, at_most=first)
    for most in others:
        shares = np.append(found.p[1:], found.qm_p)
        if found.exact or np.nanmin(shares) >= SEEN / found.arrangements:
            break
        found = permutation_test(y, v, design, tau2, intercept=False, at_most=most)
    return found


def _coefficients(
    analysis: str, model: str, design: Design, fit: MetaRegression, dealt: Permutation
) -> list[CoefficientRow]:
    terms = [("", "", ""), *design.terms]
    rows = []
    for i, (moderator, level, reference) in enumerate(terms):
        steps = MODERATORS[moderator].step if moderator and not level else None
        rows.append(
            CoefficientRow(
                analysis=analysis,
                model=model,
                term=": ".join(filter(None, (moderator, level))) or "intercept",
                moderator=moderator,
                level=level,
                reference=reference,
                per=steps,
                k=int(sum(design.columns[i - 1])) if level else int(fit.k),
                estimate=finite_or_none(fit.beta[i]),
                se=finite_or_none(fit.se[i]),
                ci_low=finite_or_none(fit.ci_low[i]),
                ci_high=finite_or_none(fit.ci_high[i]),
                p=finite_or_none(fit.p[i]),
                permutation_p=finite_or_none(dealt.p[i]) if i else None,
            )
        )
    return rows


def _fitted(
    analysis: Analysis, name: str, values: Sequence[Value], design: Design, fit: MetaRegression
) -> list[FittedRow]:
    """Return the mean effect along a number, or at each level of a factor, the reference first."""
    back, step = MEASURES[analysis.select.measure].transform.back, MODERATORS[name].step
    at: list[tuple[float | None, str, int]]
    if MODERATORS[name].is_number:
        numbers = np.array(values, float)
        places = np.linspace(numbers.min(), numbers.max(), PLACES)
        rows = np.column_stack([np.ones(PLACES), places / step])
        at = [(float(place), "", len(values)) for place in places]
    else:
        levels = [design.terms[0][2], *(level for _, level, _ in design.terms)]
        rows = np.eye(len(levels))
        rows[:, 0] = 1.0
        counts = Counter(map(str, values))
        at = [(None, level, counts[level]) for level in levels]
    means = rows @ fit.beta
    # of t or of the normal, as the rule of the intervals has it
    quantile = (fit.ci_high[0] - fit.beta[0]) / fit.se[0]
    half = quantile * np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    return [
        FittedRow(
            analysis=analysis.name,
            moderator=name,
            place=i,
            at=value,
            level=level,
            k=k,
            estimate=back(float(means[i])),
            ci_low=back(float(means[i] - half[i])),
            ci_high=back(float(means[i] + half[i])),
        )
        for i, (value, level, k) in enumerate(at)
    ]
