"""From the cells of outcome rows to summaries of arms: counts, or mean and SD."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketameta.normalize import conversions
from ketameta.normalize.people import People
from ketameta.normalize.records import NO_START, Arm, ArmSummary, NotUsable, Step, arm_names
from ketameta.normalize.results import ArmResult, filled
from ketameta.normalize.words import number_text

HANDBOOK = "Cochrane Handbook 6.5"


def counts(arm: Arm, rows: Sequence[ArmResult], people: People) -> ArmSummary:
    """Return events and n of an arm, added over `rows` (strata of separate people).

    A row reports events, or the per cent with the event, from which the count that prints so
    is recovered, the nearest of several. Raises `NotUsable` where a count is missing.
    """
    total, events = 0, 0
    steps: list[Step] = []
    said = []
    for row in rows:
        n, size_step = _people_of(arm, row, people, ("events", "percent"), "number of events")
        found, count_step = _events(arm, row, n)
        steps += [step for step in (size_step, count_step) if step]
        if found > n:
            raise NotUsable(f"{found} events in n = {n}")
        total, events = total + n, events + found
        said.append(f"{found}/{n}")
    keys = tuple(row.key for row in rows)
    what = f"counts of {arm.arm_id}" if len(rows) == 1 else f"strata of {arm.arm_id} added"
    formula = "events / n" if len(rows) == 1 else " + ".join(said)
    steps.append(Step(what, formula, f"{events}/{total}", rows=keys))
    return ArmSummary((arm,), total, tuple(rows), tuple(steps), events=events)


def _events(arm: Arm, row: ArmResult, n: int) -> tuple[int, Step | None]:
    if row.events is not None:
        return row.events, None
    decimals = row.decimals("percent")
    found, counts = conversions.nearest_events(filled(row.percent), n, decimals)
    shown = f"{row.percent:.{decimals}f}%"
    formula = f"the one count of {n} that prints as {shown}"
    if len(counts) > 1:
        formula = (
            f"of {n}, {counts[0]} to {counts[-1]} print as {shown}; the nearest to it is taken"
        )
    return found, Step(
        f"events of {arm.arm_id} from per cent", formula, str(found), rows=(row.key,)
    )


def _people_of(
    arm: Arm,
    row: ArmResult,
    people: People,
    centre: Sequence[str],
    what: str,
    lacks: Sequence[str] = (),
) -> tuple[int, Step | None]:
    """Return n as `People.of` does; `NotUsable` says all that is missing, n among it.

    `centre` names the cells of which one has to be there, `what` says what they are; `lacks` says
    what else is missing.
    """
    if all(getattr(row, name) is None for name in centre):
        raise NotUsable(f"no {what}: {row.empty(*centre)}", NO_START)
    try:
        found = people.of(arm, row)
    except NotUsable as why:
        raise NotUsable("; ".join([str(why), *lacks]), why.lacks + len(lacks)) from None
    if lacks:
        raise NotUsable("; ".join(lacks), len(lacks))
    return found


COMPUTED = "computed change"
# basis -> the cells that it starts from, and what they are
CENTRES = {
    "change": (("change_mean",), "change from baseline"),
    "endpoint": (("mean", "median"), "endpoint mean"),
    COMPUTED: (("mean", "median"), "endpoint mean"),
}


def starts(row: ArmResult, basis: str) -> bool:
    """Say whether a row has the numbers that a basis starts from; without them it gives none."""
    centre = any(getattr(row, name) is not None for name in CENTRES[basis][0])
    return centre and (basis != COMPUTED or None not in (row.baseline_mean, row.baseline_sd))


def without_centre(row: ArmResult, bases: Sequence[str]) -> NotUsable:
    """Return why a row gives none of several bases: none of their first numbers is there."""
    names = dict.fromkeys(name for basis in bases for name in CENTRES[basis][0])
    whats = dict.fromkeys(CENTRES[basis][1] for basis in bases)
    return NotUsable(f"no {' or '.join(whats)}: {row.empty(*names)}", NO_START)


def score(
    arm: Arm, rows: Sequence[ArmResult], people: People, basis: str, correlation: float
) -> ArmSummary:
    """Return mean and SD of an arm on a basis: change, endpoint, or computed change.

    A computed change is endpoint minus baseline, its SD from both SDs and the correlation.
    Raises `NotUsable` where the row does not give the basis.
    """
    if len(rows) != 1:
        raise NotUsable("scores of strata are not added")
    row = rows[0]
    n, size_step = _people_of(arm, row, people, *CENTRES[basis], _missing(row, basis))
    if n < 2:
        raise NotUsable(f"n = {n}: no SD of fewer than two people")
    if basis == "change":
        mean, sd, steps = _change(arm, row, n)
    else:
        mean, sd, steps = _endpoint(arm, row, n)
    if basis == COMPUTED:
        mean, sd, step = _computed_change(arm, row, mean, sd, correlation)
        steps = (*steps, step)
    return ArmSummary(
        (arm,),
        n,
        (row,),
        (size_step, *steps) if size_step else steps,
        mean=mean,
        sd=sd,
        basis="endpoint" if basis == "endpoint" else "change",
        baseline_mean=row.baseline_mean,
        baseline_sd=row.baseline_sd,
    )


def _missing(row: ArmResult, basis: str) -> list[str]:
    """Say what a row that has the centre of a basis lacks for it, with the cells."""
    said = []
    if basis == "change":
        said.append(_missing_spread(row, "change_sd", True, "a change"))
    elif row.mean is not None:
        # se and interval belong to the row's change where it has one, else to its mean
        said.append(_missing_spread(row, "sd", row.change_mean is None, "a mean"))
    else:
        said.append(_missing_quantiles(row))
    if basis == COMPUTED and (cells := row.empty("baseline_mean", "baseline_sd")):
        said.append(f"no change from a baseline: {cells}")
    return list(filter(None, said))


def _missing_spread(row: ArmResult, sd: str, own: bool, what: str) -> str:
    """Say that a mean has no SD; `own` where SE and interval of the row belong to it."""
    ends = ("ci95_low", "ci95_high")
    if getattr(row, sd) is not None or (own and (row.se or not row.empty(*ends))):
        return ""
    if not own and (row.se is not None or not row.empty(*ends)):
        return f"{what} without SD: {sd} is empty, SE and interval belong to the change"
    half = any(getattr(row, name) is not None for name in ends)
    cells = row.empty(sd, *(ends if half else ())) + ", se is 0" * (row.se == 0)
    return f"{what} without SD, SE or interval: {cells}"


def _missing_quantiles(row: ArmResult) -> str:
    """Say which quantiles are missing beside a median; a pair of them is enough."""
    pairs = (("q1", "q3"), ("minimum", "maximum"))
    if any(not row.empty(*pair) for pair in pairs):
        return ""
    begun = [pair for pair in pairs if any(getattr(row, name) is not None for name in pair)]
    cells = row.empty(*(name for pair in begun or pairs for name in pair))
    return f"a median without quartiles or range: {cells}"


def _change(arm: Arm, row: ArmResult, n: int) -> tuple[float, float, tuple[Step, ...]]:
    mean = filled(row.change_mean)
    sd, step = _spread(row, row.change_sd, n, f"mean change of {arm.arm_id}")
    result = f"{number_text(mean)}, {number_text(sd)}, {n}"
    return mean, sd, (step._replace(result=result),)


def _endpoint(arm: Arm, row: ArmResult, n: int) -> tuple[float, float, tuple[Step, ...]]:
    if row.mean is None:
        return _from_quantiles(arm, row, n)
    sd, step = _spread(row, row.sd, n, f"endpoint mean of {arm.arm_id}")
    return row.mean, sd, (step._replace(result=f"{number_text(row.mean)}, {number_text(sd)}, {n}"),)


def _spread(row: ArmResult, sd: float | None, n: int, what: str) -> tuple[float, Step]:
    """Return the SD as reported, or from the row's SE or 95% interval."""
    keys = (row.key,)
    if sd is not None:
        if sd == 0:
            raise NotUsable("SD of 0")
        return sd, Step(what, "mean, SD, n", "", rows=keys)
    if row.se:
        sd = conversions.sd_from_se(row.se, n)
        formula = f"SD = SE √n = {number_text(row.se)} × √{n}"
        return sd, Step(f"{what}: SD from its SE", formula, "", f"{HANDBOOK}.2.2", keys)
    low, high = filled(row.ci95_low), filled(row.ci95_high)
    sd = conversions.sd_from_interval(low, high, n)
    formula = f"SD = √n (high − low) / 2t, {number_text(low)} to {number_text(high)}"
    return sd, Step(f"{what}: SD from its interval", formula, "", f"{HANDBOOK}.2.2", keys)


