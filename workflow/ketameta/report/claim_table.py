"""Claims as rows for the tables of the report."""

from __future__ import annotations

from collections.abc import Sequence

from ketameta.report.claim_view import ClaimView
from ketameta.tables.syntheses import ClaimTestRow
from ketameta.tables.table import extended
from ketameta.tables.verdicts import ClaimVerdictRow


def claim_rows(views: Sequence[ClaimView], tests: Sequence[ClaimTestRow]) -> list[ClaimVerdictRow]:
    """Return claim_tests with the verdict and reason of each analysis, part and whole claim."""
    rows = []
    by_claim = {view.claim_id: view for view in views}
    for test in tests:
        view = by_claim[test.claim_id]
        part = next(p for p in view.parts if p.name == (test.part or ""))
        name = test.analysis or test.course
        line = next((x for x in part.lines if x.analysis == name), None)
        rows.append(
            extended(
                ClaimVerdictRow,
                test,
                analysis_verdict=line.verdict if line else None,
                analysis_reason=line.reason if line else None,
                part_verdict=part.verdict,
                verdict=view.verdict,
                sentence=view.sentence,
                certainty=part.certainty.level,
                certainty_best=part.certainty.best,
            )
        )
    return rows
