"""Answers to the questions of RoB 2 held against each other: what its flow asks, and what not.

- An answer that a question does not offer is an error.
- An answer to a question that is not asked is an error, and so is NA where it is asked.
- A domain with some of its answers is a warning: it is not judged until the others are there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ketameta.ingest.sheet import Entry, Sheet
from ketameta.tables import rob2
from ketameta.tables.problems import WARNING, shown

# the answers of a rater about a trial, or an outcome of it, by question
Set = dict[str, Entry]


def check_answers(sheets: Mapping[str, Sheet]) -> None:
    """Add every fault between the answers that a rater gave about a trial."""
    sheet = sheets.get("rob2_answers")
    if sheet is None or not sheet.whole:
        return
    sets: dict[tuple[str, str, str], Set] = defaultdict(dict)
    doubtful = set()
    for entry in sheet.entries:
        key = (entry["trial_id"], entry["outcome"], entry["rater"])
        question = entry["question"]
        if entry["answer"] is not None and question is not None:
            sets[key].setdefault(question, entry)
            _offered(sheet, entry)
        if entry.bad:
            doubtful.add((key, rob2.domain_of(entry.entered.get("question", ""))))
    for key, answers in sets.items():
        for domain in rob2.DOMAINS:
            if (key, domain) not in doubtful:
                _domain(sheet, domain, answers)


def _offered(sheet: Sheet, entry: Entry) -> None:
    question, answer = entry["question"], entry["answer"]
    offered = rob2.answers_offered(question)
    if answer != rob2.NOT_ASKED and answer not in offered:
        message = f"{answer} is no answer that {question} offers: {', '.join(offered)}"
        sheet.fault(entry, "answer", message)


def _domain(sheet: Sheet, domain: str, entries: Set) -> None:
    answers = {question: str(entry["answer"]) for question, entry in entries.items()}
    own = [entries[question] for question in rob2.DOMAINS[domain] if question in entries]
    wrong = False
    for entry in own:
        question, asked = entry["question"], rob2.is_asked_after(entry["question"], answers)
        if asked == (answers[question] == rob2.NOT_ASKED):
            wrong = True
            is_asked = "is asked" if asked else "is not asked"
            message = f"{question} {is_asked}{_because(question, entries, answers)}"
            sheet.fault(entry, "answer", f"{message}; {_instead(asked, question)}")
    left = rob2.unanswered(domain, answers)
    if own and left and not wrong:
        rater = shown(str(own[0]["rater"]))
        why = _because(left[0], entries, answers)
        several = "have" if len(left) > 1 else "has"
        message = f"{', '.join(left)} {several} no answer by {rater}{why}: {domain} is not judged"
        sheet.fault(own[-1], "question", message, WARNING)


def _instead(asked: bool, question: str) -> str:
    if asked:
        return f"the answer must be {', '.join(rob2.answers_offered(question))}"
    return f"the answer must be {rob2.NOT_ASKED}, or another is wrong"


def _because(question: str, entries: Set, answers: Mapping[str, str]) -> str:
    """Name the answers that decide whether a question is asked, with their lines."""
    said = [
        f"{q} is {answers[q]} (line {entries[q].line})"
        for q in rob2.before(question)
        if q in entries
    ]
    return f" where {' and '.join(said)}" if said else ""