def _from_quantiles(arm: Arm, row: ArmResult, n: int) -> tuple[float, float, tuple[Step, ...]]:
    """Return mean and SD from median, quartiles and range."""
    names = ("median", "q1", "q3", "minimum", "maximum")
    cells = [row.median, row.q1, row.q3, row.minimum, row.maximum]
    mean, sd = conversions.mean_sd_from_quantiles(
        n, row.median, row.q1, row.q3, row.minimum, row.maximum
    )
    given = [(name, cell) for name, cell in zip(names, cells, strict=True) if cell is not None]
    said = ", ".join(f"{name} {number_text(cell)}" for name, cell in given)
    step = Step(
        f"mean and SD of {arm.arm_id} from quantiles",
        said,
        f"{number_text(mean)}, {number_text(sd)}, {n}",
        "Luo 2018; Wan 2014; Shi 2020",
        (row.key,),
        "quantiles",
    )
    return mean, sd, (step,)


def _computed_change(
    arm: Arm, row: ArmResult, mean: float, sd: float, correlation: float
) -> tuple[float, float, Step]:
    base, base_sd = filled(row.baseline_mean), filled(row.baseline_sd)
    if base_sd == 0:
        raise NotUsable("baseline_sd of 0")
    spread = conversions.change_sd(base_sd, sd, correlation)
    before, after = number_text(base_sd), number_text(sd)
    formula = f"SD² = {before}² + {after}² − 2 r × {before} × {after}"
    step = Step(
        f"change of {arm.arm_id} from baseline and endpoint",
        f"{number_text(mean)} − {number_text(base)}; {formula}, r = {number_text(correlation)}",
        f"{number_text(mean - base)}, {number_text(spread)}",
        f"{HANDBOOK}.2.8",
        (row.key,),
        "correlation",
    )
    return mean - base, spread, step


