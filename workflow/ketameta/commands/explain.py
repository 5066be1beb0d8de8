"""`ketameta explain`: where a number came from, in the terminal."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands.explain_text import raw_row, say
from ketameta.commands.last_run import (
    configuration_of,
    known_to_the_run,
    refitted,
    run_of,
    unknown,
)
from ketameta.commands.since import (
    NoRunError,
    Since,
    UnknownWordError,
    made_rows,
    since_the_run,
)
from ketameta.configuration import Analysis, Configuration, ConfigurationError
from ketameta.evidence.rows import ADDED
from ketameta.freshness import edited
from ketameta.measures import MEASURES
from ketameta.tables.collection import by
from ketameta.tables.effects import DerivationRow, LedgerRow, ResultRow
from ketameta.tables.raw import TrialRow
from ketameta.tables.syntheses import ClaimTestRow, ExclusionRow, StudyRow, SynthesisRow
from ketameta.vocabulary.narrowing import canonical

if TYPE_CHECKING:
    from ketameta.report.traces import Traces

PROCESSED = Path("data/processed")
MOST = 20
DESCRIPTION = """\
Say where a number came from, down to the raw cells, as the last run has it.

  ketameta explain                   every analysis, with the number of trials pooled
  ketameta explain ANALYSIS          an analysis: its trials, and those not pooled
  ketameta explain TRIAL             a trial: in which analyses it is, and why not
  ketameta explain ANALYSIS TRIAL    the trial's effect with every step and raw row
  ketameta explain 'ANALYSIS@population=WORD'
                                     an analysis of fewer trials, made now if need be
  ketameta explain ANALYSIS --spec ID
                                     one specification of its multiverse

