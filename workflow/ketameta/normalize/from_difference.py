"""The SD of an arm's change, where the difference between arms alone has a standard error."""

from __future__ import annotations

from collections.abc import Iterable

from ketameta.measures import in_points
from ketameta.normalize.contrasts import difference_sd, is_paired
from ketameta.normalize.people import People
from ketameta.normalize.records import Arm, ArmSummary, NotUsable, Step, Trial
from ketameta.normalize.results import AnyResult, ArmResult, Contrast
from ketameta.normalize.words import number_text

ASSUMPTION = "SD from a difference"


def change_by_difference(
    trial: Trial, arm: Arm, row: ArmResult, people: People, rows: Iterable[AnyResult]
) -> ArmSummary | None:
    """Return the mean change of an arm with the SD that a reported difference of it implies.

    SD = SE / √(1/n1 + 1/n2) within both arms (Cochrane Handbook 6.5.2.3), of a mean difference of
    this arm at the hour and on the scale of the row, between separate people, with a standard
    error, an interval, a t, an F or an exact p-value. The SE of an adjusted difference gives an SD
    that is too small, so the step counts as an assumption. Of several differences the one with
    the fewest assumptions serves, then as `AnyResult.order`. None where the row has no change, and
    where no difference gives an SD. `rows` are those of the trial that may be pooled.
    """
    if row.change_mean is None:
        return None
    found = []
    for other in rows:
        if isinstance(other, Contrast) and _is_of(other, arm, row) and not is_paired(trial, other):
            try:
                sd, steps = difference_sd(trial, other, people)
            except NotUsable:
                continue
            found.append((sum(bool(s.assumption) for s in steps), other.order, other, sd, steps))
    if not found:
        return None
    _, _, other, sd, steps = min(found, key=lambda one: one[:2])
    n, size_step = people.of(arm, row)
    change = Step(
        f"mean change of {arm.arm_id}, SD from its difference",
        "mean, SD, n",
        f"{number_text(row.change_mean)}, {number_text(sd)}, {n}",
        rows=(row.key, other.key),
    )
    return ArmSummary(
        (arm,),
        n,
        (row, other),
        (*dict.fromkeys((size_step, *steps) if size_step else steps), change),
        mean=row.change_mean,
        sd=sd,
        basis="change",
        baseline_mean=row.baseline_mean,
        baseline_sd=row.baseline_sd,
    )


def _is_of(other: Contrast, arm: Arm, row: ArmResult) -> bool:
    """Say whether a row is a mean difference of an arm, at the hour and on the scale of a row."""
    return (
        isinstance(other, Contrast)
        and in_points(other.measure)
        and arm.arm_id in (other.arm_t, other.arm_c)
        and (other.outcome, other.scale, other.timepoint_h)
        == (row.outcome, row.scale, row.timepoint_h)
    )