def add_counts(parts: Sequence[ArmSummary]) -> ArmSummary:
    """Add the counts of several arms."""
    if len(parts) == 1:
        return parts[0]
    n = sum(part.n for part in parts)
    events = sum(part.events or 0 for part in parts)
    said = " + ".join(f"{part.events}/{part.n}" for part in parts)
    step = Step("arms added", said, f"{events}/{n}", f"{HANDBOOK}.2.10")
    return _together(parts, step, n, events=events)


def combine_scores(parts: Sequence[ArmSummary]) -> ArmSummary:
    """Combine means and SDs of several arms into those of all their people together.

    The SD is that of all the people, between-arm differences included (Cochrane Handbook
    table 6.5.a).
    """
    if len(parts) == 1:
        return parts[0]
    n, mean, sd = conversions.combine_groups(
        [(int(p.n), p.mean or 0.0, p.sd or 0.0) for p in parts]
    )
    base_mean = base_sd = None
    if all(part.baseline_mean is not None for part in parts):
        base_mean = math.fsum(p.n * (p.baseline_mean or 0.0) for p in parts) / n
        if all(part.baseline_sd is not None for part in parts):
            groups = [(int(p.n), p.baseline_mean or 0.0, p.baseline_sd or 0.0) for p in parts]
            _, base_mean, base_sd = conversions.combine_groups(groups)
    said = "; ".join(
        f"{number_text(p.mean or 0)} (SD {number_text(p.sd or 0)}, n {p.n})" for p in parts
    )
    step = Step(
        "arms combined",
        f"mean and SD of all people together: {said}",
        f"{number_text(mean)}, {number_text(sd)}, {n}",
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


def part_of_control(control: ArmSummary, ways: int) -> ArmSummary:
    """Return one of `ways` equal parts of a control arm that as many treated arms share.

    Mean and SD stay, n and events are divided (Cochrane Handbook 23.3.4).
    """
    events = None if control.events is None else control.events / ways
    step = Step(
        f"{arm_names(control.arms)} shared by {ways} treated arms",
        f"n / {ways}" + ("" if events is None else f", events / {ways}"),
        f"n {number_text(control.n / ways)}"
        + ("" if events is None else f", events {number_text(events)}"),
        "Cochrane Handbook 23.3.4",
        tuple(row.key for row in control.rows),
        "shared control",
    )
    return control._replace(n=control.n / ways, events=events, steps=(*control.steps, step))


def _together(parts: Sequence[ArmSummary], step: Step, n: float, **numbers: Any) -> ArmSummary:
    arms = tuple(arm for part in parts for arm in part.arms)
    rows = tuple(row for part in parts for row in part.rows)
    named = step._replace(
        what=f"{step.what}: {arm_names(arms)}", rows=tuple(row.key for row in rows)
    )
    steps = tuple(s for part in parts for s in part.steps)
    return ArmSummary(arms, n, rows, (*steps, named), **numbers)
