"""The sieve: which raw rows are candidates for an analysis, before any choice between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ketameta.configuration import Question
from ketameta.measures import MEASURES
from ketameta.normalize.ledger import ELSEWHERE, Fate
from ketameta.normalize.records import Arm, Trial
from ketameta.normalize.results import AnyResult, ArmResult, Contrast
from ketameta.normalize.words import NOT_STATED, listed
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import FLAG, Narrow, dosing, drug_route, flagging

if TYPE_CHECKING:
    from ketameta.normalize.rows import OnOutcome, Rows


def arm_class(arm: Arm, question: Question) -> str:
    """Return `treated`, a comparator class that is asked for, or an empty text."""
    if arm.treatment in question.treatments:
        return "treated"
    return arm.comparator_class if arm.comparator_class in question.comparators else ""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The candidate rows of each trial, and why the other rows on the outcome are none.

    `fates` are those of the rows on the outcome in their order, None of a candidate; `told` numbers
    what is told of the rows of a trial that has candidates: the same number, the same fates.
    `asked` are the trials that are asked for, and where their rows are.
    """

    candidates: dict[str, list[AnyResult]]
    fates: list[Fate | None]
    told: dict[str, int]
    asked: Sequence[tuple[Trial, slice]]


class Sieve:
    """Raw rows, sifted once for all questions that ask the same of a row."""

    def __init__(self, trials: Mapping[str, Trial], rows: Rows) -> None:
        """Take the trials and the rows that are to be sifted."""
        self._trials, self._rows = trials, rows
        self._sifted: dict[object, Sifted] = {}
        self._of_trials: dict[object, Sifted] = {}
        self._told: dict[tuple[Fate | None, ...], int] = {}
        # each once: there are few words, and many rows
        self._fates: dict[Fate, Fate] = {}

    def sift(self, question: Question) -> Sifted:
        """Return the candidates of a question and the fate of the other rows on its outcome."""
        asked = _asked(question)
        if (known := self._sifted.get(asked)) is None:
            narrower = self._narrowed if question.narrow else self._whole
            known = self._sifted[asked] = narrower(question)
        return known

    def _trials_asked(self, question: Question) -> Sifted:
        """Sift the trials on the outcome: none of their rows is a candidate so far."""
        q = question
        key = q.outcome, frozenset(q.populations), frozenset(q.design_flags)
        if key not in self._of_trials:
            fates: list[Fate | None] = []
            asked = []
            for trial_id, span in self._rows.on(q.outcome).spans.items():
                refused = _refused_trial(q, self._trials[trial_id])
                fates += [refused] * (span.stop - span.start)
                if refused is None:
                    asked.append((self._trials[trial_id], span))
            self._of_trials[key] = Sifted({}, fates, {}, asked)
        return self._of_trials[key]

    def _whole(self, question: Question) -> Sifted:
        """Sift the rows of trials that are asked for."""
        on, of_trials = self._rows.on(question.outcome), self._trials_asked(question)
        found = Sifted({}, [*of_trials.fates], {}, of_trials.asked)
        for trial, span in found.asked:
            refused = (_refused_row(question, trial, row) for row in on.rows[span])
            own = [fate and self._fates.setdefault(fate, fate) for fate in refused]
            self._enter(found, trial, span, own, on)
        return found

    def _narrowed(self, question: Question) -> Sifted:
        """Sift what the question gives where nothing narrows it."""
        on, whole = self._rows.on(question.outcome), self.sift(replace(question, narrow=()))
        found = Sifted({}, [*whole.fates], {}, whole.asked)
        for trial, span in found.asked:
            own = _narrowed_down(question, trial, on.rows[span], whole.fates[span])
            if own is not None:
                self._enter(found, trial, span, own, on)
            elif known := whole.candidates.get(trial.trial_id):
                found.candidates[trial.trial_id] = known
                found.told[trial.trial_id] = whole.told[trial.trial_id]
        return found

    def _enter(
        self, found: Sifted, trial: Trial, span: slice, own: list[Fate | None], on: OnOutcome
    ) -> None:
        """Enter the fates of the rows of a trial."""
        found.fates[span] = own
        if None in own:
            rows = zip(on.rows[span], own, strict=True)
            found.candidates[trial.trial_id] = [row for row, fate in rows if fate is None]
            found.told[trial.trial_id] = self._told.setdefault(tuple(own), len(self._told))