Where the tables changed since that run it says so, and shows the rows as they stand now.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta explain` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("words", nargs="*", metavar="NAME", help="analysis, trial_id, or both")
    what = "a specification of the analysis by its id, as on its page"
    parser.add_argument("--spec", metavar="ID", help=what)


def explain(given: argparse.Namespace) -> int:
    """Print the analyses, an analysis, a trial, or a trial's effect with its steps and raw rows.

    1 where the configuration has faults or there is no run that can tell, 2 for unknown words.
    """
    try:
        configuration = configuration_of(given.words)
        analysis, trial = _asked(given.words, configuration)
        if given.spec is not None and (analysis is None or trial is not None):
            raise UnknownWordError("--spec: of one analysis, and no trial")
        if analysis is None and trial is None:
            return _list(configuration)
        since = run_of(analysis)
        known_to_the_run(since, analysis, trial)
        for said in (since.sentence(), refitted(since, analysis)):
            if said:
                say(f"{said}.\n")
        if given.spec is not None:
            from ketameta.commands.specification import specification

            assert analysis is not None
            print(*specification(analysis, given.spec, since), sep="\n\n")
        elif trial is None:
            assert analysis is not None
            _analysis(analysis, configuration, since)
        elif analysis is None:
            _trial(trial, configuration, since)
            _changed(trial, since)
        elif not _studies(analysis, trial, since):
            _not_in(analysis, trial, since)
            _changed(trial, since)
    except (ConfigurationError, NoRunError) as error:
        print(error, file=sys.stderr)
        return 1
    except UnknownWordError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _asked(
    words: Sequence[str], configuration: Configuration
) -> tuple[Analysis | None, str | None]:
    """Return the analysis and the trial that words name, in either order.

    Raises `UnknownWordError` with the neighbours of a word.
    """
    if len(words) > 2:
        raise UnknownWordError(f"{' '.join(words)}: one analysis and one trial at the most")
    words = [canonical(word) for word in words]
    names = [word for word in words if word in configuration.names]
    rest = [word for word in words if word not in names]
    if not rest and len(names) < 2:
        return (configuration[names[0]] if names else None), None
    trials = _trials()
    if len(rest) == 1 and rest[0] in trials:
        return (configuration[names[0]] if names else None), rest[0]
    word = next((word for word in rest if word not in trials), words[-1])
    if names and word not in names:
        raise unknown("trial", word, trials, [])
    if len(words) == 2 and (word == words[0] or not names):
        raise unknown("analysis", word, {}, configuration.names)
    what = "trial" if word in names else "analysis or trial"
    raise unknown(what, word, trials, configuration.names)


def _trials() -> dict[str, str]:
    """Return the label of every trial by its id: those of the last run, and those entered since."""
    from ketameta.commands.versions import RAW
    from ketameta.ingest.stage import check_folder

    try:
        known = made_rows(TrialRow)
    except NoRunError:
        known = []
    now = check_folder(Path(RAW))[0].get(TrialRow)
    return {row.trial_id: row.label for row in [*known, *now]}


def _list(configuration: Configuration) -> int:
    """Print every analysis with its title and the number of trials pooled."""
    try:
        pooled = {row.analysis: row.k for row in made_rows(SynthesisRow)}
    except NoRunError:
        pooled = {}
    if said := _changes():
        say(f"{said}.")
        print()
    width = max(map(len, configuration.names))
    print(f"{'analysis':<{width}}  trials  title")
    for analysis in configuration:
        k = pooled.get(analysis.name, "–")
        print(f"{analysis.name:<{width}}  {k:>6}  {analysis.display.title}")
    if missing := [name for name in configuration.names if name not in pooled]:
        print(f"\n{len(missing)} not run yet (–): `ketameta run` pools them")
    print("\n`ketameta explain ANALYSIS`, `ketameta explain TRIAL` or both tell more.")
    return 0


def _changes() -> str:
    """Say what changed since the run; rows are compared only where a file is another."""
    try:
        return since_the_run().sentence() if edited() else ""
    except NoRunError as error:
        return str(error)


def _analysis(analysis: Analysis, configuration: Configuration, since: Since) -> None:
    from ketameta.commands.results import read_results, verdicts_on
    from ketameta.evidence.results import results
    from ketameta.report import wording, wording_certainty

    name = analysis.name
    studies = since.rows(StudyRow, analysis=name)
    others = since.rows(ExclusionRow, analysis=name)
    if since.more.kinds():
        found = results(since.then | since.more, configuration)
    else:
        found = read_results(PROCESSED, configuration)
    record = next(row for row in found.syntheses if row.analysis == name)
    print(f"{analysis.display.title}\n{analysis.display.question}\n")
    say(wording.answer(analysis, record))
    level = wording_certainty.certainty_label(record.certainty, record.certainty_best)
    say(f"{level.capitalize()}.")
    if record.tau2 is not None:
        say(f"{wording.pooled_by(analysis, record)}. {wording.heterogeneity(record)}.")
    print()
    width = max((len(s.trial_id) for s in studies), default=0)
    for s in studies:
        text = _effect(analysis, s)
        changed = " (rows changed since)" if since.of_trial(s.trial_id) else ""
        rows = ", ".join(s.rows)
        print(f"  {s.trial_id:<{width}}  {text} {s.basis}: {rows}{changed}")
    if others:
        print(f"\nNot pooled ({len(others)}):")
        for e in others:
            print(f"  {e.trial_id}: {_reason(e)}")
    if claims := verdicts_on(made_rows(ClaimTestRow, analysis=name), found):
        print("\nClaims that it tests:", *claims, sep="\n  ")
    print(f"\nketameta explain {shlex.quote(name)} TRIAL shows every step of one trial.")


def _effect(analysis: Analysis, study: StudyRow) -> str:
    """Write the weight of a study and its effect with interval, in columns."""
    from ketameta.report import wording

    weight = f"{study.weight:5.1f}%" if study.weight is not None else "      "
    text = wording.estimate_interval(analysis.select.measure, study, "effect")
    arm = f" {study.comparison}:" if study.comparison else ""
    return f"{weight} {arm} {text:<26}"


def _reason(row: ExclusionRow) -> str:
    return f"{row.reason} ({row.detail})" if row.detail else row.reason


def _studies(analysis: Analysis, trial: str, since: Since) -> bool:
    """Print a trial's effects in an analysis, each with its steps; False where it has none."""
    from ketameta.report.traces import Traces

    of_trial = {"analysis": analysis.name, "trial_id": trial}
    own = since.rows(StudyRow, **of_trial)
    traces = Traces(since.rows(DerivationRow, **of_trial), since.rows(ResultRow) if own else ())
    for study in own:
        _study(analysis, study, traces, since)
    return bool(own)


def _not_in(analysis: Analysis, trial: str, since: Since) -> None:
    """Print why a trial has no effect in an analysis."""
    name = analysis.name
    for row in since.rows(ExclusionRow, analysis=name, trial_id=trial):
        print(f"{row.label} is not in {name}: {_reason(row)}")
        say(f"rows: {', '.join(row.rows)}", "  ", "  ")
        return
    say(f"{trial} is not in {name}: {_never(_ledger(trial, since)[name])}", rest="  ")


def _changed(trial: str, since: Since, *kinds: str) -> None:
    """Print the rows of a trial that changed since the run, those of some kinds alone."""
    changes = [c for c in since.of_trial(trial) if not kinds or c.kind in kinds]
    if changes:
        print(f"\nChanged since the run ({len(changes)}):")
    for change in changes[:MOST]:
        cells = [f"{c.column} {c.old or 'empty'} → {c.new or 'empty'}" for c in change.cells]
        told = "; ".join(cells) or change.name
        say(f"data/raw/{change.place}: {change.kind}, {told}", "  ", "    ")
    if len(changes) > MOST:
        print(f"  and {len(changes) - MOST} more")


def _trial(trial: str, configuration: Configuration, since: Since) -> None:
    """Print a trial over all analyses: its effect, or why it has none."""
    row = next(row for row in since.then[TrialRow] if row.trial_id == trial)
    people = f", {row.n_randomised} randomised" if row.n_randomised else ""
    print(f"{row.label} ({trial}): {row.population}, {row.design}{people}")
    studies = by(made_rows(StudyRow, trial_id=trial), lambda row: row.analysis)
    left = {row.analysis: row for row in made_rows(ExclusionRow, trial_id=trial)}
    ledger = _ledger(trial, since)
    width = max(map(len, configuration.names))
    never: dict[str, list[str]] = {}
    asked = len(configuration.names)
    found = f"{len(studies)} of {asked} analyses:" if studies else f"none of {asked} analyses."
    print(f"\nIn {found}")
    for analysis in configuration:
        for study in studies[analysis.name]:
            print(f"  {analysis.name:<{width}}  {_effect(analysis, study).rstrip()}")
        if analysis.name not in left and not studies[analysis.name]:
            never.setdefault(_never(ledger[analysis.name]), []).append(analysis.name)
    if left:
        print("\nNot pooled, though it has rows on the outcome:")
        for name, other in left.items():
            say(f"{name:<{width}}  {_reason(other)}", "  ", " " * (width + 4))
    for why, names in never.items():
        print()
        say(f"Not in {', '.join(names)}: {why}", rest="  ")
    if studies:
        print(f"\nketameta explain ANALYSIS {trial} shows every step of its effect.")


def _ledger(trial: str, since: Since) -> Mapping[str, list[LedgerRow]]:
    """Return what became of a trial's rows, by analysis."""
    return by(since.rows(LedgerRow, trial_id=trial), lambda row: row.analysis)


def _never(entries: Sequence[LedgerRow]) -> str:
    """Say why no row of a trial came into question for an analysis."""
    from ketameta.normalize.ledger import REASONS

    if not entries:
        return "it has no row in outcomes or contrasts"
    said = []
    for reason in dict.fromkeys(e.reason for e in entries):
        details = dict.fromkeys(e.detail for e in entries if e.reason == reason)
        listed = ", ".join(filter(None, details))
        said.append(REASONS[reason] + (f" ({listed})" if listed else ""))
    rows = f"none of its {len(entries)} rows is" if len(entries) > 1 else "its one row is not"
    return f"{rows} a candidate: {'; '.join(said)}"


def _study(analysis: Analysis, study: StudyRow, traces: Traces, since: Since) -> None:
    from ketameta.report import wording

    measure = analysis.select.measure
    weight = f", weight {study.weight:.1f}%" if study.weight is not None else ""
    text = wording.estimate_interval(measure, study, "effect")
    arm = f", {study.comparison}" if study.comparison else ""
    print(f"{study.label}{arm} in {analysis.display.title}")
    numbers = f"yi = {study.yi:.6g}, vi = {study.vi:.6g}"
    print(f"{MEASURES[measure].words} {text}{weight}; {numbers}\n")
    for mark in study.marks:
        print(f"marked in the table: {mark}\n")
    for n, step in enumerate(traces.steps(study), start=1):
        assumes = f" (assumes: {step.assumption})" if step.assumption else ""
        say(f"{n}. {step.what}{assumes}", "", "   ")
        if step.formula:
            say(step.formula, "   ", "   ")
        rows = f"  [{', '.join(step.rows)}]" if step.rows else ""
        source = f"  ({step.source})" if step.source else ""
        say(f"= {step.result}{source}{rows}", "   ", "     ")
    now = " (the steps are those of the last run)" if since.of_trial(study.trial_id) else ""
    print(f"\nRaw rows as entered{now}:")
    for row in traces.evidence(study):
        raw_row(since.standing(row))
    _changed(study.trial_id, since, ADDED)
