"""The bound that known missing results set: the pool, had each of them found no effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ketameta.configuration import Analysis
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.words import MISSING_AS_NONE

Record = dict[str, Any]


def bound(analysis: Analysis, effects: Sequence[Record], missing: Sequence[Record]) -> list[Record]:
    """Return the row of `sensitivity` in which each missing result is 0 (one row or none).

    Its variance is imputed from its people: information is taken to grow with them as in the
    pooled trials, 1/v = n Σ(1/v) / Σn (Copas and others 2014, Biostatistics 15:370). A result
    whose patients another report holds, or without a number of people, is left out. Without an
    effect or without a missing result there is no row.
    """
    zeros = [result for result in missing if not result["through"] and result["n"]]
    known = [effect for effect in effects if effect["people"]]
    if not zeros or not known:
        return []
    information = math.fsum(1 / effect["vi"] for effect in known)
    per_person = information / math.fsum(effect["people"] for effect in known)
    imputed = [_zero(result, 1 / (per_person * result["n"])) for result in zeros]
    # counts of a result that gives none: only the variances can weigh it
    model = replace(analysis.model, pooling="inverse variance")
    found = pooled(analysis.select.measure, [*effects, *imputed], model)
    return [{"analysis": analysis.name, "variant": MISSING_AS_NONE, **found}]


def _zero(result: Record, variance: float) -> Record:
    """Return a missing result as an effect of 0 on the scale of the analysis."""
    return {
        "trial_id": result["trial_id"],
        "yi": 0.0,
        "vi": variance,
        "shared": None,
        "people": result["n"],
        "n_t": result["n_t"],
        "n_c": result["n_c"],
    }
