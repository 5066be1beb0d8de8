"""Two extractions compared, with every digit, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict

from ketameta.evidence.rated import RecordedResult
from ketameta.evidence.rows import place_of
from ketameta.extraction.records import Comparison, Impact, Side, tried_with
from ketameta.report.comparison_items import ComparisonItem, items

# what JSON has of a result
_RESULT = (
    *("measure", "k", "estimate", "ci_low", "ci_high", "estimate_log", "se", "tau2"),
    *("certainty", "certainty_best", "verdict"),
)


def as_json(compared: Comparison) -> dict[str, object]:
    """Return everything with every digit, ready for JSON."""
    matching = compared.matching
    return {
        "a": _side(compared.a),
        "b": _side(compared.b),
        "tried": compared.tried,
        "matched": [
            {
                "table": match.table,
                "a": place_of(match.a),
                "b": place_of(match.b),
                "reason": match.reason,
                "renamed": dict(match.renamed),
            }
            for match in matching.matches
        ],
        "only_a": [{"table": table, "place": place_of(row)} for table, row in matching.only_a],
        "only_b": [{"table": table, "place": place_of(row)} for table, row in matching.only_b],
        "agreement": [
            {name: value for name, value in asdict(line).items() if name != "pairs"}
            for line in compared.agreement
        ],
        "slips": [_slip(item) for item in items(compared.impacts) if item.rows],
        "disagreements": [_impact(impact) for impact in compared.impacts],
    }


def _side(side: Side) -> dict[str, object]:
    return {
        "name": side.name,
        "problems": [asdict(problem) for problem in side.problems],
        "absent": list(side.absent),
        "missing": [list(column) for column in sorted(side.missing)],
    }


def _slip(item: ComparisonItem) -> dict[str, object]:
    """Return one slip in several rows; what it does stands with each of its disagreements."""
    return {
        "trial_id": item.found.trial_id,
        "column": item.found.column,
        "rows": item.rows,
        "changes": [list(pair) for pair in item.changes],
        "likely": item.likely,
        "disagreements": [one.disagreement.id for one in item.members],
    }


def _impact(impact: Impact) -> dict[str, object]:
    found = impact.disagreement
    names = ("table", "trial_id", "row", "column", "a", "b", "place_a", "place_b")
    return {
        "id": found.id,
        **{name: getattr(found, name) for name in (*names, "apart", "matched", "likely")},
        "edit": found.edit.name,
        "analyses": list(impact.analyses),
        "shift": impact.shift,
        "flips": list(impact.flips),
        "moves": [
            {
                "analysis": move.analysis,
                "shift": move.shift,
                "in_se": move.in_se,
                "flipped": move.flipped,
                **{side: _result(getattr(move, side)) for side in ("old", "new")},
            }
            for move in impact.moves
        ],
        "claims": [asdict(claim) for claim in impact.claims],
        "with": tried_with(impact),
        "asked": impact.asked,
        "problem": impact.problem,
    }


def _result(record: RecordedResult | None) -> dict[str, object] | None:
    return {name: getattr(record, name) for name in _RESULT} if record else None
