"""What would change a pooled result: events moved, trials left out, one trial more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.stats import (
    conditional_power,
    effect_size,
    fragility,
    gosh,
    gosh_shares,
    with_new_trial,
)
from ketameta.stats.sensitivity.fragility import MEASURES as MOVABLE
from ketameta.synthesize.diagnose import column, diagnosed
from ketameta.synthesize.pool import finite_or_none, independent
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.collection import Tables
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.tables.table import Row
from ketameta.tables.what_if import (
    ContourRow,
    FragilityRow,
    NewTrialRow,
    SubsetFieldRow,
    SubsetRow,
)

Array = NDArray[np.float64]

# the tables of what is found here
KINDS: tuple[type[Row], ...] = (
    *(FragilityRow, SubsetRow, SubsetFieldRow, NewTrialRow, ContourRow),
)
SIZES = (50, 100, 400)
# sizes and results of the new trials of a contour
_PEOPLE = (20, 30, 50, 70, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400)
_RESULTS = 61
# cells of the picture of subsets, of their estimates and of their I²: of few subsets, and of more
_FEW, _MANY, _ENOUGH = (20, 10), (40, 20), 2_000
# subsets that are fitted at most, all of them where there are no more; fewer where they would have
# so many trials in all, but not below the second
_DRAWS, _LEAST, _DRAWN = 20_000, 1_000, 500_000


class Options(TypedDict):
    """What `stats` is told of the model."""

    tau2: str
    interval: str
    level: float


def options_of(analysis: Analysis) -> Options:
    """Return estimator, rule and level of an analysis."""
    model = analysis.model
    return {"tau2": model.tau2, "interval": model.interval, "level": model.level}


def _arrays(effects: Sequence[EffectRow]) -> tuple[Array, Array]:
    return column(e.yi for e in effects), column(e.vi for e in effects)


def plain_counts(
    measure: str, effects: Sequence[EffectRow]
) -> tuple[list[Array], NDArray[np.bool_]]:
    """Return events and people of both groups, and which effects are those of these alone.

    NaN where an effect is not.
    """
    yi, vi = _arrays(effects)
    names = ("events_t", "n_t", "events_c", "n_c")
    a, n1, c, n2 = tables = [column(getattr(e, name) for e in effects) for name in names]
    own = effect_size(measure, ai=a, n1i=n1, ci=c, n2i=n2)
    plain = np.asarray(np.isclose(own.yi, yi) & np.isclose(own.vi, vi))
    return [np.where(plain, x, np.nan) for x in tables], plain


def what_if(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    bounds: Bounds | None,
) -> Tables:
    """Return all of it, a table each of `KINDS`."""
    inside, fields = subsets(analysis, record, effects)
    sized, contours = new_trials(analysis, record, effects, bounds)
    found = fragile(analysis, record, effects), inside, fields, sized, contours
    return Tables(dict(zip(KINDS, found, strict=True)))


def fragile(
    analysis: Analysis, record: SynthesisRow, effects: Sequence[EffectRow]
) -> list[FragilityRow]:
    """Return how many events turn the result of a pooled analysis that compares events.

    Events are moved in trials whose effect is that of their counts; pooled is by inverse variance.
    Not of a narrowed analysis, nor of effects that share a control.
    """
    measure = MEASURES[analysis.select.measure]
    pooled = record.estimate is not None and len(effects) > 1 and independent(effects)
    if analysis.narrow or measure.name not in MOVABLE or not pooled:
        return []
    yi, vi = _arrays(effects)
    tables, plain = plain_counts(measure.name, effects)
    a, n1, c, n2 = tables
    found = fragility(yi, vi, a, n1, c, n2, measure.name, **options_of(analysis))
    moves = [
        f"{effect.label}: {by:+d} {group}".replace("-", "−")
        for group, moved in (("treated", found.treated), ("control", found.control))
        for effect, by in zip(effects, moved, strict=True)
        if by
    ]
    return [
        FragilityRow(
            analysis=analysis.name,
            excludes=found.excludes,
            movable=int(plain.sum()),
            k=len(effects),
            moved=None if np.isnan(found.moved) else int(found.moved),
            exact=found.exact,
            moves=moves,
            estimate=measure.natural(found.estimate),
            low=measure.natural(found.ci_low),
            high=measure.natural(found.ci_high),
        )
    ]


def _asked(analysis: Analysis, record: SynthesisRow, effects: Sequence[EffectRow]) -> bool:
    compares = MEASURES[analysis.select.measure].compares
    return compares and not analysis.narrow and diagnosed(effects, record)


def subsets(
    analysis: Analysis, record: SynthesisRow, effects: Sequence[EffectRow]
) -> tuple[list[SubsetRow], list[SubsetFieldRow]]:
    """Return what each effect of a diagnosed analysis that compares does to the subsets with it.

    And where these lie, by estimate and I².
    """
    if not _asked(analysis, record, effects):
        return [], []
    natural = MEASURES[analysis.select.measure].natural
    draws = min(_DRAWS, max(_LEAST, _DRAWN // len(effects)))
    found = gosh(*_arrays(effects), analysis.model.tau2, draws=draws)
    several = found.k > 1
    more, included = found.estimate[several], found.included[several]
    least, most = (natural(finite_or_none(x)) for x in np.nanquantile(more, (0.025, 0.975)))
    order = np.argsort(more)[: int(np.isfinite(more).sum())]
    # a row a trial, so that what is looked at of one lies together
    ranked, inside = more[order], included[order].T.copy()

    def median(which: NDArray[np.bool_]) -> float | None:
        own = np.flatnonzero(which)
        middle = ranked[own[(own.size - 1) // 2 : own.size // 2 + 1]]
        return natural(float(middle.mean())) if own.size else None

    rows = [
        SubsetRow(
            analysis=analysis.name,
            trial_id=effect.trial_id,
            comparison=effect.comparison,
            label=effect.label,
            share=finite_or_none(share),
            cluster=bool(share > 0.5),
            subsets=more.size,
            all=found.exhaustive,
            with_it=median(inside[i]),
            without_it=median(~inside[i]),
            least=least,
            most=most,
        )
        for i, (effect, share) in enumerate(zip(effects, gosh_shares(found), strict=True))
    ]
    return rows, [*_subset_fields(analysis, more, found.i2[several])]


def _subset_fields(analysis: Analysis, estimates: Array, i2: Array) -> Iterator[SubsetFieldRow]:
    """Yield ranges of cells of one density: half of the subsets lie in the densest, and so on."""
    known = np.isfinite(estimates) & np.isfinite(i2)
    low, high = estimates[known].min(), estimates[known].max()
    if not low < high:
        return
    wide, tall = _FEW if known.sum() < _ENOUGH else _MANY
    counts, up, across = np.histogram2d(
        i2[known], estimates[known], (tall, wide), ((0, 100), (low, high))
    )
    order = np.argsort(-counts, axis=None, kind="stable")
    denser = np.empty(counts.size)
    denser[order] = (np.cumsum(counts.flat[order]) - counts.flat[order]) / counts.sum()
    within = np.where(denser < 0.5, 50, np.where(denser < 0.95, 95, 100))
    within = np.where(counts > 0, within.reshape(counts.shape), 0)
    back = MEASURES[analysis.select.measure].transform.back
    for i, row in enumerate(within):
        for first, last in runs(row):
            if row[first]:
                yield SubsetFieldRow(
                    analysis=analysis.name,
                    i2_low=float(up[i]),
                    i2_high=float(up[i + 1]),
                    start=back(float(across[first])),
                    end=back(float(across[last + 1])),
                    within=int(row[first]),
                    subsets=int(counts[i, first : last + 1].sum()),
                )


def new_trials(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    bounds: Bounds | None,
) -> tuple[list[NewTrialRow], list[ContourRow]]:
    """Return what trials of some sizes would do to a diagnosed analysis that compares.

    `bounds` are the smallest worthwhile effects, natural scale. The sampling variance of a trial
    of n people is the median of vi times people, over n.
    """
    if not _asked(analysis, record, effects):
        return [], []
    yi, vi = _arrays(effects)
    each = float(np.median(vi * column(e.people for e in effects)))
    if not each > 0:
        return [], []
    options = options_of(analysis)
    variances = each / np.array(SIZES)
    power = conditional_power(yi, vi, variances, **options)
    rows = [
        NewTrialRow(analysis=analysis.name, people=n, variance=float(v), power=float(p))
        for n, v, p in zip(SIZES, variances, power, strict=True)
    ]
    reach = max(2.0 * float(np.abs(yi).max()), 1e-6)
    results = np.linspace(-reach, reach, _RESULTS)
    found = with_new_trial(yi, vi, results, each / np.array(_PEOPLE), **options)
    drawn = places(analysis, found.ci_low, found.ci_high, bounds)
    return rows, [*_contours(analysis, results, drawn)]


def places(analysis: Analysis, low: Array, high: Array, bounds: Bounds | None) -> NDArray[np.int_]:
    """Say where intervals lie: -2 to 2, see `ContourRow`."""
    about = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    if bounds is None:
        return about
    below, above = bounds
    if MEASURES[analysis.select.measure].is_ratio:
        with np.errstate(divide="ignore"):
            below, above = float(np.log(below)), float(np.log(above))
    return np.where(low > above, 2, np.where(high < below, -2, about))


def _contours(analysis: Analysis, results: Array, found: NDArray[np.int_]) -> Iterator[ContourRow]:
    """Yield the ranges of results with one conclusion; each result stands for a step about it."""
    back, half = MEASURES[analysis.select.measure].transform.back, (results[1] - results[0]) / 2
    for people, row in zip(_PEOPLE, found, strict=True):
        for first, last in runs(row):
            yield ContourRow(
                analysis=analysis.name,
                people=people,
                start=back(float(results[first] - half)),
                end=back(float(results[last] + half)),
                place=int(row[first]),
            )


def runs(row: NDArray[np.int_]) -> Iterator[tuple[int, int]]:
    """Yield first and last place of each run of equal numbers."""
    starts = [0, *(np.flatnonzero(np.diff(row)) + 1)]
    for first, after in zip(starts, [*starts[1:], len(row)], strict=True):
        yield int(first), int(after) - 1
