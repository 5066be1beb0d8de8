"""Which judgement of risk of bias stands for a trial in an analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]

# worst last; the words of both tools
SEVERITY = ("low", "unclear", "some concerns", "high")


def judgements(name: str, outcome: str, trials: Iterable[str], bias: list[Record]) -> list[Record]:
    """Return one row a judged domain of each trial, for an analysis of an outcome.

    A judgement of the outcome goes before one of the whole trial; one of another outcome is
    none of ours. Where reviews differ the worse stands, and `disputed` says so. A domain that
    nobody judged has no row: not assessed is not low.
    """
    wanted = set(trials)
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in bias:
        if row["trial_id"] in wanted and row["outcome"] in (None, "", outcome):
            groups[row["trial_id"], row["tool"], row["domain"]].append(row)
    return [_judged(name, groups[key], outcome) for key in sorted(groups)]


def _judged(name: str, rows: list[Record], outcome: str) -> Record:
    own = [row for row in rows if row["outcome"] == outcome] or rows
    worst = max(own, key=lambda row: SEVERITY.index(row["judgement"]))
    said = [
        f"{row['judgement']} ({row['source']}{': ' + row['support'] if row['support'] else ''})"
        for row in own
    ]
    return {
        "analysis": name,
        **{key: worst[key] for key in ("trial_id", "tool", "outcome", "domain", "judgement")},
        "best": max((row["best"] for row in own), key=SEVERITY.index),
        "inherited_from": worst.get("inherited_from"),
        "disputed": len({row["judgement"] for row in own}) > 1,
        "detail": "; ".join(said),
        "rows": [f"{row['file']}:{row['line']}" for row in own],
    }
