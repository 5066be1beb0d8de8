"""An analysis under every combination of its defensible choices: data, trials and model.

A specification is one option of each dimension; those that pool the same effects by the same
procedure are one. Verdicts are told of all, whatever their measure: the side of no effect, and what
lies past it or past the smallest worthwhile effect of that measure. Estimates are compared only
with those in the measure of the analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.synthesize.fits import Fits, fitted
from ketameta.synthesize.pool import normal_interval
from ketameta.synthesize.sets import Sets, sets_of
from ketameta.synthesize.shapley import shapley, without_gaps
from ketameta.synthesize.specifications import Space, space_of
from ketameta.synthesize.words import favours
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow, VariantRow
from ketameta.tables.multiverse import (
    ChoiceRow,
    EverySpecificationRow,
    ExtremeRow,
    MeasureRow,
    MultiverseRow,
    SpecificationRow,
)
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import Row, rows_with

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# specifications of a curve that are kept: more could not be told apart
DRAWN = 100
# what is told of specifications, and by which words of `tables.multiverse.Held`
_SIDES = {"benefit": 1.0, "harm": -1.0}


class Found(NamedTuple):
    """The rows of the tables of `tables.multiverse`."""

    whole: Sequence[MultiverseRow] = ()
    measures: Sequence[MeasureRow] = ()
    choices: Sequence[ChoiceRow] = ()
    drawn: Sequence[SpecificationRow] = ()
    extremes: Sequence[ExtremeRow] = ()
    every: Sequence[EverySpecificationRow] = ()


# the kinds of these, in their order
EVERY: tuple[type[Row], ...] = (
    *(MultiverseRow, MeasureRow, ChoiceRow, SpecificationRow),
    *(ExtremeRow, EverySpecificationRow),
)


def multiverse(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    alone: Mapping[str, Sequence[VariantRow]],
    judgements: Sequence[JudgementRow],
    studies: Sequence[StudyRow],
    bounds: Callable[[str], Bounds | None],
    doubted: frozenset[str] = frozenset(),
) -> Found:
    """Return what holds under all specifications; nothing where there is no grid or no pool.

    `alone` are the effects under other choices of data, and combinations of them, by name;
    `bounds` tells the smallest worthwhile effects in a measure, on its natural scale; `doubted` are
    the trials of serious concerns.
    """
    space = space_of(analysis, effects, alone, judgements, studies, doubted)
    if space is None or record.estimate is None:
        return Found()
    sets = sets_of(space, effects, alone)
    whole = _Whole(space, sets, fitted(space, sets))
    return Found(
        [whole.row(bounds)],
        whole.by_measure(bounds),
        whole.choices(),
        whole.curve(),
        whole.extremes(),
        whole.every(),
    )


@dataclass(frozen=True)
class _Whole:
    """Every specification of an analysis."""

    space: Space
    sets: Sets
    fits: Fits

    @property
    def name(self) -> str:
        """The name of the analysis."""
        return self.space.analysis.name

    @property
    def models(self) -> int:
        """The models that each set is pooled by."""
        return int(self.fits.same[0].size)

    @cached_property
    def often(self) -> Integers:
        """How many combinations have each set."""
        return np.bincount(self.sets.of_all, minlength=len(self.sets.yi))

    @cached_property
    def different(self) -> tuple[Integers, Integers]:
        """Each specification once: its place among sets by models, and its combinations."""
        same = self.fits.same.ravel()
        exist = np.flatnonzero(same >= 0)
        _, first, number = np.unique(same[exist], return_index=True, return_inverse=True)
        order = np.argsort(first)
        weights = np.bincount(number, self.often[exist // self.models]).astype(int)
        return exist[first[order]], weights[order]

    @cached_property
    def values(self) -> Floats:
        """Estimate and ends of each specification, shape (3, specifications); NaN: not pooled."""
        return self.fits.values.reshape(3, -1)[:, self.different[0]]

    @cached_property
    def measure(self) -> NDArray[np.str_]:
        """The measure of each specification."""
        return self.sets.measure[self.different[0] // self.models]

    @cached_property
    def places(self) -> Integers:
        """The place of each specification among all combinations."""
        at, model = np.divmod(self.different[0], self.models)
        return np.asarray(self.sets.first[at] * self.models + model)

    @cached_property
    def own(self) -> Integers:
        """The specifications that are pooled in the measure of the analysis, by their estimates."""
        here = self.measure == self.space.analysis.select.measure
        known = np.flatnonzero(here & ~np.isnan(self.values[0]))
        return known[np.argsort(self.values[0, known], kind="stable")]

    def row(self, bounds: Callable[[str], Bounds | None]) -> MultiverseRow:
        """Return what holds of all together."""
        lost = np.isnan(self.fits.values[0]) & (self.fits.same >= 0)
        exist = (self.fits.same >= 0).sum(axis=(1, 2, 3))
        held = self._held([*dict.fromkeys(self.measure.tolist())], bounds)
        varied = self.space.varied
        return MultiverseRow(
            analysis=self.name,
            combinations=int((exist * self.often).sum()),
            sets=len(self.sets.yi),
            unpooled=int((lost.sum(axis=(1, 2, 3)) * self.often).sum()),
            **held,
            **self._inside(self.space.analysis.select.measure),
            idle=list(varied.idle),
            apart=list(varied.apart),
            crowded=list(varied.crowded),
            reduced=[
                option if option == name else f"{name}: {option}"
                for axis, option in self._grid[1]
                for name in [self.space.dimensions[axis].name]
            ],
        )

    def by_measure(self, bounds: Callable[[str], Bounds | None]) -> list[MeasureRow]:
        """Return what holds in each measure, where there are several."""
        names = [*dict.fromkeys(self.measure.tolist())]
        if len(names) < 2:
            return []
        return [
            MeasureRow(analysis=self.name, measure=n, **self._held([n], bounds), **self._inside(n))
            for n in names
        ]

    def _held(
        self, measures: Sequence[str], bounds: Callable[[str], Bounds | None]
    ) -> dict[str, Any]:
        """Return how many are pooled in some measures, and the shares of which something holds."""
        known = ~np.isnan(self.values[0]) & np.isin(self.measure, measures)
        number = int(known.sum())
        found: dict[str, Any] = {"specifications": number}
        compared = number and all(MEASURES[name].compares for name in measures)
        good, past = np.zeros(known.size), np.full((2, known.size), np.inf)
        worth = bool(compared)
        for name in measures if compared else ():
            side = favours(name, self.space.analysis.select.outcome)
            good[self.measure == name] = 1.0 if side == "above" else -1.0
            ends = _distances(name, bounds(name))
            worth = worth and ends is not None
            for which, end in enumerate(ends or ()):
                past[which, self.measure == name] = end
        estimate, low, high = self.values
        for word, way in _SIDES.items():
            sign = way * good
            middle, nearer = sign * estimate, np.where(sign > 0, low, -high)
            bound = np.where(sign > 0, past[1], past[0])
            for said, value, least, told in (
                ("", middle, 0.0, compared),
                ("_clear", nearer, 0.0, compared),
                ("_worthwhile", middle, bound, worth),
                ("_wholly", nearer, bound, worth),
            ):
                holds = (value > least) if isinstance(least, float) else (value >= least)
                found[word + said] = float(holds[known].mean()) if told else None
        return found

    def _inside(self, measure: str) -> dict[str, Any]:
        """Return median and percentiles of the estimates in a measure, on its natural scale."""
        known = self.values[0, (self.measure == measure) & ~np.isnan(self.values[0])]
        if not known.size:
            return dict.fromkeys(("low", "median", "high"))
        back = MEASURES[measure].transform.back
        ends = sorted(back(float(x)) for x in np.percentile(known, [2.5, 50, 97.5]))
        return dict(zip(("low", "median", "high"), ends, strict=True))

    @cached_property
    def _grid(self) -> tuple[list[float | None], list[tuple[int, str]]]:
        """Return the Shapley share of each dimension, and the options that these leave out.

        Over combinations in the measure of the analysis; what fits no other option of it is told by
        `fits`, and no gap.
        """
        space, own = self.space, self.space.analysis.select.measure
        options = [[*range(length)] for length in space.shape]
        for axis, one in enumerate(space.data):
            others = {i for i, v in enumerate(one, 1) if v.select.measure != own}
            options[axis] = [i for i in options[axis] if i not in others]
        ways, taus = (space.dimensions[i].options for i in (-3, -2))
        options[-3] = [w for w in options[-3] if any(space.fits(own, ways[w], tau) for tau in taus)]
        options[-2] = [t for t in options[-2] if any(space.fits(own, w, taus[t]) for w in ways)]
        values = self.fits.values[0][self.sets.of_all].reshape(space.shape)
        full, gone = without_gaps(values[np.ix_(*options)])
        left = [
            (axis, space.dimensions[axis].options[options[axis][option]]) for axis, option in gone
        ]
        return shapley(full), left

    def choices(self) -> list[ChoiceRow]:
        """Return the dimensions that vary, with their shares."""
        return [
            ChoiceRow(analysis=self.name, dimension=d.name, options=list(d.options), share=share)
            for d, share in zip(self.space.dimensions, self._grid[0], strict=True)
            if len(d.options) > 1
        ]

    def _natural(self, at: int) -> list[float | None]:
        """Return estimate and ends of a specification on the natural scale."""
        return [MEASURES[self.measure[at]].natural(float(x)) for x in self.values[:, at]]

    def curve(self) -> list[SpecificationRow]:
        """Return specifications in the order of estimates, thinned by rank; the analysis always."""
        even = np.linspace(0, len(self.own) - 1, min(DRAWN, len(self.own)))
        here = np.flatnonzero(self.own == 0)
        drawn = np.unique([*even.round().astype(int).tolist(), *here.tolist()])
        ids = self.space.identities(self.places[self.own[drawn]])
        rows = []
        for place, spec in zip(drawn.tolist(), ids, strict=True):
            at = int(self.own[place])
            estimate, low, high = self._natural(at)
            assert estimate is not None
            chosen = self.space.at(int(self.places[at]))
            rows.append(
                SpecificationRow(
                    analysis=self.name,
                    rank=place + 1,
                    configured=at == 0,
                    spec=spec,
                    options=[
                        option
                        for option, d in zip(chosen, self.space.dimensions, strict=True)
                        if len(d.options) > 1
                    ],
                    k=int(self.sets.trials[self.different[0][at] // self.models]),
                    estimate=estimate,
                    ci_low=low,
                    ci_high=high,
                )
            )
        return rows

    def extremes(self) -> list[ExtremeRow]:
        """Return the effects in the specifications of the lowest and of the highest estimate."""
        analysis = self.space.analysis
        back, level = MEASURES[analysis.select.measure].transform.back, analysis.model.level
        labels = {e.trial_id: e.label for e in self.sets.effects if isinstance(e, EffectRow)}
        usual = {(e.trial_id, e.comparison, e.yi, e.vi) for e in self.sets.rows_of(0)}
        rows = []
        for highest in (False, True):
            place = int(self.different[0][self.own[-1 if highest else 0]]) // self.models
            numbers = zip(self.sets.yi[place].tolist(), self.sets.vi[place].tolist(), strict=True)
            for row, (yi, vi) in zip(self.sets.rows[place].tolist(), numbers, strict=True):
                if row < 0:
                    continue
                effect = self.sets.effects[row]
                low, high = normal_interval(yi, vi, level)
                rows.append(
                    ExtremeRow(
                        analysis=self.name,
                        highest=highest,
                        trial_id=effect.trial_id,
                        label=labels.get(effect.trial_id, effect.trial_id),
                        comparison=effect.comparison,
                        effect=back(yi),
                        ci_low=back(low),
                        ci_high=back(high),
                        like=(effect.trial_id, effect.comparison, yi, vi) in usual,
                        rows=list(effect.rows),
                    )
                )
        return sorted(rows, key=lambda row: (row.highest, row.trial_id, row.comparison))

    def every(self) -> list[EverySpecificationRow]:
        """Return a row a specification, in the order of their places."""
        order = np.argsort(self.places)
        at = self.different[0][order] // self.models
        measures = self.measure[order].tolist()
        back = {name: MEASURES[name].natural for name in set(measures)}
        natural = [
            [back[name](value) for name, value in zip(measures, column, strict=True)]
            for column in self.values[:, order].tolist()
        ]
        columns = {
            "analysis": repeat(self.name),
            "spec": self.space.identities(self.places[order]),
            "place": self.places[order].tolist(),
            "combinations": self.different[1][order].tolist(),
            "measure": measures,
            "k": self.sets.trials[at].tolist(),
            **dict(zip(("estimate", "ci_low", "ci_high"), natural, strict=True)),
        }
        return rows_with(EverySpecificationRow, len(measures), columns)


def _distances(measure: str, bounds: Bounds | None) -> tuple[float, float] | None:
    """Return the smallest worthwhile effects below and above as distances on the scale pooled.

    Infinite where none is within reach.
    """
    if bounds is None:
        return None
    if not MEASURES[measure].is_ratio:
        return abs(bounds[0]), abs(bounds[1])
    below, above = (abs(float(np.log(end))) if 0 < end < 1e300 else np.inf for end in bounds)
    return below, above
