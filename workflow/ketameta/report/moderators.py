"""The section of a page on what goes with the effect: a conclusion, pictures, a line a term."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ketameta.configuration import Analysis
from ketameta.figures.axis import AxisScale
from ketameta.figures.bubbles import (
    NARROW,
    WIDE,
    Bubble,
    Mean,
    Strip,
    Words,
    draw_bubbles,
    draw_strips,
)
from ketameta.figures.scene import to_svg
from ketameta.measures import LOG, LOGIT, MEASURES
from ketameta.moderators import ARMS, CURVED, DOSE, ENOUGH, MODERATORS
from ketameta.report.naming import capital, listed
from ketameta.report.wording import (
    count,
    estimate_interval,
    fixed,
    level_percent,
    p_value,
    quantity,
    unit_sign,
)
from ketameta.report.wording_model import INTERVALS
from ketameta.tables.collection import Tables, by
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import StudyRow
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import keys

KINDS = (RegressionRow, CoefficientRow, ModeratedRow, FittedRow)
# p, by the test and by permutation, below which something is told as going with the effect
_SHOWN = 0.05
_OF_ARMS = {
    ARMS: "dose, every treated arm apart",
    CURVED: "dose, every treated arm apart, with a line that may bend",
}
_LISTS = {"funding": "fundings", "blinding": "blindings"}


@dataclass(frozen=True, slots=True)
class Term:
    """One coefficient in words."""

    name: str
    trials: str
    value: str
    p: str
    permutation: str


@dataclass(frozen=True, slots=True)
class RegressionView:
    """One regression in words; `why` says why there is none."""

    name: str
    formula: str
    trials: str
    terms: Sequence[Term]
    explained: str
    test: str
    left_out: str
    few: bool
    why: str


@dataclass(frozen=True, slots=True)
class WidePicture:
    """A picture for a page and for a phone."""

    title: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class ModeratorsView:
    """What the page shows."""

    sentence: str
    heading: str
    models: Sequence[RegressionView]
    first: WidePicture | None
    pictures: Sequence[WidePicture]
    how: str


def moderator_name(moderator: str) -> str:
    """Name something that trials differ in, as a sentence does."""
    if moderator in _OF_ARMS:
        return _OF_ARMS[moderator]
    return MODERATORS[moderator].words or vocabulary().words("splits")[moderator]


def level_name(moderator: str, level: str) -> str:
    """Name a level of a factor."""
    known = keys().get(moderator)
    if moderator in _LISTS:
        known = vocabulary().words(_LISTS[moderator])
    return (known or {}).get(level, level)


def moderators_view(
    analysis: Analysis, record: Estimate, studies: Sequence[StudyRow], own: Tables
) -> ModeratorsView | None:
    """Return the section; None where nothing is asked or found."""
    rows = own[RegressionRow]
    if not rows:
        return None
    terms = by(own[CoefficientRow], lambda row: row.model)
    models = [_model(analysis, row, terms[row.model]) for row in rows]
    alone = [row for row in rows if not row.failure and row.model in MODERATORS]
    # two that part the trials alike have one p, but for its last digits
    alone.sort(key=lambda row: 2.0 if row.qm_p is None else round(row.qm_p, 9))
    values = by(own[ModeratedRow], lambda row: row.moderator)
    fitted = by(own[FittedRow], lambda row: row.moderator)
    pictures = [
        _picture(analysis, row, studies, values[row.model], fitted[row.model]) for row in alone
    ]
    if any(row.model == ARMS for row in rows):
        pictures.append(_arms_picture(analysis, rows, studies, values[ARMS], fitted[ARMS]))
    return ModeratorsView(
        sentence=_sentence(analysis, record, rows, terms),
        heading=_heading(analysis),
        models=models,
        first=pictures[0] if pictures else None,
        pictures=pictures[1:],
        how=_how(analysis, rows),
    )


def _heading(analysis: Analysis) -> str:
    """Say what a coefficient is of."""
    measure = MEASURES[analysis.select.measure]
    if measure.transform is LOG:
        return f"Ratio of {measure.words}s"
    if measure.transform is LOGIT:
        return "Odds ratio"
    return f"Difference of {measure.words}s" if measure.in_points else "Difference"


def _written(analysis: Analysis, value: float | None) -> str:
    """Write a coefficient: of logs and logits as a ratio, else as a difference of effects."""
    if value is None:
        return "–"
    measure = MEASURES[analysis.select.measure]
    if measure.transform in (LOG, LOGIT):
        return fixed(math.exp(min(value, 700.0)), 2)
    return quantity(measure.name, value) + unit_sign(measure.name)


def _coefficient(analysis: Analysis, row: CoefficientRow) -> str:
    low, high = (_written(analysis, end) for end in (row.ci_low, row.ci_high))
    return f"{_written(analysis, row.estimate)} [{low}, {high}]"


def _model(
    analysis: Analysis, row: RegressionRow, terms: Sequence[CoefficientRow]
) -> RegressionView:
    found = [
        Term(
            name=_term(one),
            trials=f"{one.k}",
            value=_coefficient(analysis, one),
            p=_bare(one.p),
            permutation=_bare(one.permutation_p),
        )
        for one in terms
        if one.moderator
    ]
    left = f"{count(len(row.left_out), 'trial')} without a value left out: " if row.left_out else ""
    test = "" if row.qm_p is None else p_value(row.qm_p)
    if row.permutation_p is not None:
        test += f"; by permutation {p_value(row.permutation_p)}"
    if row.model == CURVED:
        test = f"against a straight line {p_value(row.qm_p)}"
    return RegressionView(
        name=capital(listed([moderator_name(name) for name in row.moderators])),
        formula=row.formula,
        trials=count(row.k, "trial"),
        terms=found,
        explained=_explained(row),
        test=test,
        left_out=left + "; ".join(row.left_out),
        few=_few(row),
        why=row.failure or "",
    )


def _few(row: RegressionRow) -> bool:
    return not row.failure and row.k < ENOUGH * row.coefficients


def _bare(p: float | None) -> str:
    return "–" if p is None else p_value(p).removeprefix("p ").removeprefix("= ")


def _step(row: CoefficientRow) -> str:
    return f"per {row.per:g} {MODERATORS[row.moderator].unit}"


def _term(row: CoefficientRow) -> str:
    if not row.level:
        return f"{capital(moderator_name(row.moderator))}, {_step(row)}"
    level, reference = (level_name(row.moderator, word) for word in (row.level, row.reference))
    return f"{capital(level)}, against {reference}"


def _explained(row: RegressionRow) -> str:
    if row.tau2 is None:
        return ""
    if not row.tau2_without:
        return "τ² is 0 without it: there is nothing to explain"
    told = f"{fixed(row.tau2_without, 3)} without it, {fixed(row.tau2, 3)} left"
    return f"R² {fixed(row.r2, 0)}% (τ² {told})"


def _sentence(
    analysis: Analysis,
    record: Estimate,
    rows: Sequence[RegressionRow],
    terms: Mapping[str, Sequence[CoefficientRow]],
) -> str:
    """Say what goes with the effect, or that nothing is shown to."""
    tested = [row for row in rows if row.model in MODERATORS and row.qm_p is not None]
    # where arms share a control their doses are all that can be asked
    tested = tested or [row for row in rows if row.model == ARMS]
    if not tested:
        whys = dict.fromkeys(row.failure for row in rows if row.failure)
        return f"Nothing that was asked can be estimated: {'; '.join(whys)}."
    shown = [
        row for row in tested if (row.qm_p or 0.0) < _SHOWN and (row.permutation_p or 0.0) < _SHOWN
    ]
    if not shown:
        looked = "the one thing" if len(tested) == 1 else f"any of the {len(tested)} things"
        return f"The effect is not shown to go with {looked} that the trials were compared by."
    parts = [
        f"{moderator_name(row.model)}{_told(analysis, record, terms[row.model])}" for row in shown
    ]
    text = f"The effect goes with {listed(parts)}, of {count(len(tested), 'thing')} looked at"
    if len(tested) > 1:
        text += "; of twenty such tests one would say so by chance"
    if few := [moderator_name(row.model) for row in shown if _few(row)]:
        text += f". Below {ENOUGH} trials a coefficient, {listed(few)} is not to be relied on"
    return (
        f"{text}. Trials were not randomised to these, and differ in others too: what goes "
        "together need not be the cause."
    )


def _told(analysis: Analysis, record: Estimate, terms: Sequence[CoefficientRow]) -> str:
    """Say in brackets which way one coefficient goes and how far; nothing of several."""
    (first, *more) = [one for one in terms if one.moderator]
    if more:
        return ""
    level, reference = (
        level_name(first.moderator, word) for word in (first.level, first.reference)
    )
    where = f"with {level} than with {reference}" if level else "where it is higher"
    centre = record.estimate if record.estimate_log is None else record.estimate_log
    way = ""
    if MEASURES[analysis.select.measure].compares and centre and first.estimate:
        size = "smaller" if centre * first.estimate < 0 else "larger"
        way = f"{size} {where}: " if level else f"{size} {where}; "
    step = "" if level else f"{_step(first)}: "
    return f" ({way}{step}{_coefficient(analysis, first)})"


def _how(analysis: Analysis, rows: Sequence[RegressionRow]) -> str:
    fits = [row for row in rows if not row.failure]
    by_rule = sorted({INTERVALS[row.rule] for row in fits})
    draws = [row.arrangements for row in fits if row.arrangements and not row.exact]
    text = (
        "Random-effects meta-regression, τ² by "
        f"{analysis.model.tau2}; {level_percent(analysis.model.level)} intervals by "
        f"{listed(by_rule) or 'no rule'} (Knapp 2003), R² is the share of τ² that is explained. p "
        "by permutation deals the values out to the trials in other orders (Higgins 2004): all "
        "that there are"
    )
    if draws:
        text += f", or so many drawn as tell p to a seventh of itself, at most {max(draws):,} here"
    if any(DOSE in row.moderators or row.model in (ARMS, CURVED) for row in rows):
        text += (
            ". A dose by body weight is told for 70 kg, a range by its middle, several doses of a "
            "trial by their mean"
        )
    if any(row.model == ARMS for row in rows):
        text += (
            ". With every treated arm apart: a three-level model, arms in trials, with the "
            "covariance through the shared control (Konstantopoulos 2011)"
        )
    few = f"Marked ¹: fewer than {ENOUGH} trials for each coefficient, too few to rely on"
    return f"{text}. {few} (Cochrane Handbook 10.11.5.1)."


def _picture(
    analysis: Analysis,
    row: RegressionRow,
    studies: Sequence[StudyRow],
    values: Sequence[ModeratedRow],
    fitted: Sequence[FittedRow],
) -> WidePicture:
    """Draw one moderator: bubbles and a band along a number, a strip a level of a factor."""
    measure, moderator = MEASURES[analysis.select.measure], MODERATORS[row.model]
    told = {(value.trial_id, value.comparison): value for value in values}
    placed = [(s, told[s.trial_id, s.comparison]) for s in studies
              if (s.trial_id, s.comparison) in told]  # fmt: skip
    what = moderator_name(row.model)
    level = level_percent(analysis.model.level)
    words = Words(
        title=f"{analysis.display.title} by {what}",
        description=f"{count(row.k, 'trial')}. {_explained(row)}; {p_value(row.qm_p)}.",
        effect=measure.axis,
        value=f"{capital(what)}{f', {moderator.unit}' if row.model != 'year' else ''}",
        notes=(f"Areas by weight; {'band' if moderator.is_number else 'line'}: {level} interval "
               "of the mean effect.",),
    )  # fmt: skip
    scale = _scale(analysis)

    def bubble(study: StudyRow, value: ModeratedRow) -> Bubble:
        said = f"{study.label}: {estimate_interval(measure.name, study, 'effect')}"
        at = value.number if value.number is not None else 0.0
        return Bubble(at, measure.drawn(study.effect) or 0.0, study.weight or 1.0, said)

    bubbles = [bubble(*pair) for pair in placed]
    means = [_mean(analysis, one) for one in fitted]
    if moderator.is_number:
        draw = partial(draw_bubbles, words, bubbles, means, scale, dates=row.model == "year")
    else:
        of_level = by(zip(placed, bubbles, strict=True), lambda one: one[0][1].level)
        strips = [
            Strip(
                f"{capital(level_name(row.model, one.level))} ({one.k})",
                estimate_interval(measure.name, one) + unit_sign(measure.name),
                mean,
                tuple(drawn for _, drawn in of_level[one.level]),
            )
            for one, mean in zip(fitted, means, strict=True)
        ]
        draw = partial(draw_strips, words, strips, scale)
    name = f"{analysis.slug}-by-{row.model.replace('_', '-')}"
    wide, narrow = draw(WIDE), draw(NARROW)
    return WidePicture(words.title, to_svg(wide, name), to_svg(narrow, f"{name}-narrow"))


def _arms_picture(
    analysis: Analysis,
    rows: Sequence[RegressionRow],
    studies: Sequence[StudyRow],
    arms: Sequence[ModeratedRow],
    fitted: Sequence[FittedRow],
) -> WidePicture:
    """Draw every treated arm at its dose, with the line of the model that bends if there is one."""
    measure, row = MEASURES[analysis.select.measure], rows[-1]
    labels = {study.trial_id: study.label for study in studies}
    level = level_percent(analysis.model.level)
    words = Words(
        title=f"{analysis.display.title} by {moderator_name(ARMS)}",
        description=f"{count(len(arms), 'arm')} of {count(row.k, 'trial')}. {_explained(row)}.",
        effect=measure.axis,
        value=f"Dose of the arm, {MODERATORS['dose_mg'].unit}",
        notes=(f"An arm a point, areas by precision; band: {level} interval of the mean effect.",),
    )
    bubbles = [
        Bubble(
            at=arm.number or 0.0,
            effect=measure.drawn(measure.transform.back(arm.yi or 0.0)) or 0.0,
            weight=1 / (arm.vi or 1.0),
            tooltip=f"{labels.get(arm.trial_id, arm.trial_id)} {arm.comparison}".strip(),
        )
        for arm in arms
    ]
    given = words, bubbles, [_mean(analysis, one) for one in fitted], _scale(analysis)
    wide, narrow = (draw_bubbles(*given, width) for width in (WIDE, NARROW))
    name = f"{analysis.slug}-by-dose-of-arms"
    return WidePicture(words.title, to_svg(wide, name), to_svg(narrow, f"{name}-narrow"))


def _scale(analysis: Analysis) -> AxisScale:
    measure = MEASURES[analysis.select.measure]
    return AxisScale(log=measure.is_ratio, null=measure.drawn(measure.null), limits=measure.limits)


def _mean(analysis: Analysis, one: FittedRow) -> Mean:
    drawn = MEASURES[analysis.select.measure].drawn
    ends = (drawn(value) or 0.0 for value in (one.estimate, one.ci_low, one.ci_high))
    return Mean(one.at or 0.0, *ends)
