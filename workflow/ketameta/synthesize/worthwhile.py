"""The smallest effects worth having: of an analysis, on its natural scale."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ketameta.configuration import Analysis, Thresholds
from ketameta.measures import LARGEST, MEASURES, Measure
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import AbsoluteRow, StudyRow
from ketameta.vocabulary import vocabulary

Bounds = tuple[float, float]


def worthwhile(
    analysis: Analysis, studies: Sequence[StudyRow], risks: Sequence[AbsoluteRow]
) -> Bounds | None:
    """Return the smallest worthwhile effects below and above no effect, on the natural scale.

    A ratio takes what makes the worthwhile difference of risks at the typical control risk, the
    first of `risks`; where no control risk is known, the worthwhile ratio. An MD takes the minimal
    important difference of its scale, or the SMD times the median SD of the control arms. None for
    treated arms alone, and where an MD has neither.
    """
    return smallest(analysis.select.measure, analysis.certainty, studies, risks)


def smallest(
    name: str,
    limits: Thresholds,
    studies: Sequence[EffectRow],
    risks: Sequence[AbsoluteRow] = (),
) -> Bounds | None:
    """Return the same of effects of the measure of that name, by some thresholds."""
    measure = MEASURES[name]
    if not measure.compares:
        return None
    if measure.is_ratio:
        if risks:
            return _at_risk(measure, risks[0].control_risk, limits.worthwhile_risk)
        return 1 / limits.worthwhile_ratio, limits.worthwhile_ratio
    size: float | None = limits.worthwhile_risk if measure.counts else limits.worthwhile_smd
    if measure.in_points:
        scales = {s.scale for s in studies if s.scale}
        known = [vocabulary().scales[s].mid for s in scales if s in vocabulary().scales]
        spread = control_spread(studies)
        own = known[0] if len(known) == 1 else None
        size = own or (limits.worthwhile_smd * spread if spread else None)
    return None if size is None else (-size, size)


def _at_risk(measure: Measure, risk: float, difference: float) -> Bounds:
    """Return the ratios that lower and raise a risk by a difference; beyond reach where none do."""
    assert measure.of_risks is not None
    least, most = risk - difference, risk + difference
    return (
        measure.of_risks(least, risk) if least > 0 else 0.0,
        measure.of_risks(most, risk) if most < 1 else LARGEST,
    )


def control_spread(studies: Sequence[EffectRow]) -> float | None:
    """Return the median SD of the control arms."""
    known = [s.sd_c for s in studies if s.sd_c]
    return median(known) if known else None
