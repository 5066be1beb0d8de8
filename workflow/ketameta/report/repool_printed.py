"""The words that a page prints of a pooled result, in one place: those of all its trials.

The script prints the same of any of the trials; a test holds the two in step, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.verdicts import verdict
from ketameta.measures import MEASURES
from ketameta.report import (
    wording,
    wording_absolute,
    wording_certainty,
    wording_model,
    wording_plot,
    wording_splits,
)
from ketameta.tables.collection import Tables
from ketameta.tables.parts import Estimate
from ketameta.tables.syntheses import (
    AbsoluteRow,
    PointsRow,
    SplitRow,
    StudyRow,
    SubgroupRow,
    SynthesisRow,
)


@dataclass(frozen=True, slots=True)
class PrintedCertainty:
    """Level and symbol, and of each domain its name, what it takes and by which rules."""

    label: str
    symbol: str
    ratings: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A result in words; what there is nothing to say of is empty.

    `absolute` are pairs of what is told and the text, `groups` those on the plot with trials,
    people and estimate, `studies` the effect and the weight of each.
    """

    headline: str
    estimate: str
    model: str
    verdict: str
    test: str
    heterogeneity: str
    prediction: str
    between: str
    absolute: Sequence[tuple[str, str]]
    certainty: PrintedCertainty
    groups: Sequence[tuple[str, int, str, str]]
    studies: Sequence[tuple[str, str]]


def printed(analysis: Analysis, record: SynthesisRow, own: Tables, rated: Certainty) -> Printed:
    """Return what is printed of a synthesis: result, heterogeneity, absolute effects, certainty.

    `own` are its rows of the tables that belong to it.
    """
    measure = record.measure
    return Printed(
        headline=wording.headline(analysis, record),
        estimate=_estimate(record),
        model=wording_model.model(record),
        verdict=verdict(record),
        test=wording_plot.overall_test(record),
        heterogeneity=wording.heterogeneity(record),
        prediction=wording.prediction_text(record),
        between=_between(record, own[SplitRow]),
        absolute=[*_absolute(record, own)],
        certainty=_certainty(rated),
        groups=[
            (wording_splits.group(g.split, g.subgroup), g.k, f"{g.n:,}", _estimate(g))
            for g in own[SubgroupRow]
            if g.split == record.split
        ],
        studies=[
            (wording.estimate_interval(measure, s, "effect"), wording.fixed(s.weight, 1))
            for s in own[StudyRow]
        ],
    )


def _estimate(row: Estimate) -> str:
    if row.estimate is None:
        return "–"
    return wording.estimate_interval(row.measure, row) + wording.unit_sign(row.measure)


def _between(record: SynthesisRow, splits: Sequence[SplitRow]) -> str:
    """Write the test between the groups on the plot; empty where there is none."""
    for row in splits:
        if row.split == record.split and (said := wording_splits.test(row)):
            return f"{wording_splits.name(row.split)}: {said}"
    return ""


def _absolute(record: SynthesisRow, own: Tables) -> Iterator[tuple[str, str]]:
    """Yield what a result is in people or points, each with what it is of."""
    few = wording.useless(record)
    if MEASURES[record.measure].is_share and record.estimate is not None:
        yield "Of 1,000 people treated", wording_absolute.share_per_thousand(record)
    for row in own[AbsoluteRow][:1]:
        yield (
            "Of 1,000 people",
            f"{wording_absolute.more_or_fewer(row, few)}: {wording_absolute.treated(row, few)} "
            f"under treatment against {wording_absolute.per_thousand(row.control_risk)} under "
            "control",
        )
        yield (
            "Assumed control risk",
            (f"{wording_absolute.percent_of(row.control_risk)}: {wording_absolute.assumed(row)}"),
        )
        yield "Number needed to treat", wording_absolute.needed(row, record.favours, few)
    for scale in own[PointsRow]:
        yield f"In points of the {scale.scale}", wording_absolute.points_in_words(scale)


def _certainty(rated: Certainty) -> PrintedCertainty:
    is_rated = wording_certainty.is_rated(rated.level)
    return PrintedCertainty(
        wording_certainty.certainty_label(rated),
        wording_certainty.symbol(*rated.span) if is_rated else "",
        [
            (r.domain, wording_certainty.taken(r), "; ".join(rule.short for rule in r.rules))
            for r in rated.ratings
        ],
    )
