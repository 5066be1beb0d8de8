"""How precise a result is: its interval beside the smallest worthwhile effect, then its size.

Zeng 2022, J Clin Epidemiol 150:216 (GRADE guidance 34): the interval of the absolute effect comes
first; the information size counts where an effect is too large to be trusted from few people.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ketameta.configuration import Thresholds
from ketameta.evidence.ratings import (
    CertaintyRule,
    Evidence,
    Rating,
    crossed,
    fired,
    is_share,
    points_off,
)
from ketameta.measures import MEASURES
from ketameta.synthesize.worthwhile import Bounds, control_spread
from ketameta.tables.syntheses import AbsoluteRow, StudyRow, SynthesisRow

DOMAIN = "imprecision"
_OF_COMPARISONS, _OF_SHARES = ("Zeng 2022", "Guyatt 2011"), ("Iorio 2015", "Guyatt 2023")

NO_INTERVAL = CertaintyRule(
    "no-interval",
    DOMAIN,
    "2",
    "There is no interval.",
    "there is no interval",
    _OF_COMPARISONS,
)
CROSSED_BOTH = CertaintyRule(
    "crossed-both",
    DOMAIN,
    "2",
    "The interval holds a worthwhile effect on both sides of no difference. Worthwhile "
    "are: of events a difference of risks of {worthwhile_risk} at the typical control risk "
    "(where none is known, a ratio of {worthwhile_ratio} or its inverse), of scores the "
    "minimal important difference of the scale, else {worthwhile_smd} of a standard "
    "deviation.",
    "worthwhile benefit and worthwhile harm are both left open",
    _OF_COMPARISONS,
)
CROSSED = CertaintyRule(
    "crossed",
    DOMAIN,
    "1, with too little information 2",
    "The interval holds a worthwhile effect on one side, and smaller ones or none: whether "
    "the effect is worthwhile is left open.",
    "whether the effect is worthwhile is left open",
    _OF_COMPARISONS,
)
SCARCE = CertaintyRule(
    "scarce",
    DOMAIN,
    "2",
    "The effect is large (a ratio of {large_ratio} or its inverse and beyond, "
    "or {large_smd} standard deviations) or the interval very wide (a ratio's ends "
    "{wide_ratio} times apart, of scores {large_smd} standard deviations), and there are "
    "fewer than {scarce} × {events} events (of scores, {scarce} × {people} people).",
    "very few people or events for so large or so uncertain an effect",
    _OF_COMPARISONS,
)
WIDE = CertaintyRule(
    "wide",
    DOMAIN,
    "1",
    "The upper end of a ratio is {wide_ratio} times its lower end or more.",
    "the ends of the interval lie far apart",
    _OF_COMPARISONS,
)
SHORT = CertaintyRule(
    "short",
    DOMAIN,
    "1",
    "The effect is large or the interval of scores very wide, as above, and there are "
    "fewer than {short} × {events} events (of scores, {short} × {people} people). Short of "
    "the whole number is no reason: it is a rule of thumb, and no cliff.",
    "few people or events for so large an effect",
    _OF_COMPARISONS,
)
POINTS_TWICE = CertaintyRule(
    "points-twice",
    DOMAIN,
    "2",
    "Of a share or a fall in the people treated: the interval reaches more than twice "
    "{worthwhile_points} points from the pooled value.",
    "the interval is very wide",
    _OF_SHARES,
)
FEW_POINTS = CertaintyRule(
    "points",
    DOMAIN,
    "1",
    "Of a share or a fall in the people treated: the interval reaches more than "
    "{worthwhile_points} points from the pooled value.",
    "the interval is wide",
    _OF_SHARES,
)


@dataclass(frozen=True, slots=True)
class Information:
    """How much there is, of `what` (event or person), and the size that one sound trial has."""

    number: float
    size: float
    what: str


@dataclass(frozen=True, slots=True)
class Imprecision:
    """What imprecision is rated by; of a share its interval alone.

    `opened` are the levels that the interval costs, `apart` how far its ends are (of a ratio the
    upper over the lower), `large` and `wide` whether effect and interval ask for information.
    """

    record: SynthesisRow
    bounds: Bounds | None = None
    risk: AbsoluteRow | None = None
    information: Information | None = None
    opened: int = 0
    apart: float | None = None
    large: bool = False
    wide: bool = False


def imprecision(
    evidence: Evidence, bounds: Bounds | None, limits: Thresholds
) -> Rating[Imprecision]:
    """Rate imprecision by what the interval leaves open, then by how much information there is.

    The interval of the effect, absolute where it can be: a worthwhile effect on one side in it
    costs a level, on both sides two. Information counts where the effect is implausibly large or
    the ends of the interval lie far apart: far fewer events (or people) than one sound trial needs
    cost one, a fraction of that two. An interval that is open and too little information cost two.
    """
    record = evidence.record
    if is_share(record):
        return _of_share(record, limits)
    opened, leaves = _open(record, bounds)
    known = _information(record, evidence.studies, limits)
    number, size = known.number, known.size
    apart, large = _ends_apart(record), _large(evidence, limits)
    wide = _is_wide(evidence, apart, limits)
    # of a ratio the ends themselves say that the information is too little
    ratio = wide and MEASURES[record.measure].is_ratio
    short = 0
    if wide or large:
        few = ratio or number < limits.short * size
        short = 2 if number < limits.scarce * size else int(few)
    little = fired(
        SCARCE if short == 2 else None,
        WIDE if ratio else None,
        SHORT if short == 1 and number < limits.short * size else None,
    )
    levels = -2 if opened and short else -max(opened, short)
    rules = (*little, *fired(leaves)) if short > opened else (*fired(leaves), *little)
    risk = next(iter(evidence.risks), None)
    facts = Imprecision(record, bounds, risk, known, opened, apart, large, wide)
    return Rating(DOMAIN, levels, levels, True, rules, facts)


def _of_share(record: SynthesisRow, limits: Thresholds) -> Rating[Imprecision]:
    """Rate a share by how far its interval reaches from it, in points; no size is asked for."""
    facts = Imprecision(record)
    low, high = record.ci_low, record.ci_high
    if low is None or high is None:
        return Rating(DOMAIN, -2, -2, True, (NO_INTERVAL,), facts)
    off = points_off(record, low, high)
    if off > 2 * limits.worthwhile_points:
        return Rating(DOMAIN, -2, -2, True, (POINTS_TWICE,), facts)
    far = off > limits.worthwhile_points
    return Rating(DOMAIN, -int(far), -int(far), True, (FEW_POINTS,) * far, facts)


def _open(record: SynthesisRow, bounds: Bounds | None) -> tuple[int, CertaintyRule | None]:
    """Say how many levels an interval costs by what it leaves open, and by which rule."""
    low, high = record.ci_low, record.ci_high
    if low is None or high is None:
        return 2, NO_INTERVAL
    if bounds is None:
        # without a known worthwhile effect none is excluded
        around = low <= MEASURES[record.measure].no_effect <= high
        return int(around), CROSSED if around else None
    found = crossed(low, high, bounds)
    return found, (None, CROSSED, CROSSED_BOTH)[found]


def _information(
    record: SynthesisRow, studies: Sequence[StudyRow], limits: Thresholds
) -> Information:
    """Count events, or people where some trial gives no events."""
    events = [number for s in studies for number in (s.events_t, s.events_c)]
    known = [number for number in events if number is not None]
    if MEASURES[record.measure].compares_events and len(known) == len(events):
        return Information(sum(known), limits.events, "event")
    return Information(record.n, limits.people, "person")


def _ends_apart(record: SynthesisRow) -> float | None:
    """Return the upper end of a ratio over its lower, of a difference the width of the interval."""
    low, high = record.ci_low, record.ci_high
    if low is None or high is None:
        return None
    if not MEASURES[record.measure].is_ratio:
        return float(high - low)
    return float(high / low) if low else math.inf


def _is_wide(evidence: Evidence, apart: float | None, limits: Thresholds) -> bool:
    """Say whether the ends lie far apart: of a ratio its own threshold, of scores a large effect.

    An SMD of 400 people has an interval 0.4 wide, one of 100 people 0.8.
    """
    measure = MEASURES[evidence.record.measure]
    if apart is None:
        return False
    if measure.is_ratio:
        return apart >= limits.wide_ratio
    if measure.counts:
        return False
    unit = _unit(evidence)
    return unit is not None and apart >= limits.large_smd * unit


def _unit(evidence: Evidence) -> float | None:
    """Return a standard deviation on the scale of a difference of scores; None where unknown."""
    standardised = MEASURES[evidence.record.measure].is_standardised
    return 1.0 if standardised else control_spread(evidence.studies)


def _large(evidence: Evidence, limits: Thresholds) -> bool:
    """Say whether an effect is larger than is plausible: a ratio, or a score in SDs."""
    estimate, measure = evidence.record.estimate, MEASURES[evidence.record.measure]
    assert estimate is not None
    if measure.in_points or measure.is_standardised:
        unit = _unit(evidence)
        return unit is not None and abs(estimate) >= limits.large_smd * unit
    ratio = estimate
    if not measure.is_ratio:
        if not evidence.risks or not evidence.risks[0].control_risk:
            return False
        ratio = evidence.risks[0].treated_risk / evidence.risks[0].control_risk
    return ratio <= 1 / limits.large_ratio or ratio >= limits.large_ratio
