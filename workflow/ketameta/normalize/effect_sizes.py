"""Effect sizes of the numbers of trials, each once: most of them many at a time, a measure each.

The same numbers stand in the answers to many questions, and most effects are of two arms as they
were entered. These are computed at once, before anybody asks; what else is asked for is computed
then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from ketameta.measures import MEASURES, Measure
from ketameta.normalize.results import AnyResult, ArmResult
from ketameta.stats import effect_size

Numbers = dict[str, Any]
_COUNTS = ("ai", "n1i", "ci", "n2i")
_MEANS = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
_ONE_ARM = ("xi", "ni")
# yi and vi by the kind of the effect size and its numbers
_known: dict[tuple[Any, ...], tuple[float, float]] = {}


def yi_and_vi(kind: str, numbers: Numbers) -> tuple[float, float]:
    """Return yi and vi of one trial, NaN where there is nothing to estimate."""
    asked = kind, *numbers.values()
    if asked not in _known:
        found = effect_size(kind, **numbers)
        _known[asked] = float(found.yi), float(found.vi)
    return _known[asked]


def forget_all() -> None:
    """Forget all numbers, where others come."""
    _known.clear()


def compute_ahead(rows: Iterable[AnyResult], measures: Iterable[str]) -> None:
    """Compute what two arms at one place give as entered, or one, for each of some measures.

    Also with the control divided between several.
    """
    places: dict[Hashable, list[ArmResult]] = defaultdict(list)
    for row in rows:
        if isinstance(row, ArmResult):
            place = row.trial_id, row.scale, row.definition, row.timepoint_h, row.analysis_set
            places[place].append(row)
    for measure in sorted(set(measures)):
        told = MEASURES[measure]
        if not told.effect or told.falls:
            continue
        names = (_COUNTS if told.counts else _MEANS) if told.compares else _ONE_ARM
        cells = {numbers for own in places.values() for numbers in _numbers(told, own)}
        if not cells:
            continue
        ordered = sorted(cells)
        columns: dict[str, Any] = dict(zip(names, np.array(ordered, float).T, strict=True))
        found = effect_size(measure, **columns)
        known = np.column_stack([found.yi, found.vi]).tolist()
        _known.update(zip(((measure, *numbers) for numbers in ordered), known, strict=True))


def _numbers(told: Measure, rows: list[ArmResult]) -> Iterator[tuple[float, ...]]:
    """Yield the numbers of arms at a place, each against each other where arms are compared."""
    for arms in _given(told, rows):
        if not told.compares:
            yield from arms
            continue
        for t, c in permutations(arms, 2):
            yield *t, *c
            yield from ((*t, *one) for one in _parts(c, len(arms) - 1))


def _parts(control: tuple[float, ...], most: int) -> Iterator[tuple[float, ...]]:
    """Yield what stands for a control that is divided between as many treated arms, and fewer."""
    for ways in range(2, most + 1):
        n = control[-1] / ways
        if n > 1:
            yield *((control[0] / ways,) if len(control) == len(_ONE_ARM) else control[:-1]), n


def _given(told: Measure, rows: list[ArmResult]) -> Iterator[list[tuple[float, ...]]]:
    """Yield the numbers of each arm: events and n, or mean, SD and n of ends and of changes."""
    if told.counts:
        counts = ((row.events, row.n) for row in rows)
        yield [(x, n) for x, n in counts if x is not None and n and x <= n]
        return
    ends = ((row.mean, row.sd, row.n) for row in rows)
    changes = ((row.change_mean, row.change_sd, row.n) for row in rows)
    for scores in (ends, changes):
        yield [(m, sd, n) for m, sd, n in scores if m is not None and sd and n and n > 1]
