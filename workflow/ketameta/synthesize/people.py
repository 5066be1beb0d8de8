"""The people behind effects and behind several results together, each of them once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ketameta.normalize.overlap import without_overlap
from ketameta.normalize.trials import ids
from ketameta.tables.collection import by
from ketameta.tables.effects import CourseEffectRow
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.raw import TrialRow


def count_people(effects: Sequence[PoolableEffect]) -> int:
    """Count the people behind effects; a control that arms share is counted once."""
    total = 0.0
    whole: dict[str, float] = {}
    for effect in effects:
        if effect.shared is None:
            total += effect.people
        else:
            total += effect.n_t or 0
            whole[effect.trial_id] = effect.n_c or 0
    return round(total + math.fsum(whole.values()))


def most_people(effects: Sequence[CourseEffectRow]) -> float:
    """Return the most people of a trial at one hour and scale; a shared control counts once."""
    places = by(effects, lambda e: (e.hour, e.scale)).values()
    return max(
        own[0].people
        if len(own) == 1
        else math.fsum(e.n_t or 0 for e in own) + max(e.n_c or 0 for e in own)
        for own in places
    )


@dataclass(frozen=True, slots=True)
class _Report:
    trial_id: str
    parts: tuple[str, ...]
    people: float

    @property
    def trial(self) -> _Report:
        return self


def together(
    results: Iterable[Mapping[str, float]], trials: Mapping[str, TrialRow]
) -> tuple[int, int]:
    """Return how many trials, and how many people, stand behind several results.

    A result is people by trial report, `trials` are the rows of the raw table. Of a report the
    result with most people counts; of reports that share people (`part_of`) those without overlap
    that hold most. Where that is a pooled one, each of its trials that has a result counts.
    """
    most: dict[str, float] = {}
    for result in results:
        for name, people in result.items():
            most[name] = max(people, most.get(name, 0.0))
    reports = [
        _Report(name, ids(trials[name].part_of) if name in trials else (), people)
        for name, people in most.items()
    ]
    held = without_overlap(reports)
    number = sum(max(1, sum(part in most for part in one.parts)) for one in held)
    return number, round(math.fsum(one.people for one in held))
