"""Pooled results as they are read: with their verdict, their certainty and what matters of them."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields

from ketameta.configuration import Thresholds
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import SubgroupRow, SynthesisRow


@dataclass(frozen=True, kw_only=True)
class Rated(Estimate):
    """A pooled estimate with what is said of it and what it is held against.

    `certainty` is the lower end of its level, `certainty_best` the upper one, `certainty_reason`
    the rule that weighs most in a few words; None where none is recorded. `worthwhile` are the
    smallest worthwhile effects below and above no effect, `populations` those that carry enough of
    the weight; `more_is_better` says that more of what is pooled is. An analysis that the
    configuration has no more has no certainty and no `limits`.
    """

    __slots__ = ()

    favours: str | None
    verdict: str
    certainty: str | None = None
    certainty_best: str | None = None
    certainty_reason: str | None = None
    worthwhile: Bounds | None = None
    populations: tuple[str, ...] = ()
    limits: Thresholds | None = None
    more_is_better: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedSynthesis(Rated, SynthesisRow):
    """One analysis with its verdict and certainty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedGroup(Rated, SubgroupRow):
    """One group of a split, held against what its analysis is.

    Verdict and certainty are those of `rated_in`: the analysis of its trials alone where there is
    one of the same result, else the whole.
    """

    rated_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedResult:
    """What a release records of a synthesis, and what is compared of two.

    How the estimate was made (`engine`, `tau2_by`, `rule`), its verdict and certainty are None
    where the record of an older release lacks them. A verdict follows from the numbers; a certainty
    that is not recorded stays unknown.
    """

    analysis: str
    measure: str
    k: int
    n: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    estimate_log: float | None
    se: float | None
    tau2: float | None
    i2: float | None
    pi_low: float | None
    pi_high: float | None
    favours: str | None
    engine: str | None = None
    tau2_by: str | None = None
    rule: str | None = None
    verdict: str | None = None
    certainty: str | None = None
    certainty_best: str | None = None


# what every record has; older ones lack the rest
COMPARED = tuple(f.name for f in fields(RecordedResult) if f.default is MISSING)


def result_of(row: SynthesisRow) -> RecordedResult:
    """Return what is recorded and compared of a synthesis; of one that is not rated no more."""
    names = (f.name for f in fields(RecordedResult))
    return RecordedResult(**{name: getattr(row, name) for name in names if hasattr(row, name)})
