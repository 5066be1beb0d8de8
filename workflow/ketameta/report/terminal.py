"""The headline results as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.configuration import Configuration
from ketameta.evidence.rated import RatedSynthesis
from ketameta.report import wording, wording_certainty


def headline_lines(syntheses: Sequence[RatedSynthesis], configuration: Configuration) -> list[str]:
    """Return the headline results, a line each; `syntheses` as judged."""
    records = {row.analysis: row for row in syntheses}
    return [
        f"{a.display.title}: {wording.headline(a, records[a.name])}; {_certainty(records[a.name])}"
        for a in configuration
        if a.display.headline
    ]


def _certainty(record: RatedSynthesis) -> str:
    return wording_certainty.certainty_label(record.certainty, record.certainty_best)
