"""The sieve: which raw rows are candidates for an analysis, before any choice between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from ketameta.configuration import Question
from ketameta.measures import MEASURES
from ketameta.normalize.asked import Answers
from ketameta.normalize.ledger import ELSEWHERE, Fate
from ketameta.normalize.records import Arm, Trial
from ketameta.normalize.results import AnyResult, ArmResult, Contrast
from ketameta.normalize.words import NOT_STATED, listed
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import FLAG, Narrow, dosing, drug_route, flagging

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ketameta.normalize.rows import Rows

Refusal = Callable[[Question, Trial, AnyResult], Fate | None]


def arm_class(arm: Arm, question: Question) -> str:
    """Return `treated`, a comparator class that is asked for, or an empty text."""
    if arm.treatment in question.treatments:
        return "treated"
    return arm.comparator_class if arm.comparator_class in question.comparators else ""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The candidate rows of a trial, and what they gave to questions that sift its rows alike.

    `made` are their effects with the fates of the rows, `effects` these and those without.
    """

    trial_id: str
    rows: list[AnyResult]
    made: Answers = field(default_factory=Answers)
    effects: Answers = field(default_factory=Answers)


@dataclass(frozen=True, slots=True)
class Sifted:
    """The candidates of a question, by trial, and why the other rows on its outcome are none.

    `fates` are those of the rows on the outcome in their order, None of a candidate.
    """

    candidates: list[Candidates]
    codes: NDArray[np.int32]
    known: list[Fate | None]

    @property
    def fates(self) -> list[Fate | None]:
        """What is told of each row."""
        return [self.known[code] for code in self.codes.tolist()]


class Sieve:
    """Raw rows, sifted once for all questions that ask the same of a row."""

    def __init__(self, trials: Mapping[str, Trial], rows: Rows) -> None:
        """Take the trials and the rows that are to be sifted."""
        self._trials, self._rows = trials, rows
        self._sifted: dict[object, Sifted] = {}
        # a reason against each row on the outcome, by what is read of the question
        self._refused: dict[object, NDArray[np.int32]] = {}
        # each once, under a number: there are few words, and many rows
        self._fates: list[Fate | None] = [None]
        self._codes: dict[Fate | None, int] = {None: 0}
        self._alike: dict[object, tuple[list[AnyResult], NDArray[np.int32]]] = {}
        self._candidates: dict[tuple[str, str, bytes], Candidates] = {}

    def sift(self, question: Question) -> Sifted:
        """Return the candidates of a question and the fate of the other rows on its outcome."""
        refusals = [
            (_asked_of_trials(question), _refused_trial, _trial),
            *(
                ((narrow, question.treatments), _outside(narrow), _READ_OF.get(narrow.key, _arms))
                for narrow in question.narrow
            ),
            *((read(question), refusal, reading) for read, refusal, reading in _OF_ROWS),
        ]
        asked = question.outcome, *(said for said, _, _ in refusals)
        if asked not in self._sifted:
            self._sifted[asked] = self._sift(question, refusals)
        return self._sifted[asked]

    def _sift(self, question: Question, asked: Iterable[_Asked]) -> Sifted:
        """Sift by one refusal after the other: the first that there is stands."""
        import numpy as np

        columns = [self._each(question, *refusal) for refusal in asked]
        codes = columns[0]
        for column in columns[1:]:
            codes = np.where(codes, codes, column)
        on = self._rows.on(question.outcome)
        found = Sifted([], codes, self._fates)
        if not on.rows:
            return found
        spans = list(on.spans.items())
        least = np.minimum.reduceat(codes, [span.start for _, span in spans])
        for at in np.flatnonzero(least == 0).tolist():
            trial_id, span = spans[at]
            own = codes[span]
            known = question.outcome, trial_id, own.tobytes()
            if known not in self._candidates:
                rows = [on.rows[span.start + at] for at in np.flatnonzero(own == 0).tolist()]
                self._candidates[known] = Candidates(trial_id, rows)
            found.candidates.append(self._candidates[known])
        return found

    def _each(
        self, question: Question, said: object, refusal: Refusal, read: Reading
    ) -> NDArray[np.int32]:
        """Return what a refusal says of each row, for all questions that ask the same.

        It is asked once of the rows that are alike in what it reads of them.
        """
        import numpy as np

        if (asked := (question.outcome, said)) not in self._refused:
            rows, alike = self._told_apart(question.outcome, read)
            fates = [refusal(question, self._trials[row.trial_id], row) for row in rows]
            codes = np.array([self._code(fate) for fate in fates], dtype=np.int32)
            self._refused[asked] = codes[alike]
        return self._refused[asked]

    def _code(self, fate: Fate | None) -> int:
        if (found := self._codes.setdefault(fate, len(self._fates))) == len(self._fates):
            self._fates.append(fate)
        return found

    def _told_apart(self, outcome: str, read: Reading) -> tuple[list[AnyResult], NDArray[np.int32]]:
        """Return the first row on an outcome of each kind, and the kind of each row."""
        import numpy as np

        if (outcome, read) not in self._alike:
            kinds: dict[object, int] = {}
            firsts: list[AnyResult] = []
            codes = []
            for row in self._rows.on(outcome).rows:
                if (kind := kinds.setdefault(read(row), len(firsts))) == len(firsts):
                    firsts.append(row)
                codes.append(kind)
            self._alike[outcome, read] = firsts, np.array(codes, dtype=np.int32)
        return self._alike[outcome, read]


