"""A sentence a domain of certainty: why it is rated as it is, from its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ketameta.configuration import Analysis
from ketameta.evidence import agreement, bias, missing, precision
from ketameta.evidence.agreement import (
    PREDICTS_BOTH,
    PREDICTS_NONE,
    Explained,
    Inconsistency,
    Indirectness,
)
from ketameta.evidence.bias import CONCERNS, HIGH, LOW, RISKS, SEVERAL, UNJUDGED, Risks
from ketameta.evidence.missing import ASYMMETRY, CHECKS, Absent, Publication
from ketameta.evidence.precision import (
    NO_INTERVAL,
    POINTS_TWICE,
    SCARCE,
    SHORT,
    WIDE,
    Imprecision,
)
from ketameta.evidence.ratings import Rating
from ketameta.report import wording_absolute, wording_splits
from ketameta.report.naming import listed
from ketameta.report.wording import (
    count,
    fixed,
    interval,
    p_value,
    people,
    prediction_text,
    quantity,
    unit_sign,
)
from ketameta.tables.syntheses import SynthesisRow
from ketameta.vocabulary.narrowing import keys

APART = 100.0  # times apart beyond which how many no longer matters


def domain_reason(analysis: Analysis, value: Rating[Any]) -> str:
    """Say in a sentence or two why a domain is rated as it is, from its numbers."""
    return _REASONS[value.domain](analysis, value)


def _bias(analysis: Analysis, value: Rating[Risks]) -> str:
    worst, best = value.facts.worst, value.facts.best
    text = f"Of the weight, {_risks(worst)}."
    if best == worst:
        return text
    return f"{text} If all were well that the reports do not tell: {_risks(best)}."


_RISKS = {
    SEVERAL: "at high risk of bias in several domains",
    HIGH: "at high risk in one",
    CONCERNS: "with an unclear domain or some concerns",
    LOW: "at low risk in every domain",
    UNJUDGED: "not judged, or judged in part",
}


def _risks(shares: dict[str, float]) -> str:
    """Write the shares of the weight by risk; those of nothing are left out."""
    return listed([f"{fixed(shares[n], 0)}% is {_RISKS[n]}" for n in RISKS if shares[n] > 0])


def _inconsistency(analysis: Analysis, value: Rating[Inconsistency]) -> str:
    facts, record = value.facts, value.facts.record
    if not value.judged:
        return "One trial has no other to agree with." if record.k < 2 else "I² is not known."
    if record.k < 2:
        return "One trial alone shows what happened in one place."
    if analysis.select.by_arm:
        return _spread(analysis, facts)
    text = f"I² is {fixed(record.i2, 0)}%"
    if facts.split and facts.left != record.i2:
        left = f"{fixed(facts.left, 0)}% is left within the groups"
        return f"{text}, of which {_explains(facts.split)} explains a part: {left}."
    if record.i2 == 0:
        return f"{text}: the trials differ no more than chance would have them differ."
    where = prediction_text(record)
    if not where:
        return f"{text}; {count(record.k, 'trial')} are too few for a prediction interval."
    what = f"gives no other answer than the interval ({where})"
    if PREDICTS_NONE in value.rules:
        what = f"reaches to the other side of no difference ({where}), as the average's does not"
    elif PREDICTS_BOTH in value.rules:
        what = f"runs from a worthwhile effect on one side to one on the other ({where})"
    return f"{text}; the prediction interval {what}."


def _spread(analysis: Analysis, facts: Inconsistency) -> str:
    """Say how far the true values of trials lie apart; I² says little of shares."""
    measure, split = facts.record.measure, facts.split
    assert facts.spread is not None
    where = f"{interval(measure, *facts.spread)}{unit_sign(measure)}"
    points = f"{analysis.certainty.worthwhile_points:g} points from the pooled value counts as far"
    within = f" within the groups by {wording_splits.name(split.split)}" if split else ""
    return (
        f"95% of the true values of trials lie from {where}, by the estimate and the τ²{within}; "
        f"more than {points}."
    )


def _explains(split: Explained) -> str:
    return f"{wording_splits.name(split.split)} ({p_value(split.p)} between the groups)"


def _indirectness(analysis: Analysis, value: Rating[Indirectness]) -> str:
    facts, split = value.facts, value.facts.split
    known = keys()["population"]
    names = ", ".join(known.get(name, name) for name in facts.populations)
    left = f"Whether these people ({names}), treatments and outcomes fit is left to the reader."
    if analysis.select.by_arm:
        left = f"What would have become of them without treatment is not in this number. {left}"
    if split is None:
        return f"{_untold(facts.tested, analysis.certainty.mixed_p)} {left}"
    words = keys()[split.split]
    order = sorted(split.shares, key=lambda name: (-split.shares[name], name))
    groups = listed(
        [f"{words.get(name, 'not stated')} ({fixed(split.shares[name], 0)}%)" for name in order]
    )
    text = f"Of the weight by {wording_splits.name(split.split)}: {groups}; {p_value(split.p)}"
    answer = "they give different answers" if split.differs else "they give the same answer"
    return f"{text} for a difference; {answer}, as far as what is worthwhile goes. {left}"


def _untold(tested: dict[str, float], most: float) -> str:
    """Say why no split costs a level: none is tested, none differs, or one group is nearly all."""
    if not tested:
        return "Whether groups of trials differ cannot be tested."
    tests = ", ".join(f"{wording_splits.name(s)} {p_value(p)}" for s, p in tested.items())
    if min(tested.values()) < most:
        return f"Groups of trials differ ({tests}), but one of them carries nearly all the weight."
    return f"No group of trials differs clearly from the others ({tests})."


def _imprecision(analysis: Analysis, value: Rating[Imprecision]) -> str:
    facts, rules = value.facts, value.rules
    if NO_INTERVAL in rules:
        return "There is no interval."
    if analysis.select.by_arm:
        points = analysis.certainty.worthwhile_points * (2 if POINTS_TWICE in rules else 1)
        reaches = "reaches more than" if rules else "stays within"
        link = "from" if rules else "of"
        return f"{_interval(facts.record)} {reaches} {points:g} points {link} the pooled value."
    parts, known = [_open(facts)], facts.information
    assert known is not None
    several = {"event": "events", "person": "people"}
    what = known.what if known.number == 1 else several[known.what]
    counted = f"it rests on {people(known.number)} {what}"
    if facts.large:
        parts.append("the effect is large, so that the amount of information counts")
    if WIDE in rules and facts.apart is not None:
        apart = fixed(facts.apart, 1) if facts.apart < APART else f"more than {APART:g}"
        parts.append(f"its ends lie {apart} times apart")
    elif facts.wide:
        parts.append("it is as wide as a large effect")
    if SCARCE in rules or SHORT in rules:
        counted += f", far from the {known.size:g} of one sound trial"
    return "; ".join([*parts, counted]) + "."


def _interval(record: SynthesisRow) -> str:
    measure = record.measure
    return f"The interval ({interval(measure, record.ci_low, record.ci_high)}{unit_sign(measure)})"


def _open(facts: Imprecision) -> str:
    """Say what the interval leaves open of effects that would matter; absolute where it can be."""
    bounds, risk, record = facts.bounds, facts.risk, facts.record
    if bounds is None:
        side = "includes" if facts.opened else "excludes"
        return f"{_interval(record)} {side} no difference; what would matter is not known"
    if risk is None:
        where = _interval(record)
        low, high = (quantity(record.measure, end) for end in bounds)
        worth = f"worthwhile: {low} or less, {high} or more"
    else:
        where = f"The interval of 1,000 people ({wording_absolute.ends(risk)})"
        control = wording_absolute.percent_of(risk.control_risk)
        worth = f"at a control risk of {control}"
    assert record.ci_low is not None
    assert record.ci_high is not None
    small = bounds[0] < record.ci_low and record.ci_high < bounds[1]
    told = (
        "holds no effect that would matter" if small else "holds worthwhile effects alone",
        "leaves open whether the effect is worthwhile",
        "holds worthwhile effects on both sides of no difference",
    )[facts.opened]
    return f"{where} {told} ({worth})"


def _publication(analysis: Analysis, value: Rating[Publication]) -> str:
    parts = [_missing(value.facts.absent), _asymmetry(analysis, value)]
    return " ".join(part for part in parts if part)


def _missing(facts: Absent) -> str:
    """Say whose results are known to be missing, and what they would do."""
    if not facts.labels:
        return ""
    measured = count(len(facts.labels), "trial")
    text = f"{measured} measured the outcome and gave no numbers: {listed(list(facts.labels))}"
    if facts.people:
        text += f" ({fixed(facts.share, 0)}% of all people measured)"
    turned = "turns" if facts.turned else "does not turn"
    return f"{text}; counting them as no effect {turned} the answer."


def _asymmetry(analysis: Analysis, value: Rating[Publication]) -> str:
    """Say what the test of small-study effects gives, and whether its checks bear it out."""
    facts, k = value.facts.uneven, value.facts.k
    if not value.facts.comparison:
        return "Asymmetry cannot be tested: such tests mislead on results without a comparison."
    if facts.alike:
        return "Asymmetry cannot be tested: all trials are of one size, so that none is small."
    if facts.p is None:
        gives = f"{count(k, 'trial')} {'gives' if k == 1 else 'give'}"
        return f"Asymmetry cannot be tested: {gives} too few independent effects."
    test = f"Test of small-study effects by {facts.test}: {p_value(facts.p)}"
    if facts.p >= analysis.certainty.asymmetry_p:
        return f"{test}; no sign that small trials differ from large ones."
    if not facts.away:
        return f"{test}; small trials lie nearer to no difference, which hides no results."
    checks = [
        f"{_checked(name)} {p_value(p) if p is not None else 'not testable'}"
        for name, p in facts.checks.items()
    ]
    told = f" ({', '.join(checks)})" if checks else ""
    if ASYMMETRY in value.rules:
        return f"{test}; small trials lie further from no difference than large ones{told}."
    return f"{test}; asymmetry that the design of the trials may explain{told}: no level goes."


def _checked(name: str) -> str:
    """Say how asymmetry was looked at once more."""
    if name == "without_crossovers_p":
        return "without crossover trials"
    return f"within {wording_splits.name(CHECKS[name])}"


_REASONS: dict[str, Callable[[Analysis, Rating[Any]], str]] = {
    bias.DOMAIN: _bias,
    agreement.INCONSISTENCY: _inconsistency,
    agreement.INDIRECTNESS: _indirectness,
    precision.DOMAIN: _imprecision,
    missing.DOMAIN: _publication,
}
