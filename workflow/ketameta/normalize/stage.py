"""The second stage: typed rows in, effects, derivations and ledger out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ketameta.configuration import Analysis, Configuration, Question
from ketameta.normalize import effect_sizes, grid, raters, trust
from ketameta.normalize.checks.acknowledged import Subject, with_reasons
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.choose import Choices
from ketameta.normalize.courses import over_time
from ketameta.normalize.coverage import coverage
from ketameta.normalize.effect_rows import VariedEffects, derivation_rows, effect_rows
from ketameta.normalize.inherit import inherited
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.networks import compared
from ketameta.normalize.overlap import resolve, without_overlap
from ketameta.normalize.overview import counts_of, data_of
from ketameta.normalize.pairs import pairs
from ketameta.normalize.records import Effect, Trial
from ketameta.normalize.reductions import reductions
from ketameta.normalize.reported import directions, missing_results
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.tables.assessed import PrefilledRow, TrustJudgementRow
from ketameta.tables.collection import Tables
from ketameta.tables.digests import digests
from ketameta.tables.effects import (
    ArmPairRow,
    ArmReductionRow,
    BiasRow,
    CountRow,
    CourseEffectRow,
    CourseLedgerRow,
    DataRow,
    DerivationRow,
    DigestRow,
    DirectionRow,
    EffectRow,
    EvidenceMapRow,
    FindingRow,
    LedgerRow,
    MissingResultRow,
    NetworkEffectRow,
    NetworkLedgerRow,
    ResultRow,
    SignallingRow,
    VariantRow,
    WarningRow,
)
from ketameta.tables.problems import Problem, ProblemRow
from ketameta.tables.raw import (
    ArmRow,
    ClaimRow,
    RiskOfBiasRow,
    Rob2AnswerRow,
    TrialRow,
    TrustworthinessRow,
)
from ketameta.tables.table import Row, as_dict, extended, extended_each, schema_of, to_arrow
from ketameta.vocabulary.narrowing import named

if TYPE_CHECKING:
    import pyarrow as pa


def normalize(raw: Tables, configuration: Configuration) -> dict[str, pa.Table]:
    """Return the tables of this stage from the rows of ingest's tables."""
    trials, rows = trials_of(raw), raw_rows(raw)
    configuration = configuration.asked(named(claim.analysis for claim in raw[ClaimRow]))
    effects, tables = _analyses(configuration, Choices(trials, rows))
    problems = [Problem(**as_dict(problem)) for problem in raw[ProblemRow]]
    checks, told = with_reasons(raw, rows, problems, effects)
    labels = {name: trial.label for name, trial in trials.items()}
    cells = digests(raw)
    by_hour, of_rows = over_time(configuration.courses, trials, rows)
    between, fates = compared(configuration.networks, trials, rows)
    # made one after the other: rows of long tables go when their Arrow table is there
    found: dict[type[Row], Callable[[], Sequence[Row]]] = {
        FindingRow: lambda: _findings(rows, checks),
        CourseEffectRow: lambda: by_hour,
        CourseLedgerRow: lambda: of_rows,
        NetworkEffectRow: lambda: between,
        NetworkLedgerRow: lambda: fates,
        DataRow: lambda: data_of(raw, cells),
        DigestRow: lambda: [DigestRow(trial_id=t, digest=d) for t, d in cells.trials.items()],
        CountRow: lambda: counts_of(raw),
        WarningRow: lambda: [extended(WarningRow, problem) for problem in told],
        ArmPairRow: lambda: pairs(configuration, trials, rows),
        BiasRow: lambda: bias_of(raw, trials),
        SignallingRow: lambda: raters.signalling_answers(raw.get(Rob2AnswerRow), labels),
        TrustJudgementRow: lambda: trust.judgements(raw.get(TrustworthinessRow), trials),
        PrefilledRow: lambda: trust.prefilled(raw[TrialRow], raw[ArmRow], rows, checks, labels),
        ArmReductionRow: lambda: reductions(configuration, trials, rows),
        EvidenceMapRow: lambda: coverage(trials, rows),
        ResultRow: lambda: [
            *_raw_rows(rows.outcomes, labels),
            *_raw_rows(rows.contrasts, labels),
        ],
    }
    return tables | {schema_of(kind).name: to_arrow(kind, make()) for kind, make in found.items()}