def _narrowed_down(
    question: Question, trial: Trial, rows: Sequence[AnyResult], whole: Sequence[Fate | None]
) -> list[Fate | None] | None:
    """Return the fates of a trial's rows in a narrowed question, from those in the whole one.

    None where they are the same.
    """
    words = [(narrow, _words(narrow.key, question, trial, None)) for narrow in question.narrow]
    if all(word is not None for _, word in words):
        # one word for all rows of the trial
        why = next(filter(None, (_kept_out(narrow, word or []) for narrow, word in words)), "")
        return [("narrowed", why)] * len(rows) if why else None
    # rows of the same arms, standing and flag have the same words
    known: dict[object, Fate | None] = {}
    found = []
    for row, fate in zip(rows, whole, strict=True):
        read = row.arms, row.standing, bool(row.flag)
        if read not in known:
            why = narrowed(question, trial, row)
            known[read] = ("narrowed", why) if why else None
        found.append(known[read] or fate)
    return found


def _asked(question: Question) -> object:
    """Return what `row_refusal` reads of a question, whatever the order of its preferences."""
    q, window = question, question.window
    return (
        (
            q.outcome,
            q.by_arm,
            MEASURES[q.measure].converts_from,
            frozenset(q.sources),
            q.treatments if q.arms == "first" else None,
            q.arms == "highest",
            q.narrow,
        ),
        tuple(map(frozenset, (q.populations, q.treatments, q.comparators, q.design_flags))),
        tuple(map(frozenset, (q.scales or (), q.definitions or (), q.analysis_sets))),
        window and (window.start, window.end),
    )


def row_refusal(question: Question, trial: Trial, row: AnyResult) -> Fate | None:
    """Return the first reason against a row and its detail; None where it is let in."""
    if row.outcome != question.outcome:
        return ELSEWHERE, row.outcome
    if refused := _refused_trial(question, trial):
        return refused
    if why := narrowed(question, trial, row):
        return "narrowed", why
    return _refused_row(question, trial, row)


def _refused_trial(question: Question, trial: Trial) -> Fate | None:
    """Return why no row of a trial on the outcome is let in; None where one may be."""
    if trial.population not in question.populations:
        return "other population", trial.population
    if trial.design_flag and trial.design_flag not in question.design_flags:
        return "design", trial.design_flag
    return None


def _refused_row(question: Question, trial: Trial, row: AnyResult) -> Fate | None:
    """Return why a row is not let in of a trial that is, whatever narrows the question."""
    if flag := flagged(question, row):
        return "flagged", flag
    if isinstance(row, Contrast):
        refused = _contrast_refusal(question, trial, row)
    else:
        refused = _outcome_refusal(question, trial, row)
    return refused or _misplaced(question, row)


def narrowed(question: Question, trial: Trial, row: AnyResult) -> str:
    """Return what keeps a row out of a narrowed analysis, as key and word; empty: nothing.

    Treated and control arms are held to keys of their own: a control has no dose that matters. A
    row of the other side is let in where any arm of its trial is.
    """
    for narrow in question.narrow:
        if why := _kept_out(narrow, _words(narrow.key, question, trial, row) or []):
            return why
    return ""


def _kept_out(narrow: Narrow, words: Sequence[str]) -> str:
    if any(word in narrow.values for word in words):
        return ""
    return f"{narrow.key} {listed([word or NOT_STATED for word in dict.fromkeys(words)])}"


def _words(key: str, question: Question, trial: Trial, row: AnyResult | None) -> list[str] | None:
    """Return the words of a row for a key; without a row those of all, None where they differ."""
    if key in _OF_TRIAL:
        return [_OF_TRIAL[key](trial)]
    if key in _OF_ROW:
        return None if row is None else [_OF_ROW[key](row)]
    of_control = key == "comparator_class"
    arms = trial.arms.values()
    side = [arm for arm in arms if (arm.treatment in question.treatments) != of_control]
    if row is None:
        words = list(dict.fromkeys(OF_ARM[key](arm) for arm in side))
        return words if len(words) < 2 else None
    own = [arm for arm in side if arm.arm_id in row.arms]
    return [OF_ARM[key](arm) for arm in own or side]


