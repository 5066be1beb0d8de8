"""Answers to the signalling questions of RoB 2: as the report shows them, and as judgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ketameta.tables import rob2
from ketameta.tables.collection import by
from ketameta.tables.effects import BiasRow, SignallingRow
from ketameta.tables.raw import Rob2AnswerRow
from ketameta.tables.table import extended_each

TOOL = "RoB2"


def signalling_answers(
    rows: Sequence[Rob2AnswerRow], labels: Mapping[str, str]
) -> list[SignallingRow]:
    """Return the answers as entered, each with the name of its trial."""
    return extended_each(SignallingRow, rows, label=[labels[row.trial_id] for row in rows])


def judgements(rows: Sequence[Rob2AnswerRow]) -> list[BiasRow]:
    """Return what each rater's answers make of each domain, as rows of the table `bias`.

    A domain without all answers that the flow asks for has none. `best` is the judgement if all
    were well that the text does not tell (where that asks what nobody answered, the judgement
    itself). Each row has the place of the rater's first answer in
    the domain.
    """
    found: list[BiasRow] = []
    given_by = by(rows, lambda row: (row.trial_id, row.outcome or "", row.rater))
    for (trial, outcome, rater), given in given_by.items():
        own = {row.question: row.answer for row in given}
        best = rob2.judge(rob2.told_well(own))
        for domain, judgement in rob2.judge(own).items():
            questions = rob2.DOMAINS.get(domain, tuple(own))
            about = [row for row in given if row.question in questions]
            found.append(
                BiasRow(
                    file=about[0].file,
                    line=about[0].line,
                    trial_id=trial,
                    tool=TOOL,
                    outcome=outcome or None,
                    domain=domain,
                    judgement=judgement,
                    best=best.get(domain, judgement),
                    support=_support(domain, own, about),
                    source=f"RoB 2 algorithm from the answers of rater {rater}",
                    locator=f"questions {questions[0]} to {questions[-1]}",
                    inherited_from=None,
                )
            )
    return found


def _support(domain: str, answers: rob2.Answers, rows: Sequence[Rob2AnswerRow]) -> str:
    """Return the answers that count and what they rest on; overall needs no words of its own."""
    if domain == rob2.OVERALL:
        return ""
    asked = [
        row.support for row in rows if rob2.is_asked_after(row.question, answers) and row.support
    ]
    return "; ".join([rob2.deciding_answers(domain, answers), *dict.fromkeys(asked)])
