"""The specifications of an analysis: what varies, which options there are, and what one is called.

A specification is one option of each dimension: choices of data, what is done with trials without
events and with empty cells, sets of trials, the way of pooling, the estimator or the prior of tau,
and the rule of the interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import prod

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis, Variant
from ketameta.configuration.models import AS_ASKED, Grid
from ketameta.measures import INVERSE_VARIANCE, MEASURES
from ketameta.normalize import grid
from ketameta.stats import TauPrior
from ketameta.synthesize.bayes import SWEEP, priors
from ketameta.synthesize.empty_cells import AS_THEY_ARE, has_empty_cell, without_events
from ketameta.synthesize.pool import way_of
from ketameta.synthesize.words import TRIALS
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import PoolableEffect
from ketameta.tables.syntheses import StudyRow
from ketameta.tables.trust import WITHOUT_SERIOUS

ALL, POOLED = "all trials", "pooled"
EVENTS, CORRECTION = "trials without events", "empty cells"
POOLING, TAU, INTERVAL = "pooling", "estimator or prior of tau²", "rule of the interval"
WITHOUT_HIGH, WITHOUT_EACH = "without high risk of bias", "without each trial"
# hexadecimal digits of an id
DIGITS = 12
Options = tuple[str, ...]


@dataclass(frozen=True)
class Dimension:
    """What varies, and its options by name, that of the analysis first."""

    name: str
    options: Options

    @cached_property
    def digests(self) -> NDArray[np.uint64]:
        """What each option adds to the id of a specification: nothing that of the analysis."""
        told = [f"{self.name}: {option}".encode() for option in self.options[1:]]
        found = [
            int.from_bytes(blake2b(one, digest_size=DIGITS // 2).digest(), "big") for one in told
        ]
        return np.array([0, *found], np.uint64)


@dataclass(frozen=True)
class Space:
    """All that an analysis varies.

    `data` are the choices of data, a list a dimension; `dropped` the trials that each set of trials
    leaves out, by the name of the set; `priors` those of each measure that have any, by the name of
    the option; `dimensions` all, those of data first, then the six at the head of this module; one
    of a single option varies nothing. `varied` says what of the choices of data is in no dimension.
    """

    analysis: Analysis
    varied: grid.Varied
    dropped: Mapping[str, frozenset[str]]
    priors: Mapping[str, Mapping[str, TauPrior]]
    dimensions: tuple[Dimension, ...]

    @property
    def data(self) -> Sequence[Sequence[Variant]]:
        """The choices of data that are combined, a list a dimension."""
        return self.varied.dimensions

    @property
    def shape(self) -> tuple[int, ...]:
        """The options of each dimension."""
        return tuple(len(d.options) for d in self.dimensions)

    def varying(self) -> tuple[Dimension, ...]:
        """Return the dimensions of more than one option."""
        return tuple(d for d in self.dimensions if len(d.options) > 1)

    def at(self, place: int) -> Options:
        """Return the options of a specification by its place: the analysis itself is the first."""
        places = np.unravel_index(place, self.shape)
        return tuple(d.options[int(i)] for d, i in zip(self.dimensions, places, strict=True))

    def place(self, options: Sequence[str]) -> int:
        """Return the place of a specification by its options."""
        chosen = zip(self.dimensions, options, strict=True)
        return int(np.ravel_multi_index([d.options.index(o) for d, o in chosen], self.shape))

    def identities(self, places: NDArray[np.int64]) -> list[str]:
        """Return the ids of specifications by their places: twelve hexadecimal digits each.

        The sum of a digest of each option that is not the analysis' own: another dimension, option
        or trial changes no id of before. Of 100,000 specifications two share one once in 50,000
        analyses.
        """
        found = np.zeros(places.shape, np.uint64)
        for dimension, where in zip(
            self.dimensions, np.unravel_index(places, self.shape), strict=True
        ):
            found += dimension.digests[where]
        text = found.astype(">u8").tobytes().hex()
        return [text[i + 16 - DIGITS : i + 16] for i in range(0, len(text), 16)]

    def with_identity(self, start: str) -> list[Options]:
        """Return the specifications whose id starts with some digits."""
        places = np.arange(prod(self.shape))
        ids = self.identities(places)
        found = [self.at(place) for place in places.tolist() if ids[place].startswith(start)]
        return [options for options in found if self.exists(options)]

    def combination(self, options: Sequence[str]) -> grid.Combination:
        """Return the choices of data in a specification."""
        chosen = zip(self.data, options, strict=False)
        return tuple(v for one, option in chosen for v in one if v.name == option)

    def measure(self, combination: grid.Combination) -> str:
        """Return the measure of a combination of choices of data."""
        own = self.analysis.select.measure
        return next((v.select.measure for v in combination if v.select.measure != own), own)

    def fits(self, measure: str, way: str, tau: str) -> bool:
        """Say whether effects of a measure can be pooled in a way, under an estimator or a prior.

        What no inverse variance needs is ignored, so that it stays one specification.
        """
        if way != INVERSE_VARIANCE:
            return way in MEASURES[measure].pooling
        return not tau.startswith(PRIOR) or tau in self.priors.get(measure, {})

    def exists(self, options: Options) -> bool:
        """Say whether options can stand together."""
        *_, way, tau, _ = options
        return self.fits(self.measure(self.combination(options)), way, tau)


# of the name of an option, before a prior
PRIOR = "prior "


def space_of(
    analysis: Analysis,
    effects: Sequence[EffectRow],
    alone: Mapping[str, Sequence[PoolableEffect]],
    judgements: Sequence[JudgementRow],
    studies: Sequence[StudyRow],
    doubted: frozenset[str] = frozenset(),
) -> Space | None:
    """Return what an analysis varies; None where it varies nothing, or cannot.

    `alone` are its effects under other choices of data by name, `studies` say how much control
    arms spread, `doubted` are trials of serious concerns about their trustworthiness. Effects that
    share a control do not vary.
    """
    asked = analysis.grid
    if asked is None or len(effects) < 2 or any(effect.shared for effect in effects):
        return None
    varied = grid.of(analysis, effects, alone)
    if WITHOUT_EACH in asked.trials and len(effects) > grid.USUAL:
        asked = replace(asked, trials=tuple(t for t in asked.trials if t != WITHOUT_EACH))
        varied = replace(varied, crowded=[*varied.crowded, WITHOUT_EACH])
    own = analysis.select.measure
    measures = dict.fromkeys([own, *(v.select.measure for one in varied.dimensions for v in one)])
    known = {name: _priors(analysis, name, asked, studies) for name in measures}
    high = frozenset(j.trial_id for j in judgements if j.judgement == "high")
    sets_out = {WITHOUT_HIGH: high, WITHOUT_SERIOUS: doubted}
    dropped = _dropped(asked, {e.trial_id: e.label for e in effects}, sets_out)
    model = analysis.model
    sets = [effects, *alone.values()]
    taus = [*asked.tau2, *(option for of in known.values() for option in of)]
    ways = _ways(way_of(own, model), asked, measures)
    by_variance = INVERSE_VARIANCE in ways
    dimensions = (
        *(_of_data(analysis, one) for one in varied.dimensions),
        Dimension(EVENTS, (POOLED, *(asked.without_events if _any(without_events, sets) else ()))),
        Dimension(
            CORRECTION, (AS_THEY_ARE, *(asked.correction if _any(has_empty_cell, sets) else ()))
        ),
        Dimension(TRIALS, tuple(dropped)),
        Dimension(POOLING, ways),
        Dimension(TAU, tuple(dict.fromkeys((model.tau2, *(taus if by_variance else ()))))),
        Dimension(
            INTERVAL,
            tuple(dict.fromkeys((model.interval, *(asked.interval if by_variance else ())))),
        ),
    )
    found = Space(analysis, varied, dropped, known, dimensions)
    return found if found.varying() else None


def _any(holds: object, sets: Iterable[Sequence[PoolableEffect]]) -> bool:
    assert callable(holds)
    return any(holds(effect) for one in sets for effect in one)


def _ways(own: str, asked: Grid, measures: Iterable[str]) -> Options:
    """Return the ways of pooling that fit one of some measures, that of the analysis first."""
    known = {INVERSE_VARIANCE, *(way for name in measures for way in MEASURES[name].pooling)}
    ways = [way for way in asked.pooling if way in known]
    return tuple(dict.fromkeys((own, *ways)))


def _priors(
    analysis: Analysis, measure: str, asked: Grid, studies: Sequence[StudyRow]
) -> dict[str, TauPrior]:
    """Return the priors of tau that are asked for, on the scale of a measure, by their options."""
    of = replace(analysis, select=replace(analysis.select, measure=measure))
    found = priors(of, studies) if asked.priors else []
    words = [*(["published"] if len(found) > len(SWEEP) else []), *map(str, SWEEP)]
    known = dict(zip(words, found, strict=False))
    return {PRIOR + word: known[word] for word in asked.priors if word in known}


def _of_data(analysis: Analysis, options: Sequence[Variant]) -> Dimension:
    """Return a dimension of data, named by its keys; that of one choice that narrows by itself."""
    keys = frozenset.union(*(grid.touched(analysis.select, v.select) for v in options))
    narrows = all(grid.changed(analysis.select, v.select) == {"narrow"} for v in options)
    name = options[0].name if narrows and len(options) == 1 else ", ".join(sorted(keys))
    return Dimension(name, (AS_ASKED, *(v.name for v in options)))


def _dropped(
    varied: Grid, labels: Mapping[str, str], judged: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Return the trials that each set of trials leaves out, by the name of the set.

    `judged` are those that sets by judgement leave out.
    """
    found: dict[str, frozenset[str]] = {ALL: frozenset()}
    for name, trials in judged.items():
        gone = trials & labels.keys()
        if name in varied.trials and gone and len(labels) - len(gone) > 1:
            found[name] = gone
    if WITHOUT_EACH in varied.trials and len(labels) > 2:
        shared = Counter(labels.values())
        for trial, label in labels.items():
            told = f"without {label}"
            if shared[label] > 1 or told in judged:
                told += f" ({trial})"
            found[told] = frozenset({trial})
    return found
