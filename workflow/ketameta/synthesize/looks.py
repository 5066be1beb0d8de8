"""The result as it would have been looked at after every trial, all looks together at one level."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from operator import attrgetter

import numpy as np

from ketameta.configuration import Analysis
from ketameta.measures import LARGEST, MEASURES
from ketameta.stats import confidence_sequence, sequential_boundaries
from ketameta.synthesize.bayes import unit_of
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.effects import EffectRow
from ketameta.tables.looks import LookRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

# what the interval is made narrow for, where a standard deviation or a log ratio is one
EXPECTED = 0.5


def looks(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    studies: Sequence[StudyRow],
    bounds: Bounds | None,
) -> list[LookRow]:
    """Return a look a trial, in the order in which effects come (by year).

    The boundaries are those for the smallest worthwhile effect, on the side where it is the smaller
    one; without one they are empty. Nothing is returned for treated arms alone and where the scale
    has no unit.
    """
    measure = MEASURES[analysis.select.measure]
    unit = unit_of(measure, studies)
    if unit is None:
        return []
    yi, vi = (np.array([*map(attrgetter(name), effects)]) for name in ("yi", "vi"))
    level, back = analysis.model.level, measure.transform.back
    found = confidence_sequence(yi, vi, expected=EXPECTED * unit, level=level)
    ends = [end for end in bounds or () if not measure.is_ratio or 0 < end < LARGEST]
    # a ratio that is worthwhile on one side may be far from 1 on the other
    bound = min((abs(log(end)) if measure.is_ratio else abs(end) for end in ends), default=0.0)
    edges: list[tuple[float | None, float | None]] = [(None, None)] * len(effects)
    if bound:
        apart = record.tau2 or 0.0
        # share of the variance of the pooled effect that the differences between trials make
        diversity = 1 - float((1 / (vi + apart)).sum() / (1 / vi).sum())
        passed = sequential_boundaries(yi, vi, worthwhile=bound, diversity=diversity, level=level)
        edges = list(zip(passed.boundary.tolist(), passed.fraction.tolist(), strict=True))
    z = np.cumsum(yi / vi) / np.sqrt(found.information)
    return [
        LookRow(
            analysis=analysis.name,
            trial_id=effect.trial_id,
            comparison=effect.comparison,
            label=effect.label,
            year=effect.year,
            estimate=back(float(found.estimate[i])),
            low=back(float(found.low[i])),
            high=back(float(found.high[i])),
            e_value=float(found.e_value[i]),
            z=float(z[i]),
            boundary=edges[i][0],
            fraction=edges[i][1],
        )
        for i, effect in enumerate(effects)
    ]