# what is read of a row, beside its outcome: rows alike in it are refused alike
Reading = Callable[[AnyResult], object]
# what a question says of what a refusal reads, the refusal, and what it reads of a row
_Asked = tuple[object, Refusal, Reading]


_trial, _flag = attrgetter("trial_id"), attrgetter("flag")
_place = attrgetter("timepoint_h", "scale")
# of two arms is a contrast
_arms = attrgetter("trial_id", "arms")


def _kind(row: AnyResult) -> object:
    """Return what `_refused_kind` reads of a row."""
    return row.measure if isinstance(row, Contrast) else (row.definition, row.analysed)


def _asked_of_trials(question: Question) -> object:
    """Return what `_refused_trial` reads of a question, whatever the order of its preferences."""
    return frozenset(question.populations), frozenset(question.design_flags)


def _asked_of_arms(question: Question) -> object:
    """Return what `_refused_arms` reads of a question."""
    q = question
    return (
        q.by_arm,
        q.treatments if q.arms == "first" else None,
        q.arms == "highest",
        *map(frozenset, (q.sources, q.treatments, q.comparators)),
    )


def _asked_of_kinds(question: Question) -> object:
    """Return what `_refused_kind` reads of a question."""
    sets = map(frozenset, (question.definitions or (), question.analysis_sets))
    return MEASURES[question.measure].converts_from, *sets


def _asked_of_places(question: Question) -> object:
    """Return what `_misplaced` reads of a question."""
    window = question.window
    return frozenset(question.scales or ()), window and (window.start, window.end)


def row_refusal(question: Question, trial: Trial, row: AnyResult) -> Fate | None:
    """Return the first reason against a row and its detail; None where it is let in."""
    if row.outcome != question.outcome:
        return ELSEWHERE, row.outcome
    narrower = (_outside(narrow)(question, trial, row) for narrow in question.narrow)
    return (
        _refused_trial(question, trial, row)
        or next(filter(None, narrower), None)
        or _refused_flag(question, trial, row)
        or _refused_arms(question, trial, row)
        or _refused_kind(question, trial, row)
        or _misplaced(question, trial, row)
    )


def _refused_trial(question: Question, trial: Trial, _: AnyResult) -> Fate | None:
    """Return why no row of a trial on the outcome is let in; None where one may be."""
    if trial.population not in question.populations:
        return "other population", trial.population
    if trial.design_flag and trial.design_flag not in question.design_flags:
        return "design", trial.design_flag
    return None


def _refused_flag(question: Question, _: Trial, row: AnyResult) -> Fate | None:
    """Return why the flag of a row keeps it out."""
    flag = flagged(question, row)
    return ("flagged", flag) if flag else None


def _refused_arms(question: Question, trial: Trial, row: AnyResult) -> Fate | None:
    """Return why rows of these arms are not let in, wherever they stand."""
    if isinstance(row, Contrast):
        return _contrast_refusal(question, trial, row)
    return _outcome_refusal(question, trial, row)


def _refused_kind(question: Question, _: Trial, row: AnyResult) -> Fate | None:
    """Return why the measure of a contrast, or what a row of an arm counts, is not asked for."""
    if isinstance(row, Contrast):
        known = row.measure in MEASURES[question.measure].converts_from
        return None if known else ("other measure", row.measure)
    if question.definitions and (row.definition or NOT_STATED) not in question.definitions:
        return "other definition", row.definition or NOT_STATED
    if row.analysed not in question.analysis_sets:
        return "other analysis set", row.analysed
    return None


def narrowed(question: Question, trial: Trial, row: AnyResult) -> str:
    """Return what keeps a row out of a narrowed analysis, as key and word; empty: nothing.

    Treated and control arms are held to keys of their own: a control has no dose that matters. A
    row of the other side is let in where any arm of its trial is.
    """
    refused = (_outside(narrow)(question, trial, row) for narrow in question.narrow)
    return next((fate[1] for fate in refused if fate), "")


def _outside(narrow: Narrow) -> Refusal:
    """Return what refuses the rows that are outside what narrows a question."""

    def refused(question: Question, trial: Trial, row: AnyResult) -> Fate | None:
        words = _words(narrow.key, question, trial, row)
        if any(word in narrow.values for word in words):
            return None
        told = listed([word or NOT_STATED for word in dict.fromkeys(words)])
        return "narrowed", f"{narrow.key} {told}"

    return refused


def _words(key: str, question: Question, trial: Trial, row: AnyResult) -> list[str]:
    """Return the words of a row for a key."""
    if key in _OF_TRIAL:
        return [_OF_TRIAL[key](trial)]
    if key in _OF_ROW:
        return [_OF_ROW[key](row)]
    of_control = key == "comparator_class"
    arms = trial.arms.values()
    side = [arm for arm in arms if (arm.treatment in question.treatments) != of_control]
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
# what of a row the words for a key hang on; those of other keys hang on its arms
_READ_OF: dict[str, Reading] = {**dict.fromkeys(_OF_TRIAL, _trial), **_OF_ROW}
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


def _misplaced(question: Question, _: Trial, row: AnyResult) -> Fate | None:
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


# what is asked of rows one after the other: what of a question a refusal reads, and what of a row
_OF_ROWS: tuple[tuple[Callable[[Question], object], Refusal, Reading], ...] = (
    (lambda question: ("flag", question.window is None), _refused_flag, _flag),
    (_asked_of_arms, _refused_arms, _arms),
    (_asked_of_kinds, _refused_kind, _kind),
    (_asked_of_places, _misplaced, _place),
)
