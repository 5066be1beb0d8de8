"""The fall of a trial's treated arms beside the fall of its control arms."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ketameta.configuration import Analysis, Configuration, Question
from ketameta.measures import MEASURES
from ketameta.normalize.choose import TrialChoice
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.records import Arm, Effect, Trial, given_by
from ketameta.normalize.reductions import best_reductions
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import narrowed, row_refusal
from ketameta.tables.effects import ArmPairRow, ArmReductionRow
from ketameta.vocabulary.narrowing import drug_route


@dataclass(frozen=True, slots=True)
class PairSide:
    """One side of a pair: its fall in per cent, the variance (None: not known) and the people."""

    fall: float
    variance: float | None
    n: float | None
    rows: tuple[str, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides of a trial at one hour and scale; `same_people` in both periods of a crossover."""

    treated: PairSide
    control: PairSide
    hour: float
    scale: str
    same_people: bool = False

    def variance(self, correlation: float) -> float | None:
        """Return the variance of the difference in points of per cent; None where one is missing.

        The variances of both sides added; within people twice `correlation` times the product of
        their standard errors is taken off.
        """
        t, c = self.treated.variance, self.control.variance
        if t is None or c is None:
            return None
        return t + c - 2 * correlation * self.same_people * math.sqrt(t * c)


def pairs(
    configuration: Configuration, trials: Mapping[str, Trial], rows: Rows
) -> list[ArmPairRow]:
    """Return the pairs of every analysis of reductions, one a trial.

    Where both sides give a reduction with its variance, both are those of the analysis (see
    `measures.one_arm`), the control's under the same question. Elsewhere the means alone give
    the pair, without a variance. The hour is the analysis's choice among those of both sides. A
    report that shares its people with others is left to them.
    """
    result = []
    for analysis in configuration:
        if not MEASURES[analysis.select.measure].falls:
            continue
        means = _means(analysis, trials, rows)
        for trial_id in rows.by_trial:
            if trials[trial_id].parts:
                continue
            pair = _pooled(analysis.select, trials[trial_id], rows) or means.get(trial_id)
            if pair:
                result.append(_row(analysis.name, analysis.select, trials[trial_id], pair))
    return result


def _row(analysis: str, question: Question, trial: Trial, pair: Pair) -> ArmPairRow:
    return ArmPairRow(
        analysis=analysis,
        trial_id=trial.trial_id,
        label=trial.label,
        year=trial.year,
        drug_route=drug_route(*given_by(pair.treated.arms)),
        treated=pair.treated.fall,
        control=pair.control.fall,
        vi=pair.variance(question.correlation),
        n_t=pair.treated.n,
        n_c=pair.control.n,
        same_people=pair.same_people,
        hour=pair.hour,
        scale=pair.scale,
        rows=list(dict.fromkeys((*pair.treated.rows, *pair.control.rows))),
    )


def _control_question(question: Question, trial: Trial) -> Question:
    """Return the question that takes the trial's control arms for the treated ones."""
    first = min(
        (question.comparators.index(arm.comparator_class), arm.comparator_class)
        for arm in trial.arms.values()
        if _is_control(question, arm.treatment, arm.comparator_class)
    )[1]
    controls = {
        arm.treatment
        for arm in trial.arms.values()
        if arm.comparator_class == first and arm.treatment not in question.treatments
    }
    return replace(question, treatments=tuple(sorted(controls)), narrow=())


def _is_control(question: Question, treatment: str, comparator_class: str) -> bool:
    return treatment not in question.treatments and comparator_class in question.comparators


def _pooled(question: Question, trial: Trial, rows: Rows) -> Pair | None:
    """Return the preferred pair of which both sides have a variance."""
    if not any(_is_control(question, a.treatment, a.comparator_class) for a in trial.arms.values()):
        return None
    other = _control_question(question, trial)
    own = [
        row
        for row in rows.on(question.outcome).of(trial.trial_id)
        if not narrowed(question, trial, row)
    ]
    of_control = [row for row in own if not row_refusal(other, trial, row)]
    places = {(row.scale or "", row.timepoint_h) for row in of_control}
    treated = _effect(
        question, trial, [row for row in own if not row_refusal(question, trial, row)], rows, places
    )
    if treated is None:
        return None
    control = _effect(other, trial, of_control, rows, {(treated.scale, treated.hour)})
    if control is None:
        return None
    same = {e.analysis_set for e in (treated, control)} == {"crossover-all"}
    hour = treated.hour if treated.hour is not None else math.inf
    return Pair(
        _side(treated), _side(control), hour, treated.scale, same and trial.design == "crossover"
    )


def _effect(
    question: Question,
    trial: Trial,
    candidates: list[AnyResult],
    rows: Rows,
    places: set[tuple[str, float | None]],
) -> Effect | None:
    """Return the reduction of one side at one of the places; None where there is none."""
    here = [row for row in candidates if (row.scale or "", row.timepoint_h) in places]
    if not here:
        return None
    untold = Ledger("", rows, question.outcome, told=False)
    found = TrialChoice(question, trial, here, untold).effects()
    return found[0] if found else None


def _side(effect: Effect) -> PairSide:
    keys = tuple(dict.fromkeys(row.key for row in effect.rows))
    return PairSide(effect.yi, effect.vi, effect.n_t, keys, effect.treated)


def _means(analysis: Analysis, trials: Mapping[str, Trial], rows: Rows) -> dict[str, Pair]:
    """Return by trial the preferred pair of means, of arms weighted by their people."""
    question = analysis.select
    groups: dict[str, dict[tuple[str, float], list[ArmReductionRow]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for found in best_reductions(analysis, trials, rows):
        if question.window is None or found.hour in question.window:
            groups[found.trial_id][found.scale, found.hour].append(found)
    result = {}
    for trial_id, places in groups.items():
        for place in sorted(places, key=lambda p: _preference(question, *p)):
            sides = _sides_of_means(question, trials[trial_id], places[place])
            if sides:
                result[trial_id] = Pair(*sides, place[1], place[0])
                break
    return result


def _preference(question: Question, scale: str, hour: float) -> tuple[int, float, float]:
    order = question.scales or (scale,)
    away = abs(hour - question.window.target) if question.window else -hour
    return order.index(scale), away, -hour


def _sides_of_means(
    question: Question, trial: Trial, arms: list[ArmReductionRow]
) -> tuple[PairSide, PairSide] | None:
    treated = [arm for arm in arms if arm.treated]
    classes = {arm.arm_id: trial.arms[arm.arm_id].comparator_class for arm in arms}
    others = [arm for arm in arms if not arm.treated]
    asked = [arm for arm in others if classes[arm.arm_id] in question.comparators]
    if not treated or not asked:
        return None
    first = min((classes[arm.arm_id] for arm in asked), key=question.comparators.index)
    control = [arm for arm in asked if classes[arm.arm_id] == first]
    return _mean_of(trial, treated), _mean_of(trial, control)


def _mean_of(trial: Trial, arms: list[ArmReductionRow]) -> PairSide:
    """Return the fall of several arms, weighted by people where each has them, else evenly."""
    sizes = [arm.n or 0 for arm in arms]
    known = all(sizes)
    weights = sizes if known else [1] * len(arms)
    falls = [(arm.reduction or 0.0) * n for arm, n in zip(arms, weights, strict=True)]
    keys = tuple(key for arm in arms for key in arm.rows)
    of_arms = tuple(trial.arms[arm.arm_id] for arm in arms)
    people = float(sum(weights)) if known else None
    return PairSide(math.fsum(falls) / sum(weights), None, people, keys, of_arms)
