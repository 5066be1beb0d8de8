"""An analysis under every combination of its defensible choices: data, trials and model.

A specification is one option of each dimension. Those of data come as effects from normalize; a
trial is left out here; estimators and rules of the interval are fitted to all sets in one batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES, Measure
from ketameta.normalize import grid
from ketameta.stats import random_effects
from ketameta.synthesize.specifications import Space, space_of
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.multiverse import ChoiceRow, MultiverseRow, SpecificationRow
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.syntheses import SynthesisRow

Floats = NDArray[np.float64]
# specifications of a curve that are kept: more could not be told apart
DRAWN = 100
Found = tuple[list[MultiverseRow], list[ChoiceRow], list[SpecificationRow]]


def multiverse(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    alone: Mapping[str, Sequence[PoolableEffect]],
    judgements: Sequence[JudgementRow],
    bounds: Bounds | None,
) -> Found:
    """Return what holds under all specifications; nothing where there is no grid or no pool.

    `alone` are the effects under other choices of data, and combinations of them, by name;
    `bounds` the smallest worthwhile effects.
    """
    labels = {effect.trial_id: effect.label for effect in effects}
    space = space_of(analysis, effects, alone, labels, judgements)
    if space is None or record.estimate is None:
        return [], [], []
    combined = grid.combinations(space.data)
    sets = [alone[grid.name_of(c)] if c else effects for c in combined]
    model = analysis.model
    *_, estimators, rules = (dimension.options for dimension in space.dimensions)
    yi, vi = _padded(sets, list(space.dropped.values()))
    first, of_set = _distinct(yi, vi)
    yi, vi = yi[first], vi[first]
    k = (~np.isnan(yi)).sum(axis=1)
    fits = np.empty((3, len(yi), len(estimators), len(rules)))
    for i, tau2 in enumerate(estimators):
        for j, rule in enumerate(rules):
            fit = random_effects(yi, vi, tau2, rule, model.level, tau2_interval=None)
            fits[:, :, i, j] = fit.estimate, fit.ci_low, fit.ci_high
    fits[:, k < model.minimum_k] = np.nan
    whole = _Whole(analysis, space, fits[:, of_set].reshape(3, -1), k[of_set])
    idle, beyond = grid.left_out(analysis, effects, alone)
    return whole.told(len(first), bounds, idle, beyond)


def _padded(
    sets: Sequence[Sequence[PoolableEffect]], dropped: Sequence[frozenset[str]]
) -> tuple[Floats, Floats]:
    """Return effects and variances, a row a set and set of trials, NaN where one is left out."""
    most = max(map(len, sets))
    yi, vi = np.full((2, len(sets) * len(dropped), most), np.nan)
    row = 0
    for own in sets:
        for gone in dropped:
            for i, effect in enumerate(own):
                if effect.trial_id not in gone:
                    yi[row, i], vi[row, i] = effect.yi, effect.vi
            row += 1
    return yi, vi


def _distinct(yi: Floats, vi: Floats) -> tuple[list[int], list[int]]:
    """Return the first row of each set of effects, whatever their order, and the set of each row.

    Most specifications share their effects with another, which are fitted once.
    """
    pairs = np.empty(yi.shape, complex)
    pairs.real, pairs.imag = yi, vi
    pairs.sort(axis=1)
    first: list[int] = []
    number: dict[bytes, int] = {}
    of_row = []
    for row, pair in enumerate(pairs):
        own = number.setdefault(pair.tobytes(), len(first))
        if own == len(first):
            first.append(row)
        of_row.append(own)
    return first, of_row


@dataclass(frozen=True)
class _Whole:
    """Every specification: `fits` are estimate and ends, shape (3, specifications)."""

    analysis: Analysis
    space: Space
    fits: Floats
    k: NDArray[np.int64]

    @property
    def measure(self) -> Measure:
        """Return the measure of the analysis."""
        return MEASURES[self.analysis.select.measure]

    def told(
        self, sets: int, bounds: Bounds | None, idle: Sequence[str], beyond: Sequence[str]
    ) -> Found:
        """Return the rows of the three tables; `idle` and `beyond` are what does not vary."""
        back, name = self.measure.transform.back, self.analysis.name
        estimate, low, high = self.fits
        known = ~np.isnan(estimate)
        sign = 1.0 if estimate[0] >= 0 else -1.0
        nearer = low if sign > 0 else -high
        bound = self._bound(bounds, sign)
        inside = np.percentile(estimate[known], [2.5, 50, 97.5])
        row = MultiverseRow(
            analysis=name,
            specifications=estimate.size,
            sets=sets,
            unpooled=int((~known).sum()),
            same_side=_share(sign * estimate[known] > 0),
            past_none=_share(nearer[known] > 0),
            worthwhile=None if bound is None else _share(sign * estimate[known] >= bound),
            low=back(float(min(inside[0], inside[2]))),
            median=back(float(inside[1])),
            high=back(float(max(inside[0], inside[2]))),
            idle=list(idle),
            beyond=list(beyond),
        )
        shares = self._shares()
        choices = [
            ChoiceRow(
                analysis=name,
                dimension=d.name,
                options=list(d.options),
                share=shares.get(d.name),
            )
            for d in self.space.varied()
        ]
        return [row], choices, self._curve(known)

    def _bound(self, bounds: Bounds | None, sign: float) -> float | None:
        """Return the smallest worthwhile effect on a side, as a distance on the analysis scale."""
        if bounds is None:
            return None
        end = bounds[sign > 0]
        if not self.measure.is_ratio:
            return abs(end)
        return abs(float(np.log(end))) if 0 < end < np.inf else None

    def _shares(self) -> dict[str, float]:
        """Return the Shapley share of each dimension in the variance of the estimates.

        Over a full grid the variance of the means given some dimensions is what these explain
        together; the Shapley value of a dimension is what it adds, averaged over all orders (Owen
        2014, SIAM/ASA Journal on Uncertainty Quantification 2:245). Options that leave too few
        effects to pool are left out, the one that does so most often first.
        """
        values = self.fits[0].reshape([len(d.options) for d in self.space.dimensions])
        while np.isnan(values).any():
            lost = [
                (float(np.isnan(values.take(option, axis)).mean()), axis, option)
                for axis, length in enumerate(values.shape)
                for option in range(1, length)
            ]
            _, axis, option = max(lost)
            values = np.delete(values, option, axis)
        shape = values.shape
        axes = [i for i, length in enumerate(shape) if length > 1]
        whole = float(values.var())
        if whole <= 1e-24 * float(np.square(values).max()):
            return {}
        explained: dict[frozenset[int], float] = {}
        for size in range(len(axes) + 1):
            for given in combinations(axes, size):
                rest = tuple(i for i in range(len(shape)) if i not in given)
                explained[frozenset(given)] = float(values.mean(axis=rest).var())
        n = len(axes)
        found = {}
        for i in axes:
            others = [j for j in axes if j != i]
            value = 0.0
            for size in range(n):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                for given in combinations(others, size):
                    before = frozenset(given)
                    value += weight * (explained[before | {i}] - explained[before])
            found[self.space.dimensions[i].name] = value / whole
        return found

    def _curve(self, known: NDArray[np.bool_]) -> list[SpecificationRow]:
        """Return specifications in the order of estimates, thinned by rank; the analysis always."""
        estimate, low, high = self.fits
        order = np.flatnonzero(known)[np.argsort(estimate[known], kind="stable")]
        even = np.linspace(0, len(order) - 1, min(DRAWN, len(order)))
        drawn = np.unique(even.round().astype(int))
        here = int(np.flatnonzero(order == 0)[0])
        drawn = np.unique(np.append(drawn, here))
        shape = tuple(len(d.options) for d in self.space.dimensions)
        per_set = prod(shape[-2:])
        back = self.measure.natural
        rows = []
        for place in drawn.tolist():
            at = int(order[place])
            places = np.unravel_index(at, shape)
            dimensions = self.space.dimensions
            chosen = [d.options[int(i)] for d, i in zip(dimensions, places, strict=True)]
            value = back(float(estimate[at]))
            assert value is not None
            rows.append(
                SpecificationRow(
                    analysis=self.analysis.name,
                    rank=place + 1,
                    configured=at == 0,
                    spec=self.space.identity(chosen),
                    options=[
                        option
                        for option, d in zip(chosen, dimensions, strict=True)
                        if len(d.options) > 1
                    ],
                    k=int(self.k[at // per_set]),
                    estimate=value,
                    ci_low=back(float(low[at])),
                    ci_high=back(float(high[at])),
                )
            )
        return rows


def _share(held: NDArray[np.bool_]) -> float:
    return float(held.mean())
