"""From the cells of outcome rows to summaries of arms: counts, or mean and SD."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketameta.normalize.records import Arm, ArmSummary, NotUsable, Row, Step, arm_names, number
from ketameta.normalize.sizes import Sizes

HANDBOOK = "Cochrane Handbook 6.5"


def counts(arm: Arm, rows: Sequence[Row], sizes: Sizes) -> ArmSummary:
    """Return events and n of an arm, added over `rows` (strata of separate people).

    Raises `NotUsable` where a count is missing.
    """
    total, events, borrowed = 0, 0, False
    steps: list[Step] = []
    for row in rows:
        if row["events"] is None:
            raise NotUsable("no number of events")
        n, step = sizes.of(arm, row)
        if step:
            steps.append(step)
            borrowed = True
        if row["events"] > n:
            raise NotUsable(f"{row['events']} events in n = {n}")
        total, events = total + n, events + row["events"]
    keys = tuple(row.key for row in rows)
    if len(rows) > 1:
        said = " + ".join(f"{row['events']}/{row['n']}" for row in rows)
        steps.append(Step(f"strata of {arm.arm_id} added", said, f"{events}/{total}", rows=keys))
    else:
        steps.append(Step(f"counts of {arm.arm_id}", "events / n", f"{events}/{total}", rows=keys))
    return ArmSummary((arm,), total, tuple(rows), tuple(steps), events=events, borrowed=borrowed)


def score(arm: Arm, rows: Sequence[Row], sizes: Sizes, basis: Sequence[str]) -> ArmSummary:
    """Return mean and SD of an arm from the first basis that the row reports with a spread.

    `basis` is an order of preference of change and endpoint. Raises `NotUsable`.
    """
    if len(rows) != 1:
        raise NotUsable("scores of strata are not added")
    row = rows[0]
    if row["change_mean"] is None and row["mean"] is None:
        raise NotUsable("no mean and no change")
    n, size_step = sizes.of(arm, row)
    for kind in basis:
        mean = row["change_mean"] if kind == "change" else row["mean"]
        if mean is None:
            continue
        found = _spread(arm, row, kind, n)
        if found:
            sd, step = found
            steps = (size_step, step) if size_step else (step,)
            return ArmSummary(
                (arm,),
                n,
                (row,),
                steps,
                mean=mean,
                sd=sd,
                basis=kind,
                baseline_mean=row["baseline_mean"],
                baseline_sd=row["baseline_sd"],
                borrowed=size_step is not None,
            )
    raise NotUsable("a mean without SD, SE or interval")


def _spread(arm: Arm, row: Row, kind: str, n: int) -> tuple[float, Step] | None:
    """Return the SD of the row's change or endpoint, and the step that gave it."""
    if n < 2:
        raise NotUsable(f"n = {n}: no SD of fewer than two people")
    sd = row["change_sd"] if kind == "change" else row["sd"]
    what = f"mean {kind} of {arm.arm_id}" if kind == "change" else f"endpoint mean of {arm.arm_id}"
    mean = row["change_mean"] if kind == "change" else row["mean"]
    if sd is not None:
        if sd == 0:
            raise NotUsable("SD of 0")
        return sd, Step(what, "mean, SD, n", f"{number(mean)}, {number(sd)}, {n}", rows=(row.key,))
    # se and interval belong to the row's change where it has one, else to its mean
    if kind == "endpoint" and row["change_mean"] is not None:
        return None
    if row["se"] is not None and row["se"] > 0:
        sd = row["se"] * math.sqrt(n)
        formula = f"SD = SE √n = {number(row['se'])} × √{n}"
        return sd, Step(
            f"{what}: SD from its standard error",
            formula,
            f"{number(mean)}, {number(sd)}, {n}",
            f"{HANDBOOK}.2.2",
            (row.key,),
        )
    if row["ci95_low"] is not None and row["ci95_high"] is not None:
        from scipy.special import stdtrit

        low, high, t = row["ci95_low"], row["ci95_high"], float(stdtrit(n - 1, 0.975))
        sd = math.sqrt(n) * (high - low) / (2 * t)
        formula = (
            f"SD = √n (high − low) / 2t = √{n} ({number(high)} − {number(low)}) / {number(2 * t)}"
        )
        return sd, Step(
            f"{what}: SD from its 95% interval",
            formula,
            f"{number(mean)}, {number(sd)}, {n}",
            f"{HANDBOOK}.2.2",
            (row.key,),
        )
    return None


def add_counts(parts: Sequence[ArmSummary]) -> ArmSummary:
    """Add the counts of several arms."""
    if len(parts) == 1:
        return parts[0]
    n = sum(part.n for part in parts)
    events = sum(part.events or 0 for part in parts)
    said = " + ".join(f"{part.events}/{part.n}" for part in parts)
    return _together(
        parts, Step("arms added", said, f"{events}/{n}", f"{HANDBOOK}.2.10"), n, events=events
    )


def combine_scores(parts: Sequence[ArmSummary]) -> ArmSummary:
    """Combine means and SDs of several arms into those of all their people together.

    The SD is that of the pooled people, between-arm differences included (Cochrane Handbook
    table 6.5.a). Raises `NotUsable` where the arms are not on one basis.
    """
    if len(parts) == 1:
        return parts[0]
    if len({part.basis for part in parts}) > 1:
        raise NotUsable("arms that report change and arms that report endpoints are not combined")
    n = sum(part.n for part in parts)
    mean, sd = combined_mean_sd([(p.n, p.mean or 0.0, p.sd or 0.0) for p in parts])
    base_mean = base_sd = None
    if all(part.baseline_mean is not None for part in parts):
        base_mean = sum(p.n * (p.baseline_mean or 0.0) for p in parts) / n
        if all(part.baseline_sd is not None for part in parts):
            base_mean, base_sd = combined_mean_sd(
                [(p.n, p.baseline_mean or 0.0, p.baseline_sd or 0.0) for p in parts]
            )
    said = "; ".join(f"{number(p.mean or 0)} (SD {number(p.sd or 0)}, n {p.n})" for p in parts)
    step = Step(
        "arms combined",
        f"mean and SD of all people together: {said}",
        f"{number(mean)}, {number(sd)}, {n}",
        f"{HANDBOOK}.2.10, table 6.5.a",
    )
    return _together(
        parts,
        step,
        n,
        mean=mean,
        sd=sd,
        basis=parts[0].basis,
        baseline_mean=base_mean,
        baseline_sd=base_sd,
    )


def combined_mean_sd(groups: Sequence[tuple[int, float, float]]) -> tuple[float, float]:
    """Return mean and SD of all people of groups given as (n, mean, SD)."""
    n = sum(size for size, _, _ in groups)
    mean = sum(size * m for size, m, _ in groups) / n
    squares = sum((size - 1) * sd**2 + size * (m - mean) ** 2 for size, m, sd in groups)
    return mean, math.sqrt(squares / (n - 1))


def _together(parts: Sequence[ArmSummary], step: Step, n: int, **numbers: Any) -> ArmSummary:
    arms = tuple(arm for part in parts for arm in part.arms)
    rows = tuple(row for part in parts for row in part.rows)
    steps = tuple(s for part in parts for s in part.steps)
    named = Step(
        f"{step.what}: {arm_names(arms)}",
        step.formula,
        step.result,
        step.source,
        tuple(row.key for row in rows),
    )
    return ArmSummary(
        arms, n, rows, (*steps, named), borrowed=any(part.borrowed for part in parts), **numbers
    )
