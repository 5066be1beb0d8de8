"""A sentence a domain of certainty: why it is rated as it is, from its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ketameta.configuration import Analysis
from ketameta.evidence import agreement, bias, missing, precision
from ketameta.evidence.agreement import PREDICTS_BOTH, PREDICTS_NONE, Explained
from ketameta.evidence.bias import CONCERNS, HIGH, LOW, RISKS, SEVERAL, UNJUDGED
from ketameta.evidence.missing import ASYMMETRY
from ketameta.evidence.precision import NO_INTERVAL, POINTS_TWICE, SCARCE, SHORT, WIDE
from ketameta.evidence.ratings import Rating
from ketameta.report import wording_absolute, wording_splits
from ketameta.report.naming import listed
from ketameta.report.wording import (
    count,
    fixed,
    interval,
    p_value,
    people,
    prediction_interval,
    quantity,
    unit,
)
from ketameta.vocabulary.narrowing import keys

APART = 100.0  # times apart beyond which how many no longer matters
_CHECKS = {
    "without_crossovers_p": "without crossover trials",
    "adjusted_p": "within drug and route",
}


def reason(analysis: Analysis, value: Rating) -> str:
    """Say in a sentence or two why a domain is rated as it is, from its numbers."""
    return _REASONS[value.domain](analysis, value)


def _bias(analysis: Analysis, value: Rating) -> str:
    worst, best = value.facts["worst"], value.facts["best"]
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


def _inconsistency(analysis: Analysis, value: Rating) -> str:
    facts = value.facts
    if not value.judged:
        return "One trial has no other to agree with." if facts["k"] < 2 else "I² is not known."
    if facts["k"] < 2:
        return "One trial alone shows what happened in one place."
    if analysis.select.by_arm:
        return _spread(analysis, facts)
    text = f"I² is {fixed(facts['i2'], 0)}%"
    if facts["left"] < facts["i2"]:
        left = f"{fixed(facts['left'], 0)}% is left within the groups"
        return f"{text}, of which {_explains(facts['split'])} explains a part: {left}."
    if facts["i2"] == 0:
        return f"{text}: the trials differ no more than chance would have them differ."
    where = prediction_interval(facts)
    if not where:
        return f"{text}; {count(facts['k'], 'trial')} are too few for a prediction interval."
    what = f"gives no other answer than the interval ({where})"
    if PREDICTS_NONE in value.rules:
        what = f"reaches to the other side of no difference ({where}), as the average's does not"
    elif PREDICTS_BOTH in value.rules:
        what = f"runs from a worthwhile effect on one side to one on the other ({where})"
    return f"{text}; the prediction interval {what}."


def _spread(analysis: Analysis, facts: Any) -> str:
    """Say how far the true values of trials lie apart; I² says little of shares."""
    low, high = facts["spread"]
    where = f"{interval(facts['measure'], low, high)}{unit(facts['measure'])}"
    points = f"{analysis.certainty.worthwhile_points:g} points from the pooled value counts as far"
    split = facts["split"]
    within = f" within the groups by {wording_splits.name(split.split)}" if split else ""
    return (
        f"95% of the true values of trials lie from {where}, by the estimate and the τ²{within}; "
        f"more than {points}."
    )


def _explains(split: Explained) -> str:
    return f"{wording_splits.name(split.split)} ({p_value(split.p)} between the groups)"


def _indirectness(analysis: Analysis, value: Rating) -> str:
    facts = value.facts
    known = keys()["population"]
    names = ", ".join(known.get(name, name) for name in facts["populations"])
    left = f"Whether these people ({names}), doses and outcomes fit is left to the reader."
    if analysis.select.by_arm:
        left = f"What would have become of them without treatment is not in this number. {left}"
    split = facts["split"]
    if split is None:
        return f"{_untold(facts['tested'], analysis.certainty.mixed_p)} {left}"
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


def _imprecision(analysis: Analysis, value: Rating) -> str:
    facts, rules = value.facts, value.rules
    if NO_INTERVAL in rules:
        return "There is no interval."
    if analysis.select.by_arm:
        points = analysis.certainty.worthwhile_points * (2 if POINTS_TWICE in rules else 1)
        reaches = "reaches more than" if rules else "stays within"
        link = "from" if rules else "of"
        return f"{_interval(facts)} {reaches} {points:g} points {link} the pooled value."
    parts = [_open(facts)]
    number = facts["information"]
    what = facts["what"] if number == 1 else {"event": "events", "person": "people"}[facts["what"]]
    counted = f"it rests on {people(number)} {what}"
    if facts["large"]:
        parts.append("the effect is large, so that the amount of information counts")
    if WIDE in rules:
        apart = fixed(facts["apart"], 1) if facts["apart"] < APART else f"more than {APART:g}"
        parts.append(f"its ends lie {apart} times apart")
    elif facts["wide"]:
        parts.append("it is as wide as a large effect")
    if SCARCE in rules or SHORT in rules:
        counted += f", far from the {facts['size']:g} of one sound trial"
    return "; ".join([*parts, counted]) + "."


def _interval(facts: Any) -> str:
    measure = facts["measure"]
    return f"The interval ({interval(measure, facts['ci_low'], facts['ci_high'])}{unit(measure)})"


def _open(facts: Any) -> str:
    """Say what the interval leaves open of effects that would matter; absolute where it can be."""
    bounds, risk, measure = facts["bounds"], facts["risk"], facts["measure"]
    if bounds is None:
        side = "includes" if facts["opened"] else "excludes"
        return f"{_interval(facts)} {side} no difference; what would matter is not known"
    if risk is None or risk["difference_low"] is None:
        where = _interval(facts)
        low, high = (quantity(measure, end) for end in bounds)
        worth = f"worthwhile: {low} or less, {high} or more"
    else:
        where = f"The interval of 1,000 people ({wording_absolute.ends(risk)})"
        control = wording_absolute.percent_of(risk["control_risk"])
        worth = f"at a control risk of {control}"
    small = bounds[0] < facts["ci_low"] and facts["ci_high"] < bounds[1]
    told = (
        "holds no effect that would matter" if small else "holds worthwhile effects alone",
        "leaves open whether the effect is worthwhile",
        "holds worthwhile effects on both sides of no difference",
    )[facts["opened"]]
    return f"{where} {told} ({worth})"


def _publication(analysis: Analysis, value: Rating) -> str:
    parts = [_missing(value), _asymmetry(analysis, value)]
    return " ".join(part for part in parts if part)


def _missing(value: Rating) -> str:
    """Say whose results are known to be missing, and what they would do."""
    facts = value.facts
    if not facts["missing"]:
        return ""
    measured = count(len(facts["missing"]), "trial")
    text = f"{measured} measured the outcome and gave no numbers: {listed(facts['missing'])}"
    if facts["lost"]:
        text += f" ({fixed(facts['share'], 0)}% of all people measured)"
    turned = "turns" if facts["turned"] else "does not turn"
    return f"{text}; counting them as no effect {turned} the answer."


def _asymmetry(analysis: Analysis, value: Rating) -> str:
    """Say what the test of small-study effects gives, and whether its checks bear it out."""
    facts = value.facts
    if not facts["comparison"]:
        return "Asymmetry cannot be tested: such tests mislead on results without a comparison."
    if facts["alike"]:
        return "Asymmetry cannot be tested: all trials are of one size, so that none is small."
    if facts["p"] is None:
        gives = f"{count(facts['k'], 'trial')} {'gives' if facts['k'] == 1 else 'give'}"
        return f"Asymmetry cannot be tested: {gives} too few independent effects."
    test = f"Test of small-study effects by {facts['test']}: {p_value(facts['p'])}"
    if facts["p"] >= analysis.certainty.asymmetry_p:
        return f"{test}; no sign that small trials differ from large ones."
    if not facts["away"]:
        return f"{test}; small trials lie nearer to no difference, which hides no results."
    checks = [
        f"{_CHECKS[name]} {p_value(p) if p is not None else 'not testable'}"
        for name, p in facts["checks"].items()
    ]
    told = f" ({', '.join(checks)})" if checks else ""
    if ASYMMETRY in value.rules:
        return f"{test}; small trials lie further from no difference than large ones{told}."
    return f"{test}; asymmetry that the design of the trials may explain{told}: no level goes."


_REASONS: dict[str, Callable[[Analysis, Rating], str]] = {
    bias.DOMAIN: _bias,
    agreement.INCONSISTENCY: _inconsistency,
    agreement.INDIRECTNESS: _indirectness,
    precision.DOMAIN: _imprecision,
    missing.DOMAIN: _publication,
}
