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
from ketameta.synthesize.scales import LARGEST

Record = dict[str, Any]
MEDIAN, ADDED = "median of the control arms", "control arms added up"
ONE = "the control arm"
_ENDS = (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high"))


def risks(measure: str, record: Record, effects: Sequence[Record]) -> list[Record]:
    """Return the absolute effect under each assumed control risk; none where it has no meaning.

    RR, OR and RD with a pooled estimate and control arms with counts. First the control arms added
    up, where every person counts: their median sinks with each small trial without an event. A
    ratio of a control risk of 0 gives no difference, so such a risk is left out. The intervals
    carry the uncertainty of the relative effect alone, as the control risk is assumed (Cochrane
    Handbook 15.4.4). A risk that would pass 1 or 0 is held there, and `held` says so.
    """
    counts = [(e["events_c"], e["n_c"]) for e in effects if e["events_c"] is not None and e["n_c"]]
    if measure not in ("RR", "OR", "RD") or record.get("estimate") is None or not counts:
        return []
    added = math.fsum(events for events, _ in counts) / math.fsum(n for _, n in counts)
    assumed = {ADDED: added, MEDIAN: median(events / n for events, n in counts)}
    if len(counts) == 1:
        assumed = {ONE: added}
    return [
        {"assumed": name, "arms": len(counts), "control_risk": risk}
        | _differences(measure, record, risk)
        for name, risk in assumed.items()
        if 0 < risk < 1 or (risk == 0 and measure == "RD")
    ]


def _differences(measure: str, record: Record, risk: float) -> Record:
    result: Record = {"held": False}
    for end, name in _ENDS:
        value = record[name]
        if value is None or value >= LARGEST:
            treated = 1.0 if value is not None else None
        else:
            treated = _TREATED[measure](risk, value)
        if treated is None:
            continue
        held = min(max(treated, 0.0), 1.0)
        result["held"] |= treated != held
        result[f"treated_risk{end}"] = held
        result[f"difference{end}"] = held - risk
        result[f"nnt{end}"] = 1 / (held - risk) if held != risk else None
    return result


# the risk under treatment, from the control risk and the effect on its natural scale
_TREATED: dict[str, Callable[[float, float], float]] = {
    "RR": lambda risk, ratio: risk * ratio,
    "OR": lambda risk, ratio: risk * ratio / (1 - risk + risk * ratio),
    "RD": lambda risk, difference: risk + difference,
}


def points(question: Question, record: Record, effects: Sequence[Record]) -> list[Record]:
    """Return a standardised difference in points of one scale; none where no SD is known.

    The scale is the first in the question's order of preference for which a pooled trial gives
    the SD of its control arm; the typical SD is the median of these (Cochrane Handbook 15.5.3.2).
    """
    if question.measure != "SMD" or record.get("estimate") is None:
        return []
    known: dict[str, list[Record]] = {}
    for effect in effects:
        if effect["sd_c"] and effect["scale"]:
            known.setdefault(effect["scale"], []).append(effect)
    if not known:
        return []
    order = question.scales or tuple(sorted(known, key=lambda s: (-len(known[s]), s)))
    scale = next((s for s in order if s in known), None)
    if scale is None:
        return []
    members = known[scale]
    sd = median(e["sd_c"] for e in members)
    result: Record = {
        "scale": scale,
        "sd": sd,
        "arms": len(members),
        "bases": sorted({e["basis"] for e in members}),
        "trials": [e["label"] for e in members],
    }
    for end, name in _ENDS:
        result[f"points{end}"] = None if record[name] is None else record[name] * sd
    return [result]