# what each analysis gives by itself, in the order of the tables
_OF_ANALYSES: tuple[type[Row], ...] = (
    *(EffectRow, VariantRow, DerivationRow, MissingResultRow, DirectionRow, LedgerRow),
)


def _analyses(
    configuration: Configuration, choices: Choices
) -> tuple[list[EffectRow], dict[str, pa.Table]]:
    """Return the effects of all analyses, and the tables that hold what each gives.

    Analyses of one outcome follow each other, so that what is known of its rows can go then; what
    an analysis gives is a part of Arrow tables at once.
    """
    import pyarrow as pa

    made: dict[str, tuple[list[EffectRow], dict[str, pa.Table]]] = {}
    for outcome, group in groupby(sorted(configuration, key=_outcome), _outcome):
        analyses = list(group)
        asked = {a.select.measure for a in analyses}
        asked |= {v.select.measure for a in analyses for v in a.variants}
        effect_sizes.compute_ahead(choices.rows.on(outcome).rows, asked)
        for analysis in analyses:
            made[analysis.name] = _analysis(analysis, choices)
        choices.forget()
    ordered = [made[analysis.name] for analysis in configuration]
    names = [schema_of(kind).name for kind in _OF_ANALYSES]
    tables = {name: pa.concat_tables([parts[name] for _, parts in ordered]) for name in names}
    return [effect for effects, _ in ordered for effect in effects], tables


def _outcome(analysis: Analysis) -> str:
    return analysis.select.outcome


def _analysis(analysis: Analysis, choices: Choices) -> tuple[list[EffectRow], dict[str, pa.Table]]:
    """Return the effects of an analysis, and the tables of what it gives under any choice."""
    name, question, trials = analysis.name, analysis.select, choices.trials
    effects, ledger = effects_of(name, question, choices)
    rows = effect_rows(name, question, effects)
    varied = VariedEffects(name)

    def ask(other: Question) -> list[VariantRow]:
        return varied.rows(without_overlap(choices.effects(other)))

    alone = {
        variant.name: ask(variant.select)
        for variant in analysis.choices([row for row in rows if row.marks])
        if variant.select != question
    }
    for said, own in (alone | grid.together(analysis, rows, alone, ask)).items():
        varied.enter(said, own)
    on_outcome = choices.rows.on(question.outcome).rows
    found = (
        to_arrow(EffectRow, rows),
        varied.table(),
        to_arrow(DerivationRow, derivation_rows(name, effects)),
        to_arrow(MissingResultRow, missing_results(name, question, trials, effects, ledger)),
        to_arrow(DirectionRow, directions(name, question, trials, on_outcome)),
        ledger.table(schema_of(LedgerRow).arrow_schema()),
    )
    return rows, {schema_of(kind).name: t for kind, t in zip(_OF_ANALYSES, found, strict=True)}


def effects_of(name: str, question: Question, choices: Choices) -> tuple[list[Effect], Ledger]:
    """Return the effects of one analysis and the fate of every row in it.

    Raises KeyError where nothing was noted for a row: that would be a silent drop.
    """
    effects, ledger = choices.chosen(name, question)
    chosen = resolve(effects, ledger)
    ledger.check()
    return chosen, ledger


def bias_of(raw: Tables, trials: Mapping[str, Trial]) -> list[BiasRow]:
    """Return the judgements of risk of bias: published, by raters' answers, and taken over."""
    judged = [
        extended(BiasRow, row, best=row.judgement, inherited_from=None)
        for row in raw[RiskOfBiasRow]
    ]
    judged += raters.judgements(raw.get(Rob2AnswerRow))
    return judged + inherited(judged, trials)


def _findings(rows: Rows, findings: Iterable[Finding]) -> list[FindingRow]:
    """Return findings with what they are about, whatever their lines: it tells them apart later."""
    about = Subject(rows)
    return [
        extended(
            FindingRow,
            finding,
            table=warned.table,
            at=sorted(" / ".join(filter(None, where)) for where in warned.at),
        )
        for finding in findings
        for warned in [about.warned(finding)]
    ]


def _raw_rows(rows: Sequence[AnyResult], labels: Mapping[str, str]) -> list[ResultRow]:
    return extended_each(
        ResultRow,
        rows,
        label=[labels[row.trial_id] for row in rows],
        arm_id=[" against ".join(row.arms) for row in rows],
        seen=[row.standing for row in rows],
    )
