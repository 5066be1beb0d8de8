"""The specifications of an analysis: what varies, which options there are, and what one is called.

A specification is one option of each dimension: choices of data, sets of trials, the estimator of
tau² and the rule of the interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

from ketameta.configuration import Analysis, Variant
from ketameta.configuration.models import Grid
from ketameta.measures import INVERSE_VARIANCE, MEASURES
from ketameta.normalize import grid
from ketameta.synthesize.pool import way_of
from ketameta.synthesize.words import TRIALS
from ketameta.tables.diagnostics import JudgementRow
from ketameta.tables.parts import PoolableEffect

AS_ASKED, ALL = "as asked", "all trials"
TAU2, INTERVAL = "estimator of tau²", "rule of the interval"
WITHOUT_HIGH, WITHOUT_EACH = "without high risk of bias", "without each trial"


@dataclass(frozen=True, slots=True)
class Dimension:
    """What varies, and its options by name, that of the analysis first."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """All that an analysis varies.

    `data` are the choices of data, a list a dimension; `dropped` the trials that each set of trials
    leaves out, by the name of the set; `dimensions` all, those of data first, then trials,
    estimator and rule; one of a single option varies nothing.
    """

    data: Sequence[Sequence[Variant]]
    dropped: Mapping[str, frozenset[str]]
    dimensions: tuple[Dimension, ...]

    def varied(self) -> tuple[Dimension, ...]:
        """Return the dimensions of more than one option."""
        return tuple(d for d in self.dimensions if len(d.options) > 1)

    def all(self) -> Iterator[tuple[str, ...]]:
        """Yield every specification, the analysis itself first, the last dimension fastest."""
        return product(*(d.options for d in self.dimensions))

    def identity(self, options: Sequence[str]) -> str:
        """Return the id of a specification: ten hexadecimal digits, a digest of what it says.

        Options of the analysis itself are not part of it: another dimension, option or trial
        changes no id of before. Of 20,000 specifications two share one once in 5,000 analyses.
        """
        said = sorted(
            f"{d.name}: {option}"
            for d, option in zip(self.dimensions, options, strict=True)
            if option != d.options[0]
        )
        return blake2b("\n".join(said).encode(), digest_size=5).hexdigest()

    def with_identity(self, identity: str) -> list[tuple[str, ...]]:
        """Return the specifications whose id starts with some digits."""
        return [one for one in self.all() if self.identity(one).startswith(identity)]

    def combination(self, options: Sequence[str]) -> grid.Combination:
        """Return the choices of data in a specification."""
        chosen = zip(self.data, options, strict=False)
        return tuple(v for one, option in chosen for v in one if v.name == option)


def space_of(
    analysis: Analysis,
    effects: Sequence[PoolableEffect],
    alone: Mapping[str, Sequence[PoolableEffect]],
    labels: Mapping[str, str],
    judgements: Sequence[JudgementRow],
) -> Space | None:
    """Return what an analysis varies; None where it varies nothing, or cannot.

    `alone` are its effects under other choices of data by name, `labels` the trials in it.
    Effects that share a control, counts pooled as such, and shares of one group do not vary.
    """
    varied, measure = analysis.grid, MEASURES[analysis.select.measure]
    by_variance = way_of(measure.name, analysis.model) == INVERSE_VARIANCE
    if varied is None or not measure.compares or not by_variance or len(effects) < 2:
        return None
    if any(effect.shared for effect in effects):
        return None
    data = grid.of(analysis, effects, alone)
    dropped = _dropped(varied, labels, judgements)
    model = analysis.model
    found = Space(
        data,
        dropped,
        (
            *(
                Dimension(_name_of(analysis, one), (AS_ASKED, *(v.name for v in one)))
                for one in data
            ),
            Dimension(TRIALS, tuple(dropped)),
            Dimension(TAU2, tuple(dict.fromkeys((model.tau2, *varied.tau2)))),
            Dimension(INTERVAL, tuple(dict.fromkeys((model.interval, *varied.interval)))),
        ),
    )
    return found if found.varied() else None


def _name_of(analysis: Analysis, options: Sequence[Variant]) -> str:
    """Name a dimension of data by the keys that its choices change; one that narrows by itself."""
    keys = grid.changed(analysis.select, options[0].select)
    return options[0].name if keys == {"narrow"} else ", ".join(sorted(keys))


def _dropped(
    varied: Grid, labels: Mapping[str, str], judgements: Sequence[JudgementRow]
) -> dict[str, frozenset[str]]:
    """Return the trials that each set of trials leaves out, by the name of the set."""
    found: dict[str, frozenset[str]] = {ALL: frozenset()}
    if WITHOUT_HIGH in varied.trials:
        high = {j.trial_id for j in judgements if j.judgement == "high"} & labels.keys()
        if high and len(labels) - len(high) > 1:
            found[WITHOUT_HIGH] = frozenset(high)
    if WITHOUT_EACH in varied.trials and len(labels) > 2:
        shared = Counter(labels.values())
        for trial, label in labels.items():
            said = label if shared[label] == 1 else f"{label} ({trial})"
            found[f"without {said}"] = frozenset({trial})
    return found
