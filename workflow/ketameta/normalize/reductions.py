"""The per cent fall from baseline of every arm and hour, for analyses of reductions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketameta.configuration import Analysis, Configuration, Question
from ketameta.measures import MEASURES
from ketameta.normalize.baseline import find_baseline
from ketameta.normalize.records import ArmSummary, Trial
from ketameta.normalize.results import AnyResult, ArmResult
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import narrowed
from ketameta.tables.effects import ArmReductionRow
from ketameta.vocabulary import scale_sign, vocabulary


def reductions(
    configuration: Configuration, trials: Mapping[str, Trial], rows: Rows
) -> list[ArmReductionRow]:
    """Return the per cent fall from baseline of every arm and hour, for analyses of reductions.

    No standard deviation is needed, so that more arms are here than in the synthesis. One row an
    arm and hour: the scale that the analysis prefers, then the analysis set.
    """
    result = []
    for analysis in configuration:
        if MEASURES[analysis.select.measure].falls:
            result += best_reductions(analysis, trials, rows)
    return result


def best_reductions(
    analysis: Analysis, trials: Mapping[str, Trial], rows: Rows
) -> list[ArmReductionRow]:
    """Return by trial, arm and hour the per cent fall that an analysis prefers."""
    question = analysis.select
    scales = question.scales or tuple(vocabulary().scales)
    found: dict[tuple[str, str, float], tuple[tuple[int, int, int], ArmReductionRow]] = {}
    for row in rows.on(question.outcome).rows:
        trial = trials[row.trial_id]
        if not isinstance(row, ArmResult) or not _fits(question, trial, row):
            continue
        if row.scale not in scales:
            continue
        one = _reduction(analysis, trial, row, rows.by_trial[row.trial_id])
        if one is None:
            continue
        sets = question.analysis_sets
        rank = (scales.index(row.scale), sets.index(row.analysed), row.line)
        key = (one.trial_id, one.arm_id, one.hour)
        if key not in found or rank < found[key][0]:
            found[key] = (rank, one)
    return [found[key][1] for key in sorted(found)]


def _fits(question: Question, trial: Trial, row: ArmResult) -> bool:
    """Say whether a row is an arm's score after baseline that the question could take."""
    return (
        trial.population in question.populations
        and (not trial.design_flag or trial.design_flag in question.design_flags)
        and not trial.parts
        and not trial.arms[row.arm_id].pooled
        and (row.timepoint_h or 0) > 0
        and row.analysed in question.analysis_sets
        and row.use != "never"
        and scale_sign(row.scale or "", row.outcome) == 1
        and not narrowed(question, trial, row)
    )


def _reduction(
    analysis: Analysis, trial: Trial, row: ArmResult, rows: Sequence[AnyResult]
) -> ArmReductionRow | None:
    arm = trial.arms[row.arm_id]
    basis = "change" if row.change_mean is not None else "endpoint"
    value = row.change_mean if basis == "change" else row.mean
    if value is None:
        return None
    summary = ArmSummary(
        (arm,), row.n or 0, (row,), mean=value, basis=basis, baseline_mean=row.baseline_mean
    )
    if summary.baseline_mean is None:
        summary = find_baseline(summary, row, rows)
    if summary.baseline_mean is None or summary.baseline_mean <= 0:
        return None
    change = value if basis == "change" else value - summary.baseline_mean
    return ArmReductionRow(
        analysis=analysis.name,
        trial_id=trial.trial_id,
        label=trial.label,
        arm_id=arm.arm_id,
        treatment=arm.treatment,
        treated=arm.treatment in analysis.select.treatments,
        hour=row.timepoint_h or 0.0,
        scale=row.scale or "",
        n=row.n,
        reduction=-100 * change / summary.baseline_mean,
        rows=list(dict.fromkeys(each.key for each in summary.rows)),
    )
