"""The pooled result as methods have it that allow for small trials showing other effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.stats import limit_meta, pet_peese, selection_model, trim_and_fill
from ketameta.stats.bias.pet_peese import PetPeese
from ketameta.stats.bias.small_study import RegressionTest
from ketameta.synthesize.diagnose import by_size, diagnosed
from ketameta.synthesize.pool import finite_or_none
from ketameta.tables.effects import EffectRow
from ketameta.tables.small_study import (
    LEAST_TESTED,
    LIMIT,
    PEESE,
    PET,
    STEPS,
    THREE,
    TRIM,
    AdjustedRow,
)
from ketameta.tables.syntheses import SynthesisRow

Array = NDArray[np.float64]

# p-values, one-sided towards a benefit, at which the chance of publication may change
_CUTS = {THREE: (0.025,), STEPS: (0.025, 0.5)}
# the ranges that they make, in words
_RANGES = {
    THREE: ("below 0.025", "of 0.025 or more"),
    STEPS: ("below 0.025", "from 0.025 to 0.5", "of 0.5 or more"),
}
_ALIKE = "all trials are of one size"
_SEARCH = "the search for it does not converge"


@dataclass(frozen=True, slots=True)
class _Found:
    """What a method gives, on the analysis scale; `why` where that is nothing."""

    method: str
    ends: tuple[float, float, float]
    detail: str = ""
    why: str = ""
    k: int | None = None


def adjusted(
    analysis: Analysis, record: SynthesisRow, effects: Sequence[EffectRow]
) -> list[AdjustedRow]:
    """Return the pooled result by each method; none of treated arms, nor of a narrowed analysis.

    Below ten effects each of them says little (Sterne 2011, BMJ 343, d4002, of the regressions):
    the row says so, and has its estimate all the same.
    """
    measure = MEASURES[analysis.select.measure]
    if analysis.narrow or not measure.compares or not diagnosed(effects, record):
        return []
    yi, vi = (np.array([getattr(e, name) for e in effects]) for name in ("yi", "vi"))

    def row(found: _Found) -> AdjustedRow:
        ends = [None if found.why else measure.natural(finite_or_none(end)) for end in found.ends]
        return AdjustedRow(
            analysis=analysis.name,
            method=found.method,
            k=len(effects) if found.k is None else found.k,
            needed=LEAST_TESTED,
            estimate=ends[0],
            low=ends[1],
            high=ends[2],
            detail=found.detail,
            why=found.why,
        )

    name, test = by_size(analysis, effects)
    found = [_regressed(name, test), *_others(analysis, yi, vi)]
    return [row(one) for one in (*found, *_selected(analysis, record, yi, vi))]


def _regressed(name: str, test: RegressionTest | PetPeese) -> _Found:
    if isinstance(test, PetPeese):
        ends, k = (test.estimate, test.ci_low, test.ci_high), int(test.pet.k)
    else:
        ends, k = (test.limit, test.limit_low, test.limit_high), int(test.k)
    why = "" if np.isfinite(ends).all() else _ALIKE if k > 2 else "too few trials with their sizes"
    return _Found(name, ends, "", why, k)


def _others(analysis: Analysis, yi: Array, vi: Array) -> Iterator[_Found]:
    model = analysis.model
    filled = trim_and_fill(yi, vi, tau2=model.tau2, interval=model.interval, level=model.level)
    ends = filled.fit.estimate, filled.fit.ci_low, filled.fit.ci_high
    added = "no trial added" if not filled.k0 else f"added: {filled.k0:.0f}"
    yield _Found(TRIM, ends, added, "" if filled.converged else _SEARCH)
    line = pet_peese(yi, vi, level=model.level)
    yield _regressed(PEESE if line.uses_peese else PET, line)
    limit = limit_meta(yi, vi, tau2=model.tau2, level=model.level)
    ends = limit.estimate, limit.ci_low, limit.ci_high
    why = "" if limit.converged else _SEARCH if np.isfinite(limit.estimate) else _ALIKE
    yield _Found(LIMIT, ends, "", why)


def _selected(analysis: Analysis, record: SynthesisRow, yi: Array, vi: Array) -> Iterator[_Found]:
    """Yield both selection models; without a trial in a range of p its weight is not estimable.

    They look at the p-value on the side that favours treatment, or on that of the result.
    """
    side = record.favours or ("above" if yi.mean() > 0 else "below")
    alternative = {"above": "greater", "below": "less"}[side]
    p = ndtr((-1 if side == "above" else 1) * yi / np.sqrt(vi))
    for name, cuts in _CUTS.items():
        counts = np.bincount(np.searchsorted(cuts, p), minlength=len(cuts) + 1)
        if not counts.all():
            empty = _RANGES[name][int(np.argmin(counts))]
            yield _Found(name, (np.nan,) * 3, "", f"no trial has a one-sided p {empty}")
            continue
        fit = selection_model(yi, vi, cuts, alternative=alternative, level=analysis.model.level)
        weights = ", ".join(f"{weight:.2g}" for weight in fit.weights[1:])
        ends = fit.estimate, fit.ci_low, fit.ci_high
        fine = fit.converged and np.isfinite(ends).all()
        yield _Found(name, ends, f"chance of publication: 1, {weights}", "" if fine else _SEARCH)
