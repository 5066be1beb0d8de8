"""A pooled result had the people whose outcome is missing fared otherwise than the observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.stats import (
    gamble_hollis,
    informative_difference,
    informative_missing,
    random_effects,
)
from ketameta.stats.sensitivity.fragility import MEASURES as MOVABLE
from ketameta.stats.univariate.results import RandomEffects
from ketameta.synthesize.bayes import unit_of
from ketameta.synthesize.diagnose import column
from ketameta.synthesize.pool import finite_or_none, independent
from ketameta.synthesize.what_if import Options, options_of, places, plain_counts, runs
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.collection import Tables
from ketameta.tables.effects import EffectRow
from ketameta.tables.missing_outcomes import AssumedFieldRow, AssumedRow, LossRow, TurningRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import Row

Array = NDArray[np.float64]
# the tables of what is found here
KINDS: tuple[type[Row], ...] = (LossRow, AssumedRow, TurningRow, AssumedFieldRow)

# Of events differences are logs of IMORs, of scores standard deviations, above 0 where the missing
# fared better. The picture reaches to five times the odds, or one standard deviation.
_SIDE = {True: log(5), False: 1.0}
_STEPS = 9
# and the search for a turning point to a hundred times the odds, or five standard deviations
_REACH = {True: log(100), False: 5.0}
_TRIED, _FINER = 40, 50
# odds so far apart that all or none of the missing have the event
_ALL = 25.0
# who differs, and by how much where the first does by 1
_WHOSE = {"treated": (1, 0), "control": (0, 1), "both": (1, 1), "opposed": (1, -1)}


@dataclass(frozen=True, slots=True)
class _Trials:
    """The effects, and who is missing: arrays of shape (k,).

    `counts` are events and people whose outcome is known, in either group. Where `of_events` is
    not true a difference of 1 is `unit` on the analysis scale.
    """

    measure: str
    yi: Array
    vi: Array
    counts: Sequence[Array]
    missing: tuple[Array, Array]
    varied: NDArray[np.bool_]
    of_events: bool
    unit: float
    options: Options

    def known(self) -> dict[str, Array]:
        """Return people known and missing by the names that `stats` has for them."""
        names = ("ai", "n1i", "ci", "n2i", "m1i", "m2i")
        return {
            name: np.where(self.varied, x, 1.0)
            for name, x in zip(names, (*self.counts, *self.missing), strict=True)
        }

    def pooled(self, treated: Array, control: Array, spread: float = 0.0) -> RandomEffects:
        """Pool under n assumptions at once, shapes (n,)."""
        known, t, c = self.known(), np.asarray(treated)[:, None], np.asarray(control)[:, None]
        if self.of_events:
            known |= {"imor_treated": np.exp(t), "imor_control": np.exp(c)}
            found = informative_missing(self.measure, **known, sd_log_imor=spread)
            return self.fit(np.asarray(found.yi), np.asarray(found.vi))
        people = {name: known[name] for name in ("n1i", "n2i", "m1i", "m2i")}
        people |= {"treated": t * self.unit, "control": c * self.unit}
        sd = spread * abs(self.unit)
        return self.fit(*informative_difference(self.yi, self.vi, **people, sd=sd))

    def fit(self, yi: Array, vi: Array) -> RandomEffects:
        """Pool effects of those that are varied, the others as they are."""
        y, v = np.where(self.varied, yi, self.yi), np.where(self.varied, vi, self.vi)
        return random_effects(y, v, **self.options, tau2_interval=None)


def missing_outcomes(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    studies: Sequence[StudyRow],
    bounds: Bounds | None,
) -> Tables:
    """Return who is missing, and what a pooled analysis were if they had fared otherwise.

    Of events and of scores that are compared; pooled by inverse variance. Not of a narrowed
    analysis, nor of effects that share a control. Trials that do not tell how many were randomised
    to each arm stay as they are. `bounds` are the smallest worthwhile effects, natural scale.
    """
    measure = MEASURES[analysis.select.measure]
    of_events = measure.name in MOVABLE
    scores = measure.in_points or measure.is_standardised
    unit = 1.0 if of_events else unit_of(measure, studies) if scores else None
    pooled = record.estimate is not None and len(effects) > 1 and independent(effects)
    if analysis.narrow or not pooled or unit is None:
        return _found([])
    yi, vi = column(e.yi for e in effects), column(e.vi for e in effects)
    counts, plain = plain_counts(measure.name, effects) if of_events else (_sizes(effects), None)
    losses = [_loss(effect, plain is None or bool(plain[i])) for i, effect in enumerate(effects)]
    varied = np.array([not row.fixed for row in losses])
    lost = tuple(
        column(getattr(row, name) for row in losses) for name in ("missing_t", "missing_c")
    )
    if not (varied & (lost[0] + lost[1] > 0)).any():
        return _found(losses)
    turn = -1.0 if record.favours == "below" and not of_events else 1.0
    options = options_of(analysis)
    trials = _Trials(
        measure.name, yi, vi, counts, (lost[0], lost[1]), varied, of_events, turn * unit, options
    )
    assumed = [*_assumed(analysis, record, trials)]
    turning = [*_turning(analysis, trials)]
    return _found(losses, assumed, turning, [*_fields(analysis, trials, bounds)])


def _found(*rows: Sequence[Row]) -> Tables:
    """Return rows of the first of `KINDS`, and none of the others."""
    return Tables(dict(zip(KINDS, (*rows, (), (), ()), strict=False)))


def _sizes(effects: Sequence[EffectRow]) -> list[Array]:
    """Return people of both groups in the places that they have among counts."""
    none = np.full(len(effects), np.nan)
    return [none, column(e.n_t for e in effects), none, column(e.n_c for e in effects)]


def _loss(effect: EffectRow, plain: bool) -> LossRow:
    """Return who is missing of a trial, and why it cannot be varied."""
    pairs = ((effect.randomised_t, effect.n_t), (effect.randomised_c, effect.n_c))
    lost = [None if r is None or n is None else round(r - n, 6) for r, n in pairs]
    told = [x for x in lost if x is not None]
    fixed = ""
    if len(told) < 2:
        fixed = "crossover" if effect.design == "crossover" else "not told"
    elif min(told) < 0:
        fixed = "more than randomised"
    elif not plain:
        fixed = "not of counts"
    return LossRow(
        analysis=effect.analysis,
        trial_id=effect.trial_id,
        comparison=effect.comparison,
        label=effect.label,
        randomised_t=effect.randomised_t,
        randomised_c=effect.randomised_c,
        missing_t=lost[0],
        missing_c=lost[1],
        fixed=fixed,
    )


def _assumptions(of_events: bool, favours: str | None) -> Mapping[str, tuple[float, float, float]]:
    """Return what is assumed of the treated, of control, and the spread, by name."""
    if not of_events:
        return {
            "at random": (0, 0, 0),
            "half a standard deviation worse": (-0.5, -0.5, 0),
            "treated half a standard deviation worse": (-0.5, 0, 0),
            "control half a standard deviation worse": (0, -0.5, 0),
            "uncertain": (0, 0, 0.5),
        }
    good = -_ALL if favours == "below" else _ALL
    return {
        "at random": (0, 0, 0),
        "none has the event": (-_ALL, -_ALL, 0),
        "all have the event": (_ALL, _ALL, 0),
        "half the odds": (-log(2), -log(2), 0),
        "twice the odds": (log(2), log(2), 0),
        "best case": (good, -good, 0),
        "worst case": (-good, good, 0),
        "uncertain": (0, 0, 1),
    }


def _assumed(analysis: Analysis, record: SynthesisRow, trials: _Trials) -> Iterator[AssumedRow]:
    """Yield the result under each assumption; of events by Gamble and Hollis too."""
    every = _assumptions(trials.of_events, record.favours)
    for name, (treated, control, spread) in every.items():
        fit = trials.pooled(np.array([treated]), np.array([control]), spread)
        told = [_told(x, trials.of_events) for x in (treated, control)]
        yield _row(analysis, name, (told[0], told[1]), spread, fit)
    if trials.of_events:
        found = gamble_hollis(trials.measure, **trials.known(), level=analysis.model.level)
        fit = trials.fit(np.asarray(found.yi)[None], np.asarray(found.vi)[None])
        yield _row(analysis, "best and worst of each trial", (None, None), 0.0, fit)


def _told(difference: float, of_events: bool) -> float | None:
    """Return a difference as the tables have it; None for all or none of the missing."""
    if not of_events:
        return float(difference)
    return exp(difference) if abs(difference) < _ALL else None


def _row(
    analysis: Analysis,
    name: str,
    differ: tuple[float | None, float | None],
    spread: float,
    fit: RandomEffects,
) -> AssumedRow:
    natural = MEASURES[analysis.select.measure].natural
    ends = (finite_or_none(float(x[0])) for x in (fit.estimate, fit.ci_low, fit.ci_high))
    estimate, low, high = (natural(x) for x in ends)
    return AssumedRow(
        analysis=analysis.name,
        assumed=name,
        treated=differ[0],
        control=differ[1],
        spread=float(spread),
        estimate=estimate,
        low=low,
        high=high,
    )


def _turning(analysis: Analysis, trials: _Trials) -> Iterator[TurningRow]:
    """Yield, of who may differ, the smallest difference after which the conclusion is another."""
    reach = _REACH[trials.of_events]
    start = bool(_excludes(trials.pooled(np.zeros(1), np.zeros(1)))[0])

    def first(sizes: Array, t: int, c: int) -> tuple[int, float] | None:
        """Return place and value of the first size, either way, that turns it."""
        both = np.stack([sizes, -sizes], axis=1).ravel()
        turned = _excludes(trials.pooled(t * both, c * both)) != start
        found = np.flatnonzero(turned)
        return (int(found[0] // 2), float(both[found[0]])) if found.size else None

    for whose, (t, c) in _WHOSE.items():
        steps = np.linspace(0, reach, _TRIED + 1)
        coarse, at = first(steps[1:], t, c), None
        if coarse is not None:
            place, value = coarse
            finer = np.sign(value) * np.linspace(steps[place], steps[place + 1], _FINER + 1)[1:]
            turned = _excludes(trials.pooled(t * finer, c * finer)) != start
            at = _told(float(finer[int(np.argmax(turned))]), trials.of_events)
        yield TurningRow(
            analysis=analysis.name,
            whose=whose,
            excludes=start,
            at=at,
            reach=exp(reach) if trials.of_events else reach,
        )


def _excludes(fit: RandomEffects) -> NDArray[np.bool_]:
    return np.asarray((np.asarray(fit.ci_low) > 0) | (np.asarray(fit.ci_high) < 0))


def _fields(
    analysis: Analysis, trials: _Trials, bounds: Bounds | None
) -> Iterator[AssumedFieldRow]:
    """Yield ranges of differences with one conclusion; each tried stands for a step about it."""
    side = _SIDE[trials.of_events]
    tried = np.linspace(-side, side, _STEPS)
    half = (tried[1] - tried[0]) / 2
    fit = trials.pooled(np.tile(tried, _STEPS), np.repeat(tried, _STEPS))
    found = places(analysis, np.asarray(fit.ci_low), np.asarray(fit.ci_high), bounds)

    def told(x: float) -> float:
        return exp(x) if trials.of_events else float(x)

    for control, row in zip(tried, found.reshape(_STEPS, _STEPS), strict=True):
        for first, last in runs(row):
            yield AssumedFieldRow(
                analysis=analysis.name,
                control=told(control),
                start=told(tried[first] - half),
                end=told(tried[last] + half),
                place=int(row[first]),
            )
