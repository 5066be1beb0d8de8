"""Certainty as rows for the tables of the report."""

from __future__ import annotations

from collections.abc import Mapping

from ketameta.configuration import Configuration
from ketameta.evidence.certainty import Certainty
from ketameta.evidence.rated import RatedSynthesis
from ketameta.report import wording_domains
from ketameta.tables.verdicts import CertaintyRow


def certainty_rows(
    rated: Mapping[str, Certainty],
    records: Mapping[str, RatedSynthesis],
    configuration: Configuration,
) -> list[CertaintyRow]:
    """Return one row an analysis and domain; none for an analysis without an estimate."""
    return [
        CertaintyRow(
            analysis=name,
            verdict=records[name].verdict,
            certainty=found.level,
            certainty_best=found.best,
            start=found.start,
            domain=rating.domain,
            rating=rating.rating,
            rating_best=rating.best,
            judged=rating.judged,
            rule=rating.rule,
            reason=wording_domains.domain_reason(configuration[name], rating),
        )
        for name, found in rated.items()
        for rating in found.ratings
    ]
