"""What the domains of certainty have in common: a rating, and the weight that trials carry."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ketameta.measures import MEASURES
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.diagnostics import AsymmetryRow, JudgementRow
from ketameta.tables.effects import MissingResultRow
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import (
    AbsoluteRow,
    SensitivityRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one analysis is rated from: its rows of the tables of the synthesis.

    `risks` are those of the table absolute, the typical control risk first. `bound` is the
    synthesis with every known missing result taken as no effect; None where none is known.
    """

    record: SynthesisRow
    studies: Sequence[StudyRow] = ()
    judgements: Sequence[JudgementRow] = ()
    asymmetry: AsymmetryRow | None = None
    risks: Sequence[AbsoluteRow] = ()
    splits: Sequence[SplitRow] = ()
    subgroups: Sequence[SubgroupRow] = ()
    missing: Sequence[MissingResultRow] = ()
    bound: SensitivityRow | None = None


@dataclass(frozen=True, slots=True)
class CertaintyRule:
    """One rule: its domain, the levels that it takes, when, and as one reason in a few words.

    It stands in the module of its domain, before the function that decides by it. `when` names
    thresholds in braces; `sources` are short names of `report.references`.
    """

    name: str
    domain: str
    levels: str
    when: str
    short: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rating(Generic[Facts]):
    """One domain: levels taken away (0, -1, -2) at the worst and at the best, and why.

    The two differ where judgements are missing. `rules` are those that fired, the weightiest first.
    `judged` is false where the data do not allow a rating: 0 then means unknown, not good.
    """

    domain: str
    rating: int
    best: int
    judged: bool
    rules: tuple[CertaintyRule, ...]
    facts: Facts

    @property
    def rule(self) -> str:
        """The name of the rule that decided; empty where none fired."""
        return self.rules[0].name if self.rules else ""

    @property
    def reason(self) -> str:
        """That rule in a few words; empty where none fired."""
        return self.rules[0].short if self.rules else ""


def fired(*rules: CertaintyRule | None) -> tuple[CertaintyRule, ...]:
    """Return the rules that fired, in their order."""
    return tuple(rule for rule in rules if rule is not None)


def shares_of(studies: Sequence[StudyRow], key: Callable[[StudyRow], str]) -> dict[str, float]:
    """Return per cent of the weight by a column; where nothing is weighted, effects count alike."""
    weights = [study.weight for study in studies if study.weight is not None]
    if len(weights) < len(studies):
        weights = [1.0] * len(studies)
    found: dict[str, float] = defaultdict(float)
    for study, weight in zip(studies, weights, strict=True):
        found[key(study) or ""] += weight
    total = math.fsum(found.values())
    return {name: 100 * weight / total for name, weight in found.items()}


def is_share(record: Estimate) -> bool:
    """Say whether a result is of treated arms alone: a share or a fall, and no comparison."""
    return not MEASURES[record.measure].compares


def points_off(record: Estimate, *values: float) -> float:
    """Return how far the furthest of some values of a share lies from the estimate, in points."""
    scale, estimate = MEASURES[record.measure].factor, record.estimate
    assert estimate is not None
    return float(scale * max(abs(value - estimate) for value in values))


def zone(value: float, bounds: Bounds) -> int:
    """Say on which side of no effect a value is worthwhile: -1 or 1, and 0 where on neither."""
    return (value >= bounds[1]) - (value <= bounds[0])


def crossed(low: float, high: float, bounds: Bounds) -> int:
    """Count the worthwhile effects, below and above no effect, that lie in an interval.

    An interval that ends at one, and lies wholly beyond it, does not hold it.
    """
    return (low <= bounds[0] < high) + (low < bounds[1] <= high)
