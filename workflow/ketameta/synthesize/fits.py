"""Every set of effects of a space under every model: the fits, and which of them are the same one.

Two specifications are the same where the same effects are pooled by the same procedure: the rule
`auto` is the rule that it takes, and what pools counts asks for no estimator and no rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Model
from ketameta.configuration.models import METHODS
from ketameta.estimators import ESTIMATORS
from ketameta.measures import INVERSE_VARIANCE, MANTEL_HAENSZEL, MEASURES, PETO
from ketameta.stats import TauPrior, mantel_haenszel, peto
from ketameta.stats.univariate.pooling import by_rules
from ketameta.stats.univariate.posteriors import mean_posteriors
from ketameta.synthesize.pool import pooled
from ketameta.synthesize.sets import Sets
from ketameta.synthesize.specifications import INTERVAL, POOLING, TAU, Space
from ketameta.tables.parts import PoolableEffect

# the rules that an interval can be by, and what stands where there is none
TAKEN = np.array(sorted({*METHODS["interval"], "none"}))
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fits:
    """Estimates on the scale of each measure, of sets by ways, taus and rules.

    `values` has shape (3, sets, ways, taus, rules): estimate and ends, NaN where nothing is pooled.
    `same` says which fit each is, by a number; -1 where the options cannot stand together.
    """

    values: Floats
    same: Integers


def fitted(space: Space, sets: Sets) -> Fits:
    """Fit every set under every model."""
    options = {d.name: d.options for d in space.dimensions}
    ways, taus, rules = (options[name] for name in (POOLING, TAU, INTERVAL))
    shape = len(sets.yi), len(ways), len(taus), len(rules)
    fits = Fits(np.full((3, *shape), np.nan), np.full(shape, -1))
    # beyond the numbers of what is pooled by inverse variances
    known: dict[tuple[str, bytes], int] = {}
    beyond = len(sets.yi) * len(taus) * len(TAKEN)
    model = space.analysis.model
    for w, way in enumerate(ways):
        if way == INVERSE_VARIANCE:
            _inverse(space, sets, fits, w)
            continue
        for measure in np.unique(sets.measure).tolist():
            if not space.fits(measure, way, model.tau2):
                continue
            here = np.flatnonzero(sets.measure == measure)
            found = _of_counts(measure, way, sets, here, model)
            fits.values[:, here, w] = found[:, :, None, None]
            told = _tables(sets, here, MEASURES[measure].compares)
            codes = [known.setdefault((measure + way, one), len(known)) for one in told]
            fits.same[here, w] = beyond + np.array(codes)[:, None, None]
    fits.values[:, sets.trials < model.minimum_k] = np.nan
    fits.values[:, np.isnan(fits.values).any(axis=0)] = np.nan
    return fits


def _inverse(space: Space, sets: Sets, fits: Fits, way: int) -> None:
    """Enter the fits by inverse variances: sets of all measures at once, as each is by itself."""
    options = {d.name: d.options for d in space.dimensions}
    taus, rules = options[TAU], options[INTERVAL]
    level, rows = space.analysis.model.level, np.arange(len(sets.yi))
    asked: dict[tuple[tuple[str, TauPrior], ...], list[str]] = {}
    for measure, of in space.priors.items():
        asked.setdefault(tuple(of.items()), []).append(measure)
    for priors, measures in asked.items():
        here = np.flatnonzero(np.isin(sets.measure, measures))
        given = sets.yi[here], sets.vi[here], [prior for _, prior in priors], level
        for (name, _), found in zip(priors, mean_posteriors(*given), strict=True):
            t = taus.index(name)
            fits.values[:, here, way, t] = np.array(found)[:, :, None]
            fits.same[here, way, t] = ((here * len(taus) + t) * len(TAKEN))[:, None]
    for t, tau in enumerate(taus):
        if tau not in ESTIMATORS:
            continue
        for r, fit in enumerate(by_rules(sets.yi, sets.vi, tau, rules, level)):
            fits.values[:, :, way, t, r] = fit.estimate, fit.ci_low, fit.ci_high
            taken = np.searchsorted(TAKEN, fit.rule)
            fits.same[:, way, t, r] = (rows * len(taus) + t) * len(TAKEN) + taken


def _tables(sets: Sets, here: Integers, both: bool) -> list[bytes]:
    """Return of each set what a way of pooling counts reads of it, whatever the order of effects.

    With `both` arms needed, effects without their counts are not read.
    """
    _, codes = np.unique(np.nan_to_num(sets.cells, nan=-1.0), axis=0, return_inverse=True)
    read = ~np.isnan(sets.cells).any(axis=1) if both else np.ones(len(codes), bool)
    own = np.append(np.where(read, codes.ravel(), -1), -1)
    return [row.tobytes() for row in np.sort(own[sets.rows[here]], axis=1)]


def _of_counts(measure: str, way: str, sets: Sets, here: Integers, model: Model) -> Floats:
    """Return estimates and ends, shape (3, sets), of a way that pools counts."""
    if way not in (MANTEL_HAENSZEL, PETO):
        its = replace(model, pooling=way)
        return np.array([on_scale(measure, sets.rows_of(i), its) for i in here.tolist()]).T
    found = np.full((3, len(here)), np.nan)
    rows = sets.rows[here]
    counted = np.append(~np.isnan(sets.cells).any(axis=1), False)[rows]
    size = counted.sum(axis=1)
    for k in np.unique(size[size > 0]).tolist():
        # without gaps, so that each sum is that of the set alone to the last bit
        places = np.flatnonzero(size == k)
        tables = sets.cells[rows[places][counted[places]]].reshape(len(places), k, 4)
        columns = np.moveaxis(tables, -1, 0).copy()
        cells = dict(zip(("ai", "n1i", "ci", "n2i"), columns, strict=True))
        if way == PETO:
            fit = peto(level=model.level, **cells)
        else:
            fit = mantel_haenszel(measure, level=model.level, **cells)
        ends = fit.estimate, fit.ci_low, fit.ci_high
        found[:, places] = np.where(np.isfinite(fit.se), ends, np.nan)
    names = [
        {sets.effects[i].trial_id for i in row[own]} for row, own in zip(rows, counted, strict=True)
    ]
    found[:, np.array([*map(len, names)]) < max(2, model.minimum_k)] = np.nan
    return found


def on_scale(
    measure: str, effects: Sequence[PoolableEffect], model: Model, prior: TauPrior | None = None
) -> tuple[float, float, float]:
    """Return the estimate of one set and its ends on the scale of its measure; NaN for none.

    Under a prior of tau the median of the posterior, and its shortest interval.
    """
    if prior is not None:
        yi, vi = ([[getattr(e, name) for e in effects]] for name in ("yi", "vi"))
        (found,) = mean_posteriors(yi, vi, [prior], model.level)
        return float(found.median[0]), float(found.low[0]), float(found.high[0])
    fit = pooled(measure, effects, model)
    told = (fit.estimate, fit.ci_low, fit.ci_high)
    if MEASURES[measure].transform.name:
        told = (fit.estimate_log, fit.ci_low_log, fit.ci_high_log)
    if len(effects) < 2:
        told = None, None, None
    low, middle, high = (float("nan") if x is None else x for x in (told[1], told[0], told[2]))
    return middle, low, high
