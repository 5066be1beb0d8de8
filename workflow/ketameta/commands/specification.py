"""`ketameta explain ANALYSIS --spec ID`: one specification of the multiverse, whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ketameta.commands.since import Since, UnknownWordError
from ketameta.configuration import Analysis
from ketameta.configuration.models import Model
from ketameta.normalize import grid
from ketameta.normalize.choose import Choices
from ketameta.normalize.records import Effect
from ketameta.normalize.stage import effects_of
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.report import wording
from ketameta.synthesize.pool import Synthesis, normal_interval, pooled
from ketameta.synthesize.specifications import Space, space_of
from ketameta.tables.collection import by
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import SpecificationRow


def specification(analysis: Analysis, identity: str, since: Since) -> Iterator[str]:
    """Yield what there is to say of one specification, a paragraph at a time.

    Its effects are chosen from the rows of the run as those of the analysis are, and pooled alone.
    Raises `UnknownWordError` for an id that no specification has, or several.
    """
    space, options = _found(analysis, identity, since)
    effects = _effects(analysis, space, options, since)
    model = _model(analysis.model, options)
    result = pooled(analysis.select.measure, [_row(analysis, e) for e in effects], model)
    total = sum(1 for _ in space.all())
    yield (
        f"{analysis.display.title}: specification {space.identity(options)} of {total:,}"
        + (", the analysis itself" if options == next(space.all()) else "")
    )
    lines = []
    for dimension, option in zip(space.dimensions, options, strict=True):
        own = option == dimension.options[0]
        lines.append(f"  {dimension.name}: {option}" + ("" if own else "  ← other"))
    yield "\n".join(lines)
    yield _result(analysis, result)
    yield "\n".join(_trials(analysis, effects, model.level))


def _found(analysis: Analysis, identity: str, since: Since) -> tuple[Space, tuple[str, ...]]:
    """Return what the analysis varies, and the options of the specification."""
    name = analysis.name
    effects = since.rows(EffectRow, analysis=name)
    alone = by(since.rows(VariantRow, analysis=name), lambda row: row.variant)
    labels = {effect.trial_id: effect.label for effect in effects}
    judgements = since.rows(JudgementRow, analysis=name)
    space = space_of(analysis, effects, alone, labels, judgements)
    if space is None:
        raise UnknownWordError(f"{name} has no specifications: nothing varies in it")
    given = identity.lower()
    found = space.with_identity(given) if given else []
    if len(found) > 1:
        known = ", ".join(map(space.identity, found[:3]))
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


def _effects(
    analysis: Analysis, space: Space, options: Sequence[str], since: Since
) -> list[Effect]:
    """Choose the effects of a specification by its own question, without the trials left out."""
    question = grid.question_of(analysis.select, space.combination(options))
    choices = Choices(trials_of(since.then), raw_rows(since.then))
    chosen, _ = effects_of(analysis.name, question, choices)
    gone = space.dropped[options[-3]]
    return [effect for effect in chosen if effect.trial.trial_id not in gone]


def _row(analysis: Analysis, effect: Effect) -> VariantRow:
    from ketameta.normalize.effect_rows import variant_row

    return variant_row(analysis.name, "", effect)


def _model(model: Model, options: Sequence[str]) -> Model:
    """Return the model with the estimator and the rule of a specification."""
    *_, tau2, interval = options
    return replace(model, tau2=tau2, interval=interval)


def _result(analysis: Analysis, found: Synthesis) -> str:
    if found.estimate is None:
        return f"Not pooled: {found.k} effects."
    measure = analysis.select.measure
    text = wording.with_interval(measure, found.estimate, found.ci_low, found.ci_high)
    tau2 = "" if found.tau2 is None else f", τ² {found.tau2:.4g}"
    return f"{text}{wording.unit_sign(measure)}; {found.k} trials, {found.n:,.0f} people{tau2}"


def _trials(analysis: Analysis, effects: Sequence[Effect], level: float) -> Iterator[str]:
    """Yield a line a trial: its effect with its interval, its numbers, and its rows."""
    from ketameta.measures import MEASURES

    measure = MEASURES[analysis.select.measure]
    width = max((len(effect.trial.trial_id) for effect in effects), default=0)
    for effect in sorted(effects, key=lambda e: e.trial.trial_id):
        ends = (effect.yi, *normal_interval(effect.yi, effect.vi, level))
        text = wording.with_interval(measure.name, *map(measure.transform.back, ends))
        rows = ", ".join(dict.fromkeys(row.key for row in effect.rows))
        numbers = f"yi = {effect.yi:.6g}, vi = {effect.vi:.6g}"
        yield f"  {effect.trial.trial_id:<{width}}  {text}  {numbers}  {rows}"
