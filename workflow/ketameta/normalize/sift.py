"""The sieve: which raw rows are candidates for an analysis, before any choice between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ketameta.configuration import Question
from ketameta.measures import MEASURES
from ketameta.normalize.ledger import Fates
from ketameta.normalize.records import NOT_STATED, Arm, Row, Trial, listed
from ketameta.vocabulary import vocabulary
from ketameta.vocabulary.narrowing import FLAG, dosing, drug_route, flagging

# what is told of a row before what it is narrowed to, see `refusal`
_BEFORE = ("other population", "design")


def arm_class(arm: Arm, question: Question) -> str:
    """Return `treated`, a comparator class that is asked for, or an empty text."""
    if arm.treatment in question.treatments:
        return "treated"
    return arm.comparator_class if arm.comparator_class in question.comparators else ""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The candidate rows of each trial, and why every other row is none.

    `elsewhere` is the fate of the rows on other outcomes, which all questions on this one share.
    """

    candidates: Mapping[str, Sequence[Row]]
    refused: Fates
    elsewhere: Fates


class Sieve:
    """Raw rows, sifted once for all questions that ask the same of a row."""

    def __init__(self, trials: Mapping[str, Trial], rows: Iterable[Row]) -> None:
        """Take the trials and the rows that are to be sifted."""
        self._trials = trials
        self._on: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._on[row["outcome"]].append(row)
        self._elsewhere: dict[str, Fates] = {}
        self._sifted: dict[object, Sifted] = {}

    def sift(self, question: Question) -> Sifted:
        """Return the candidates of a question and the fate of all other rows."""
        asked = _asked(question)
        if (known := self._sifted.get(asked)) is None:
            known = self._sifted[asked] = self._sift(question)
        return known

    def _sift(self, question: Question) -> Sifted:
        """Sift the rows on the outcome; of a narrowed question, from what the whole one gives."""
        whole = self.sift(replace(question, narrow=())) if question.narrow else None
        candidates: dict[str, list[Row]] = defaultdict(list)
        refused = dict(whole.refused) if whole else {}
        for row in self._on.get(question.outcome, ()):
            trial = self._trials[row["trial_id"]]
            if whole is None:
                reason, detail = refusal(question, trial, row)
            else:
                reason, detail = whole.refused.get(row.key, ("", ""))
                if reason not in _BEFORE and (why := narrowed(question, trial, row)):
                    reason, detail = "narrowed", why
            if reason:
                refused[row.key] = reason, detail
            else:
                candidates[trial.trial_id].append(row)
        return Sifted(candidates, refused, self._of_others(question.outcome))

    def _of_others(self, outcome: str) -> Fates:
        """Return the fate of the rows on other outcomes."""
        if outcome not in self._elsewhere:
            others = ((name, rows) for name, rows in self._on.items() if name != outcome)
            self._elsewhere[outcome] = {
                row.key: fate
                for name, rows in others
                for fate in [("other outcome", name)]
                for row in rows
            }
        return self._elsewhere[outcome]


def _asked(question: Question) -> object:
    """Return what `refusal` reads of a question, whatever the order of its preferences."""
    q, window = question, question.window
    return (
        (
            q.outcome,
            q.by_arm,
            MEASURES[q.measure].converts_from,
            "contrasts" in q.sources,
            q.narrow,
        ),
        tuple(map(frozenset, (q.populations, q.treatments, q.comparators, q.design_flags))),
        tuple(map(frozenset, (q.scales or (), q.definitions or (), q.analysis_sets))),
        window and (window.start, window.end),
    )


def refusal(question: Question, trial: Trial, row: Row) -> tuple[str, str]:
    """Return the first reason against a row, or two empty texts."""
    if row["outcome"] != question.outcome:
        return "other outcome", row["outcome"]
    if trial.population not in question.populations:
        return "other population", trial.population
    if trial.design_flag and trial.design_flag not in question.design_flags:
        return "design", trial.design_flag
    if refused := narrowed(question, trial, row):
        return "narrowed", refused
    if refused := flagged(question, row):
        return "flagged", refused
    refusal = _contrast_refusal if row.table == "contrasts" else _outcome_refusal
    return refusal(question, trial, row)


