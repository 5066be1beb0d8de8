"""Rows and arms that contradict the design of their trial.

No threshold: words are compared. A crossover set in a parallel trial; an arm whose name begins
with another treatment than the one entered, of another class (inert ones are one class);
an inert arm with a dose; a contrast whose treated arm is a control and whose control is a
treatment in question.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

from ketameta.normalize.checks.findings import Finding, once
from ketameta.normalize.checks.view import RowsByTrial
from ketameta.vocabulary import vocabulary

_CROSSOVER_SETS = ("crossover-all", "crossover-period-1")


def crossover_rows(view: RowsByTrial) -> list[Finding]:
    """Return rows of a crossover set in a parallel trial, once for each trial and set."""
    found: list[tuple[Hashable, Finding]] = []
    for row in view.outcomes:
        if row.analysis_set in _CROSSOVER_SETS and view.design(row) == "parallel":
            message = f"{row.analysis_set} in {row.trial_id}, entered as a parallel trial"
            finding = view.finding("crossover-in-parallel", row, "analysis_set", message)
            found.append(((row.trial_id, row.analysis_set), finding))
    return once(found)


def treatments(view: RowsByTrial) -> Iterator[Finding]:
    """Yield arms named after another treatment, inert arms with a dose, turned contrasts."""
    known = vocabulary().treatments
    longest = sorted(map(re.escape, known), key=len, reverse=True)
    words = re.compile("|".join(longest), re.IGNORECASE)
    of_any_case = {name.lower(): name for name in known}
    classes = {name: item.comparator_class for name, item in known.items()}
    for arm in view.arms.values():
        entered = classes.get(arm.treatment)
        named = words.search(arm.arm_id)
        if named and not _same(of_any_case[named.group().lower()], arm.treatment, classes):
            message = f"treatment {arm.treatment}, but the arm is named {arm.arm_id}"
            yield view.finding("treatment-against-label", arm, "treatment", message)
        if entered == "inert" and arm.dose:
            message = f"{arm.treatment} with a dose of {arm.dose} {arm.dose_unit or ''}"
            yield view.finding("treatment-against-label", arm, "dose", message.strip())
    for row in view.contrasts:
        sides = [view.arms.get((row.trial_id, arm_id)) for arm_id in row.arms]
        given = [None if arm is None else classes.get(arm.treatment) for arm in sides]
        if None not in given and given[0] != "head-to-head" and given[1] == "head-to-head":
            message = f"{row.arm_t} stands as treated, {row.arm_c} as control"
            yield view.finding("treatment-against-label", row, "arm_t", message)


def _same(one: str, other: str, classes: dict[str, str]) -> bool:
    """Say whether two words are one treatment: equal, or both inert."""
    return one == other or classes.get(one) == classes.get(other) == "inert"


CHECKS = {"crossover-in-parallel": crossover_rows, "treatment-against-label": treatments}
