"""Numbers that look alike: what else can be called the share of people with an event, and why.

One number answers the question of an analysis: the risk under the control risk that is quoted. Its
relatives (another control risk, the treated arms alone, people added up, the largest trial) answer
others; each is told here once, beside the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ketameta.measures import MEASURES
from ketameta.report.answers import Answer
from ketameta.report.wording import count
from ketameta.report.wording_absolute import assumed
from ketameta.report.wording_findings import of_hundred
from ketameta.tables.syntheses import AbsoluteRow, StudyRow

# share of people from which what was seen and what is expected are told to differ
FAR = 0.1


@dataclass(frozen=True, slots=True)
class Number:
    """A number of 100 people, what it is, why it is another, and the page it is from (or none).

    `far` says of the people added up that they lie far from what the comparison expects.
    """

    of_hundred: str
    what: str
    why: str
    slug: str = ""
    far: bool = False


def alike(
    answer: Answer,
    risks: Sequence[AbsoluteRow],
    studies: Sequence[StudyRow],
    answers: Mapping[str, Answer],
) -> list[Number]:
    """Return the numbers of an analysis of events that look alike, the one that is quoted first.

    `risks` are its absolute effects, `studies` its trials. Empty without an absolute effect, and
    where nothing but the quoted number can be told.
    """
    if not risks:
        return []
    quoted = Number(
        of_hundred(risks[0].treated_risk),
        f"expected with treatment, where {of_hundred(risks[0].control_risk)} have it without "
        f"({assumed(risks[0])})",
        "The answer of this page: it keeps each trial's own comparison.",
    )
    others = [
        *_assumed(risks[1:]),
        *_added(studies, risks[0].treated_risk),
        *_alone(answer, answers),
        *_largest(studies),
    ]
    return [quoted, *others] if others else []


def _assumed(risks: Sequence[AbsoluteRow]) -> Iterator[Number]:
    for risk in risks:
        yield Number(
            of_hundred(risk.treated_risk),
            f"expected with treatment, where {of_hundred(risk.control_risk)} have it without "
            f"({assumed(risk)})",
            "The same comparison from another risk without treatment.",
        )


def _added(studies: Sequence[StudyRow], expected: float) -> Iterator[Number]:
    """Yield the treated people of all trials added up, as the sums below a forest plot have it."""
    known = [(s.events_t, s.n_t) for s in studies if s.events_t is not None and s.n_t]
    if len(known) > 1:
        events, people = (math.fsum(own) for own in zip(*known, strict=True))
        off = abs(events / people - expected)
        why = (
            "Adding up breaks each trial's own comparison and lets the largest trials speak for "
            "all; it is no estimate."
        )
        if off > FAR:
            why += (
                f" It lies {of_hundred(off)} of 100 from the expected number: a pooled ratio gives "
                "little weight to trials with few events under control."
            )
        yield Number(
            of_hundred(events / people),
            f"of the treated people of {count(len(known), 'trial')} added up "
            f"({events:,.0f} of {people:,.0f})",
            why,
            far=off > FAR,
        )


def _alone(answer: Answer, answers: Mapping[str, Answer]) -> Iterator[Number]:
    """Yield the pooled share of the treated arms alone, of the same people at the same time."""
    own = answer.analysis
    for other in answers.values():
        asked = other.analysis.select
        same = (asked.outcome, asked.window) == (own.select.outcome, own.select.window)
        estimate = other.record.estimate
        if (
            same
            and MEASURES[asked.measure].is_share
            and estimate is not None
            and asked.narrow == own.select.narrow
        ):
            yield Number(
                of_hundred(estimate),
                f"of the people in treated arms ({count(other.record.k, 'trial')} pooled)",
                "What happened under treatment, without comparison: it holds those who would have "
                "it without treatment too, and each arm counts, not each comparison.",
                other.analysis.slug,
            )


def _largest(studies: Sequence[StudyRow]) -> Iterator[Number]:
    known = [
        (s.n_t, s.trial_id, s.events_t, s.label)
        for s in studies
        if s.events_t is not None and s.n_t
    ]
    if len(known) > 1:
        treated, _, events, label = max(known, key=lambda own: own[:2])
        yield Number(
            of_hundred(events / treated),
            f"of the treated in the largest trial ({label}, {treated:,.0f} treated)",
            "One trial, its people and its day.",
        )
