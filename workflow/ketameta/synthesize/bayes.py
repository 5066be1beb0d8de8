"""The pooled result where the spread between trials has a prior: few trials say little of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from operator import attrgetter

import numpy as np

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES, Measure
from ketameta.stats import TauPrior, half_cauchy, half_normal, log_normal, log_t
from ketameta.stats.numerics.mixtures import Mixture
from ketameta.stats.univariate.bayes import Posterior
from ketameta.synthesize.pool import independent
from ketameta.synthesize.words import spread_of
from ketameta.synthesize.worthwhile import Bounds, control_spread
from ketameta.tables.bayes import PosteriorRow, ShrunkenRow
from ketameta.tables.effects import EffectRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow

# for log ratios and differences in standard deviations: Röver 2021, Research Synthesis Methods
# 12:448, takes half-normal(0.5) for a spread from small to large, twice that for very large ones
SWEEP = (half_normal(0.5), half_normal(1.0), half_cauchy(0.5))
_OTHER: dict[str | None, str] = {"above": "below", "below": "above"}


def priors(analysis: Analysis, studies: Sequence[StudyRow]) -> list[TauPrior]:
    """Return the priors of tau for the analysis scale; none where none is known.

    The first is what earlier reviews found of such trials, where the vocabulary tells that. Those
    of a difference in points are those of standard deviations times the median SD of the control
    arms: the published inconsistency of the two is much the same (Rhodes 2016, Research Synthesis
    Methods 7:346). Differences of risks and treated arms alone have none.
    """
    measure = MEASURES[analysis.select.measure]
    unit = unit_of(measure, studies)
    if unit is None:
        return []
    swept = [TauPrior(prior.kind, prior.scale * unit) for prior in SWEEP]
    found = spread_of(analysis)
    if found is None:
        return swept
    spread, (location, scale) = found
    make = {"log-normal": log_normal, "log-t": log_t}[spread.kind]
    return [make(location + 2 * log(unit), scale), *swept]


def unit_of(measure: Measure, studies: Sequence[StudyRow]) -> float | None:
    """Return what a log ratio or a standard deviation is on the analysis scale; None if none."""
    if not measure.compares or measure.of_means:
        return None
    if measure.is_ratio or measure.is_standardised:
        return 1.0
    return control_spread(studies) if measure.in_points else None


def posteriors(
    analysis: Analysis,
    record: SynthesisRow,
    effects: Sequence[EffectRow],
    studies: Sequence[StudyRow],
    bounds: Bounds | None,
) -> tuple[list[PosteriorRow], list[ShrunkenRow]]:
    """Return the analysis under each prior of tau, and its trials drawn to the mean by the first.

    Of analyses that are pooled, of effects that do not depend on each other. `bounds` are the
    smallest worthwhile effects, on the natural scale.
    """
    if record.estimate is None or len(effects) < 2 or not independent(effects):
        return [], []
    yi, vi = (np.array([*map(attrgetter(name), effects)]) for name in ("yi", "vi"))
    rows, shrunken = [], []
    for i, prior in enumerate(priors(analysis, studies)):
        found = Posterior(yi, vi, prior)
        rows.append(_row(analysis, record, found, prior, prior.of_square, bounds))
        if i == 0:
            shrunken = _shrunken(analysis, effects, found)
    return rows, shrunken


def _row(
    analysis: Analysis,
    record: SynthesisRow,
    found: Posterior,
    prior: TauPrior,
    published: bool,
    bounds: Bounds | None,
) -> PosteriorRow:
    measure = MEASURES[analysis.select.measure]
    back, mu, level = measure.transform.back, found.mu, analysis.model.level
    (low, high), (new_low, new_high) = mu.shortest(level), found.new.shortest(level)
    return PosteriorRow(
        analysis=analysis.name,
        prior=str(prior),
        published=published,
        estimate=back(mu.quantile(0.5)),
        low=back(low),
        high=back(high),
        new_low=back(new_low),
        new_high=back(new_high),
        tau=found.tau_quantile(0.5),
        benefit=_beyond(measure, mu, record.favours, (measure.no_effect, measure.no_effect)),
        worthwhile=_beyond(measure, mu, record.favours, bounds),
        harmful=_beyond(measure, mu, _OTHER.get(record.favours), bounds),
    )


def _beyond(measure: Measure, mu: Mixture, side: str | None, bounds: Bounds | None) -> float | None:
    """Return the probability that the mean effect lies beyond the bound on a side."""
    if side is None or bounds is None:
        return None
    bound = bounds[side == "above"]
    if measure.is_ratio:
        if bound <= 0:
            return 0.0
        bound = log(bound)
    return mu.above(bound) if side == "above" else mu.cdf(bound)


def _shrunken(
    analysis: Analysis, effects: Sequence[EffectRow], found: Posterior
) -> list[ShrunkenRow]:
    back = MEASURES[analysis.select.measure].transform.back
    told = zip(*found.studies().intervals(analysis.model.level), strict=True)
    return [
        ShrunkenRow(
            analysis=analysis.name,
            trial_id=effect.trial_id,
            comparison=effect.comparison,
            label=effect.label,
            estimate=back(float(middle)),
            low=back(float(low)),
            high=back(float(high)),
        )
        for effect, (middle, low, high) in zip(effects, told, strict=True)
    ]
