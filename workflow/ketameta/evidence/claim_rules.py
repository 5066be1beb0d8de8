"""Verdicts on a claim and the rules that give them: a benefit, no harm, no need, a number.

Every comparison is made on a scale on which more is better for people and no effect is 0.
`RULES` says by which rule a claim without a number is judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ketameta.configuration import Thresholds
from ketameta.evidence import directions
from ketameta.evidence.rated import Rated
from ketameta.measures import MEASURES
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.effects import DirectionRow

SUPPORTED, SMALLER = "supported", "supported, smaller than claimed"
OVERSTATED, CONTRADICTED = "overstated", "contradicted"
MIXED, NOT_SHOWN = "mixed", "not shown"
TOO_FEW, CANNOT = "too few data", "trials cannot test it"
BENEFIT, NO_WORSE, NO_BETTER = (
    "favours treatment",
    "no worse than control",
    "no better than control",
)


# why a verdict is given; `report.claim_reasons` has a sentence for each
Reason = Literal[
    "no analysis",
    "no estimate",
    "one small",
    "few directions",
    "directions",
    "no comparison",
    "no direction",
    "none named",
    "other unit",
    "groups",
    "analyses",
    "parts",
    "better",
    "small",
    "no worse",
    "little",
    "open",
    "both open",
    "opposite",
    "worse",
    "little worse",
    "without: worse",
    "without: little worse",
    "without: no worse",
    "without: better",
    "inside",
    "more",
    "near",
    "short",
    "wide",
    "far",
    "control too",
    "curves",
    "no course",
    "no curve",
    "beyond hours",
    "few freedom",
    "grows",
    "holds",
    "fades",
    "fades a little",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointing(DirectionRow):
    """A direction of results, and who its people are where they stand apart (else empty)."""

    apart: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word of the list claim_verdicts, the rule that gave it, and what it went by.

    A mixed one says what it differs `by`, and `which` (name) has which word; `rows` are the
    directions of results, where it went by these.
    """

    word: str
    because: Reason
    by: str = ""
    which: tuple[tuple[str, str], ...] = ()
    rows: tuple[Pointing, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimEffect:
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
    def mirrored(self) -> ClaimEffect:
        """The same with treatment and control the other way round."""
        return ClaimEffect(-self.estimate, -self.high, -self.low, -self.harm, -self.least)


def thresholds(record: Rated) -> Thresholds:
    """Return what a result is held against; claims name analyses of the configuration alone."""
    assert record.limits is not None
    return record.limits


def oriented(record: Rated) -> ClaimEffect:
    """Return the effect of a comparison with more being better for people."""
    told = record.estimate, record.ci_low, record.ci_high
    return placed(record.measure, record.favours, told, record.worthwhile)


def placed(
    name: str,
    favours: str | None,
    told: tuple[float | None, float | None, float | None],
    bounds: Bounds | None,
) -> ClaimEffect:
    """Return an estimate with its interval (natural scale) with more being better for people.

    `favours` is the side of no effect that is better, `bounds` the smallest worthwhile effects.
    """
    measure, (value, start, end) = MEASURES[name], told
    sign = 1 if favours == "above" else -1

    def place(value: float | None, missing: float) -> float:
        if value is None:
            return missing
        if measure.is_ratio:
            return sign * (math.log(value) if value > 0 else -math.inf)
        return sign * (value - measure.no_effect)

    ends = (place(start, -sign * math.inf), place(end, sign * math.inf))
    worth = [place(bound, 0.0) for bound in bounds] if bounds else [-math.inf, math.inf]
    estimate = place(value, 0.0)
    return ClaimEffect(estimate, min(ends), max(ends), least=max(worth), harm=min(worth))


def benefit(effect: ClaimEffect) -> Verdict:
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


def no_worse(effect: ClaimEffect) -> Verdict:
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


def no_better(effect: ClaimEffect) -> Verdict:
    """Judge that people do as well without treatment: the claim of no harm, mirrored.

    What leaves the one open leaves the other open, for the same reason.
    """
    found = no_worse(effect.mirrored)
    return Verdict(found.word, _WITHOUT.get(found.because, found.because))


_WITHOUT: dict[Reason, Reason] = {
    "worse": "without: worse",
    "little worse": "without: little worse",
    "no worse": "without: no worse",
    "better": "without: better",
}
# what a claim says (list claim_directions) -> how it is judged by a comparison
RULES: dict[str | None, Callable[[ClaimEffect], Verdict]] = {
    BENEFIT: benefit,
    NO_WORSE: no_worse,
    NO_BETTER: no_better,
}


def _open(effect: ClaimEffect) -> Verdict:
    """Judge an interval that leaves the claim open: by whether it leaves the contrary open too."""
    if effect.low <= effect.harm and effect.high >= effect.least:
        return Verdict(TOO_FEW, "both open")
    if math.inf in (effect.least, -effect.harm):
        return Verdict(TOO_FEW, "both open")
    return Verdict(NOT_SHOWN, "open")


def claimed_number(claimed: float, record: Rated, control: float | None) -> Verdict:
    """Judge a claimed per cent by the pooled one of treated arms and by the control arms.

    Of something good more than claimed supports the claim, of something bad less does. An interval
    that lies short of the value leaves it overstated, or smaller than claimed where the estimate
    comes within the worthwhile points of it. One that holds the value supports it, unless it also
    reaches more than twice these points short (too few data), the estimate is further off than
    these points, or the control arms come as near (not shown).
    """
    if record.estimate is None or record.ci_low is None or record.ci_high is None:
        return Verdict(TOO_FEW, "no estimate")
    sign = 1 if record.more_is_better else -1
    scale = sign * MEASURES[record.measure].factor
    low, high = sorted((scale * record.ci_low, scale * record.ci_high))
    value, estimate = sign * claimed, scale * record.estimate
    points = thresholds(record).worthwhile_points
    near = estimate >= value - points
    if high < value:
        return Verdict(SMALLER, "near") if near else Verdict(OVERSTATED, "short")
    if low < value - 2 * points:
        return Verdict(TOO_FEW, "wide")
    if not near:
        return Verdict(NOT_SHOWN, "far")
    if control is not None and sign * control >= value - points:
        return Verdict(NOT_SHOWN, "control too")
    return Verdict(SUPPORTED, "more" if low > value else "inside")


def pointing(direction: str | None, rows: Sequence[Pointing]) -> Verdict:
    """Judge a claimed benefit by which way trials point that cannot be pooled.

    It takes `directions.FEWEST` trials with a direction, and all of them one way. Trials in people
    who stand apart (`apart` says who they are) are told and not counted.
    """
    counts = directions.trials_by_direction(row for row in rows if not row.apart)
    better, worse = counts[directions.TREATMENT], counts[directions.CONTROL]
    told = counts.total() - counts[""]
    if direction != BENEFIT or told < directions.FEWEST:
        return Verdict(TOO_FEW, "few directions", rows=tuple(rows))
    word = SUPPORTED if better == told else CONTRADICTED if worse == told else NOT_SHOWN
    return Verdict(word, "directions", rows=tuple(rows))
