"""Claims beside the results of the analyses that test them, with a verdict and its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.evidence.claims import COMPARABLE, Line, lines_of, whole
from ketameta.report import naming, wording, wording_certainty
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]

# why an analysis says what it says of a claim
_BECAUSE = {
    "not computed": "It is not computed here.",
    "no estimate": "There is nothing pooled to hold it against.",
    "very low": "Certainty is very low: such evidence supports and contradicts nothing.",
    "no comparison": "Treated arms alone show no difference from control.",
    "no direction": "The claim names no direction to hold the result against.",
    "other unit": "The claimed number and the result are not in the same unit.",
    "better": "The interval lies on the better side for treatment, with {level}.",
    "better, low": "The interval lies on the better side for treatment, but with {level}.",
    "better, not everywhere": "The average lies on the better side for treatment, with {level}; a "
    "new trial may see no difference.",
    "no worse": "The interval excludes a harm that would matter, with {level}.",
    "no worse, low": "The interval excludes a harm that would matter, but with {level}.",
    "other people": "It shows this with {level}, but in part on other people than the claim speaks "
    "of.",
    "little": "The interval excludes a benefit that would matter, with {level}.",
    "open": "The interval includes both no difference and one that would matter.",
    "opposite": "The interval lies on the better side for control, with {level}.",
    "worse": "The interval lies on the worse side for treatment, with {level}.",
    "inside": "The claimed value lies inside the interval, with {level}.",
    "reached": "The average lies below the claimed value; single trials may reach it.",
    "not reached": "The whole interval lies below the claimed value, and a new trial is not "
    "expected to reach it.",
    "below": "The whole interval lies below the claimed value, with {level}.",
    "above": "The whole interval lies above the claimed value, with {level}.",
}
_SAYS = {
    "supported": ("supports it", "support it"),
    "partly supported": ("supports it in part", "support it in part"),
    "not supported": ("does not support it", "do not support it"),
    "contradicted": ("contradicts it", "contradict it"),
    "cannot be told": ("cannot tell", "cannot tell"),
    "not tested": ("is not computed", "are not computed"),
}


def claim_views(
    tests: Sequence[Record], records: dict[str, Record], configuration: Configuration
) -> list[Record]:
    """Return one view a claim, in the order of the table, with a line for each analysis named.

    `records` are the syntheses as judged.
    """
    views = []
    for rows in lines_of(tests, records).values():
        first = rows[0][0]
        lines = [_line(test, told, records, configuration) for test, told in rows if told]
        told = [line["told"] for line in lines]
        views.append(
            {
                **first,
                "claimed": claimed(first),
                "lines": lines,
                "verdict": whole(first["direction"], told),
                "reason": _reason(lines),
            }
        )
    return views


def _line(
    test: Record, told: Line, records: dict[str, Record], configuration: Configuration
) -> Record:
    """Return what a page shows of one analysis beside a claim."""
    record = records[test["analysis"]] if test["computed"] else None
    level = wording_certainty.label(record["certainty"]) if record else ""
    return {
        "name": test["analysis"],
        "analysis": configuration[test["analysis"]] if test["computed"] else None,
        "record": record,
        "sentence": _sentence(test, record, configuration),
        "told": told,
        "reason": _BECAUSE[told.because].format(level=level),
    }


def _reason(lines: Sequence[Record]) -> str:
    """Say why a claim has its verdict: by its one analysis, or by how many say what."""
    if not lines:
        return "No analysis of these trials is named for it."
    if len(lines) == 1:
        only = lines[0]
        return str(only["sentence"] if only["told"].because == "not computed" else only["reason"])
    counts = Counter(line["told"].verdict for line in lines)
    parts = [f"{counts[word]} {_SAYS[word][counts[word] > 1]}" for word in _SAYS if counts[word]]
    return f"Of {len(lines)} analyses named, {naming.listed(parts)}."


def tally(verdicts: Sequence[str]) -> str:
    """Count the claims by verdict in a sentence, the strongest verdict first."""
    counts = Counter(verdicts)
    parts = []
    for word in vocabulary().words("claim_verdicts"):
        if number := counts[word]:
            verb = "" if word == "cannot be told" else "is " if number == 1 else "are "
            parts.append(f"{number} {verb}{word}")
    if not parts:
        return ""
    return f"Of {wording.count(len(verdicts), 'claim')}, {naming.listed(parts)}."


def claimed(row: Record) -> str:
    """Write what is claimed, as far as it is a number or a direction."""
    if row["claimed_value"] is None:
        return row["direction"] or ""
    named = (row["claimed_unit"] or "").replace("percent", "per cent")
    value = f"{row['claimed_value']:g} {named}".strip()
    return f"{row['direction']} {value}" if row["direction"] not in (None, "equal") else value


def _sentence(row: Record, record: Record | None, configuration: Configuration) -> str:
    if record is None:
        return "No analysis of these trials tests it."
    analysis = configuration[row["analysis"]]
    comparable = COMPARABLE.get(row["claimed_unit"] or "") == analysis.select.measure
    if row["claimed_value"] is None or not comparable or record["estimate"] is None:
        return wording.answer(analysis, record)
    told = wording.against(analysis, record, row["claimed_value"], row["direction"])
    return f"{told} {wording.statement(analysis, record)}"


def claim_rows(views: Sequence[Record], tests: Sequence[Record]) -> list[Record]:
    """Return claim_tests with the verdict and reason of each analysis and of the whole claim."""
    rows = []
    by_claim = {view["claim_id"]: view for view in views}
    lines = {view["claim_id"]: iter(view["lines"]) for view in views}
    for test in tests:
        view = by_claim[test["claim_id"]]
        line = next(lines[test["claim_id"]]) if test["analysis"] is not None else None
        rows.append(
            {
                **test,
                "analysis_verdict": line["told"].verdict if line else view["verdict"],
                "analysis_reason": line["reason"] if line else view["reason"],
                "verdict": view["verdict"],
                "reason": view["reason"],
            }
        )
    return rows
