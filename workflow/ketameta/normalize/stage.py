"""The second stage: typed rows in, effects, derivations and ledger out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ketameta.configuration import Configuration, Question
from ketameta.normalize import raters
from ketameta.normalize.checks.acknowledged import About, settled
from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.choose import Choices
from ketameta.normalize.coverage import coverage
from ketameta.normalize.effect_rows import derivation_rows, effect_row, variant_row
from ketameta.normalize.inherit import inherited
from ketameta.normalize.ledger import Ledger
from ketameta.normalize.overlap import resolve
from ketameta.normalize.overview import counts_of, data_of, digests_of
from ketameta.normalize.pairs import pairs
from ketameta.normalize.records import Effect, Trial
from ketameta.normalize.reductions import reductions
from ketameta.normalize.reported import directions, missing_results
from ketameta.normalize.results import AnyResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.tables.collection import Tables
from ketameta.tables.effects import (
    ArmPairRow,
    ArmReductionRow,
    BiasRow,
    CountRow,
    DataRow,
    DerivationRow,
    DigestRow,
    DirectionRow,
    EffectRow,
    EvidenceMapRow,
    FindingRow,
    LedgerRow,
    MissingResultRow,
    ProblemRow,
    ResultRow,
    SignallingRow,
    VariantRow,
    WarningRow,
)
from ketameta.tables.problems import Problem
from ketameta.tables.raw import ClaimRow, RiskOfBiasRow, Rob2AnswerRow
from ketameta.tables.table import Row, as_dict, extended, schema_of, to_arrow
from ketameta.vocabulary.narrowing import named

if TYPE_CHECKING:
    import pyarrow as pa


def normalize(raw: Tables, configuration: Configuration) -> dict[str, pa.Table]:
    """Return the tables of this stage from the rows of ingest's tables."""
    trials, rows = trials_of(raw), raw_rows(raw)
    configuration = configuration.asked(named(map(as_dict, raw[ClaimRow])))
    effects, ledger, found = _effects(configuration, Choices(trials, rows))
    problems = [Problem(**as_dict(problem)) for problem in raw[ProblemRow]]
    checks, told = settled(raw, rows, problems, effects)
    labels = {name: trial.label for name, trial in trials.items()}
    found |= {
        FindingRow: _findings(rows, checks),
        DataRow: data_of(raw),
        DigestRow: digests_of(raw),
        CountRow: counts_of(raw),
        WarningRow: [_warning(problem) for problem in told],
        ArmPairRow: pairs(configuration, trials, rows),
        BiasRow: bias_of(raw, trials),
        SignallingRow: raters.answers(raw.get(Rob2AnswerRow), labels),
        ArmReductionRow: reductions(configuration, trials, rows),
        EvidenceMapRow: coverage(trials, rows),
        ResultRow: [_raw_row(row, labels[row.trial_id]) for row in rows],
    }
    tables = {schema_of(kind).name: to_arrow(kind, found[kind]) for kind in found}
    return tables | {"ledger": ledger}


def _warning(told: Problem) -> WarningRow:
    """Return a warning or note of ingest as a row."""
    names = schema_of(WarningRow).names
    return WarningRow(**{name: getattr(told, name) for name in names})


def _effects(
    configuration: Configuration, choices: Choices
) -> tuple[list[EffectRow], pa.Table, dict[type[Row], Sequence[Row]]]:
    """Return effects and ledger of all analyses, and what else each gives, by the table."""
    import pyarrow as pa

    fates: list[pa.Table] = []
    schema = schema_of(LedgerRow).arrow_schema()
    effects: list[EffectRow] = []
    derivations: list[DerivationRow] = []
    variants: list[VariantRow] = []
    missing: list[MissingResultRow] = []
    pointing: list[DirectionRow] = []
    for analysis in configuration:
        name, question = analysis.name, analysis.select
        own, ledger = effects_of(name, question, choices)
        made = [effect_row(name, question, effect) for effect in own]
        effects += made
        derivations += [step for effect in own for step in derivation_rows(name, effect)]
        missing += missing_results(name, question, choices.trials, own, ledger)
        on = choices.rows.on(question.outcome)
        pointing += directions(name, question, choices.trials, on.rows)
        fates.append(ledger.table(schema))
        for variant in analysis.choices([row for row in made if row.marks]):
            if variant.select != question:
                others, _ = effects_of(name, variant.select, choices)
                variants += [variant_row(name, variant, effect) for effect in others]
    return (
        effects,
        pa.concat_tables(fates),
        {
            EffectRow: effects,
            VariantRow: variants,
            DerivationRow: derivations,
            MissingResultRow: missing,
            DirectionRow: pointing,
        },
    )


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
    about = About(rows)
    return [
        FindingRow(
            check=finding.check,
            severity=finding.severity,
            file=finding.file,
            line=finding.line,
            column=finding.column,
            trial_id=finding.trial_id,
            arm_id=finding.arm_id,
            value=finding.value,
            message=finding.message,
            acknowledged=finding.acknowledged,
            table=warned.table,
            at=sorted(" / ".join(filter(None, where)) for where in warned.at),
        )
        for finding in findings
        for warned in [about.warned(finding)]
    ]


def _raw_row(row: AnyResult, label: str) -> ResultRow:
    arm = " against ".join(row.arms)
    return extended(ResultRow, row, label=label, arm_id=arm, seen=row.standing)
