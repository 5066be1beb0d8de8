"""Tests of small-study effects once more, and the methods that are weighted regressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ketameta.configuration import Analysis
from ketameta.crosscheck import mixed, refits
from ketameta.crosscheck.pooled import columns
from ketameta.crosscheck.rows import Place
from ketameta.measures import MEASURES
from ketameta.methods import EGGER, HARBORD, PETERS, SIZES
from ketameta.tables.crosscheck import CrosscheckRow
from ketameta.tables.diagnostics import AsymmetryRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.small_study import PEESE, PET, AdjustedRow

_CROSSOVER = "crossover"


def asymmetry_again(
    analysis: Analysis, row: AsymmetryRow, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield Egger's regression, and the test that goes by size, with its two variations."""
    place = Place(analysis.name)
    if row.slope is not None:
        fitted = _line(EGGER, effects)
        for number, ours, theirs in (
            ("Egger's slope", row.slope, fitted.params[1]),
            ("Egger's t", row.statistic, fitted.tvalues[1]),
            ("Egger's limit", row.limit, fitted.params[0]),
        ):
            yield place.row(number, ours, float(theirs), refits.BY_WLS)
    if row.test is None or row.test_p is None:
        return
    fitted = _line(row.test, effects)
    name = f"test by {row.test}"
    slope = float(fitted.params[1])
    yield place.row(f"{name}: slope", row.test_slope, slope, refits.BY_WLS)
    yield place.row(f"{name}: p", row.test_p, float(fitted.pvalues[1]), refits.BY_WLS)
    if row.without_crossovers_p is not None:
        parallel = [effect for effect in effects if effect.design != _CROSSOVER]
        p = float(_line(row.test, parallel).pvalues[1])
        ours = row.without_crossovers_p
        yield place.row(f"{name}, without crossovers: p", ours, p, refits.BY_WLS)
    if row.adjusted_p is not None:
        p = float(_line(row.test, effects, within=True).pvalues[-1])
        yield place.row(f"{name}, within treatments: p", row.adjusted_p, p, refits.BY_WLS)


def adjusted_again(
    analysis: Analysis, row: AdjustedRow, effects: Sequence[EffectRow]
) -> Iterator[CrosscheckRow]:
    """Yield the adjusted estimate of a method that is a regression; name the others."""
    if row.estimate is None:
        return
    place = Place(analysis.name, "", row.method)
    if row.method not in (EGGER, PETERS, HARBORD, SIZES, PET, PEESE):
        yield place.none("estimate", row.estimate, f"statsmodels has no {row.method}")
        return
    fitted = _line(row.method, effects)
    low, high = fitted.conf_int(1 - analysis.model.level)[0]
    natural = MEASURES[analysis.select.measure].natural
    for number, ours, theirs in (
        ("estimate", row.estimate, fitted.params[0]),
        ("low", row.low, low),
        ("high", row.high, high),
    ):
        yield place.row(number, ours, natural(float(theirs)), refits.BY_WLS)


def _line(method: str, effects: Sequence[EffectRow], *, within: bool = False) -> Any:
    """Return a regression of effects on what a method takes for their size.

    The intercept first and the slope last; `within` gives each treatment by its route an
    intercept of its own.
    """
    if method in (PETERS, HARBORD, SIZES):
        effects = [e for e in effects if e.n_t is not None and e.n_c is not None]
    if method in (PETERS, HARBORD):
        effects = [e for e in effects if _some(e) not in (None, 0.0, _people(e))]
    yi, vi = columns(effects)
    if method == PETERS:
        n, events = (np.array([f(e) or 0.0 for e in effects]) for f in (_people, _some))
        x, weights = 1 / n, 1 / (1 / events + 1 / (n - events))
    elif method == HARBORD:
        yi, weights = _scores(effects)
        x = 1 / np.sqrt(weights)
    elif method == SIZES:
        sizes = np.array([1 / (e.n_t or 1) + 1 / (e.n_c or 1) for e in effects])
        x, weights = np.sqrt(sizes), 1 / sizes
    else:
        x, weights = vi if method == PEESE else np.sqrt(vi), 1 / vi
    routes = [effect.drug_route or "not known" for effect in effects]
    before = mixed.members(routes) if within else np.ones((len(effects), 1))
    return refits.wls(yi, np.column_stack([before, x]), weights)


def _scores(effects: Sequence[EffectRow]) -> tuple[Any, Any]:
    """Return Z / V and V of the hypergeometric distribution of each trial's events."""
    treated, all_, some = (
        np.array([f(e) or 0.0 for e in effects]) for f in (lambda e: e.n_t, _people, _some)
    )
    events = np.array([e.events_t or 0.0 for e in effects])
    share = treated / all_
    spread = share * (1 - share) * some * (all_ - some) / (all_ - 1)
    return (events - some * share) / spread, spread


def _people(effect: EffectRow) -> float:
    return (effect.n_t or 0.0) + (effect.n_c or 0.0)


def _some(effect: EffectRow) -> float | None:
    """Return the events of both arms; None where they are not told."""
    if effect.events_t is None or effect.events_c is None:
        return None
    return effect.events_t + effect.events_c
