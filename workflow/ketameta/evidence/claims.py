"""What the trials say of a claim: a verdict by rule, and never by how certain the evidence is.

A verdict tells what the numbers say against the claimed value, or against no effect and the
smallest worthwhile one. How certain that is stands beside it and decides nothing here: it hedges
the sentence (Santesso 2020, J Clin Epidemiol 119:126).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ketameta.evidence.claim_rules import (
    CANNOT,
    CONTRADICTED,
    MIXED,
    NO_WORSE,
    NOT_SHOWN,
    OVERSTATED,
    RULES,
    SMALLER,
    SUPPORTED,
    TOO_FEW,
    Pointing,
    Reason,
    Verdict,
    claimed_number,
    oriented,
    pointing,
    thresholds,
)
from ketameta.evidence.rated import Rated, RatedGroup, RatedSynthesis
from ketameta.evidence.timed import CourseOnClaim, Curve, course_on
from ketameta.measures import MEASURES
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import ClaimTestRow
from ketameta.vocabulary.timed import parse

# which side the trials take on a claim; the words of older records are read too
_SIDES = {
    **dict.fromkeys((SUPPORTED, SMALLER, "partly supported"), "for"),
    **dict.fromkeys((OVERSTATED, CONTRADICTED, "not supported"), "against"),
    MIXED: "both",
}
# of records of older versions, of claims that nothing was held against yet
UNTESTED = "not tested"
# words that tell nothing where another analysis, group or part does
UNTOLD = (TOO_FEW, CANNOT)
# of words on one side, and of all words on a claim of no harm: the first one found stands
_WEAKEST = (CONTRADICTED, OVERSTATED, MIXED, NOT_SHOWN, SMALLER, SUPPORTED, TOO_FEW, CANNOT)

# splits that divide a claim: people and doses of a trial are no choice of who is treated once
_PARTS = ("drug_route", "treatment", "route")


@dataclass(frozen=True, slots=True)
class Split:
    """Groups of one analysis and the p of a difference between them."""

    name: str
    p: float | None
    groups: tuple[RatedGroup, ...]


@dataclass(frozen=True, slots=True)
class ControlArm:
    """The control arm of one trial: its per cent and its people."""

    label: str
    value: float
    people: float


@dataclass(frozen=True, slots=True)
class Control:
    """What the control arms of the same trials did, in per cent; no ends where not pooled."""

    estimate: float
    low: float | None = None
    high: float | None = None
    arms: tuple[ControlArm, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that a claim is judged by: syntheses as rated, their splits and control arms.

    `directions` tell an outcome trial by trial; `trials` are the rows of the raw table by trial_id,
    for who was treated; `curves` are those of each time course.
    """

    records: Mapping[str, RatedSynthesis]
    splits: Mapping[str, Sequence[Split]] = field(default_factory=dict)
    controls: Mapping[str, Control] = field(default_factory=dict)
    directions: Mapping[str, Sequence[Pointing]] = field(default_factory=dict)
    trials: Mapping[str, TrialRow] = field(default_factory=dict)
    curves: Mapping[str, Sequence[Curve]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnalysisOnClaim:
    """What one analysis says of a claim; `analysis` is its name, `test` the row of claim_tests."""

    test: ClaimTestRow
    analysis: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ClaimPart:
    """A part of a claim (the whole, where it has one) by its analyses and time courses.

    `beside` names analyses in another unit than the claimed number: they are shown, not judged;
    `control` is what their control arms did.
    """

    test: ClaimTestRow
    lines: tuple[AnalysisOnClaim, ...]
    timed: tuple[CourseOnClaim, ...]
    beside: tuple[str, ...]
    control: Control | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its parts and the verdict on the whole."""

    claim_id: str
    parts: tuple[ClaimPart, ...]
    verdict: Verdict


def line(
    test: ClaimTestRow,
    record: RatedSynthesis | None,
    splits: Sequence[Split] = (),
    control: Control | None = None,
) -> Verdict:
    """Judge a claim, a row of claim_tests, by one analysis.

    Where the groups of a split by treatment or route differ (p below the threshold `mixed_p`), and
    some are for the claim and some are not, the verdict is mixed, whatever all together say.
    An analysis or a group of too little information (`small`) says nothing of its own.
    """
    if record is None:
        return Verdict(TOO_FEW, "no analysis")
    whole = _of_rule(test, record, control)
    for split in splits:
        if split.name not in _PARTS or split.p is None or split.p >= thresholds(record).mixed_p:
            continue
        told = [(g.subgroup, _of_rule(test, g, control).word) for g in split.groups]
        told = [(name, word) for name, word in told if word not in UNTOLD]
        if _differ(word for _, word in told):
            return Verdict(MIXED, "groups", split.name, tuple(told))
    return whole


def small(record: Rated) -> bool:
    """Say whether a result has too little information for a verdict: few trials of few people."""
    limits = thresholds(record)
    return record.k < limits.heard_trials and record.n < limits.heard_people


def _of_rule(test: ClaimTestRow, record: Rated, control: Control | None) -> Verdict:
    """Judge a claim by the rule of its kind: a number, a benefit, no harm, no need."""
    if record.estimate is None:
        return Verdict(TOO_FEW, "no estimate")
    if small(record):
        return Verdict(TOO_FEW, "one small")
    if test.claimed_value is not None:
        return claimed_number(test.claimed_value, record, control.estimate if control else None)
    if not MEASURES[record.measure].compares:
        return Verdict(NOT_SHOWN, "no comparison")
    rule = RULES.get(test.direction)
    return rule(oriented(record)) if rule else Verdict(CANNOT, "no direction")


def whole(direction: str | None, told: Iterable[tuple[str, Verdict]], by: Reason) -> Verdict:
    """Return one verdict of several, each with its name; `by` is what they differ by.

    Those that tell nothing step back behind those that do. Where some are for the claim and some
    are not it is mixed, else the weakest stands. A claim of no harm falls with one harm.
    """
    named = list(told)
    heard = [(name, v) for name, v in named if v.word not in UNTOLD] or named
    if not heard:
        return Verdict(CANNOT, "none named")
    words = {v.word for _, v in heard}
    first = next(word for word in _WEAKEST if word in words)
    if direction != NO_WORSE and _differ(words):
        return Verdict(MIXED, by, by, tuple((n, v.word) for n, v in heard))
    return next(v for _, v in heard if v.word == first)


def of_parts(told: Sequence[tuple[str, Verdict]]) -> Verdict:
    """Return the verdict on a claim of several parts: it holds where every part does.

    So it never says more than its parts: beside a part that is borne out, one that the trials do
    not tell of makes it mixed as one that is not borne out does.
    """
    words = {v.word for _, v in told}
    if words & set(UNTOLD) and any(_SIDES.get(word) == "for" for word in words):
        return Verdict(MIXED, "parts", "parts", tuple((n, v.word) for n, v in told))
    return whole(None, told, "parts")


def _differ(words: Iterable[str]) -> bool:
    """Say whether some verdicts are for a claim and others are not."""
    sides = {_SIDES.get(word) for word in words}
    return len(sides) > 1 and bool(sides & {"for", "both"})


def side(word: str) -> str | None:
    """Return which side a verdict takes on a claim: for, against, both, or none."""
    return _SIDES.get(word)


def changes_side(old: str, new: str) -> bool:
    """Say whether two verdicts take other sides: for the claim, against it, both, or neither.

    A claim that had not been tested took none that it could leave.
    """
    return old != UNTESTED and side(old) != side(new)


def claims_of(tests: Sequence[ClaimTestRow], grounds: Grounds) -> dict[str, Claim]:
    """Return each claim of the rows of claim_tests as judged, in their order."""
    groups: dict[str, dict[str, list[ClaimTestRow]]] = {}
    for test in tests:
        groups.setdefault(test.claim_id, {}).setdefault(test.part or "", []).append(test)
    found = {}
    for claim, parts in groups.items():
        told = tuple(_part(rows, grounds) for rows in parts.values())
        verdict = of_parts([(p.test.part or "", p.verdict) for p in told])
        found[claim] = Claim(claim, told, verdict)
    return found


def _part(rows: Sequence[ClaimTestRow], grounds: Grounds) -> ClaimPart:
    """Judge one part of a claim by the analyses that its rows name."""
    records = grounds.records
    named = [(test, test.analysis) for test in rows if test.analysis is not None]
    known = [(test, name) for test, name in named if test.computed and name in records]
    others = tuple(name for test, name in known if _aside(test, records[name]))
    control = next((grounds.controls[name] for name in others if name in grounds.controls), None)
    lines = []
    for test, name in named:
        if name in others:
            continue
        record = records.get(name) if test.computed else None
        own = grounds.controls.get(name) or control
        told = line(test, record, grounds.splits.get(name, ()), own)
        if told.because == "no estimate" and (points := grounds.directions.get(name)):
            told = pointing(test.direction, points)
        lines.append(AnalysisOnClaim(test, name, told))
    asked = [(test, parse(test.course)) for test in rows if test.course]
    timed = tuple(course_on(test, one, grounds.curves) for test, one in asked)
    every = [(one.analysis, one.verdict) for one in lines]
    every += [(str(one.asked), of_course(one)) for one in timed]
    verdict = whole(rows[0].direction, every, "analyses")
    if others and not every:
        verdict = Verdict(TOO_FEW, "other unit")
    return ClaimPart(rows[0], tuple(lines), timed, others, control, verdict)


def of_course(found: CourseOnClaim) -> Verdict:
    """Return the verdict of a time course on a claim: that of its curves, as of analyses."""
    if not found.told:
        return Verdict(TOO_FEW, "no curve" if found.course else "no course")
    told = [(one.curve.group.group, one.verdict) for one in found.told]
    return whole(found.test.direction, told, "curves")


def _aside(test: ClaimTestRow, record: Rated) -> bool:
    """Say whether an analysis stands beside a claimed number: it is in another unit."""
    unit = test.claimed_unit or "none"
    return test.claimed_value is not None and unit != MEASURES[record.measure].claimed


def verdicts_of(tests: Sequence[ClaimTestRow], grounds: Grounds) -> dict[str, str]:
    """Return the verdict on each claim."""
    return {name: claim.verdict.word for name, claim in claims_of(tests, grounds).items()}
