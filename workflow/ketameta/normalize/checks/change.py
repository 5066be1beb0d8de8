"""Changes that are not endpoint minus baseline, or that go the wrong way.

For the same people the three agree but for rounding: half a unit of the last digit of each. Where
fewer were seen at the end than at the start, the baseline is of others too. With n at the end of N
at the start, baseline means of the n and of all N differ by chance with SD
sd √((N - n) / (N n)), the SD of a mean drawn without replacement; three of these are allowed (one
row in 370 by chance), with the baseline's SD, or that of the endpoint or change. Without N, or
where model-based (least squares) means stand beside raw ones, a fifth of an SD is allowed, the
size of a small effect (Cohen 1988).

In treatment trials of people who are ill at entry every arm improves, controls too (regression to
the mean alone sees to that). A mean change for the worse by more than three standard errors is
therefore first of all an improvement entered without its sign. Trials with a design flag
and scores of which more is better (abilities), where both ways occur, are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ketameta.normalize.checks.findings import Finding
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.normalize.results import ArmResult
from ketameta.vocabulary import vocabulary

CHANCE = 3.0
SMALL_EFFECT = 0.2
WORSE_BY_SE = 3.0
_MODELLED = re.compile(r"\bLS\b|least squares|adjusted|MMRM|model", re.IGNORECASE)


def findings(view: RowsByTrial) -> Iterator[Finding]:
    """Yield rows, and pairs of rows of one visit, whose three means contradict each other."""
    for rows in view.outcomes_of.values():
        for row in rows:
            if row.change_mean is None:
                continue
            end = row if row.mean is not None else _other(row, rows, "mean")
            start = row if row.baseline_mean is not None else _other(row, rows, "baseline_mean")
            if end is not None and start is not None:
                yield from _compare(view, start, end, row)


def _other(row: ArmResult, rows: list[ArmResult], column: str) -> ArmResult | None:
    """Return a row of the same arm, scale and people that has the column."""
    for other in rows:
        same = _people(other) == _people(row)
        at_once = column != "mean" or other.timepoint_h == row.timepoint_h
        if same and at_once and other.value(column) is not None:
            return other
    return None


def _people(row: ArmResult) -> tuple[object, ...]:
    return row.arm_id, row.scale, row.n, row.definition


def _compare(
    view: RowsByTrial, start: ArmResult, end: ArmResult, row: ArmResult
) -> Iterator[Finding]:
    found = (start, "baseline_mean"), (end, "mean"), (row, "change_mean")
    baseline, mean, change = (one.number(column) for one, column in found)
    allowed = sum(one.half(column) for one, column in found)
    allowed += _others_at_baseline(view, start, row)
    difference = mean - baseline
    if abs(change - difference) <= allowed + 1e-9:
        return
    message = (
        f"a change of {change:g} is not {mean:g} − {baseline:g} = {difference:.4g} "
        f"(up to {allowed:.2g} apart is rounding and different people)"
    )
    if abs(change + difference) <= allowed:
        message += "; with the other sign it would be"
    yield view.finding(
        "change-not-difference", row, "change_mean", message, "baseline|adjusted|LS mean"
    )


def _others_at_baseline(view: RowsByTrial, start: ArmResult, row: ArmResult) -> float:
    sd = start.baseline_sd or row.sd or row.change_sd
    n, whole = row.n, view.randomised(row.trial_id, row.arm_id)
    if sd is None:
        return 0.0
    if not n or whole is None or _MODELLED.search(row.note or ""):
        return SMALL_EFFECT * float(sd)
    whole = max(whole, start.n or 0, n)
    return CHANCE * float(sd) * math.sqrt((whole - n) / (whole * n))


def for_the_worse(view: RowsByTrial) -> Iterator[Finding]:
    """Yield mean changes that are clearly for the worse."""
    for row in view.outcomes:
        scale, change, n = view.scale(row), row.change_mean, view.size(row)
        trial = view.trials.get(row.trial_id)
        if scale is None or change is None or (trial is not None and trial.design_flag):
            continue
        sd = row.change_sd
        se = row.se or (sd / math.sqrt(n) if sd and n else None)
        outcome = vocabulary().outcomes.get(row.outcome)
        ability = outcome is not None and outcome.sense == "good"
        if se is None or ability or change * scale.sign <= WORSE_BY_SE * se:
            continue
        message = (
            f"a change of {change:+g} on {scale.name}, where higher is {scale.higher}, is for the "
            f"worse by {abs(change) / se:.1f} standard errors: is the sign turned?"
        )
        yield view.finding("change-for-the-worse", row, "change_mean", message, "sign|wors")


CHECKS = {"change-not-difference": findings, "change-for-the-worse": for_the_worse}
