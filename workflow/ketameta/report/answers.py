"""An analysis with all that pages quote of it, so that every page quotes the same number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.certainty import Certainty
from ketameta.tables.grouping import grouped

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One analysis, its synthesis as judged, its certainty, and its results made absolute.

    `risk` is the absolute effect under the control risk that the pages quote: the control arms
    added up, where that gives a difference (`synthesize.absolute`).
    `points` is a standardised difference in points of a scale. Both None where there is none.
    """

    analysis: Analysis
    record: Record
    rated: Certainty
    risk: Record | None
    points: Record | None

    @property
    def shown(self) -> bool:
        """Say whether there is an estimate to show."""
        return self.record["estimate"] is not None


def answers(
    configuration: Configuration,
    records: dict[str, Record],
    rated: dict[str, Certainty],
    absolute: Iterable[Record],
    points: Iterable[Record],
) -> dict[str, Answer]:
    """Return the answer of every analysis by its name, in the order of the configuration."""
    risks, scales = grouped(list(absolute), "analysis"), grouped(list(points), "analysis")

    def found() -> Iterator[Answer]:
        for analysis in configuration:
            name = analysis.name
            first = next(iter(risks[name]), None), next(iter(scales[name]), None)
            yield Answer(analysis, records[name], rated[name], *first)

    return {answer.analysis.name: answer for answer in found()}
