"""RoB 2: from the answers to its signalling questions to a judgement of each domain.

The published algorithm for the effect of assignment to treatment in a trial that randomises
people: Sterne 2019, BMJ 366:l4898, and the detailed guidance of 22 August 2019 (tables 4, 6, 10,
12 and 14; overall table 1). Yes and probably yes are one answer to it, and so are no and probably
no. The questions themselves stand in the guidance; the vocabulary names their subjects.

A worse answer never gives a better judgement, whatever the other answers are: the algorithm is
monotone in every question. "No information" counts as the best answer in 1.1, 1.3 and 4.1, lies
between in 1.2, 2.3, 4.2, 5.2 and 5.3, and counts as the worst in all others but 3.2, which does
not offer it: evidence that nobody reports is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ketameta.tables.effects import SignallingRow

Answers = Mapping[str, str]
# trial, outcome (empty for the whole trial), rater
Rated = tuple[str, str, str]

LOW, SOME, HIGH = "low", "some concerns", "high"
SEVERITY = (LOW, SOME, HIGH)
OVERALL = "overall"
NOT_ASKED = "NA"
DOMAINS = {
    "D1": ("1.1", "1.2", "1.3"),
    "D2": ("2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7"),
    "D3": ("3.1", "3.2", "3.3", "3.4"),
    "D4": ("4.1", "4.2", "4.3", "4.4", "4.5"),
    "D5": ("5.1", "5.2", "5.3"),
}
# concerns in so many domains, each with a fault that was found, are high overall
SEVERAL = 3

_YES, _NO, _SILENT = "yes", "no", "no information"
_CLASSES = {"Y": _YES, "PY": _YES, "PN": _NO, "N": _NO, "NI": _SILENT}
# the answer that speaks for a trial is yes; of all others it is no
_GOOD_IF_YES = ("1.1", "1.2", "2.5", "2.6", "3.1", "3.2", "5.1")
# question -> the questions before it, and their answers after which it is asked
_AFTER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "2.3": (("2.1", "2.2"), (_YES, _SILENT)),
    "2.4": (("2.3",), (_YES,)),
    "2.5": (("2.4",), (_YES, _SILENT)),
    "2.7": (("2.6",), (_NO, _SILENT)),
    "3.2": (("3.1",), (_NO, _SILENT)),
    "3.3": (("3.2",), (_NO,)),
    "3.4": (("3.3",), (_YES, _SILENT)),
    "4.3": (("4.1", "4.2"), (_NO, _SILENT)),
    "4.4": (("4.3",), (_YES, _SILENT)),
    "4.5": (("4.4",), (_YES, _SILENT)),
}
# asked after the one or the other answer, where all others want every one
_EITHER = ("2.3",)


def domain_of(question: str) -> str:
    """Return the domain of a question: D2 of 2.6."""
    return f"D{question.partition('.')[0]}"


def answers_offered(question: str) -> tuple[str, ...]:
    """Return the answers that a question offers, without NA: 3.2 has no NI."""
    return tuple(a for a in _CLASSES if (question, a) != ("3.2", "NI"))


def before(question: str) -> tuple[str, ...]:
    """Return the questions that decide whether this one is asked; none where it always is."""
    return _AFTER[question][0] if question in _AFTER else ()


def is_asked_after(question: str, answers: Answers) -> bool:
    """Say whether a question is asked after the answers to those before it."""
    return _told(domain_of(question), answers)[question] is not None


def unanswered(domain: str, answers: Answers) -> list[str]:
    """Return the questions of a domain that are asked and have no answer."""
    return [question for question, kind in _told(domain, answers).items() if kind == ""]


def judge(answers: Answers) -> dict[str, str]:
    """Return the judgement of each domain whose questions are answered, and `overall_judgement`.

    `answers` are Y, PY, PN, N, NI or NA by question; those that are not asked are passed over.
    Overall needs all five domains, but one at high risk is enough.
    """
    found = {d: _judge(d, answers) for d in DOMAINS if not unanswered(d, answers)}
    if HIGH in found.values() or len(found) == len(DOMAINS):
        found[OVERALL] = overall_judgement(found, answers)
    return found


def overall_judgement(domains: Mapping[str, str], answers: Answers) -> str:
    """Return the overall judgement from those of the domains.

    Low where all are low, high where any is. The guidance leaves it to people when concerns in
    several domains lower confidence so much that they are high together. The rule here: in
    `SEVERAL` domains or more, counting those that would raise concerns even if whatever the text
    does not tell were well. Silence alone never makes a trial one of high risk.
    """
    if HIGH in domains.values():
        return HIGH
    if SOME not in domains.values():
        return LOW
    well = told_well(answers)
    faults = [d for d, word in domains.items() if word == SOME and _judge(d, well) != LOW]
    return HIGH if len(faults) >= SEVERAL else SOME


def told_well(answers: Answers) -> dict[str, str]:
    """Return answers with the best one wherever there is no information.

    What is judged from them is how a trial would stand if all that the text leaves out were well:
    its distance from the judgement is what silence costs.
    """
    best = {q: "Y" if q in _GOOD_IF_YES else "N" for q in answers}
    return {q: best[q] if answer_class(a) == _SILENT else a for q, a in answers.items()}


def answers_by_rater(rows: Iterable[SignallingRow]) -> dict[Rated, dict[str, str]]:
    """Return the answers of rows of the table by trial, outcome and rater, each by question."""
    found: dict[Rated, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row.trial_id, row.outcome or "", row.rater][row.question] = row.answer
    return found


def deciding_answers(domain: str, answers: Answers) -> str:
    """Return the answers of a domain that the judgement rests on, as in 4.1 N, 4.2 PN, 4.3 NI."""
    told = _told(domain, answers)
    return ", ".join(f"{q} {answers[q]}" for q, kind in told.items() if kind is not None)


def answer_class(answer: str) -> str:
    """Return an answer as the flow reads it: yes, no, no information; empty of NA."""
    return _CLASSES.get(answer, "")


def kinds(answers: Answers) -> dict[str, str]:
    """Return yes, no or no information of every question; empty of one that has none."""
    told = [_told(domain, answers) for domain in DOMAINS]
    return {question: kind or "" for own in told for question, kind in own.items()}


def _told(domain: str, answers: Answers) -> Mapping[str, str | None]:
    """Return what the answers of a domain say, in kind: empty without one, None if not asked."""
    return _flow(domain, tuple([answers.get(question, "") for question in DOMAINS[domain]]))


@cache
def _flow(domain: str, answers: tuple[str, ...]) -> Mapping[str, str | None]:
    found: dict[str, str | None] = {}
    for question, answer in zip(DOMAINS[domain], answers, strict=True):
        reached = True
        if question in _AFTER:
            # a question comes after those that it depends on
            questions, after = _AFTER[question]
            told = [found[q] in after for q in questions]
            reached = any(told) if question in _EITHER else all(told)
        found[question] = answer_class(answer) if reached else None
    return found


def _judge(domain: str, answers: Answers) -> str:
    return _FLOWS[domain]({q: kind or "" for q, kind in _told(domain, answers).items()})


def _randomisation(a: Answers) -> str:
    """Figure 1: concealment first; random order and baseline differences matter below it."""
    if a["1.2"] == _NO:
        return HIGH
    if a["1.2"] == _SILENT:
        return HIGH if a["1.3"] == _YES else SOME
    return SOME if a["1.1"] == _NO or a["1.3"] == _YES else LOW


def _deviations(a: Answers) -> str:
    """Figure 2: the worse of two parts, deviations (2.1 to 2.5) and analysis (2.6, 2.7)."""
    if a["2.3"] in ("", _NO):
        deviations = LOW
    elif a["2.3"] == _SILENT or a["2.4"] == _NO or a["2.5"] == _YES:
        deviations = SOME
    else:
        deviations = HIGH
    analysis = LOW if a["2.6"] == _YES else SOME if a["2.7"] == _NO else HIGH
    return max(deviations, analysis, key=SEVERITY.index)


def _missing(a: Answers) -> str:
    """Figure 4: complete, shown not to matter, or independent of the outcome is low."""
    if a["3.1"] == _YES or a["3.2"] == _YES or a["3.3"] == _NO:
        return LOW
    return SOME if a["3.4"] == _NO else HIGH


def _measurement(a: Answers) -> str:
    """Figure 5: a fit method, alike in both groups, by assessors who did not know or not mind."""
    if _YES in (a["4.1"], a["4.2"]):
        return HIGH
    if _NO in (a["4.3"], a["4.4"]):
        return LOW if a["4.2"] == _NO else SOME
    return SOME if a["4.5"] == _NO else HIGH


def _selection(a: Answers) -> str:
    """Figure 7: a result chosen among several is high; not known, or without a plan, concerns."""
    if _YES in (a["5.2"], a["5.3"]):
        return HIGH
    planned = a["5.1"] == _YES and _SILENT not in (a["5.2"], a["5.3"])
    return LOW if planned else SOME


_FLOWS: dict[str, Callable[[Answers], str]] = {
    "D1": _randomisation,
    "D2": _deviations,
    "D3": _missing,
    "D4": _measurement,
    "D5": _selection,
}