def narrowed(question: Question, trial: Trial, row: Row) -> str:
    """Return what keeps a row out of a narrowed analysis, as key and word; empty: nothing.

    Treated and control arms are held to keys of their own: a control has no dose that matters. A
    row of the other side is let in where any arm of its trial is.
    """
    names = ("arm_id",) if row.table == "outcomes" else ("arm_t", "arm_c")
    for narrow in question.narrow:
        if narrow.key in _OF_TRIAL:
            words = [_OF_TRIAL[narrow.key](trial)]
        elif narrow.key in _OF_ROW:
            words = [_OF_ROW[narrow.key](row)]
        else:
            of_control = narrow.key == "comparator_class"
            side = [
                a for a in trial.arms.values() if (a.treatment in question.treatments) != of_control
            ]
            arms = [row[name] for name in names]
            own = [arm for arm in side if arm.arm_id in arms]
            words = [_OF_ARM[narrow.key](arm) for arm in own or side]
        if not any(word in narrow.values for word in words):
            return f"{narrow.key} {listed([word or NOT_STATED for word in dict.fromkeys(words)])}"
    return ""


_OF_TRIAL: dict[str, Callable[[Trial], str]] = {
    "population": lambda trial: trial.population,
    "design": lambda trial: trial.design,
}
_OF_ROW: dict[str, Callable[[Row], str]] = {
    "seen": lambda row: str(row["seen"]),
    FLAG: lambda row: flagging(row["flag"]),
}
_OF_ARM: dict[str, Callable[[Arm], str]] = {
    "treatment": lambda arm: arm.treatment,
    "route": lambda arm: arm.route,
    "drug_route": lambda arm: drug_route([arm.treatment], [arm.route]),
    "comparator_class": lambda arm: arm.comparator_class,
    "n_doses": lambda arm: dosing(arm.n_doses),
}


def _outcome_refusal(question: Question, trial: Trial, row: Row) -> tuple[str, str]:
    if not arm_class(trial.arms[row["arm_id"]], question):
        return "other treatment", trial.arms[row["arm_id"]].treatment
    if question.by_arm and arm_class(trial.arms[row["arm_id"]], question) != "treated":
        return "other treatment", "a control arm, in an analysis of treated arms alone"
    if question.definitions and (row["definition"] or NOT_STATED) not in question.definitions:
        return "other definition", row["definition"] or NOT_STATED
    if row.analysis_set not in question.analysis_sets:
        return "other analysis set", row.analysis_set
    return _place(question, row)


def _contrast_refusal(question: Question, trial: Trial, row: Row) -> tuple[str, str]:
    if "contrasts" not in question.sources or question.by_arm:
        return "source not asked for", ""
    t, c = (arm_class(trial.arms[row[name]], question) for name in ("arm_t", "arm_c"))
    if t != "treated" or c in ("", "treated"):
        return "other treatment", f"{row['arm_t']} against {row['arm_c']}"
    if row["measure"] not in MEASURES[question.measure].converts_from:
        return "other measure", row["measure"]
    return _place(question, row)


def flagged(question: Question, row: Row) -> str:
    """Return the flag that keeps a row out of a pool; an empty text for none."""
    if not row["flag"]:
        return ""
    rule = vocabulary().flag_rule(row["flag"])
    if rule is None or rule["use"] == "marked":
        return ""
    if rule["use"] == "untimed" and question.window is None:
        return ""
    return str(row["flag"])


def _place(question: Question, row: Row) -> tuple[str, str]:
    """Judge hour and scale."""
    hour = row["timepoint_h"]
    if question.window is not None and hour is None:
        return "no hour", ""
    if question.window is not None and hour not in question.window:
        return "outside window", f"{hour:g} h"
    known = row["scale"] in vocabulary().scales
    by_score = vocabulary().outcomes[question.outcome].kind == "score"
    if question.scales and (by_score or known) and row["scale"] not in question.scales:
        return "other scale", row["scale"] or NOT_STATED
    return "", ""
