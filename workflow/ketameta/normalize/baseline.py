"""The baseline of an arm, where it stands in another row than the score itself."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.normalize.records import ArmSummary, Step
from ketameta.normalize.results import AnyResult, ArmResult
from ketameta.normalize.words import number_text


def find_baseline(summary: ArmSummary, row: ArmResult, rows: Sequence[AnyResult]) -> ArmSummary:
    """Return the summary with a baseline mean from another row of its arm and scale.

    Taken, in this order, from a row that reports a baseline (with SD first, then the larger n),
    or from two rows of the same hour and source, one with the change and one with the endpoint,
    whose difference is the baseline. The summary comes back unchanged where there is neither.
    """
    arm = summary.arms[0]
    own = [
        other
        for other in rows
        if isinstance(other, ArmResult)
        and other.arm_id == arm.arm_id
        and other.scale == row.scale
        and other.outcome == row.outcome
        and other.key != row.key
        and other.analysed not in ("rerandomised-period-2", "subgroup")
    ]
    with_base = [(mean, other) for other in own if (mean := other.baseline_mean) is not None]
    if with_base:
        mean, best = min(with_base, key=_first_of)
        sd = best.baseline_sd
        said = number_text(mean) + (f" (SD {number_text(sd)})" if sd is not None else ", no SD")
        step = Step(
            f"baseline of {arm.arm_id} from another row", "baseline mean", said, rows=(best.key,)
        )
        return _given(summary, mean, sd, step, best)
    by_change = summary.basis == "change"
    for other in sorted(own, key=lambda r: r.order):
        same = (other.timepoint_h, other.source) == (row.timepoint_h, row.source)
        wanted = other.mean if by_change else other.change_mean
        if same and wanted is not None:
            own_mean = summary.mean or 0.0
            end, change = (wanted, own_mean) if by_change else (own_mean, wanted)
            step = Step(
                f"baseline of {arm.arm_id} from endpoint and change",
                f"endpoint − change = {number_text(end)} − ({number_text(change)})",
                number_text(end - change),
                rows=(row.key, other.key),
                assumption="baseline from change",
            )
            return _given(summary, end - change, None, step, other)
    return summary


def _first_of(known: tuple[float, ArmResult]) -> tuple[object, ...]:
    row = known[1]
    return row.baseline_sd is None, -(row.n or 0), row.order


def _given(
    summary: ArmSummary, mean: float, sd: float | None, step: Step, row: ArmResult
) -> ArmSummary:
    return summary._replace(
        baseline_mean=mean,
        baseline_sd=sd,
        steps=(*summary.steps, step),
        rows=(*summary.rows, row),
    )
