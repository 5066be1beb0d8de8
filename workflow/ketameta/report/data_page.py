"""What the page of the data is given: the map of the evidence, and what became of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ketameta.configuration import Configuration
from ketameta.report.evidence_map import EvidenceMap, evidence_map
from ketameta.report.graphics import FigureEntry, evidence
from ketameta.tables.collection import Tables
from ketameta.tables.effects import EvidenceMapRow
from ketameta.tables.syntheses import ExclusionRow, StudyRow
from ketameta.vocabulary.periods import mapped, periods


@dataclass(frozen=True, slots=True)
class DataView:
    """What the template of the page takes; `periods` are those of the map with their words."""

    map: EvidenceMap
    periods: Mapping[str, str]
    drawing_of_map: FigureEntry
    uses: Sequence[tuple[str, int]]


def data_view(tables: Tables, configuration: Configuration, reports: int) -> DataView:
    """Return what the page shows; `reports` is the number of trial reports."""
    whole = {
        analysis.name: (analysis.select.outcome, f"analyses/{analysis.slug}.html")
        for analysis in configuration.whole
    }
    studies = [study for study in tables[StudyRow] if study.analysis in whole]
    coverage = tables[EvidenceMapRow]
    return DataView(
        evidence_map(coverage, studies, whole),
        {name: periods()[name] for name in mapped()},
        evidence(coverage).picture(),
        uses(studies, tables[ExclusionRow], reports),
    )


def uses(
    studies: Sequence[StudyRow], exclusions: Sequence[ExclusionRow], reports: int
) -> list[tuple[str, int]]:
    """Count trial reports by what became of them; each stands in one line."""
    pooled = {study.trial_id for study in studies}
    near = {row.trial_id for row in exclusions} - pooled
    return [
        ("with an effect in one analysis or more", len(pooled)),
        ("with rows on an outcome that is asked for, but no effect in any analysis", len(near)),
        ("without a row on any outcome that is asked for", reports - len(pooled) - len(near)),
    ]
