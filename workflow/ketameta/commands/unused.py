"""Rows that no analysis of the configuration can use: which they are and why.

Asked are the rules by which an analysis lets a row in (outcome, population, treatment, hour, scale,
definition, analysis set, measure), of every analysis and variant. Rows that a flag or the trial's
design keeps apart are so on purpose, and are not told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields, replace

from ketameta.configuration import Configuration, Question
from ketameta.documents.document import read_document
from ketameta.normalize.ledger import REASONS
from ketameta.normalize.networks import effects_between
from ketameta.normalize.records import Trial
from ketameta.normalize.results import AnyResult, Contrast, at_hour
from ketameta.normalize.rows import Rows
from ketameta.normalize.sift import arm_class, row_refusal
from ketameta.normalize.trials import raw_rows, trials_of
from ketameta.tables.collection import Tables, by
from ketameta.tables.problems import NOTE, WARNING, Problem, also, first_few
from ketameta.vocabulary import FOLDER, subject, vocabulary

IN_NONE = "in-no-analysis"
UNUSED_WORD, LIKE_DAYS = "unused-word", "hours-like-days"
# the lists of the subject whose words are told where nothing uses them, and the file of each
_LISTS = {
    "outcomes": "outcomes.yaml",
    "scales": "scales.yaml",
    "treatments": "treatments.yaml",
    "populations": "words.yaml",
}
_ON_PURPOSE = ("flagged", "design")
DAY = 24


def unused(tables: Tables, asked: Configuration, *, each: bool) -> list[Problem]:
    """Return a note for each reason, or with ``each`` for each row, that no analysis can use.

    A trial all of whose rows of an outcome would be in time if their hours were days is a warning.
    """
    trials = trials_of(tables)
    questions: dict[str, dict[Question, None]] = defaultdict(dict)
    for analysis in asked:
        for question in (analysis.select, *(v.select for v in analysis.variants)):
            questions[question.outcome][question] = None
    for course in asked.courses:
        questions[course.select.outcome][course.select] = None
    groups: dict[object, list[tuple[AnyResult, str]]] = defaultdict(list)
    rows = raw_rows(tables)
    sides = _sides(rows, trials, questions)
    compared = {
        row.key
        for network in asked.networks
        for effect in effects_between(network, trials, rows)[0]
        for row in effect.rows
    }
    for row in (row for row in rows if row.key not in compared):
        asked_of = list(questions.get(row.outcome, ()))
        reasons = _refused(row, trials[row.trial_id], asked_of, sides)
        if each and reasons:
            groups[row.key].append((row, "; ".join(REASONS[reason] for reason in reasons)))
        elif reasons:
            # the rule that was met last tells most: all before it let the row in
            last = max(reasons, key=list(REASONS).index)
            groups[last].append((row, REASONS[last]))
    found = [_note(group) for group in groups.values()]
    return found + _days(rows, trials, questions)


def _refused(
    row: AnyResult,
    trial: Trial,
    questions: list[Question],
    sides: dict[tuple[str, Question], set[str]],
) -> list[str]:
    """Return why no question takes a row; nothing where one does, or none is meant to."""
    reasons: dict[str, None] = {} if questions else {"other outcome": None}
    for question in questions:
        refused = row_refusal(question, trial, row)
        if refused and refused[0] in _ON_PURPOSE:
            return []
        reason = refused[0] if refused else "no comparison"
        if not refused:
            alone = isinstance(row, Contrast) or question.by_arm
            if alone or len(sides[row.trial_id, question]) > 1:
                return []
        reasons[reason] = None
    return list(reasons)


def _sides(
    rows: Rows, trials: dict[str, Trial], questions: dict[str, dict[Question, None]]
) -> dict[tuple[str, Question], set[str]]:
    """Return the sides, treated and control, from which a question takes a row of a trial."""
    found: dict[tuple[str, Question], set[str]] = defaultdict(set)
    for row in rows:
        if isinstance(row, Contrast):
            continue
        trial = trials[row.trial_id]
        for question in questions.get(row.outcome, ()):
            if not row_refusal(question, trial, row):
                treated = arm_class(trial.arms[row.arm_id], question) == "treated"
                found[row.trial_id, question].add("treated" if treated else "control")
    return found


def _note(group: list[tuple[AnyResult, str]]) -> Problem:
    first, said = group[0]
    places = [(row.file, row.line) for row, _ in group[1:]]
    about = f"{len(group):,} rows, the first of which is here, are" if places else "the row is"
    outcomes = sorted({row.outcome for row, _ in group})
    asked = f" ({', '.join(outcomes)})" if said == REASONS["other outcome"] else ""
    words = f"{about} in no analysis: {said}{asked}{also(places, first.file)} [{IN_NONE}]"
    found = _told(first, words, NOTE)
    return replace(found, trial_id="", arm_id="") if places else found


def _days(
    rows: Rows, trials: dict[str, Trial], questions: dict[str, dict[Question, None]]
) -> list[Problem]:
    """Return trials no row of which is in time for its outcome, and each would be as days."""
    groups = by((row for row in rows if row.timepoint_h), lambda row: (row.trial_id, row.outcome))
    found = []
    for (trial_id, outcome), group in groups.items():
        hours = {row.timepoint_h or 0.0 for row in group}
        if max(hours) >= DAY or "hour" in " ".join(row.note or "" for row in group):
            continue
        asked = list(questions.get(outcome, ()))
        trial = trials[trial_id]
        if asked and all(_in_days(row, trial, asked) for row in group):
            message = (
                f"{', '.join(f'{h:g}' for h in sorted(hours))} h is in no window of an analysis "
                f"of {outcome}, as days it would be: are these hours? [{LIKE_DAYS}]"
            )
            found.append(_told(group[0], message, WARNING))
    return found


def _in_days(row: AnyResult, trial: Trial, questions: list[Question]) -> bool:
    """Say whether a question takes a row with its hour as a day, and none as it is."""
    hour = row.timepoint_h or 0.0
    later = at_hour(row, DAY * hour)
    refused = all(row_refusal(question, trial, row) for question in questions)
    return (
        refused
        and hour == int(hour)
        and not all(row_refusal(question, trial, later) for question in questions)
    )


def _told(row: AnyResult, message: str, severity: str) -> Problem:
    value = "" if row.timepoint_h is None else f"{row.timepoint_h:g}"
    return Problem(
        row.file, row.line, "timepoint_h" if severity == WARNING else "", value, message,
        severity, row.table, row.trial_id, row.arms[0],
    )  # fmt: skip


def unused_words(tables: Tables, asked: Configuration) -> list[Problem]:
    """Return a note a list of the subject's words of which no table and no question has some."""
    used = {value for row in _every_row(tables) for value in _texts(row)}
    for analysis in asked:
        for question in (analysis.select, *(v.select for v in analysis.variants)):
            used.update(_texts(question))
    for course in asked.courses:
        used.update(_texts(course.select))
    for network in asked.networks:
        used.update(_texts(network.select))
        used.update(word for node in network.nodes for key in node.arms for word in key.values)
    used.update(asked.review.treatments)
    found = []
    for name, file in _LISTS.items():
        words = [word for word in vocabulary().words(name) if word not in used]
        if words:
            path = subject() / FOLDER / file
            lines = read_document(path).lines
            line = min(lines.get((word,), lines.get((name, word), 0)) for word in words)
            message = f"no table and no question has {first_few(words)} [{UNUSED_WORD}]"
            found.append(Problem(path.as_posix(), line, "", "", message, NOTE))
    return found


def _every_row(tables: Tables) -> Iterator[object]:
    return (row for kind in tables.kinds() for row in tables[kind])


def _texts(row: object) -> Iterator[str]:
    """Yield the texts of a row or a question, and those of its lists."""
    for field in fields(row):  # type: ignore[arg-type]
        value = getattr(row, field.name)
        for text in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(text, str):
                yield text
