"""The bound that known missing results set: the pool, had each of them found no effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ketameta.configuration import Analysis
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.words import MISSING_AS_NONE
from ketameta.tables.effects import EffectRow, MissingResultRow, VariantRow
from ketameta.tables.syntheses import SensitivityRow
from ketameta.tables.table import extended


def missing_as_zero(
    analysis: Analysis, effects: Sequence[EffectRow], missing: Sequence[MissingResultRow]
) -> list[SensitivityRow]:
    """Return the row of `sensitivity` in which each missing result is 0 (one row or none).

    Its variance is imputed from its people: information is taken to grow with them as in the
    pooled trials, 1/v = n Σ(1/v) / Σn (Copas and others 2014, Biostatistics 15:370). A result
    whose people another report holds, or without a number of people, is left out. Without an
    effect or without a missing result there is no row.
    """
    silent = [result for result in missing if not result.through and result.n]
    known = [effect for effect in effects if effect.people]
    if not silent or not known:
        return []
    information = math.fsum(1 / effect.vi for effect in known)
    per_person = information / math.fsum(effect.people for effect in known)
    imputed = [_zero(result, result.n, per_person) for result in silent if result.n]
    # counts of a result that gives none: only the variances can weigh it
    model = replace(analysis.model, pooling="inverse variance")
    found = pooled(analysis.select.measure, [*effects, *imputed], model)
    return [extended(SensitivityRow, found, analysis=analysis.name, variant=MISSING_AS_NONE)]


def _zero(result: MissingResultRow, people: float, per_person: float) -> VariantRow:
    """Return a missing result as an effect of 0 on the scale of the analysis."""
    vi = 1 / (per_person * people)
    return extended(VariantRow, result, variant=MISSING_AS_NONE, yi=0.0, vi=vi, people=people)
