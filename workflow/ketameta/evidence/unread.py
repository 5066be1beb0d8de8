"""What could not be read yet (`unread.csv`), by the weight that it would carry in an analysis.

The variance that a trial of n people would have in an analysis is taken from the trials that it
has: where v is the variance and n the people of an effect, v·n changes little from one to the next
(both sampling variances of means and of log ratios fall as 1/n), so that the median of v·n over n
is a guess. With the present tau² the weight is 1/(v + tau²), and its share that over the sum with
it: what the trial would have in a random-effects pool if tau² stayed as it is.

Which analyses it would enter is asked of the sieve that lets rows in (`normalize.sift`), with a row
of each of its arms as it would be read from the report itself. What the row of `unread.csv` leaves
empty is as the tables have it: population, design, treatments, routes, doses and controls of the
trial; hours and scales of the outcome where it has results there, else the hours of its other
visits. What nobody knows is as the analysis asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from statistics import median
from typing import Any, NamedTuple

from ketameta.configuration import Analysis, Question
from ketameta.normalize.overlap import overlap
from ketameta.normalize.records import Arm, Trial
from ketameta.normalize.results import supposed
from ketameta.normalize.sift import arm_class, row_refusal
from ketameta.normalize.trials import trials_of
from ketameta.tables.collection import Tables, by
from ketameta.tables.raw import ContrastRow, OutcomeRow
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.upkeep import UnreadRow
from ketameta.vocabulary import vocabulary

# kinds of the vocabulary that stand for a trial, whose size may be guessed
OF_A_TRIAL = ("report", "numbers")
# effects from which there is a pool; of fewer any trial would carry much, and that says little
POOLED = 2
AS_ENTERED, OF_TRIAL, MEDIAN = "as entered", "as randomised", "median of the trials there"


@dataclass(frozen=True, slots=True)
class Pool:
    """What an analysis pools: its question, variance and people of each effect, tau², trials.

    `claimed` says that a claim rests on it.
    """

    name: str
    question: Question
    effects: tuple[tuple[float, float | None], ...]
    tau2: float
    trials: frozenset[str]
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Weight:
    """The share (0 to 1) of an analysis that a trial of `people` would have, and its variance.

    `known` says where `people` is from. Without an effect there the trial would be the first: its
    share is 1, and variance and, where nobody knows them, people are None.
    """

    analysis: str
    effects: int
    people: float | None
    known: str
    variance: float | None
    share: float
    claimed: bool = False

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sorts by what a missing trial could change.

        First come analyses that pool `POOLED` effects or more, of these the ones that a claim
        rests on: elsewhere a large share moves no answer that the report gives. Among these the
        largest share is first.
        """
        return self.effects < POOLED, not self.claimed, -self.share, -self.effects, self.analysis


@dataclass(frozen=True, slots=True)
class Unread:
    """A row of `unread.csv` with the analyses that it would enter, by `Weight.rank`."""

    row: UnreadRow
    weights: tuple[Weight, ...]


class _Result(NamedTuple):
    """What a row of outcomes or contrasts tells of when its trial looked, and at what."""

    trial_id: str
    outcome: str
    scale: str | None
    timepoint_h: float | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the tables have of a row's trial (None: it does not stand there), its results by row."""

    trial: Trial | None
    results: Sequence[_Result]
    overlapping: frozenset[str]


def pools(
    analyses: Iterable[Analysis],
    studies: Sequence[StudyRow],
    syntheses: Mapping[str, SynthesisRow],
    claimed: Iterable[str | None] = (),
) -> list[Pool]:
    """Return what each comparison pools, from the tables `studies` and `syntheses`.

    Analyses of treated arms alone are left out: their people are not those of a trial. Narrowed
    ones are taken where they stand among those ``claimed``, the names that claims rest on.
    """
    asked = set(claimed)
    own = by(studies, lambda row: row.analysis)
    return [
        Pool(
            analysis.name,
            analysis.select,
            tuple((s.vi, s.people) for s in own[analysis.name]),
            syntheses[analysis.name].tau2 or 0.0,
            frozenset(s.trial_id for s in own[analysis.name]),
            analysis.name in asked,
        )
        for analysis in analyses
        if not analysis.select.by_arm and (not analysis.narrow or analysis.name in asked)
    ]


def variance(effects: Sequence[tuple[float, float | None]], people: float) -> float:
    """Return the variance that an effect of so many people would have among others.

    ``effects`` are variance and people of each, one at least; where none has people, the median of
    the variances is returned.
    """
    products = [v * n for v, n in effects if n]
    return median(products) / people if products else median(v for v, _ in effects)


def share_of_weight(
    effects: Sequence[tuple[float, float | None]], tau2: float, own: float
) -> float:
    """Return the share of the weight that an effect of variance ``own`` would have, 0 to 1."""
    others = sum(1 / (v + tau2) for v, _ in effects)
    weight = 1 / (own + tau2)
    return weight / (others + weight)


def ranked_by_weight(
    rows: Sequence[UnreadRow], found: Sequence[Pool], tables: Tables
) -> list[Unread]:
    """Return the rows by their first weight (see `Weight.rank`), and last those without any.

    ``tables`` are the raw ones of trials, arms and results: they say whom a trial treated, how
    many, with and against what, and when it looked, where its row in ``rows`` does not.
    """
    trials = trials_of(tables)
    told = (tables.columns(kind, _Result._fields) for kind in (OutcomeRow, ContrastRow))
    every = chain.from_iterable(map(_Result, *columns) for columns in told)
    results = by(every, lambda row: row.trial_id)
    # of other trials none shares people but those that are its parts
    parted = [trial for trial in trials.values() if trial.parts]
    ranks = []
    for row in rows:
        trial = trials.get(row.trial_id or "")
        near = [*parted, *(trials[part] for part in trial.parts if part in trials)] if trial else ()
        shared = (other.trial_id for other in near if trial and overlap(trial, other))
        known = _Known(trial, results.get(row.trial_id or "", ()), frozenset(shared))
        own = [_weight(row, trial, pool) for pool in found if _concerns(row, known, pool)]
        weights = sorted((w for w in own if w is not None), key=lambda w: w.rank)
        ranks.append(Unread(row, tuple(weights)))
    return sorted(ranks, key=_rank)


