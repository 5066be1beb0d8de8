"""Whether trials agree: inconsistency, and indirectness where the groups of a split differ.

A difference that a split explains is charged once: what is left within the groups is
inconsistency, and that the total is an average of unlike answers is indirectness.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from ketameta.configuration import Thresholds
from ketameta.evidence.ratings import (
    CertaintyRule,
    Evidence,
    Rating,
    crossed,
    fired,
    is_share,
    points_off,
    shares_of,
    zone,
)
from ketameta.evidence.verdicts import position
from ketameta.measures import MEASURES, PLAIN
from ketameta.synthesize.prediction import FEWEST, expected
from ketameta.synthesize.worthwhile import Bounds
from ketameta.tables.syntheses import SubgroupRow, SynthesisRow

INCONSISTENCY, INDIRECTNESS = "inconsistency", "indirectness"
_NORMAL = 1.959963984540054
_OF_COMPARISONS, _OF_SHARES = ("Cochrane Handbook", "Guyatt 2023"), ("Iorio 2015", "Guyatt 2023")

PREDICTS_NONE = CertaintyRule(
    "predicts-none",
    INCONSISTENCY,
    "1, with I² from {i2_considerable}% on 2",
    f"From {FEWEST} trials on: the prediction interval reaches to the other "
    "side of no difference, the interval of the average does not.",
    "a new trial may see no difference where the average does",
    _OF_COMPARISONS,
)
PREDICTS_BOTH = CertaintyRule(
    "predicts-both",
    INCONSISTENCY,
    "1, with I² from {i2_considerable}% on 2",
    f"From {FEWEST} trials on: the prediction interval runs from a worthwhile "
    "effect on one side of no difference to one on the other.",
    "trials may differ from worthwhile benefit to worthwhile harm",
    _OF_COMPARISONS,
)
LARGE_I2 = CertaintyRule(
    "i2",
    INCONSISTENCY,
    "1",
    "I² is {i2_substantial}% or more. Where a split explains why trials differ (p below "
    "{mixed_p}, and {mixed}% of the weight or more outside its heaviest group), it is the "
    "I² that is left within the groups: the difference between them is not charged twice.",
    "trials differ more than chance would have them differ",
    _OF_COMPARISONS,
)
SPREAD_FAR = CertaintyRule(
    "spread-far",
    INCONSISTENCY,
    "2",
    "Of a share or a fall in the people treated: 95% of the true values of trials reach "
    "more than {spread_considerable} points from the pooled one. I² is not asked: of "
    "shares it says little.",
    "trials lie very far apart",
    _OF_SHARES,
)
SPREAD = CertaintyRule(
    "spread",
    INCONSISTENCY,
    "1",
    "Of a share or a fall in the people treated: 95% of the true values of trials reach "
    "more than {worthwhile_points} points from the pooled one.",
    "trials lie far apart",
    _OF_SHARES,
)
ALONE = CertaintyRule(
    "alone",
    INCONSISTENCY,
    "1",
    "Of a share or a fall in the people treated: one trial alone. It shows what happened "
    "in one place, without a comparison that would hold in another.",
    "one trial shows what happened in one place",
    _OF_SHARES,
)
UNLIKE_GROUPS = CertaintyRule(
    "mixed",
    INDIRECTNESS,
    "1",
    "The groups of a split differ (p below {mixed_p}), and groups with {mixed}% of the "
    "weight or more give another answer than the rest: worthwhile or not, or on the other "
    "side. The total then averages answers to unlike questions; read the groups.",
    "it averages groups of trials with unlike answers",
    _OF_COMPARISONS,
)


@dataclass(frozen=True, slots=True)
class Explained:
    """A split whose groups differ: its p, and the I² and tau² that are left within the groups.

    `differs` where groups with much of the weight give another answer than the rest.
    """

    split: str
    p: float
    shares: dict[str, float]
    i2: float
    tau2: float
    differs: bool


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """What inconsistency is rated by.

    `left` is the I² that no split explains, `spread` where 95% of the true values of shares lie;
    each is None where the result is not rated by it.
    """

    record: SynthesisRow
    split: Explained | None
    left: float | None = None
    spread: Bounds | None = None


@dataclass(frozen=True, slots=True)
class Indirectness:
    """What indirectness is rated by: populations, and the p of each split that is tested."""

    populations: tuple[str, ...]
    tested: dict[str, float]
    split: Explained | None


def explained(evidence: Evidence, bounds: Bounds | None, limits: Thresholds) -> Explained | None:
    """Return the split that explains why trials differ; None where none does.

    Its groups differ by its test, and those beside the heaviest carry enough of the weight. Of
    several, one whose groups give different answers, else the first as the configuration has them.
    Groups of single trials explain nothing: nothing would be left to tell. I² is that of the Qs
    within the groups together, tau² their mean by degrees of freedom (Borenstein 2009, chapter 19).
    """
    found = []
    for row in evidence.splits:
        groups = [g for g in evidence.subgroups if g.split == row.split and g.subgroup]
        shares = shares_of(evidence.studies, attrgetter(row.split))
        tested = [(g.q, g.q_df, g.tau2 or 0.0) for g in groups if g.q is not None and g.q_df]
        if row.p is None or row.p >= limits.mixed_p or not tested:
            continue
        if 100 - max(shares.values()) < limits.mixed:
            continue
        q, df = math.fsum(q for q, _, _ in tested), sum(df for _, df, _ in tested)
        left = max(0.0, 100 * (q - df) / q) if q else 0.0
        tau2 = math.fsum(df * tau2 for _, df, tau2 in tested) / df
        differs = _differ(evidence.record, groups, shares, bounds, limits)
        found.append(Explained(row.split, row.p, shares, left, tau2, differs))
    return next((split for split in found if split.differs), found[0] if found else None)


def _differ(
    record: SynthesisRow,
    groups: Sequence[SubgroupRow],
    shares: dict[str, float],
    bounds: Bounds | None,
    limits: Thresholds,
) -> bool:
    """Say whether groups with enough of the weight give another answer than the heaviest answer.

    An answer: worthwhile on one side, on the other, or neither. Of a share: near the pooled one
    or further than the points. Where nobody knows what is worthwhile, any difference is one.
    """
    if not is_share(record) and bounds is None:
        return True
    weight: dict[int, float] = defaultdict(float)
    for group in groups:
        value = group.estimate
        if value is None:
            continue
        if is_share(record):
            off = points_off(record, value) > limits.worthwhile_points
            assert record.estimate is not None
            answer = int(math.copysign(off, value - record.estimate))
        else:
            assert bounds is not None
            answer = zone(value, bounds)
        weight[answer] += shares.get(group.subgroup, 0.0)
    return bool(weight) and sum(weight.values()) - max(weight.values()) >= limits.mixed


def inconsistency(
    evidence: Evidence, bounds: Bounds | None, split: Explained | None, limits: Thresholds
) -> Rating[Inconsistency]:
    """Rate inconsistency by I² and by whether the prediction interval gives another answer.

    Another answer: it includes no effect and the interval does not; or it runs from a worthwhile
    effect on one side to one on the other. It is asked from five trials on, and where I² is above
    0: else it tells of few trials, which is imprecision. Where a split explains a difference I²
    is what is left within its groups. One comparison cannot disagree with itself: not judged. One
    trial of treated arms alone shows what happened in one place, and costs a level.
    """
    record = evidence.record
    facts = Inconsistency(record, split)
    if is_share(record) and record.k == 1:
        return Rating(INCONSISTENCY, -1, -1, True, (ALONE,), facts)
    if record.k < 2 or record.i2 is None:
        return Rating(INCONSISTENCY, 0, 0, False, (), facts)
    if is_share(record):
        return _spread(record, split, limits)
    i2 = min(record.i2, split.i2) if split else record.i2
    facts = Inconsistency(record, split, left=i2)
    reach = None if split else _reach(record, bounds)
    rules = fired(reach, LARGE_I2 if i2 >= limits.i2_substantial else None)
    twice = reach is not None and i2 >= limits.i2_considerable
    levels = -2 if twice else -1 if rules else 0
    return Rating(INCONSISTENCY, levels, levels, True, rules, facts)


def _reach(record: SynthesisRow, bounds: Bounds | None) -> CertaintyRule | None:
    """Return the rule of another answer that the prediction interval gives; None where none."""
    further = expected(record)
    if further is None or not record.i2:
        return None
    low, high = further.low, further.high
    if low <= MEASURES[record.measure].no_effect <= high and position(record) != "around":
        return PREDICTS_NONE
    return PREDICTS_BOTH if bounds and crossed(low, high, bounds) == 2 else None


def _spread(
    record: SynthesisRow, split: Explained | None, limits: Thresholds
) -> Rating[Inconsistency]:
    """Rate the shares of treated arms by how far true values lie apart, in points.

    The middle 95% of the true values, by the estimate and tau². I² says little of shares: where
    trials are large it is near 100 whatever the difference is (GRADE guidance 36).
    """
    tau2 = split.tau2 if split else record.tau2
    if tau2 is None:
        return Rating(INCONSISTENCY, 0, 0, False, (), Inconsistency(record, split))
    measure = MEASURES[record.measure]
    centre = record.estimate if measure.transform is PLAIN else record.estimate_log
    assert centre is not None
    half = _NORMAL * math.sqrt(tau2)
    low, high = (measure.natural(centre + side * half) for side in (-1, 1))
    assert low is not None
    assert high is not None
    off = points_off(record, low, high)
    facts = Inconsistency(record, split, spread=(low, high))
    if off > limits.spread_considerable:
        return Rating(INCONSISTENCY, -2, -2, True, (SPREAD_FAR,), facts)
    apart = off > limits.worthwhile_points
    return Rating(INCONSISTENCY, -int(apart), -int(apart), True, (SPREAD,) * apart, facts)


def indirectness(evidence: Evidence, split: Explained | None) -> Rating[Indirectness]:
    """Rate indirectness as far as the data show it: groups that give different answers.

    Trials of two treatments, controls or populations answer one question only where they agree.
    What people, treatments and outcomes have to do with a reader's question is left to the reader.
    """
    populations = sorted({s.population for s in evidence.studies if s.population})
    tested = {row.split: row.p for row in evidence.splits if row.p is not None}
    facts = Indirectness(tuple(populations), tested, split)
    rules = fired(UNLIKE_GROUPS if split is not None and split.differs else None)
    return Rating(INDIRECTNESS, -len(rules), -len(rules), bool(tested), rules, facts)
