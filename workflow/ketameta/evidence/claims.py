"""What the trials say of a claim: a verdict by rule, analysis by analysis and on the whole.

Evidence of very low certainty supports and contradicts nothing: the claim cannot be told. Evidence
of low certainty, or on other people, supports in part at the most. An interval that leaves both no
effect and a worthwhile one open is no evidence against a claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ketameta.evidence.verdicts import CONTROL, TREATMENT, verdict
from ketameta.synthesize.prediction import expected
from ketameta.synthesize.scales import NULL_VALUE

Record = dict[str, Any]

SUPPORTED, PARTLY = "supported", "partly supported"
NOT_SUPPORTED, CONTRADICTED = "not supported", "contradicted"
UNTOLD, UNTESTED = "cannot be told", "not tested"
BENEFIT, NO_WORSE, AT_MOST = "favours treatment", "no worse than control", "at most"

# the unit of a claimed number -> the measure whose pooled result it can stand beside
COMPARABLE = {"percent of people": "PLO", "percent reduction": "PCTRED"}
ANYBODY = "any"
_SURE = ("high", "moderate")
# which side the trials take on a claim; none for the rest
_SIDES = {SUPPORTED: "for", PARTLY: "for", NOT_SUPPORTED: "against", CONTRADICTED: "against"}


@dataclass(frozen=True)
class Line:
    """What one analysis says of a claim; `because` names the rule that decided."""

    verdict: str
    because: str


def line(test: Record, record: Record | None) -> Line:
    """Judge a claim by one analysis.

    `test` is a row of claim_tests, `record` the synthesis with its certainty and worthwhile
    effects (`judged`); None where the analysis is not computed.
    """
    if record is None:
        return Line(UNTESTED, "not computed")
    if record["estimate"] is None:
        return Line(UNTOLD, "no estimate")
    if record["certainty"] == "very low":
        return Line(UNTOLD, "very low")
    found = _of_rule(test, record)
    others = [p for p in record["populations"] if not _speaks_of(test["population"], p)]
    # what holds for others may hold for these people, but the trials do not show it
    return Line(PARTLY, "other people") if found.verdict == SUPPORTED and others else found


def _of_rule(test: Record, record: Record) -> Line:
    """Judge a claim by the rule of its kind: a number, a benefit, or no harm."""
    if test["claimed_value"] is not None:
        return _value(test, record)
    if record["measure"] not in NULL_VALUE:
        return Line(UNTOLD, "no comparison")
    if test["direction"] == BENEFIT:
        return _benefit(record)
    return _no_worse(record) if test["direction"] == NO_WORSE else Line(UNTOLD, "no direction")


def _speaks_of(claimed: str | None, population: str) -> bool:
    """Say whether a claim speaks of a population: of it, of what it is part of, or of anybody."""
    words = set((claimed or ANYBODY).split(";"))
    parts = {part.partition("-")[0] for part in population.split("+")}
    return ANYBODY in words or population in words or parts <= words


def _benefit(record: Record) -> Line:
    """Judge that treatment does better than control."""
    found = verdict(record)
    if found == TREATMENT:
        return _for(record, "better")
    if found == CONTROL:
        return Line(CONTRADICTED if _sure(record) else NOT_SUPPORTED, "opposite")
    if _excludes(record, for_better=True):
        return Line(NOT_SUPPORTED, "little")
    return Line(UNTOLD, "open")


def _no_worse(record: Record) -> Line:
    """Judge that treatment does no worse: a worthwhile harm must be excluded, not only unproven."""
    found = verdict(record)
    if found == CONTROL:
        return Line(CONTRADICTED if _sure(record) else NOT_SUPPORTED, "worse")
    if found == TREATMENT:
        return _for(record, "better")
    if _excludes(record, for_better=False):
        return _for(record, "no worse")
    return Line(UNTOLD, "open")


def _for(record: Record, because: str) -> Line:
    """Support a claim as far as certainty and a single new trial allow."""
    null = NULL_VALUE[record["measure"]]
    further = expected(record)
    if not _sure(record):
        return Line(PARTLY, f"{because}, low")
    if because == "better" and further and further.low <= null <= further.high:
        return Line(PARTLY, "better, not everywhere")
    return Line(SUPPORTED, because)


def _excludes(record: Record, *, for_better: bool) -> bool:
    """Say whether the interval excludes a worthwhile effect on one side; unknown is no."""
    bounds = record["worthwhile"]
    if bounds is None or record["ci_low"] is None:
        return False
    above = (record["favours"] == "above") == for_better
    return bool(record["ci_high"] < bounds[1] if above else record["ci_low"] > bounds[0])


def _sure(record: Record) -> bool:
    return record["certainty"] in _SURE


def _value(test: Record, record: Record) -> Line:
    """Judge a claimed per cent by the pooled one, its interval and its prediction interval.

    "At most" is borne out by an average that reaches the value, in part by an average below it
    that single trials may pass; "equal" by an interval that holds the value.
    """
    if COMPARABLE.get(test["claimed_unit"] or "") != record["measure"] or record["ci_low"] is None:
        return Line(UNTOLD, "other unit")
    value = test["claimed_value"] / (100 if record["measure"] == "PLO" else 1)
    low, high = record["ci_low"], record["ci_high"]
    if low <= value <= high:
        return Line(SUPPORTED if _sure(record) else PARTLY, "inside")
    if test["direction"] == AT_MOST and value > high:
        further = expected(record)
        reached = further is not None and further.high >= value
        return Line(PARTLY, "reached") if reached else Line(NOT_SUPPORTED, "not reached")
    beside = "above" if value < low else "below"
    return Line(CONTRADICTED if _sure(record) else NOT_SUPPORTED, beside)


def whole(direction: str | None, lines: Sequence[Line]) -> str:
    """Return the verdict on a claim from those of its analyses; not tested where it names none.

    It is supported where every analysis supports it. One that cannot tell, or says otherwise
    beside one that supports, leaves it partly supported. A claim of no harm falls with one harm.
    """
    told = [found.verdict for found in lines if found.verdict not in (UNTOLD, UNTESTED)]
    if not told:
        return UNTOLD if any(found.verdict == UNTOLD for found in lines) else UNTESTED
    against = [word for word in told if word in (CONTRADICTED, NOT_SUPPORTED)]
    if direction == NO_WORSE and against:
        return CONTRADICTED if CONTRADICTED in against else NOT_SUPPORTED
    if len(against) < len(told):
        return SUPPORTED if set(told) == {SUPPORTED} and len(told) == len(lines) else PARTLY
    return CONTRADICTED if set(told) == {CONTRADICTED} else NOT_SUPPORTED


def turned(old: str, new: str) -> bool:
    """Say whether two verdicts take other sides: for the claim, against it, or neither."""
    return _SIDES.get(old) != _SIDES.get(new)


def lines_of(
    tests: Sequence[Record], records: dict[str, Record]
) -> dict[str, list[tuple[Record, Line | None]]]:
    """Return, by claim, each row of claim_tests with what its analysis says; None: none named."""
    found: dict[str, list[tuple[Record, Line | None]]] = {}
    for test in tests:
        record = records[test["analysis"]] if test["computed"] else None
        told = None if test["analysis"] is None else line(test, record)
        found.setdefault(test["claim_id"], []).append((test, told))
    return found


def verdicts_of(tests: Sequence[Record], records: dict[str, Record]) -> dict[str, str]:
    """Return the verdict on each claim."""
    return {
        claim: whole(rows[0][0]["direction"], [told for _, told in rows if told])
        for claim, rows in lines_of(tests, records).items()
    }
