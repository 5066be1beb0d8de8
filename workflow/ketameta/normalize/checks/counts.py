"""People: more events than people, more people than were randomised, arms that do not add up.

No threshold: each compares two counts that the tables hold. A safety set can be larger than the
arm (people are counted by what they took), so a larger n is a warning; only more events than
people is an error. Both periods of a crossover count the same people twice and are not added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator

from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial, comparison_place
from ketameta.normalize.results import ArmResult
from ketameta.tables.problems import ERROR
from ketameta.tables.raw import ArmRow

_EXPLAINS = r"enrolled|randomis|safety|started|\btook\b|first period"


def events_above_n(view: RowsByTrial) -> Iterator[Finding]:
    """Yield rows with more events than people."""
    for row in view.outcomes:
        if row.events is not None and row.n is not None and row.events > row.n:
            message = f"{row.events} is more than n = {row.n}"
            yield view.finding("events-above-n", row, "events", message, severity=ERROR)


def _limit(view: RowsByTrial, row: ArmResult) -> tuple[int | None, str]:
    arm = view.randomised(row.trial_id, row.arm_id)
    if arm is not None:
        return arm, "to the arm"
    trial = view.trials.get(row.trial_id)
    return None if trial is None else trial.n_randomised, "in the whole trial"


def n_above_randomised(view: RowsByTrial) -> list[Finding]:
    """Return rows with more people than were randomised, once for each n of an arm."""
    found: list[tuple[Hashable, Finding]] = []
    for row in view.outcomes:
        limit, where = _limit(view, row)
        if row.n is None or limit is None or row.n <= limit:
            continue
        kind = row.analysis_set or "set not stated"
        message = f"n = {row.n} ({kind}) is more than the {limit} randomised {where}"
        key = (row.trial_id, row.arm_id, row.n)
        found.append((key, view.finding("n-above-randomised", row, "n", message, _EXPLAINS)))
    return once(found)


def sum_above_randomised(view: RowsByTrial) -> list[Finding]:
    """Return comparisons whose arms hold more people than the trial randomised.

    Left out where one arm alone is above its own number, which is said already.
    """
    groups: dict[Hashable, list[tuple[int, ArmResult]]] = defaultdict(list)
    for row in view.outcomes:
        if row.n is not None and not view.crossed(row) and not view.is_pooled(row):
            groups[comparison_place(row)].append((row.n, row))
    found: list[tuple[Hashable, Finding]] = []
    for rows in groups.values():
        sizes: dict[str, int] = {}
        for n, row in rows:
            sizes[row.arm_id] = max(n, sizes.get(row.arm_id, 0))
        first = rows[0][1]
        trial = view.trials.get(first.trial_id)
        limit = None if trial is None else trial.n_randomised
        total = sum(sizes.values())
        over = any(n > (_limit(view, row)[0] or n) for n, row in rows)
        if limit is None or over or total <= limit:
            continue
        said = " + ".join(str(n) for n in sizes.values())
        message = f"the arms' n add to {said} = {total}, the trial randomised {limit}"
        finding = view.finding("sum-above-randomised", first, "n", message, _EXPLAINS)
        found.append(((first.trial_id, total), finding))
    return once(found)


def arms_do_not_add_up(view: RowsByTrial) -> Iterator[Finding]:
    """Yield trials whose arms' randomised numbers contradict the trial's."""
    for trial_id, trial in view.trials.items():
        arms = view.arms_of.get(trial_id, [])
        yield from _pooled(view, arms)
        whole = trial.n_randomised
        single = [arm for arm in arms if not arm.pooled_arms]
        sizes = [arm.n_randomised for arm in single if arm.n_randomised is not None]
        if whole is None or not sizes:
            continue
        if trial.design == "crossover":
            if max(sizes) > whole:
                message = f"an arm has {max(sizes)}, the crossover trial {whole}"
                yield view.finding("arms-do-not-add-up", trial, "n_randomised", message)
            continue
        total = sum(sizes)
        if total > whole or (total < whole and len(sizes) == len(single)):
            said = " + ".join(f"{arm.arm_id} {arm.n_randomised}" for arm in single)
            message = f"the arms add to {total} ({said}), the trial says {whole}"
            message += _is_a_sum(single, total - whole)
            yield view.finding("arms-do-not-add-up", trial, "n_randomised", message, _EXPLAINS)


def _is_a_sum(arms: list[ArmRow], excess: int) -> str:
    """Name an arm that holds just the excess and is others of its treatment together."""
    for arm in arms:
        others = [
            other
            for other in arms
            if other is not arm and other.treatment == arm.treatment and other.n_randomised
        ]
        together = sum(other.n_randomised or 0 for other in others)
        if arm.n_randomised == excess == together:
            names = ";".join(other.arm_id for other in others)
            return f"; {arm.arm_id} looks like other arms together: are {names} its pooled_arms?"
    return ""


def _pooled(view: RowsByTrial, arms: Iterable[ArmRow]) -> Iterator[Finding]:
    for arm in arms:
        if not arm.pooled_arms or arm.n_randomised is None:
            continue
        parts = arm.pooled_arms.split(";")
        sizes = [view.randomised(arm.trial_id, part) for part in parts]
        known = [n for n in sizes if n is not None]
        if len(known) == len(parts) and sum(known) != arm.n_randomised:
            message = f"{arm.n_randomised} is not the sum of its arms, {sum(known)}"
            yield view.finding("arms-do-not-add-up", arm, "n_randomised", message, _EXPLAINS)


CHECKS = {
    "events-above-n": events_above_n,
    "n-above-randomised": n_above_randomised,
    "sum-above-randomised": sum_above_randomised,
    "arms-do-not-add-up": arms_do_not_add_up,
}
