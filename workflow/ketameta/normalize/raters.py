"""Answers to the signalling questions of RoB 2: as the report shows them, and as judgements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.tables import rob2

Record = dict[str, Any]
TOOL = "RoB2"


def answers(rows: Sequence[Record], labels: Mapping[str, str]) -> list[Record]:
    """Return the answers as entered, each with the name of its trial."""
    return [{**row, "label": labels[row["trial_id"]]} for row in rows]


def judgements(rows: Sequence[Record]) -> list[Record]:
    """Return what each rater's answers make of each domain, as rows of the table `bias`.

    A domain without all answers that the flow asks for has none. `best` is the judgement if all
    were well that the text does not tell (where that asks what nobody answered, the judgement
    itself). Each row has the place of the rater's first answer in
    the domain.
    """
    found: list[Record] = []
    given_by: dict[rob2.Rated, list[Record]] = defaultdict(list)
    for row in rows:
        given_by[row["trial_id"], row["outcome"] or "", row["rater"]].append(row)
    for rated, own in rob2.by_rater(rows).items():
        trial, outcome, rater = rated
        best = rob2.judge(rob2.told_well(own))
        for domain, judgement in rob2.judge(own).items():
            questions = rob2.DOMAINS.get(domain, tuple(own))
            about = [row for row in given_by[rated] if row["question"] in questions]
            row = {"trial_id": trial, "tool": TOOL, "outcome": outcome or None}
            row |= {name: about[0][name] for name in ("file", "line")}
            row |= {"domain": domain, "judgement": judgement, "best": best.get(domain, judgement)}
            row["support"] = _support(domain, own, about)
            row["source"] = f"RoB 2 algorithm from the answers of rater {rater}"
            row["locator"] = f"questions {questions[0]} to {questions[-1]}"
            found.append(row)
    return found


def _support(domain: str, answers: rob2.Answers, rows: Sequence[Record]) -> str:
    """Return the answers that count and what they rest on; overall needs no words of its own."""
    if domain == rob2.OVERALL:
        return ""
    asked = [row for row in rows if rob2.asked(row["question"], answers) and row["support"]]
    return "; ".join([rob2.said(domain, answers), *dict.fromkeys(row["support"] for row in asked)])
