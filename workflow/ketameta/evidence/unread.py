"""What could not be read yet (`unread.csv`), by the weight that it would carry in an analysis.

The variance that a trial of n people would have in an analysis is taken from the trials that it
has: where v is the variance and n the people of an effect, v·n changes little from one to the next
(both sampling variances of means and of log ratios fall as 1/n), so that the median of v·n over n
is a guess. With the present tau² the weight is 1/(v + tau²), and its share that over the sum with
it: what the trial would have in a random-effects pool if tau² stayed as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ketameta.configuration import Analysis, Question
from ketameta.tables.grouping import grouped
from ketameta.vocabulary import vocabulary

Record = dict[str, Any]
# kinds of the vocabulary that stand for a trial, whose size may be guessed
OF_A_TRIAL = ("report", "numbers")
# effects from which there is a pool; of fewer any trial would carry much, and that says little
POOLED = 2
AS_ENTERED, OF_TRIAL, MEDIAN = "as entered", "as randomised", "median of the trials there"


@dataclass(frozen=True, slots=True)
class Pool:
    """What an analysis pools: its question, variance and people of each effect, tau², trials."""

    name: str
    question: Question
    effects: tuple[tuple[float, float | None], ...]
    tau2: float
    trials: frozenset[str]


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


@dataclass(frozen=True, slots=True)
class Unread:
    """A row of `unread.csv` with the analyses that it would enter.

    Those that pool `POOLED` effects or more come first, the largest share before others.
    """

    row: Record
    weights: tuple[Weight, ...]


def pools(
    analyses: Iterable[Analysis], studies: Sequence[Record], syntheses: Mapping[str, Record]
) -> list[Pool]:
    """Return what each comparison pools, from the tables `studies` and `syntheses`.

    Analyses of treated arms alone are left out: their people are not those of a trial.
    """
    own = grouped(studies, "analysis")
    return [
        Pool(
            analysis.name,
            analysis.select,
            tuple((s["vi"], s["people"]) for s in own[analysis.name]),
            syntheses[analysis.name]["tau2"] or 0.0,
            frozenset(s["trial_id"] for s in own[analysis.name]),
        )
        for analysis in analyses
        if not analysis.select.by_arm
    ]


def variance(effects: Sequence[tuple[float, float | None]], people: float) -> float:
    """Return the variance that an effect of so many people would have among others.

    ``effects`` are variance and people of each, one at least; where none has people, the median of
    the variances is returned.
    """
    products = [v * n for v, n in effects if n]
    return median(products) / people if products else median(v for v, _ in effects)


def share(effects: Sequence[tuple[float, float | None]], tau2: float, own: float) -> float:
    """Return the share of the weight that an effect of variance ``own`` would have, 0 to 1."""
    others = sum(1 / (v + tau2) for v, _ in effects)
    weight = 1 / (own + tau2)
    return weight / (others + weight)


def ranked(
    rows: Sequence[Record], found: Sequence[Pool], trials: Sequence[Record], arms: Sequence[Record]
) -> list[Unread]:
    """Return the rows by their first weight (see `Unread`), and last those without any.

    ``trials`` and ``arms`` are the raw tables: they say whom a trial that stands there treated, how
    many and against what, where its row in ``rows`` does not.
    """
    known = {row["trial_id"]: row for row in trials}
    given = grouped(arms, "trial_id")
    result = []
    for row in rows:
        trial = known.get(row["trial_id"] or "", {})
        own = [
            _weight(row, trial, pool)
            for pool in found
            if _concerns(row, trial, given[row["trial_id"]], pool)
        ]
        weights = [weight for weight in own if weight is not None]
        weights.sort(key=lambda w: (w.effects < POOLED, -w.share, -w.effects, w.analysis))
        result.append(Unread(row, tuple(weights)))
    return sorted(result, key=_rank)


def _rank(one: Unread) -> tuple[Any, ...]:
    largest = one.weights[0] if one.weights else None
    # nothing to go by: trials before registrations and reviews
    rest = (one.row["kind"] not in OF_A_TRIAL, -(one.row["n"] or 0), one.row["label"].casefold())
    if largest is None:
        return (2, 0.0, *rest)
    return (largest.effects < POOLED, -largest.share, *rest)


def _concerns(row: Record, trial: Record, arms: Sequence[Record], pool: Pool) -> bool:
    """Say whether a row may give an effect to an analysis, by all that is known of it."""
    question = pool.question
    if question.outcome not in _words(row["outcomes"]) or row["trial_id"] in pool.trials:
        return False
    populations = _words(row["population"]) or _words(trial.get("population"))
    if populations and not set(populations) & set(question.populations):
        return False
    window, low, high = question.window, row["hour_low"], row["hour_high"]
    if window and ((low or 0) > window.end or (high is not None and high < window.start)):
        return False
    classes = _words(row["comparator_class"])
    if classes:
        return bool(set(classes) & set(question.comparators))
    return not arms or _compared(arms, question)


def _words(cell: str | None) -> list[str]:
    return [word.strip() for word in cell.split(";")] if cell else []


def _compared(arms: Sequence[Record], question: Question) -> bool:
    """Say whether arms of a trial may be treated and control of a question."""
    given = {arm["treatment"] for arm in arms}
    controls = {
        vocabulary().treatments[treatment].comparator_class
        for treatment in given - set(question.treatments)
    }
    asked = {comparator.partition("+")[0] for comparator in question.comparators}
    return bool(given & set(question.treatments) and controls & asked)


def _weight(row: Record, trial: Record, pool: Pool) -> Weight | None:
    """Return the weight in an analysis; None for what is no trial and has no number of people."""
    people, known = row["n"], AS_ENTERED
    if not people and row["kind"] not in OF_A_TRIAL:
        return None
    if not people:
        people, known = trial.get("n_randomised"), OF_TRIAL
    if not people:
        sizes = [n for _, n in pool.effects if n]
        people, known = (median(sizes) if sizes else None), MEDIAN
    if not pool.effects:
        return Weight(pool.name, 0, people, known if people else "", None, 1.0)
    own = variance(pool.effects, people) if people else median(v for v, _ in pool.effects)
    return Weight(
        pool.name, len(pool.effects), people, known, own, share(pool.effects, pool.tau2, own)
    )
