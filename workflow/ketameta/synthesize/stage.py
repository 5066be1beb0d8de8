"""The third stage: effects in, syntheses out, with all that the report shows of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Analysis, Configuration
from ketameta.measures import MEASURES
from ketameta.memo import Memo
from ketameta.storage import content_id
from ketameta.synthesize import trust
from ketameta.synthesize.absolute import points, risks
from ketameta.synthesize.bayes import posteriors
from ketameta.synthesize.claims import control_shares, questions_of, tests_of
from ketameta.synthesize.courses import COURSE_KINDS, asked_courses, course_of
from ketameta.synthesize.diagnose import asymmetry, diagnosed, diagnostics, windows_of_one_question
from ketameta.synthesize.doses import choice_of
from ketameta.synthesize.earlier import earlier
from ketameta.synthesize.fates import Fates, RawRows, exclusions, fates_of, unused_rows
from ketameta.synthesize.judge import TrialJudgements
from ketameta.synthesize.looks import looks
from ketameta.synthesize.missing import missing_as_zero
from ketameta.synthesize.missing_outcomes import KINDS as MISSING
from ketameta.synthesize.missing_outcomes import missing_outcomes
from ketameta.synthesize.moderators import Background, backgrounds, moderated
from ketameta.synthesize.multiverse import EVERY, multiverse
from ketameta.synthesize.networks import NETWORK_KINDS, AskedNetwork, network_of
from ketameta.synthesize.pairs import paired
from ketameta.synthesize.pool import intervals, normal_interval, pooled, weights
from ketameta.synthesize.raters import rater_agreement
from ketameta.synthesize.small_study import adjusted
from ketameta.synthesize.splits import between_groups, groups_of, plotted_split, splits
from ketameta.synthesize.what_if import KINDS as CHANGING
from ketameta.synthesize.what_if import what_if
from ketameta.synthesize.words import by_year, favours, group_of
from ketameta.synthesize.worthwhile import Bounds, worthwhile
from ketameta.tables.assessed import TrustJudgementRow
from ketameta.tables.bayes import PosteriorRow, ShrunkenRow
from ketameta.tables.collection import Tables, by
from ketameta.tables.diagnostics import (
    AsymmetryRow,
    CourseRow,
    DiagnosticRow,
    EarlierRow,
    JudgementRow,
    PairRow,
    PairSynthesisRow,
    RaterAgreementRow,
    TrustAgreementRow,
    TrustRow,
)
from ketameta.tables.effects import (
    ArmPairRow,
    BiasRow,
    CourseEffectRow,
    EffectRow,
    MissingResultRow,
    NetworkEffectRow,
    SignallingRow,
    VariantRow,
)
from ketameta.tables.looks import LookRow
from ketameta.tables.moderators import CoefficientRow, FittedRow, ModeratedRow, RegressionRow
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.raw import ArmRow, ClaimRow, PublishedRow, TrialRow, TrustworthinessRow
from ketameta.tables.small_study import AdjustedRow
from ketameta.tables.stages import STAGE_KINDS
from ketameta.tables.syntheses import (
    AbsoluteRow,
    ClaimTestRow,
    ControlShareRow,
    ExclusionRow,
    PointsRow,
    ReasonRow,
    RowUseRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
    UnusedRow,
)
from ketameta.tables.table import Row, as_dict, extended, schema_of, to_arrow
from ketameta.tables.trust import OVERALL, doubted
from ketameta.vocabulary.narrowing import named

if TYPE_CHECKING:
    import pyarrow as pa

Made = dict[type[Row], list[Row]]


@dataclass(frozen=True, slots=True)
class AnswerInputs:
    """All that what is found of an analysis is made from: nothing else is known to `_answer`.

    `judgements` are of the trials in it, `secondary` sources of each effect, `published` results
    on its outcome; the other rows are its own, those of `trust` of its trials that were assessed.
    """

    analysis: Analysis
    effects: Sequence[EffectRow]
    secondary: Sequence[list[str]]
    variants: Sequence[VariantRow]
    falls: Sequence[ArmPairRow]
    missing: Sequence[MissingResultRow]
    judgements: Sequence[JudgementRow]
    published: Sequence[PublishedRow]
    trials: Sequence[Background]
    trust: Sequence[TrustRow] = ()


# the tables of what is found of an analysis
ANSWER: tuple[type[Row], ...] = (
    *(SynthesisRow, AbsoluteRow, PointsRow, SubgroupRow, SplitRow, StudyRow, SensitivityRow),
    *(JudgementRow, AsymmetryRow, EarlierRow, PairRow, PairSynthesisRow, DiagnosticRow),
    *EVERY,
    *(PosteriorRow, ShrunkenRow, LookRow, AdjustedRow),
    *(RegressionRow, CoefficientRow, ModeratedRow, FittedRow),
    *(*CHANGING, *MISSING, TrustRow),
)


def synthesize(
    tables: Tables, configuration: Configuration, processes: int = 1, memo: Memo | None = None
) -> dict[str, pa.Table]:
    """Return the tables of this stage from those of normalize and ingest.

    What is found of an analysis is taken from the run before where the memo has it.
    """
    claims = tables[ClaimRow]
    configuration = configuration.asked(named(c.analysis for c in claims))
    given = by(tables.once(EffectRow), lambda effect: effect.analysis)
    effects = {name: by_year(own) for name, own in given.items()}
    tests = tests_of(claims, configuration)
    made: Made = {kind: [] for kind in STAGE_KINDS["synthesize"].values()}
    # the longest table is read first, and let go
    fates, raw = fates_of(tables), RawRows(tables)
    syntheses = []
    questions = _questions(tables, effects, raw, configuration)
    answers = (memo or Memo()).answers(_answer, questions, ANSWER, processes)
    del questions  # their rows are not needed any more
    for found in answers:
        syntheses += found[SynthesisRow]
        for kind in ANSWER:
            made[kind] += found[kind]
    _left_out(fates, effects, raw, configuration, made)
    made[CourseRow] += windows_of_one_question(configuration, syntheses)
    by_hour = by(tables.once(CourseEffectRow), lambda effect: effect.analysis)
    timed = asked_courses(configuration.courses, by_hour, questions_of(claims))
    for found in (memo or Memo()).answers(course_of, timed, COURSE_KINDS, processes, "course"):
        for kind in COURSE_KINDS:
            made[kind] += found[kind]
    between = by(tables.once(NetworkEffectRow), lambda effect: effect.analysis)
    joint = {one.name: AskedNetwork(one, between[one.name]) for one in configuration.networks}
    for found in (memo or Memo()).answers(network_of, joint, NETWORK_KINDS, processes, "network"):
        for kind in NETWORK_KINDS:
            made[kind] += found[kind]
    made[ClaimTestRow] += tests
    made[ControlShareRow] += control_shares(tests, given, configuration)
    made[RaterAgreementRow] += rater_agreement(tables.once(SignallingRow))
    made[TrustAgreementRow] += trust.agreement(tables.get(TrustworthinessRow))
    return {schema_of(kind).name: to_arrow(kind, made.pop(kind)) for kind in [*made]}


def _questions(
    tables: Tables,
    effects: Mapping[str, Sequence[EffectRow]],
    raw: RawRows,
    configuration: Configuration,
) -> dict[str, AnswerInputs]:
    """Return what each analysis is made from, by its name."""
    variants = by(tables.once(VariantRow), lambda row: row.analysis)
    falls = by(tables.once(ArmPairRow), lambda row: row.analysis)
    missing = by(tables.once(MissingResultRow), lambda row: row.analysis)
    judged = TrialJudgements(by(tables.once(BiasRow), lambda row: row.trial_id))
    published = by(tables.once(PublishedRow), lambda row: row.outcome)
    overall = {row.trial_id: row for row in tables.get(TrustJudgementRow) if row.domain == OVERALL}
    told = backgrounds(tables[TrialRow], tables[ArmRow])

    def asks(analysis: Analysis) -> bool:
        return bool(analysis.model.moderators) and analysis.name == analysis.base

    def asked(analysis: Analysis) -> AnswerInputs:
        name, outcome = analysis.name, analysis.select.outcome
        own = effects.get(name, ())
        return AnswerInputs(
            analysis,
            own,
            [raw.secondary(effect.rows) for effect in own],
            variants[name],
            falls[name],
            missing[name],
            judged.rows(name, outcome, [effect.trial_id for effect in own]),
            published[outcome],
            [told[e.trial_id] for e in own if e.trial_id in told] if asks(analysis) else (),
            trust.assessed(name, own, overall),
        )

    return {analysis.name: asked(analysis) for analysis in configuration}


def _answer(asked: AnswerInputs) -> Tables:
    """Pool an analysis; return its synthesis and what is shown beside that."""
    analysis, own = asked.analysis, asked.effects
    record = _synthesis(analysis, own)
    choices = _sensitivity(analysis, own, by(asked.variants, lambda row: row.variant))
    told = asked.missing, asked.judgements, asked.secondary
    beside = rated_from(analysis, record, own, *told)
    reviews = choices, beside[AbsoluteRow], asked.published
    pairs, differences = paired(asked.falls, analysis.model)
    studies = beside[StudyRow]
    bounds = worthwhile(analysis, studies, beside[AbsoluteRow])
    alone = by(asked.variants, lambda row: row.variant)
    every = multiverse(
        analysis,
        record,
        own,
        alone,
        asked.judgements,
        studies,
        _bounds(analysis, beside),
        doubted(asked.trust),
    )
    many = diagnosed(own, record)
    checked, drawn = posteriors(analysis, record, own, studies, bounds)
    changing = what_if(analysis, record, own, bounds)
    beside = beside | changing | missing_outcomes(analysis, record, own, studies, bounds)
    whole = choice_of(analysis)
    apart = [row for row in asked.variants if row.variant == whole]
    regressed = moderated(analysis, own, asked.trials, asked.judgements, apart)
    return beside | Tables(
        {
            SynthesisRow: [record],
            PointsRow: points(analysis.name, analysis.select, record, own),
            SensitivityRow: [
                *choices,
                *beside.get(SensitivityRow),
                *trust.without_serious(analysis, own, asked.trust),
            ],
            TrustRow: asked.trust,
            EarlierRow: earlier(analysis, record, own, *reviews),
            PairRow: pairs,
            PairSynthesisRow: differences,
            DiagnosticRow: diagnostics(analysis, own) if many else [],
            LookRow: looks(analysis, record, own, studies, bounds) if many else [],
            PosteriorRow: checked,
            **dict(zip(EVERY, every, strict=True)),
            ShrunkenRow: drawn,
            AdjustedRow: adjusted(analysis, record, own),
            RegressionRow: regressed.regressions,
            CoefficientRow: regressed.coefficients,
            ModeratedRow: regressed.moderated,
            FittedRow: regressed.fitted,
        }
    )


def _bounds(analysis: Analysis, beside: Tables) -> Callable[[str], Bounds | None]:
    """Return a function that gives the smallest worthwhile effects in another measure."""
    told = beside[StudyRow], beside[AbsoluteRow]

    def of(measure: str) -> Bounds | None:
        select = replace(analysis.select, measure=measure)
        return worthwhile(replace(analysis, select=select), *told)

    return of


def _left_out(
    fates: Fates,
    effects: Mapping[str, Sequence[EffectRow]],
    raw: RawRows,
    configuration: Configuration,
    made: Made,
) -> None:
    """Tell into `made` which rows and trials are in no effect, and why."""
    for analysis in configuration:
        asked = analysis, effects.get(analysis.name, ()), fates.of(analysis.name), raw
        made[ExclusionRow] += exclusions(*asked)
        made[UnusedRow] += unused_rows(*asked)
    made[RowUseRow] += [RowUseRow(rows=len(raw), used=fates.used)]
    made[ReasonRow] += fates.reasons


def synthesis(analysis: Analysis, effects: Sequence[EffectRow]) -> SynthesisRow:
    """Return the pooled result of an analysis, the side that favours treatment, the split shown.

    It has no hash of its data, no other intervals and no test between groups.
    """
    measure = analysis.select.measure
    return extended(
        SynthesisRow,
        pooled(measure, effects, analysis.model),
        analysis=analysis.name,
        favours=favours(measure, analysis.select.outcome),
        split=plotted_split(analysis, effects),
    )


def _synthesis(analysis: Analysis, effects: Sequence[EffectRow]) -> SynthesisRow:
    """Return the row of the table syntheses."""
    record = synthesis(analysis, effects)
    own = record.estimate is not None
    beside: dict[str, Any] = intervals(effects, analysis.model) if own else {}
    test = (
        between_groups(groups_of(record.split, effects), analysis.model) if record.split else None
    )
    told = asdict(test) if test else {}
    tested: dict[str, Any] = {f"between_{name}": value for name, value in told.items()}
    data_hash = content_id([as_dict(effect) for effect in effects])
    return replace(record, data_hash=data_hash, **beside, **tested)


def rated_from(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    missing: Sequence[MissingResultRow],
    judgements: Sequence[JudgementRow],
    secondary: Sequence[list[str]] = (),
) -> Tables:
    """Return what a synthesis is rated from beside itself and its missing results.

    Of the table `sensitivity` it is the bound that the missing results set; `secondary` are the
    secondary sources of each effect.
    """
    groups, tests = splits(analysis, effects)
    lines = []
    if diagnosed(effects, record):
        centre = record.estimate if record.estimate_log is None else record.estimate_log
        assert centre is not None
        lines = [asymmetry(analysis, effects, centre)]
    return Tables(
        {
            AbsoluteRow: risks(analysis.name, record, effects),
            SubgroupRow: groups,
            SplitRow: tests,
            StudyRow: _studies(analysis, effects, record, secondary or [[] for _ in effects]),
            SensitivityRow: missing_as_zero(analysis, effects, missing),
            JudgementRow: judgements,
            AsymmetryRow: lines,
        }
    )


def _sensitivity(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    variants: Mapping[str, Sequence[VariantRow]],
) -> list[SensitivityRow]:
    """Pool the analysis once more under each other defensible choice."""
    result = []
    for variant in analysis.choices([effect for effect in effects if effect.marks]):
        same = variant.select == analysis.select
        others: Sequence[PoolableEffect] = effects if same else variants[variant.name]
        found = pooled(variant.select.measure, others, variant.model)
        result.append(extended(SensitivityRow, found, analysis=analysis.name, variant=variant.name))
    return result


def _studies(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    record: SynthesisRow,
    secondary: Sequence[list[str]],
) -> list[StudyRow]:
    """Return the effects with their weights and intervals, and the group that each is in."""
    measure = MEASURES[analysis.select.measure]
    own_weights = weights(effects, analysis.model)
    if record.estimate is None:
        own_weights = [None] * len(effects)
    result = []
    for effect, weight, sources in zip(effects, own_weights, secondary, strict=True):
        low, high = normal_interval(effect.yi, effect.vi, analysis.model.level)
        result.append(
            StudyRow(
                **as_dict(effect),
                effect=measure.transform.back(effect.yi),
                ci_low=measure.transform.back(low),
                ci_high=measure.transform.back(high),
                subgroup=group_of(record.split, effect),
                weight=weight,
                secondary=sources,
                halved=measure.counts and _has_empty_cell(effect),
            )
        )
    return result


def _has_empty_cell(effect: EffectRow) -> bool:
    """Say whether nobody or everybody of an arm with counts has the event."""
    arms = ((effect.events_t, effect.n_t), (effect.events_c, effect.n_c))
    return any(events in (0, people) for events, people in arms if events is not None)
