"""What the page of the data is given: the map of the evidence, and what became of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.configuration import Configuration
from ketameta.report.evidence_map import evidence_map
from ketameta.report.graphics import evidence
from ketameta.tables.effects import PERIODS

Record = dict[str, Any]
Rows = Mapping[str, Sequence[Record]]


def data_view(tables: Rows, configuration: Configuration, reports: int) -> dict[str, Any]:
    """Return what the template of the page takes; `reports` is the number of trial reports."""
    whole = {
        analysis.name: (analysis.select.outcome, f"analyses/{analysis.slug}.html")
        for analysis in configuration.whole
    }
    studies = [study for study in tables["studies"] if study["analysis"] in whole]
    return {
        "map": evidence_map(tables["evidence_map"], studies, whole),
        "periods": [*PERIODS],
        "drawing_of_map": evidence(list(tables["evidence_map"])),
        "uses": uses(studies, tables["exclusions"], reports),
    }


def uses(
    studies: Sequence[Record], exclusions: Sequence[Record], reports: int
) -> list[tuple[str, int]]:
    """Count trial reports by what became of them; each stands in one line."""
    pooled = {study["trial_id"] for study in studies}
    near = {row["trial_id"] for row in exclusions} - pooled
    return [
        ("with an effect in one analysis or more", len(pooled)),
        ("with rows on an outcome that is asked for, but no effect in any analysis", len(near)),
        ("without a row on any outcome that is asked for", reports - len(pooled) - len(near)),
    ]
