"""What the page of RoB 2 shows: each trial's lights, answers and supports, and how raters agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ketameta.report.bias import LETTERS, domains
from ketameta.tables import rob2
from ketameta.tables.diagnostics import RaterAgreementRow
from ketameta.tables.effects import SignallingRow
from ketameta.vocabulary import vocabulary

TOOL = "RoB2"
SOURCES = "Sterne 2019; Cohen 1960; Cohen 1968; Altman 1991"
# kappa up to which agreement is called so; beyond the last very good (Altman 1991, table 14.5)
STRENGTHS = {"poor": 0.2, "fair": 0.4, "moderate": 0.6, "good": 0.8}


@dataclass(frozen=True, slots=True)
class DomainLight:
    """The judgement of one domain of a trial: the worst of the raters'.

    `by` is the judgement of each rater. `silent` says that it would be better if all were well that
    the texts do not tell; `best` is that judgement.
    """

    domain: str
    judgement: str
    best: str
    by: Mapping[str, str]

    @property
    def disputed(self) -> bool:
        """Say whether raters differ."""
        return len(set(self.by.values())) > 1

    @property
    def silent(self) -> bool:
        """Say whether the judgement rests on what the texts do not tell."""
        return self.best != self.judgement

    @property
    def words(self) -> str:
        """The judgement in words, with each rater's where they differ."""
        parts = [self.judgement]
        if self.disputed:
            parts.append(", ".join(f"rater {rater} {word}" for rater, word in self.by.items()))
        if self.silent:
            parts.append(f"{self.best} if all were well that the texts do not tell")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """One signalling question about a trial, and the row of each rater who answered it."""

    question: str
    subject: str
    rows: Mapping[str, SignallingRow]

    @property
    def differs(self) -> bool:
        """Say whether raters gave answers that are not the same to the flow."""
        return len({rob2.answer_class(row.answer) for row in self.rows.values()}) > 1


@dataclass(frozen=True, slots=True)
class Assessed:
    """One trial, or one outcome of it, as its raters judged it."""

    trial_id: str
    label: str
    outcome: str
    lights: Mapping[str, DomainLight]
    questions: Mapping[str, Sequence[AnsweredQuestion]]

    @property
    def anchor(self) -> str:
        """The id of its answers on the page."""
        return "-".join(filter(None, ("trial", self.trial_id, self.outcome)))

    @property
    def raters(self) -> set[str]:
        """Who answered about it."""
        return {r for asked in self.questions.values() for q in asked for r in q.rows}

    @property
    def disputed(self) -> list[DomainLight]:
        """The domains on which raters differ; overall follows from them."""
        lights = (self.lights[domain] for domain in rob2.DOMAINS if domain in self.lights)
        return [light for light in lights if light.disputed]


@dataclass(frozen=True, slots=True)
class View:
    """What the page is given.

    `silence` is the per cent of answers that are no information, `silent` counts the trials that
    would be judged better without it, `single` those of one rater.
    """

    trials: list[Assessed]
    raters: list[str]
    counts: dict[str, int]
    silence: float
    silent: int
    agreement: Sequence[RaterAgreementRow]
    strength: Callable[[float], str]
    single: int
    several_pairs: bool
    disputes: list[tuple[Assessed, DomainLight]]
    heads: dict[str, str]
    labels: dict[str, str]
    letters: Mapping[str, str] = field(default_factory=lambda: LETTERS)
    several: int = rob2.SEVERAL
    sources: str = SOURCES


def view(rows: Sequence[SignallingRow], agreement: Sequence[RaterAgreementRow]) -> View:
    """Return what the page is given, from the tables `signalling` and `rater_agreement`."""
    trials = assessed(rows)
    return View(
        trials=trials,
        raters=raters_of(rows),
        counts=trials_by_judgement(trials),
        silence=silence(rows),
        silent=sum(t.lights[rob2.OVERALL].silent for t in trials if rob2.OVERALL in t.lights),
        agreement=agreement,
        strength=strength,
        single=sum(len(t.raters) == 1 for t in trials),
        several_pairs=len({(row.first, row.second) for row in agreement}) > 1,
        disputes=[(trial, light) for trial in trials for light in trial.disputed],
        heads=heads(),
        labels=domains(TOOL),
    )


def strength(kappa: float) -> str:
    """Return the word for an agreement."""
    return next((word for word, most in STRENGTHS.items() if round(kappa, 2) <= most), "very good")


def heads() -> dict[str, str]:
    """Return what stands above each column of lights, by domain: D1 to D5 and All."""
    return {name: "All" if name == rob2.OVERALL else name for name in domains(TOOL)}


def assessed(rows: Sequence[SignallingRow]) -> list[Assessed]:
    """Return the trials of the table `signalling`, by their names."""
    sets = rob2.answers_by_rater(rows)
    about: dict[tuple[str, str], dict[str, rob2.Answers]] = {}
    for (trial, outcome, rater), answers in sets.items():
        about.setdefault((trial, outcome), {})[rater] = answers
    names = {row.trial_id: row.label for row in rows}
    own: dict[tuple[str, str], list[SignallingRow]] = {key: [] for key in about}
    for row in rows:
        own[row.trial_id, row.outcome or ""].append(row)
    found = [
        Assessed(key[0], names[key[0]], key[1], _lights(raters), _questions(own[key]))
        for key, raters in about.items()
    ]
    return sorted(found, key=lambda trial: (trial.label.casefold(), trial.trial_id, trial.outcome))


def _lights(raters: Mapping[str, rob2.Answers]) -> dict[str, DomainLight]:
    """Return the light of each domain that a rater's answers allow to judge."""
    judged = {rater: rob2.judge(answers) for rater, answers in sorted(raters.items())}
    best = {rater: rob2.judge(rob2.told_well(answers)) for rater, answers in raters.items()}
    lights = {}
    for domain in domains(TOOL):
        by = {rater: found[domain] for rater, found in judged.items() if domain in found}
        if by:
            worst = max(by.values(), key=rob2.SEVERITY.index)
            told = max((best[rater][domain] for rater in by), key=rob2.SEVERITY.index)
            lights[domain] = DomainLight(domain, worst, told, by)
    return lights


def _questions(rows: Sequence[SignallingRow]) -> dict[str, list[AnsweredQuestion]]:
    """Return the answered questions by domain, in the order of the tool."""
    subjects = vocabulary().words("rob2_questions")
    given: dict[str, dict[str, SignallingRow]] = {}
    for row in sorted(rows, key=lambda row: row.rater):
        given.setdefault(row.question, {})[row.rater] = row
    return {
        domain: [AnsweredQuestion(q, subjects[q], given[q]) for q in questions if q in given]
        for domain, questions in rob2.DOMAINS.items()
    }


def raters_of(rows: Sequence[SignallingRow]) -> list[str]:
    """Return the raters, in the order of their names."""
    return sorted({row.rater for row in rows})


def trials_by_judgement(trials: Sequence[Assessed]) -> dict[str, int]:
    """Return how many trials are at each overall judgement, the worst last."""
    words = [t.lights[rob2.OVERALL].judgement for t in trials if rob2.OVERALL in t.lights]
    return {word: words.count(word) for word in rob2.SEVERITY if word in words}


def silence(rows: Sequence[SignallingRow]) -> float:
    """Return the per cent of the answers that are no information, of those that are asked."""
    told = [row.answer for row in rows if rob2.answer_class(row.answer)]
    return 100 * told.count("NI") / len(told) if told else 0.0
