"""The pooled difference between the falls of treated and control arms of the same trials."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ketameta.configuration import Model
from ketameta.measures import FALL
from ketameta.synthesize.pool import normal_interval, pooled, weights
from ketameta.tables.diagnostics import PairRow, PairSynthesisRow
from ketameta.tables.effects import ArmPairRow, VariantRow
from ketameta.tables.table import extended


def paired(
    rows: Sequence[ArmPairRow], model: Model
) -> tuple[list[PairRow], list[PairSynthesisRow]]:
    """Return the pairs with difference, interval and weight, and their synthesis (one row or none).

    `rows` are those of one analysis. Differences with a variance are pooled by the model of the
    analysis. The falls of both sides are averaged with the weights of the pooled difference, so
    that it is the one minus the other. A fall of the treated arms of 0 or below has no share.
    """
    if not rows:
        return [], []
    known = [_effect(row, row.vi) for row in rows if row.vi is not None]
    own = dict(zip((e.trial_id for e in known), weights(known, model), strict=True))
    pairs = [_pair(row, own.get(row.trial_id), model.level) for row in rows]
    found = pooled(FALL.name, known, model)
    treated, control = (None, None) if found.estimate is None else _averages(pairs)
    record = extended(
        PairSynthesisRow,
        found,
        analysis=rows[0].analysis,
        shown=len(rows),
        treated=treated,
        control=control,
        share=_share(control, treated),
    )
    pairs.sort(key=lambda pair: (pair.year or math.inf, pair.trial_id))
    return pairs, [record]


def _effect(row: ArmPairRow, variance: float) -> VariantRow:
    """Return a pair as an effect in points of per cent."""
    n_t, n_c = row.n_t or 0, row.n_c or 0
    people = max(n_t, n_c) if row.same_people else n_t + n_c
    difference = row.treated - row.control
    return extended(VariantRow, row, variant="", yi=difference, vi=variance, people=people)


def _pair(row: ArmPairRow, weight: float | None, level: float) -> PairRow:
    difference = row.treated - row.control
    low, high = (None, None)
    if row.vi is not None:
        low, high = normal_interval(difference, row.vi, level)
    share = _share(row.control, row.treated)
    ends = {"difference": difference, "ci_low": low, "ci_high": high}
    return extended(PairRow, row, **ends, share=share, weight=weight)


def _share(control: float | None, treated: float | None) -> float | None:
    """Return the fall of the control arms over that of the treated arms, where those fall."""
    return control / treated if control is not None and treated and treated > 0 else None


def _averages(pairs: Sequence[PairRow]) -> tuple[float, float]:
    """Return both falls, of treated and control arms, with the weights of the difference."""
    used = [pair for pair in pairs if pair.ci_low is not None]
    shares = [1.0 if pair.weight is None else pair.weight for pair in used]
    total = math.fsum(shares)
    treated = math.fsum(w * pair.treated for w, pair in zip(shares, used, strict=True))
    control = math.fsum(w * pair.control for w, pair in zip(shares, used, strict=True))
    return treated / total, control / total
