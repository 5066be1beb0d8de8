"""An analysis as the last run has it: which one is meant, and whether the run still tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ketameta.commands.since import (
    NoRunError,
    Since,
    UnknownWordError,
    made_rows,
    since_the_run,
)
from ketameta.configuration import CONFIG, Analysis, Configuration, load
from ketameta.configuration.faults import narrowed_fault
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import SynthesisRow
from ketameta.vocabulary import nearest


def configuration_of(words: Sequence[str]) -> Configuration:
    """Return the questions with the narrowed ones of the run and of the words.

    Raises `UnknownWordError` for a key or a word that nothing can be narrowed by.
    """
    whole = load(CONFIG)
    for word in words:
        if "@" in word and (said := narrowed_fault(word, whole.names)):
            raise UnknownWordError(f"{word}: {said}")
    try:
        made = [row.analysis for row in made_rows(SynthesisRow)]
    except NoRunError:
        made = []
    return whole.asked([*made, *words])


def run_of(analysis: Analysis | None) -> Since:
    """Return the run, with the tables of a narrowed analysis that it did not make."""
    from ketameta.evidence.attribution import stage_tables

    since = since_the_run()
    if analysis is None or not analysis.narrow or made_rows(SynthesisRow, analysis=analysis.name):
        return since
    return replace(since, more=stage_tables(since.then, Configuration((analysis,))))


def refitted(since: Since, analysis: Analysis | None) -> str:
    """Say that the question or the code changed since the run; empty where they give the same."""
    from ketameta.evidence.attribution import fitted
    from ketameta.evidence.changes import compare
    from ketameta.evidence.rated import result_of

    if analysis is None:
        return ""
    (made,) = since.rows(SynthesisRow, analysis=analysis.name)
    try:
        now = fitted(since.then, analysis)
    except KeyError:
        return ""
    if not compare([result_of(made)], [result_of(now)])[0].moved:
        return ""
    return (
        f"the question {analysis.name} in {CONFIG} or the code changed since the last run: "
        "`ketameta run` brings it up to date"
    )


def unknown(what: str, word: str, trials: dict[str, str], names: list[str]) -> UnknownWordError:
    """Return the message on an unknown word: names like it, of trials by id or label."""
    known = {name: name for name in names}
    known |= {label: trial for trial, label in trials.items()} | {trial: trial for trial in trials}
    close = dict.fromkeys(known[found] for found in nearest(word, known))
    if close:
        hint = f"did you mean {', '.join(close)}?"
    elif not trials:
        hint = f"known: {', '.join(names)}"
    else:
        hint = "`ketameta explain` lists the analyses, data/raw/trials the trials"
    return UnknownWordError(f"unknown {what} {word}; {hint}")


def known_to_the_run(since: Since, analysis: Analysis | None, trial: str | None) -> None:
    """Raise `NoRunError` where an analysis or a trial was added since the run."""
    again = "since the last run: run `ketameta run`"
    if analysis and not since.rows(SynthesisRow, analysis=analysis.name):
        raise NoRunError(f"{analysis.name} was added to {CONFIG} {again}")
    if trial and trial not in {row.trial_id for row in since.then[TrialRow]}:
        row = next(row for row in since.now[TrialRow] if row.trial_id == trial)
        raise NoRunError(f"{trial} was added (data/raw/{row.file}:{row.line}) {again}")
