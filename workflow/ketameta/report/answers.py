"""An analysis with all that pages quote of it, so that every page quotes the same number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Analysis, Configuration
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.rated import RatedSynthesis
from ketameta.tables.syntheses import AbsoluteRow, PointsRow


@dataclass(frozen=True, slots=True)
class Answer:
    """One analysis, its synthesis as judged, its certainty, and its results made absolute.

    `risk` is the absolute effect under the control risk that the pages quote: the control arms
    added up, where that gives a difference (`synthesize.absolute`).
    `points` is a standardised difference in points of a scale. Both None where there is none.
    """

    analysis: Analysis
    record: RatedSynthesis
    rated: Certainty
    risk: AbsoluteRow | None
    points: PointsRow | None

    @property
    def shown(self) -> bool:
        """Say whether there is an estimate to show."""
        return self.record.estimate is not None


def answers(
    configuration: Configuration,
    records: Mapping[str, RatedSynthesis],
    rated: Mapping[str, Certainty],
    absolute: Sequence[AbsoluteRow],
    points: Sequence[PointsRow],
) -> dict[str, Answer]:
    """Return the answer of every analysis by its name, in the order of the configuration."""
    # of several control risks the first
    risks = {row.analysis: row for row in reversed(absolute)}
    scales = {row.analysis: row for row in reversed(points)}
    return {
        (name := a.name): Answer(a, records[name], rated[name], risks.get(name), scales.get(name))
        for a in configuration
    }
