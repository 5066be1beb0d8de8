"""What the data hold beside effects: judgements passed on, reductions arm by arm, coverage."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.configuration import Configuration, Question
from ketameta.measures import MEASURES
from ketameta.normalize.baseline import find_baseline
from ketameta.normalize.records import ArmSummary, Row, Trial
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import narrowed
from ketameta.tables.effects import PERIODS
from ketameta.vocabulary import scale_sign, vocabulary


def period_of(hour: float | None) -> str:
    """Return the period of an hour, empty for a baseline: zero hours after the first dose."""
    if hour is not None and hour <= 0:
        return ""
    return next(name for name, last in PERIODS.items() if (hour or math.inf) <= last)


def _forbidden(row: Row) -> bool:
    rule = vocabulary().flag_rule(row["flag"]) if row["flag"] else None
    return rule is not None and rule["use"] == "never"


def coverage(trials: Mapping[str, Trial], rows: Rows) -> list[dict[str, Any]]:
    """Count the trials and people with a usable row, by population, outcome and period.

    A report whose patients another report of the same cell holds is not counted again. People
    are those randomised, as far as the number is known.
    """
    cells: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in rows:
        period = period_of(row["timepoint_h"])
        if period and not _forbidden(row):
            trial = trials[row["trial_id"]]
            cells[trial.population, row["outcome"], period].add(trial.trial_id)
    result = []
    for (population, outcome, period), members in sorted(cells.items()):
        own = [trials[name] for name in sorted(members) if not members & {*trials[name].parts}]
        people = sum(trial.n_randomised or 0 for trial in own)
        result.append(
            {
                "population": population,
                "outcome": outcome,
                "period": period,
                "trials": len(own),
                "people": people,
                "trial_ids": [trial.trial_id for trial in own],
                "labels": [trial.label for trial in own],
            }
        )
    return result


def reductions(
    configuration: Configuration, trials: Mapping[str, Trial], rows: Rows
) -> list[dict[str, Any]]:
    """Return the per cent fall from baseline of every arm and hour, for analyses of reductions.

    No standard deviation is needed, so that more arms are here than in the synthesis. One row an
    arm and hour: the scale that the analysis prefers, then the analysis set.
    """
    result = []
    for analysis in configuration:
        if MEASURES[analysis.select.measure].falls:
            found = best_reductions(analysis.select, trials, rows)
            result += [{"analysis": analysis.name, **found[key]} for key in sorted(found)]
    return result


def best_reductions(
    question: Question, trials: Mapping[str, Trial], rows: Rows
) -> dict[tuple[str, str, float], dict[str, Any]]:
    """Return by trial, arm and hour the per cent fall that the question prefers."""
    scales = question.scales or tuple(vocabulary().scales)
    found: dict[tuple[str, str, float], tuple[tuple[int, int, int], dict[str, Any]]] = {}
    for row in rows.on(question.outcome).rows:
        if not _fits(question, trials[row["trial_id"]], row) or row["scale"] not in scales:
            continue
        one = _reduction(question, trials[row["trial_id"]], row, rows.by_trial[row["trial_id"]])
        if one is None:
            continue
        rank = (
            scales.index(row["scale"]),
            question.analysis_sets.index(row.analysis_set),
            row.line,
        )
        key = (row["trial_id"], row["arm_id"], row["timepoint_h"])
        if key not in found or rank < found[key][0]:
            found[key] = (rank, one)
    return {key: one for key, (_, one) in found.items()}


def _fits(question: Question, trial: Trial, row: Row) -> bool:
    """Say whether a row is an arm's score after baseline that the question could take."""
    return (
        row.table == "outcomes"
        and trial.population in question.populations
        and (not trial.design_flag or trial.design_flag in question.design_flags)
        and not trial.parts
        and not trial.arms[row["arm_id"]].pooled
        and (row["timepoint_h"] or 0) > 0
        and row.analysis_set in question.analysis_sets
        and not _forbidden(row)
        and scale_sign(row["scale"], row["outcome"]) == 1
        and not narrowed(question, trial, row)
    )


def _reduction(
    question: Question, trial: Trial, row: Row, rows: Sequence[Row]
) -> dict[str, Any] | None:
    arm = trial.arms[row["arm_id"]]
    basis = "change" if row["change_mean"] is not None else "endpoint"
    value = row["change_mean"] if basis == "change" else row["mean"]
    if value is None:
        return None
    summary = ArmSummary(
        (arm,), row["n"] or 0, (row,), mean=value, basis=basis, baseline_mean=row["baseline_mean"]
    )
    if summary.baseline_mean is None:
        summary = find_baseline(summary, row, rows)
    if summary.baseline_mean is None or summary.baseline_mean <= 0:
        return None
    change = value if basis == "change" else value - summary.baseline_mean
    return {
        "trial_id": trial.trial_id,
        "label": trial.label,
        "arm_id": arm.arm_id,
        "treatment": arm.treatment,
        "treated": arm.treatment in question.treatments,
        "hour": row["timepoint_h"],
        "scale": row["scale"],
        "n": row["n"],
        "reduction": -100 * change / summary.baseline_mean,
        "rows": list(dict.fromkeys(each.key for each in summary.rows)),
    }
