"""The baseline of an arm, where it stands in another row than the score itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ketameta.normalize.records import ArmSummary, Row, Step, number


def find_baseline(summary: ArmSummary, row: Row, rows: Sequence[Row]) -> ArmSummary:
    """Return the summary with a baseline mean from another row of its arm and scale.

    Taken, in this order, from a row that reports a baseline (with SD first, then the larger n),
    or from two rows of the same hour and source, one with the change and one with the endpoint,
    whose difference is the baseline. The summary comes back unchanged where there is neither.
    """
    arm = summary.arms[0]
    own = [
        other
        for other in rows
        if other.table == "outcomes"
        and other["arm_id"] == arm.arm_id
        and other["scale"] == row["scale"]
        and other["outcome"] == row["outcome"]
        and other.key != row.key
        and other.analysis_set not in ("rerandomised-period-2", "subgroup")
    ]
    with_base = [other for other in own if other["baseline_mean"] is not None]
    if with_base:
        best = min(with_base, key=lambda r: (r["baseline_sd"] is None, -(r["n"] or 0), r.order))
        mean, sd = best["baseline_mean"], best["baseline_sd"]
        said = number(mean) + (f" (SD {number(sd)})" if sd is not None else ", no SD")
        step = Step(
            f"baseline of {arm.arm_id} from another row", "baseline mean", said, rows=(best.key,)
        )
        return _given(summary, mean, sd, step, best)
    wanted = "mean" if summary.basis == "change" else "change_mean"
    for other in sorted(own, key=lambda r: r.order):
        same = all(other[name] == row[name] for name in ("timepoint_h", "source"))
        if same and other[wanted] is not None:
            own_mean = summary.mean or 0.0
            by_change = summary.basis == "change"
            end = other["mean"] if by_change else own_mean
            change = own_mean if by_change else other["change_mean"]
            mean = end - change
            step = Step(
                f"baseline of {arm.arm_id} from endpoint and change",
                f"endpoint − change = {number(end)} − ({number(change)})",
                number(mean),
                rows=(row.key, other.key),
                assumption="baseline from change",
            )
            return _given(summary, mean, None, step, other)
    return summary


def _given(summary: ArmSummary, mean: float, sd: float | None, step: Step, row: Row) -> ArmSummary:
    return replace(
        summary,
        baseline_mean=mean,
        baseline_sd=sd,
        steps=(*summary.steps, step),
        rows=(*summary.rows, row),
    )
