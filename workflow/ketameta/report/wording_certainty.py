"""Words for the certainty of the evidence: its level, its symbol, and a sentence a domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

from ketameta.configuration import Analysis, schema
from ketameta.evidence.certainty import (
    CONCERNS,
    HIGH,
    LEVELS,
    LOW,
    NOT_RATED,
    UNJUDGED,
    Certainty,
    Rating,
)
from ketameta.report.wording import (
    MINUS,
    count,
    fixed,
    interval,
    p_value,
    people,
    prediction_interval,
    unit,
)
from ketameta.synthesize.prediction import FEWEST
from ketameta.vocabulary import vocabulary

LIMITS = (
    "This rating is made by rule, from these tables alone, with the thresholds below. A panel that "
    "rates by GRADE also weighs what no table holds, such as blinding that the effects of a drug "
    "give away, and may come to another level; this rating does not stand in for its judgement. "
    "Whether the people, doses and outcomes fit a question of yours is left to you. Nothing is "
    "rated up, however large an effect."
)
SOURCES = "Guyatt 2008; Guyatt 2011; Zeng 2022; Santesso 2020; Cochrane Handbook"
_TAKEN = {0: "nothing", -1: f"{MINUS}1 level", -2: f"{MINUS}2 levels"}


def symbol(level: str) -> str:
    """Draw a level as GRADE does: four circles, a cross in as many as are left."""
    left = LEVELS.index(level) + 1
    return "⊕" * left + "⊝" * (len(LEVELS) - left)


def rank(level: str | None) -> int | str:
    """Return a number to sort levels by, 1 for very low; nothing where there is none."""
    return LEVELS.index(level) + 1 if level in LEVELS else ""


def label(level: str | None) -> str:
    """Write a level as text: ``low certainty``; what is not recorded says so."""
    if level is None:
        return "certainty not recorded"
    return vocabulary().words("certainty_levels")[level]


def is_rated(level: str | None) -> bool:
    """Say whether there is a level, and so a symbol."""
    return level not in (None, NOT_RATED)


def start(analysis: Analysis, rated: Certainty) -> str:
    """Say where the rating starts, and why."""
    if analysis.select.by_arm:
        why = "results of treated arms alone"
    elif rated.start == "high":
        why = "randomised comparisons"
    else:
        why = "trials that are not randomised are let in"
    return f"It starts at {rated.start}: {why}."


def taken(rating: Rating) -> str:
    """Write what a domain takes away; where the data allow no rating, that."""
    return _TAKEN[rating.rating] if rating.judged else "not judged"


def reason(analysis: Analysis, value: Rating) -> str:
    """Say in a sentence or two why a domain is rated as it is, from its numbers."""
    return _REASONS[value.domain](analysis, value)


def _bias(analysis: Analysis, value: Rating) -> str:
    shares = {name: f"{fixed(value.facts[name], 0)}%" for name in (HIGH, CONCERNS, LOW, UNJUDGED)}
    text = (
        f"Of the weight, {shares[HIGH]} is from trials at high risk of bias, {shares[CONCERNS]} "
        f"from trials with an unclear domain or some concerns, {shares[LOW]} from trials at low "
        f"risk in every domain and {shares[UNJUDGED]} from trials not judged, or judged in part"
    )
    return f"{text}; not judged is not low." if value.facts[UNJUDGED] else f"{text}."


def _inconsistency(analysis: Analysis, value: Rating) -> str:
    facts = value.facts
    if not value.judged:
        return "One trial has no other to agree with." if facts["k"] < 2 else "I² is not known."
    text = f"I² is {fixed(facts['i2'], 0)}%"
    if facts["i2"] == 0:
        return f"{text}: the trials differ no more than chance would have them differ."
    where = prediction_interval(facts)
    if not where:
        return f"{text}; fewer than {FEWEST} trials give no prediction interval worth telling."
    points = f"{analysis.certainty.worthwhile_points:g}"
    told = {
        "null": f"reaches to the other side of no difference ({where}), as the average's does not",
        "both": f"runs from a worthwhile effect on one side to one on the other ({where})",
        "apart": f"reaches more than {points} points from the pooled value ({where})",
    }
    said = [told[mark] for mark in value.marks if mark in told]
    what = said[0] if said else f"gives no other answer than the interval ({where})"
    return f"{text}; the prediction interval {what}."


def _indirectness(analysis: Analysis, value: Rating) -> str:
    names = ", ".join(value.facts["populations"])
    left = f"Whether these people ({names}), doses and outcomes fit is left to the reader."
    if analysis.select.by_arm:
        return f"No comparison is made, which the start at low allows for. {left}"
    shares = value.facts["classes"]
    order = sorted(shares, key=lambda name: (-shares[name], name))
    classes = [
        f"{name or 'not stated'} ({fixed(shares[name], 0)}% of the weight)" for name in order
    ]
    if len(shares) == 1:
        return f"All controls are of one class: {order[0] or 'not stated'}. {left}"
    text = f"Controls are {' and '.join(classes)}"
    p = value.facts["p"]
    if p is None:
        return f"{text}; whether results differ between them is not tested. {left}"
    return f"{text}; {p_value(p)} for a difference between them. {left}"


def _imprecision(analysis: Analysis, value: Rating) -> str:
    facts, marks, limits = value.facts, value.marks, analysis.certainty
    parts = [_interval_part(analysis, value)]
    number, size = facts["information"], f"{facts['size']:g}"
    what = facts["what"] if number == 1 else {"event": "events", "person": "people"}[facts["what"]]
    reach = "short of" if number < facts["size"] else "reaching"
    parts.append(f"it rests on {people(number)} {what}, {reach} the optimal size of {size}")
    if "wide" in marks:
        parts.append(f"its ends lie {fixed(facts['ratio'], 1)} times apart")
    if "widened" in marks:
        parts.append(f"HKSJ makes it {fixed(facts['widening'], 1)} times as wide as Wald's")
    if "few" in marks:
        parts.append(
            f"{count(facts['k'], 'trial')} cannot tell how far trials differ "
            f"(at least {limits.fewest_trials:g})"
        )
    return "; ".join(parts) + "."


def _interval_part(analysis: Analysis, value: Rating) -> str:
    """Say what the interval leaves open."""
    facts, marks, measure = value.facts, value.marks, value.facts["measure"]
    if "no interval" in marks:
        return "There is no interval"
    where = f"The interval ({interval(measure, facts['ci_low'], facts['ci_high'])}{unit(measure)})"
    if analysis.select.by_arm:
        points = analysis.certainty.worthwhile_points * (2 if "both" in marks else 1)
        if "both" in marks or "open" in marks:
            return f"{where} reaches more than {points:g} points from the pooled value"
        return f"{where} stays within {points:g} points of the pooled value"
    if "both" in marks:
        return f"{where} includes worthwhile effects on both sides of no difference"
    if "open" in marks:
        return f"{where} includes both no difference and a worthwhile one"
    if facts["position"] == "around":
        return f"{where} reaches to both sides of no difference, to nothing that would matter"
    return f"{where} lies wholly on one side of no difference"


def _publication(analysis: Analysis, value: Rating) -> str:
    facts = value.facts
    if not facts["comparison"]:
        return "Cannot be tested: tests of asymmetry mislead on results without a comparison."
    if facts["alike"]:
        return "Cannot be tested: all trials are of one size, so that none is small beside others."
    if facts["p"] is None:
        gives = f"{count(facts['k'], 'trial')} {'gives' if facts['k'] == 1 else 'give'}"
        return f"Cannot be tested: {gives} too few independent effects for a test of asymmetry."
    test = f"Test of small-study effects by {facts['test']}: {p_value(facts['p'])}"
    if value.rating:
        return f"{test}; small trials lie further from no difference than large ones."
    if facts["p"] < analysis.certainty.asymmetry_p:
        return f"{test}; small trials lie nearer to no difference, which hides no results."
    return f"{test}; no sign that small trials differ from large ones."


_REASONS: dict[str, Callable[[Analysis, Rating], str]] = {
    "risk of bias": _bias,
    "inconsistency": _inconsistency,
    "indirectness": _indirectness,
    "imprecision": _imprecision,
    "publication bias": _publication,
}


def thresholds(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Return every threshold of an analysis: its key, its value, and what it means."""
    about = _meanings()
    limits = analysis.certainty
    return [(f.name, f"{getattr(limits, f.name):g}", about[f.name]) for f in fields(limits)]


@cache
def _meanings() -> dict[str, str]:
    """Return what each threshold means, as the schema of the configuration has it."""
    keys: dict[str, dict[str, Any]] = schema()["$defs"]["all_thresholds"]["properties"]
    return {name: key["description"] for name, key in keys.items()}
