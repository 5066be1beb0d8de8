"""Verdicts on a claim, and the rules for one comparison: a benefit, no harm, no need.

Every comparison is made on a scale on which more is better for the patient and no effect is 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ketameta.measures import MEASURES

Record = dict[str, Any]

SUPPORTED, SMALLER = "supported", "supported, smaller than claimed"
OVERSTATED, CONTRADICTED = "overstated", "contradicted"
MIXED, NOT_SHOWN = "mixed", "not shown"
TOO_FEW, CANNOT = "too few data", "trials cannot test it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word of the list claim_verdicts, the rule that gave it, and what it went by.

    `facts` of a mixed verdict hold `by` (what it differs by) and `which` (pairs of name and word).
    """

    word: str
    because: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """A pooled effect, more being better and 0 none; `least` is the smallest worthwhile one.

    `harm` is the smallest harm that matters, below 0. Both are infinite where unknown: then no
    benefit and no harm is ever excluded.
    """

    estimate: float
    low: float
    high: float
    least: float
    harm: float

    @property
    def mirrored(self) -> Effect:
        """The same with treatment and control the other way round."""
        return Effect(-self.estimate, -self.high, -self.low, -self.harm, -self.least)


def oriented(record: Record) -> Effect:
    """Return the effect of a comparison with more being better for the patient."""
    measure = MEASURES[record["measure"]]
    sign = 1 if record["favours"] == "above" else -1

    def place(value: float | None, missing: float) -> float:
        if value is None:
            return missing
        if measure.is_ratio:
            return sign * (math.log(value) if value > 0 else -math.inf)
        return sign * (value - measure.no_effect)

    ends = (place(record["ci_low"], -sign * math.inf), place(record["ci_high"], sign * math.inf))
    bounds = record["worthwhile"]
    worth = [place(bound, 0.0) for bound in bounds] if bounds else [-math.inf, math.inf]
    estimate = place(record["estimate"], 0.0)
    return Effect(estimate, min(ends), max(ends), least=max(worth), harm=min(worth))


def benefit(effect: Effect) -> Verdict:
    """Judge that treatment does better than control.

    An interval on the better side supports it, as smaller than claimed where the estimate is below
    the smallest worthwhile effect. One on the other side, or one that excludes every worthwhile
    benefit, contradicts it. Between the two it is not shown; where worthwhile benefit and harm are
    both left open the data are too few.
    """
    if effect.low > 0:
        small = effect.least != math.inf and effect.estimate < effect.least
        return Verdict(SMALLER, "small") if small else Verdict(SUPPORTED, "better")
    if effect.high < 0:
        return Verdict(CONTRADICTED, "opposite")
    if effect.high < effect.least and effect.least != math.inf:
        return Verdict(CONTRADICTED, "little")
    return _open(effect)


def no_worse(effect: Effect) -> Verdict:
    """Judge that treatment does no worse: a harm that matters must be excluded, not only unproven.

    A harm that is shown contradicts it; one whose estimate is too small to matter leaves it
    overstated.
    """
    if effect.high < 0:
        small = effect.harm != -math.inf and effect.estimate > effect.harm
        return Verdict(OVERSTATED, "little worse") if small else Verdict(CONTRADICTED, "worse")
    if effect.low > 0:
        return Verdict(SUPPORTED, "better")
    if effect.low > effect.harm and effect.harm != -math.inf:
        return Verdict(SUPPORTED, "no worse")
    return _open(effect)


def no_better(effect: Effect) -> Verdict:
    """Judge that people do as well without treatment: the claim of no harm, mirrored."""
    found = no_worse(effect.mirrored)
    return Verdict(found.word, f"without: {found.because}")


def _open(effect: Effect) -> Verdict:
    """Judge an interval that leaves the claim open: by whether it leaves the contrary open too."""
    if effect.low <= effect.harm and effect.high >= effect.least:
        return Verdict(TOO_FEW, "both open")
    if math.inf in (effect.least, -effect.harm):
        return Verdict(TOO_FEW, "both open")
    return Verdict(NOT_SHOWN, "open")
