"""`ketameta explain ANALYSIS --spec ID`: one specification of the multiverse, whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ketameta.commands.since import Since, UnknownWordError
from ketameta.configuration import Analysis
from ketameta.configuration.models import Model
from ketameta.estimators import ESTIMATORS
from ketameta.measures import INVERSE_VARIANCE, MEASURES
from ketameta.normalize import grid
from ketameta.normalize.choose import Choices
from ketameta.normalize.effect_rows import variant_rows
from ketameta.normalize.ledger import REASONS, Ledger
from ketameta.normalize.records import Effect
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.report import wording
from ketameta.synthesize.empty_cells import corrected, without_events
from ketameta.synthesize.fits import on_scale
from ketameta.synthesize.people import count_people
from ketameta.synthesize.pool import count_trials, normal_interval
from ketameta.synthesize.specifications import POOLED, Space, space_of
from ketameta.synthesize.words import by_year
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow, TrustRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import MultiverseRow, SpecificationRow
from ketameta.tables.syntheses import StudyRow
from ketameta.tables.trust import doubted

# rows of a reason that are listed
MOST = 8


def specification(analysis: Analysis, identity: str, since: Since) -> Iterator[str]:
    """Yield what there is to say of one specification, a paragraph at a time.

    Its effects are chosen from the rows of the run as those of the analysis are, and pooled alone.
    Raises `UnknownWordError` for an id that no specification has, or several.
    """
    space, options = _found(analysis, identity, since)
    question = grid.question_of(analysis.select, space.combination(options))
    chosen, ledger = effects_of(
        analysis.name, question, Choices(trials_of(since.then), raw_rows(since.then))
    )
    rows = _adapted(space, options, question.measure, variant_rows(analysis.name, chosen))
    model = _model(analysis.model, options)
    prior = space.priors.get(question.measure, {}).get(options[-2])
    if options[-3] != INVERSE_VARIANCE:
        prior = None
    ends = on_scale(question.measure, rows, model, prior)
    total = sum(row.combinations for row in since.rows(MultiverseRow, analysis=analysis.name))
    (spec,) = space.identities(np.array([space.place(options)]))
    yield (
        f"{analysis.display.title}: specification {spec} of {total:,} combinations of choices"
        + (", the analysis itself" if options == space.at(0) else "")
    )
    lines = []
    for dimension, option in zip(space.dimensions, options, strict=True):
        own = option == dimension.options[0]
        lines.append(f"  {dimension.name}: {option}" + ("" if own else "  ← other"))
    yield "\n".join(lines)
    yield _result(question.measure, rows, ends)
    yield "\n".join(_trials(question.measure, chosen, rows, model.level))
    yield "\n".join(_fates(ledger))


def _found(analysis: Analysis, identity: str, since: Since) -> tuple[Space, tuple[str, ...]]:
    """Return what the analysis varies, and the options of the specification."""
    name = analysis.name
    effects = by_year(since.rows(EffectRow, analysis=name))
    alone = by(since.rows(VariantRow, analysis=name), lambda row: row.variant)
    judgements = since.rows(JudgementRow, analysis=name)
    studies = since.rows(StudyRow, analysis=name)
    without = doubted(since.rows(TrustRow, analysis=name))
    space = space_of(analysis, effects, alone, judgements, studies, without)
    if space is None:
        raise UnknownWordError(f"{name} has no specifications: nothing varies in it")
    given = identity.lower()
    found = space.with_identity(given) if given else []
    if len(found) > 1:
        ids = space.identities(np.array([space.place(options) for options in found[:3]]))
        known = ", ".join(ids)
        raise UnknownWordError(f"{identity}: {len(found):,} ids begin so, such as {known}")
    if not found:
        raise UnknownWordError(f"{name} has no specification {identity}; {_some(name, since)}")
    return space, found[0]


def _some(name: str, since: Since) -> str:
    """Name the ends of the curve, whose ids stand on the page."""
    rows = sorted(since.rows(SpecificationRow, analysis=name), key=lambda row: row.rank)
    if not rows:
        return "the last run tells of none"
    own = next(row.spec for row in rows if row.configured)
    told = f"lowest {rows[0].spec}, highest {rows[-1].spec}, as configured {own}"
    return f"{told}; more in reports/tables/specifications.csv"


def _adapted(
    space: Space, options: Sequence[str], measure: str, effects: Sequence[VariantRow]
) -> list[VariantRow]:
    """Return effects as a specification pools them, without those that it leaves out."""
    *_, events, correction, trials, _, _, _ = options
    gone = space.dropped[trials]
    kept = [
        effect
        for effect in effects
        if effect.trial_id not in gone and (events == POOLED or not without_events(effect))
    ]
    yi, vi = (column.tolist() for column in corrected(measure, kept, correction))
    return [replace(e, yi=y, vi=v) for e, y, v in zip(kept, yi, vi, strict=True)]


def _model(model: Model, options: Sequence[str]) -> Model:
    """Return the model with the way, the estimator and the rule of a specification."""
    *_, way, tau, interval = options
    tau2 = tau if tau in ESTIMATORS else model.tau2
    return replace(model, pooling=way, tau2=tau2, interval=interval)


def _result(measure: str, effects: Sequence[VariantRow], ends: tuple[float, float, float]) -> str:
    trials = count_trials(effects)
    if math.isnan(ends[0]):
        return f"Not pooled: {trials} trials."
    text = wording.with_interval(measure, *map(MEASURES[measure].natural, ends))
    people = count_people(effects)
    return f"{text}{wording.unit_sign(measure)}; {trials} trials, {people:,.0f} people"


def _trials(
    measure: str, chosen: Sequence[Effect], effects: Sequence[VariantRow], level: float
) -> Iterator[str]:
    """Yield a line an effect: with its interval, its numbers and its rows, or that it is out."""
    asked = MEASURES[measure]
    pooled = {(effect.trial_id, effect.comparison): effect for effect in effects}
    width = max((len(effect.trial.trial_id) for effect in chosen), default=0)
    for one in sorted(chosen, key=lambda e: (e.trial.trial_id, e.comparison)):
        name = f"  {one.trial.trial_id:<{width}}  "
        effect = pooled.get((one.trial.trial_id, one.comparison))
        if effect is None:
            yield f"{name}left out"
            continue
        ends = (effect.yi, *normal_interval(effect.yi, effect.vi, level))
        text = wording.with_interval(measure, *map(asked.transform.back, ends))
        numbers = f"yi = {effect.yi:.6g}, vi = {effect.vi:.6g}"
        arm = f" {effect.comparison}:" if effect.comparison else ""
        yield f"{name}{arm}{text}  {numbers}  {', '.join(effect.rows)}"


def _fates(ledger: Ledger) -> Iterator[str]:
    """Yield what became of the raw rows on the outcome, a line a reason."""
    yield "The other rows on the outcome, by what became of them:"
    for reason, meaning in REASONS.items():
        keys = [row.key for row in ledger.rows_with(reason)] if reason != "used" else []
        if keys:
            more = f" and {len(keys) - MOST:,} more" if len(keys) > MOST else ""
            yield f"  {meaning}: {', '.join(keys[:MOST])}{more}"
