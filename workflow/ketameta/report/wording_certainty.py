"""Words for the certainty of the evidence: its level or range, its symbol, its one main reason."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ketameta.configuration import Analysis
from ketameta.evidence.bias import UNJUDGED
from ketameta.evidence.certainty import LEVELS, NOT_RATED, Certainty
from ketameta.evidence.ratings import Rating
from ketameta.report.naming import capital
from ketameta.report.wording import MINUS, fixed
from ketameta.vocabulary import vocabulary

LIMITS = (
    "This rating is made by rule, from these tables alone. A panel that rates by GRADE also weighs "
    "what no table holds and may come to another level; this rating does not stand in for its "
    "judgement. Whether the people, treatments and outcomes fit a question of yours is left to "
    "you. Nothing is rated up, however large an effect."
)
_TAKEN = {0: "nothing", -1: f"{MINUS}1 level", -2: f"{MINUS}2 levels"}


def symbol(level: str, best: str | None = None) -> str:
    """Draw a level as GRADE does, four circles with a cross in as many as are left; or a range."""
    drawn = [_circles(end) for end in dict.fromkeys((best or level, level))]
    return " to ".join(drawn)


def _circles(level: str) -> str:
    left = LEVELS.index(level) + 1
    return "⊕" * left + "⊝" * (len(LEVELS) - left)


def rank(level: str | None, best: str | None = None) -> float | str:
    """Return a number to sort levels by, 1 for very low; a range lies between its ends."""
    if level not in LEVELS:
        return ""
    return (LEVELS.index(level) + LEVELS.index(best or level)) / 2 + 1


def words(level: str, best: str | None = None) -> str:
    """Write a level or a range alone: ``low``, ``low to very low``."""
    return " to ".join(dict.fromkeys((best or level, level)))


def certainty_label(level: str | Certainty | None, best: str | None = None) -> str:
    """Write a level or a range as text: ``low certainty``, ``low to very low certainty``.

    What is not recorded says so.
    """
    if isinstance(level, Certainty):
        level, best = level.span
    if level is None:
        return "certainty not recorded"
    if best in (None, level):
        return vocabulary().words("certainty_levels")[level]
    return f"{best} to {vocabulary().words('certainty_levels')[level]}"


def is_rated(level: str | None) -> bool:
    """Say whether there is a level, and so a symbol."""
    return level not in (None, NOT_RATED)


def weighs_most(rated: Certainty) -> str:
    """Return the one reason that weighs most, in a few words; empty where nothing is taken."""
    most = rated.weightiest
    return most.reason if most else ""


def why_a_range(rated: Certainty) -> str:
    """Say why the certainty is a range; empty where it is none."""
    if rated.level == rated.best:
        return ""
    worst, best = rated.ratings[0].facts.worst, rated.ratings[0].facts.best
    reasons = []
    if worst[UNJUDGED] > 0:
        share = fixed(worst[UNJUDGED], 0)
        reasons.append(f"{share}% of the weight is from trials not judged for risk of bias")
    if worst != best:
        reasons.append("reports do not tell all that risk of bias is judged by")
    return (
        f"{capital(words(*rated.span))}: {' and '.join(reasons)}. The lower end counts what is not "
        "known as not low, the upper end as low."
    )


def start(analysis: Analysis, rated: Certainty) -> str:
    """Say where the rating starts, and why."""
    if analysis.select.by_arm:
        why = "what becomes of people under treatment is a question of prognosis"
    elif rated.start == "high":
        why = "randomised comparisons"
    else:
        why = "trials that are not randomised are let in"
    return f"It starts at {rated.start}: {why}."


def taken(rating: Rating[Any]) -> str:
    """Write what a domain takes away, or may; where the data allow no rating, that."""
    if not rating.judged:
        return "not judged"
    if rating.rating == rating.best:
        return _TAKEN[rating.rating]
    return f"{_TAKEN[rating.best]} to {_TAKEN[rating.rating]}"


def thresholds_in_words(analysis: Analysis) -> dict[str, str]:
    """Return every threshold of an analysis by its key, written."""
    limits = analysis.certainty
    return {f.name: f"{getattr(limits, f.name):g}" for f in fields(limits)}
