"""The pooled difference between the falls of treated and control arms of the same trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Model
from ketameta.measures import FALL
from ketameta.synthesize.pool import normal_interval, pooled, weights

Record = dict[str, Any]
_KEPT = (
    *("k", "n", "estimate", "ci_low", "ci_high"),
    *("engine", "tau2_by", "rule", "converged", "failure", "needed"),
)


def paired(rows: Sequence[Record], model: Model) -> tuple[list[Record], list[Record]]:
    """Return the pairs with difference, interval and weight, and their synthesis (one row or none).

    `rows` are those of `arm_pairs` on one analysis. Differences with a variance are pooled by the
    model of the analysis. The falls of both sides are averaged with the weights of the pooled
    difference, so that it is the one minus the other. A fall of the treated arms of 0 or below
    has no share.
    """
    if not rows:
        return [], []
    known = [_effect(row) for row in rows if row["vi"] is not None]
    own = dict(zip((e["trial_id"] for e in known), weights(known, model), strict=True))
    pairs = [_pair(row, own.get(row["trial_id"]), model.level) for row in rows]
    found = pooled(FALL.name, known, model)
    record = {name: found.get(name) for name in _KEPT}
    record |= {"shown": len(rows)} | _averages(pairs, record)
    pairs.sort(key=lambda pair: (pair["year"] or math.inf, pair["trial_id"]))
    return pairs, [record]


def _effect(row: Record) -> Record:
    """Return a pair as an effect in points of per cent."""
    n_t, n_c = row["n_t"] or 0, row["n_c"] or 0
    return {
        "trial_id": row["trial_id"],
        "yi": row["treated"] - row["control"],
        "vi": row["vi"],
        "shared": None,
        "people": max(n_t, n_c) if row["same_people"] else n_t + n_c,
    }


def _pair(row: Record, weight: float | None, level: float) -> Record:
    difference = row["treated"] - row["control"]
    low, high = (None, None)
    if row["vi"] is not None:
        low, high = normal_interval(difference, row["vi"], level)
    ends = {"difference": difference, "ci_low": low, "ci_high": high}
    return {**row, **ends, "share": _share(row["control"], row["treated"]), "weight": weight}


def _share(control: float, treated: float) -> float | None:
    return control / treated if treated > 0 else None


def _averages(pairs: Sequence[Record], record: Record) -> Record:
    """Return both falls with the weights of the difference; none where nothing is estimated."""
    if record["estimate"] is None:
        return {}
    used = [pair for pair in pairs if pair["ci_low"] is not None]
    shares = [1.0 if pair["weight"] is None else pair["weight"] for pair in used]
    sides = {}
    for side in ("treated", "control"):
        total = math.fsum(w * pair[side] for w, pair in zip(shares, used, strict=True))
        sides[side] = total / math.fsum(shares)
    return sides | {"share": _share(sides["control"], sides["treated"])}
