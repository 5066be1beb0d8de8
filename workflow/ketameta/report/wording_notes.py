"""What a reader must know of printed numbers: where they were read, what was added to them.

Halves added to counts, limits that cannot be, secondary sources, people who are counted twice, and
one trial that decides alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ketameta.configuration import Analysis
from ketameta.measures import MEASURES
from ketameta.report.wording import MINUS, HasInterval, count, fixed, quantity
from ketameta.synthesize.absolute import skewed
from ketameta.tables.fits import Engine
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import StudyRow
from ketameta.vocabulary import SECONDARY, vocabulary

NAMED = 20  # trials that a note names
DAGGER = "†"
ALONE = 75.0  # per cent of the weight from which one trial is told to decide alone


def notes(analysis: Analysis, record: Estimate, studies: Sequence[StudyRow]) -> list[str]:
    """Return a sentence for each thing that the numbers of a plot or table do not say."""
    told = (
        secondary(studies),
        _to_check(studies),
        _decides(record, studies),
        in_both_arms(studies),
        _skewed(analysis, studies),
        halves(record, studies),
        _beyond(analysis, record, studies),
    )
    return [text for text in told if text]


def rests_on_others(study: StudyRow) -> bool:
    """Say whether the numbers of a trial were read elsewhere than in its report or register."""
    return study.seen == SECONDARY


def secondary(studies: Sequence[StudyRow]) -> str:
    """Say how many trials rest on secondary sources, and on which; empty for none."""
    marked = [s for s in studies if rests_on_others(s)]
    if not marked:
        return ""
    found = Counter(source for s in marked for source in s.secondary)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    named = "; ".join(
        f"{'doi:' if source.startswith('10.') else ''}{source} ({count(number, 'trial')})"
        for source, number in ranked
    )
    text = f"{DAGGER} Numbers from a secondary source, not from the trial's own report or register"
    text += f": {len(marked)} of {count(len(studies), 'trial')}"
    weights = [s.weight for s in marked if s.weight is not None]
    if len(weights) == len(marked):
        text += f" with {fixed(math.fsum(weights), 0)}% of the weight"
    return f"{text}. {named}."


def _to_check(studies: Sequence[StudyRow]) -> str:
    """Name the trials whose rows are marked for another look at the source; empty for none."""
    marked = [
        f"{s.label} ({'; '.join(mark.partition(': ')[2] or mark for mark in s.marks)})"
        for s in studies
        if s.marks
    ]
    return f"To be checked against the source: {some(marked)}." if marked else ""


def _decides(record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Name the one trial that has nearly all of the weight; empty where none has."""
    if record.k < 2 or record.estimate is None:
        return ""
    heavy = [s for s in studies if (s.weight or 0) > ALONE]
    named = [f"{s.label} alone carries {fixed(s.weight, 0)}% of the weight." for s in heavy]
    return "".join(named)


def halves(record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Name the trials whose effect has a half added to its counts; empty for none."""
    names = [s.label for s in studies if s.halved]
    if not names:
        return ""
    text = f"A half is added to each cell of a trial with an empty one: {some(names)}"
    if Engine(record.engine).modelled:
        text += "; for its own interval alone, the model takes the counts as they are"
    return f"{text}."


def _skewed(analysis: Analysis, studies: Sequence[StudyRow]) -> str:
    """Name the trials with a mean nearer to an end of its scale than its SD; empty for none."""
    names = [f"{s.label} ({s.scale})" for s in studies if skewed(s)]
    if not names:
        return ""
    text = (
        "Skewed scores, with a mean nearer to an end of the scale than its SD (Altman 1996): "
        f"{some(names)}. A mean tells little of them"
    )
    points = "; no points of the scale are made with that SD"
    return f"{text}{points if MEASURES[analysis.select.measure].is_standardised else ''}."


def in_both_arms(studies: Sequence[StudyRow]) -> str:
    """Name the crossover trials whose people stand in both arms; empty for none."""

    def in_both(s: StudyRow) -> bool:
        arms = (s.n_t or 0) + (s.n_c or 0)
        return s.design == "crossover" and 0 < (s.people or 0) < arms

    names = [s.label for s in studies if in_both(s)]
    if not names:
        return ""
    return (
        f"People who took both treatments in turn ({some(names)}) stand in both arms and in both "
        "sums; where people are counted they count once."
    )


def plain_reason(detail: str | None) -> str:
    """Return why a row gives no effect, without names of empty columns and words of the tables."""
    text = re.sub(r": \w+(?:(?:, | and )\w+)* (?:is|are) empty", "", detail or "")
    return re.sub(r"\b(?:do-not-pool|check):? ", "", text)


def some(names: Sequence[str]) -> str:
    """List names, not all of many."""
    text = ", ".join(names[:NAMED])
    return f"{text} and {len(names) - NAMED:,} more" if len(names) > NAMED else text


def _beyond(analysis: Analysis, record: Estimate, studies: Sequence[StudyRow]) -> str:
    """Say that a limit lies where no value can; empty where none does, as printed."""
    measure = MEASURES[analysis.select.measure]
    if measure.beyond is None:
        return ""
    (low, high), (where, why) = measure.bounds, measure.beyond
    if measure.falls and not all(_starts_at_zero(s.scale) for s in studies):
        return ""

    def printed(value: float) -> float:
        return float(quantity(measure.name, value).replace(MINUS, "-").replace(",", ""))

    shown = [printed(value) for value in _limits([record, *studies])]
    if all((low is None or low <= x) and (high is None or x <= high) for x in shown):
        return ""
    return f"Limits {where} are those of a normal approximation: {why}."


def _limits(rows: Iterable[HasInterval]) -> Iterator[float]:
    for row in rows:
        yield from (end for end in (row.ci_low, row.ci_high) if end is not None)


def _starts_at_zero(scale: str | None) -> bool:
    """Say whether no score of a scale is below 0."""
    known = vocabulary().scales.get(scale or "")
    return known is not None and known.minimum is not None and known.minimum >= 0