def _rank(one: Unread) -> tuple[Any, ...]:
    # nothing to go by: trials before registrations and reviews
    rest = (one.row.kind not in OF_A_TRIAL, -(one.row.n or 0), one.row.label.casefold())
    if not one.weights:
        return (True, *rest)
    return (False, one.weights[0].rank[:3], *rest)


def _concerns(row: UnreadRow, known: _Known, pool: Pool) -> bool:
    """Say whether a row may give an effect to an analysis, by all that is known of it.

    A trial that the analysis pools already, or whose people it pools in another report, gives
    none.
    """
    question, trial = pool.question, known.trial
    if question.outcome not in _words(row.outcomes):
        return False
    if pool.trials & {row.trial_id, *known.overlapping}:
        return False
    if not (trial and trial.arms):
        # of no arm is anything known that could be narrowed to but the population
        keys = ("population", "comparator_class")
        question = replace(question, narrow=tuple(n for n in question.narrow if n.key in keys))
    places = list(_places(row, known.results, question))
    return any(
        _enters(one, question, hour, scale)
        for one in _as_told(row, trial, question)
        for hour, scale in places
    )


def _words(cell: str | None) -> list[str]:
    return [word.strip() for word in cell.split(";")] if cell else []


def _as_told(row: UnreadRow, trial: Trial | None, question: Question) -> Iterator[Trial]:
    """Yield the trial as a row tells of it, once for each population that it may be of."""
    known = list(trial.arms.values()) if trial else []
    treated = [arm for arm in known if arm.treatment in question.treatments]
    controls = [arm for arm in known if arm.treatment not in question.treatments]
    if not known:
        treated = [_arm("treated", question.treatments[0], "")]
        controls = [_arm("control", "", question.comparators[0])]
    if classes := _words(row.comparator_class):
        controls = [_arm(name, "", name) for name in classes]
    arms = {arm.arm_id: arm for arm in (*treated, *controls)}
    base = trial or Trial("", row.label, None, "", "", None, (), None)
    own = [trial.population] if trial else question.populations
    for population in _words(row.population) or own:
        yield replace(base, population=population, arms=arms)


def _arm(name: str, treatment: str, comparator_class: str) -> Arm:
    return Arm(name, treatment, comparator_class, name, "", "", None, None, ())


def _places(
    row: UnreadRow, results: Sequence[_Result], question: Question
) -> Iterator[tuple[float | None, str | None]]:
    """Yield hours and scales at which a row may tell of the outcome."""
    own = [r for r in results if r.outcome == question.outcome]
    scales = {r.scale for r in own} - {None} or {question.scales[0] if question.scales else None}
    low, high = row.hour_low, row.hour_high
    hours: set[float | None] = set()
    if low is None and high is None:
        hours = _hours(own) or _hours(_at_visits(results))
    if not hours and question.window:
        # in the window where the range reaches it
        start = question.window.start
        hours = {high if high is not None and high < start else max(low or 0.0, start)}
    yield from product(hours or {None}, scales)


def _hours(results: Sequence[_Result]) -> set[float | None]:
    """Return the hours of results; those of the baseline are none."""
    return {r.timepoint_h for r in results if r.timepoint_h}


def _at_visits(results: Sequence[_Result]) -> list[_Result]:
    """Return the results that are taken at a visit; harms are counted up to their hour."""
    kinds = vocabulary().outcomes
    found = ((kinds[r.outcome], r) for r in results)
    return [r for outcome, r in found if outcome.kind == "score" or outcome.sense == "good"]


def _enters(trial: Trial, question: Question, hour: float | None, scale: str | None) -> bool:
    """Say whether the sieve lets in a row of a treated arm and one of a control."""
    definition = question.definitions[0] if question.definitions else None
    place = {"timepoint_h": hour, "scale": scale, "definition": definition}
    place |= {"outcome": question.outcome, "analysis_set": question.analysis_sets[0]}
    rows = (supposed(trial_id=trial.trial_id, arm_id=name, **place) for name in trial.arms)
    passed = [trial.arms[row.arm_id] for row in rows if not row_refusal(question, trial, row)]
    sides = {arm_class(arm, question) == "treated" for arm in passed}
    return sides == {True, False}


def _weight(row: UnreadRow, trial: Trial | None, pool: Pool) -> Weight | None:
    """Return the weight in an analysis; None for what is no trial and has no number of people."""
    people: float | None = row.n
    known = AS_ENTERED
    if not people and row.kind not in OF_A_TRIAL:
        return None
    if not people:
        people, known = trial.n_randomised if trial else None, OF_TRIAL
    if not people:
        sizes = [n for _, n in pool.effects if n]
        people, known = (median(sizes) if sizes else None), MEDIAN
    if not pool.effects:
        return Weight(pool.name, 0, people, known if people else "", None, 1.0, pool.claimed)
    own = variance(pool.effects, people) if people else median(v for v, _ in pool.effects)
    part = share_of_weight(pool.effects, pool.tau2, own)
    return Weight(pool.name, len(pool.effects), people, known, own, part, pool.claimed)