_OF_TRIAL: dict[str, Callable[[Trial], str]] = {
    "population": lambda trial: trial.population,
    "design": lambda trial: trial.design,
    "blinding": lambda trial: trial.blinding,
}
_OF_ROW: dict[str, Callable[[AnyResult], str]] = {
    "seen": lambda row: row.standing,
    FLAG: lambda row: flagging(row.flag),
}
OF_ARM: dict[str, Callable[[Arm], str]] = {
    "treatment": lambda arm: arm.treatment,
    "route": lambda arm: arm.route,
    "drug_route": lambda arm: drug_route([arm.treatment], [arm.route]),
    "comparator_class": lambda arm: arm.comparator_class,
    "n_doses": lambda arm: dosing(arm.n_doses),
}


def _outcome_refusal(question: Question, trial: Trial, row: ArmResult) -> Fate | None:
    if "arms" not in question.sources:
        return "arms not asked for", ""
    if not arm_class(trial.arms[row.arm_id], question):
        return "other treatment", trial.arms[row.arm_id].treatment
    if question.by_arm and arm_class(trial.arms[row.arm_id], question) != "treated":
        return "other treatment", "a control arm, in an analysis of treated arms alone"
    if arm := _preferred(question, trial, row.arm_id):
        return "treatment preferred", f"used: {arm}"
    if arm := _higher(question, trial, row.arm_id):
        return "higher dose", f"used: {arm}"
    if question.definitions and (row.definition or NOT_STATED) not in question.definitions:
        return "other definition", row.definition or NOT_STATED
    if row.analysed not in question.analysis_sets:
        return "other analysis set", row.analysed
    return None


def _contrast_refusal(question: Question, trial: Trial, row: Contrast) -> Fate | None:
    if "contrasts" not in question.sources or question.by_arm:
        return "source not asked for", ""
    t, c = (arm_class(trial.arms[arm_id], question) for arm_id in row.arms)
    if t != "treated" or c in ("", "treated"):
        return "other treatment", f"{row.arm_t} against {row.arm_c}"
    if arm := _preferred(question, trial, row.arm_t):
        return "treatment preferred", f"used: {arm}"
    if arm := _higher(question, trial, row.arm_t):
        return "higher dose", f"used: {arm}"
    if row.measure not in MEASURES[question.measure].converts_from:
        return "other measure", row.measure
    return None


def _preferred(question: Question, trial: Trial, arm_id: str) -> str:
    """Return the treatment of the trial that is preferred to a treated arm's; empty where none is.

    Only where the question takes the first of its treatments; any other lets all in.
    """
    own = trial.arms[arm_id].treatment
    if question.arms != "first" or own not in question.treatments:
        return ""
    given = {arm.treatment for arm in trial.arms.values()}
    first = next(name for name in question.treatments if name in given)
    return "" if own == first else first


def _higher(question: Question, trial: Trial, arm_id: str) -> str:
    """Return the arm of the trial with the highest dose of a treated arm's treatment.

    Empty where it is that arm, where the question takes all doses, and where doses are not known,
    or not in one unit. An arm that is several together has no dose of its own.
    """
    own = trial.arms[arm_id]
    if question.arms != "highest" or own.treatment not in question.treatments:
        return ""
    alike = (arm for arm in trial.arms.values() if arm.treatment == own.treatment)
    doses = {arm.arm_id: arm.amount for arm in alike if not arm.pooled}
    known = {name: dose for name, dose in doses.items() if dose is not None}
    if len(known) < len(doses) or len({unit for _, unit in known.values()}) != 1:
        return ""
    most = max(known.values())
    return "" if known.get(arm_id) == most else next(n for n in known if known[n] == most)


def flagged(question: Question, row: AnyResult) -> str:
    """Return the flag that keeps a row out of a pool; an empty text for none."""
    use = row.use
    kept_out = use == "never" or (use == "untimed" and question.window is not None)
    return row.flag or "" if kept_out else ""


def _misplaced(question: Question, row: AnyResult) -> Fate | None:
    """Return why the hour or the scale of a row is not asked for."""
    hour = row.timepoint_h
    if question.window is not None and hour is None:
        return "no hour", ""
    if question.window is not None and hour not in question.window:
        return "outside window", f"{hour:g} h"
    known = row.scale in vocabulary().scales
    by_score = vocabulary().outcomes[question.outcome].kind == "score"
    if question.scales and (by_score or known) and row.scale not in question.scales:
        return "other scale", row.scale or NOT_STATED
    return None
