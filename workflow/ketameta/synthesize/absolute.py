"""Relative results made absolute: risks per person treated, numbers needed to treat, points.

A ratio says nothing until a risk without treatment is assumed, a standardised difference nothing
until a standard deviation is: both are taken from the pooled trials and stated with the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from ketameta.configuration import Question
from ketameta.measures import LARGEST, MEASURES
from ketameta.tables.collection import by
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import AbsoluteRow, PointsRow
from ketameta.vocabulary import vocabulary

MEDIAN, ADDED = "median of the control arms", "control arms added up"
ONE = "the control arm"
_ENDS = (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))


def risks(name: str, record: Estimate, effects: Sequence[EffectRow]) -> list[AbsoluteRow]:
    """Return the absolute effect under each assumed control risk; none where it has no meaning.

    RR, OR and RD with a pooled estimate and control arms with counts. First the control arms added
    up, where every person counts: their median sinks with each small trial without an event. A
    ratio of a control risk of 0 gives no difference, so such a risk is left out. The intervals
    carry the uncertainty of the relative effect alone, as the control risk is assumed (Cochrane
    Handbook 15.4.4). A risk that would pass 1 or 0 is held there, and `held` says so.
    """
    counts = [(e.events_c, e.n_c) for e in effects if e.events_c is not None and e.n_c]
    measure = MEASURES[record.measure]
    if measure.treated_risk is None or record.estimate is None or not counts:
        return []
    added = math.fsum(events for events, _ in counts) / math.fsum(n for _, n in counts)
    assumed = {ADDED: added, MEDIAN: median(events / n for events, n in counts)}
    if len(counts) == 1:
        assumed = {ONE: added}
    return [
        AbsoluteRow(
            analysis=name,
            assumed=how,
            arms=len(counts),
            control_risk=risk,
            **_differences(measure.treated_risk, record, risk),
        )
        for how, risk in assumed.items()
        if 0 < risk < 1 or (risk == measure.null == 0)
    ]


def _differences(
    treated_risk: Callable[[float, float], float], record: Estimate, risk: float
) -> dict[str, Any]:
    result: dict[str, Any] = {"held": False}
    for end, name in _ENDS:
        value = getattr(record, name)
        if value is None or value >= LARGEST:
            treated = 1.0 if value is not None else None
        else:
            treated = treated_risk(risk, value)
        if treated is None:
            result |= {f"{what}{end}": None for what in ("treated_risk", "difference", "nnt")}
            continue
        held = min(max(treated, 0.0), 1.0)
        result["held"] |= treated != held
        result[f"treated_risk{end}"] = held
        result[f"difference{end}"] = held - risk
        result[f"nnt{end}"] = 1 / (held - risk) if held != risk else None
    return result


def points(
    name: str, question: Question, record: Estimate, effects: Sequence[EffectRow]
) -> list[PointsRow]:
    """Return a standardised difference in points of one scale; none where none can hold it.

    The scale is the first in the question's order of preference on which a pooled trial gives an
    SD that is not of skewed scores (`standard_deviations`), and which holds what follows
    (`_stays`). The typical SD is the median of the control arms' (Cochrane Handbook 15.5.3.2); of
    one trial alone it is that of both arms, by which its difference was standardised.
    """
    if not MEASURES[question.measure].is_standardised or record.estimate is None:
        return []
    kept = (effect for effect in effects if effect.sd_c and effect.scale)
    known = by(kept, lambda effect: effect.scale)
    for scale in question.scales or tuple(sorted(known, key=lambda s: (-len(known[s]), s))):
        members = [e for e in known.get(scale, ()) if not skewed(e)]
        if not members:
            continue
        sd = median(standard_deviations(members))
        ends = {end: getattr(record, name) for end, name in _ENDS}
        moved: dict[str, Any] = {
            f"points{e}": None if v is None else v * sd for e, v in ends.items()
        }
        if _stays(scale, [value for value in moved.values() if value is not None], members):
            return [
                PointsRow(
                    analysis=name,
                    scale=scale,
                    sd=sd,
                    arms=len(members),
                    bases=sorted({e.basis for e in members}),
                    trials=[e.label for e in members],
                    **moved,
                )
            ]
    return []


def standard_deviations(effects: Sequence[EffectRow]) -> list[float]:
    """Return the SDs that points are made with: of control arms, of one trial of both arms."""
    if len(effects) == 1:
        (e,) = effects
        if e.sd_t and e.sd_c and e.n_t and e.n_c and e.n_t + e.n_c > 2:
            squares = (e.n_t - 1) * e.sd_t**2 + (e.n_c - 1) * e.sd_c**2
            return [math.sqrt(squares / (e.n_t + e.n_c - 2))]
    return [e.sd_c for e in effects if e.sd_c is not None]


def skewed(effect: EffectRow) -> bool:
    """Say whether an arm's SD is larger than the distance of its mean from an end of the scale.

    Scores cannot pass the end, so they are skewed and their SD is no typical spread (Altman 1996;
    Cochrane Handbook 10.5.3). Of changes from baseline the ends are not known.
    """
    if effect.basis != "endpoint":
        return False
    known = vocabulary().scales.get(effect.scale or "")
    if known is None:
        return False
    ends = [end for end in (known.minimum, known.maximum) if end is not None]
    arms = ((effect.mean_t, effect.sd_t), (effect.mean_c, effect.sd_c))
    told = [(mean, sd) for mean, sd in arms if mean is not None and sd is not None]
    return any(sd > abs(mean - end) for mean, sd in told for end in ends)


def _stays(scale: str, moved: Sequence[float], members: Sequence[EffectRow]) -> bool:
    """Say whether points from the typical control mean stay on the scale, with their interval.

    Where no arm gives an endpoint mean, a difference that is wider than the scale leaves it.
    """
    known = vocabulary().scales.get(scale)
    if known is None:
        return True
    means = [e.mean_c for e in members if e.basis == "endpoint" and e.mean_c is not None]
    if means:
        return all(known.holds(median(means) + value) for value in moved)
    if known.minimum is None or known.maximum is None:
        return True
    return all(abs(value) <= known.maximum - known.minimum for value in moved)
