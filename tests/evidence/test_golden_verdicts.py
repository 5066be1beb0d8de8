"""Every verdict on the claims of the tests' tables, as it is meant to be.

A change here must be meant: read the difference, then write the file anew with
``python tests/evidence/test_golden_verdicts.py``.
"""

import csv
import io
import sys
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "verdicts.csv"
COLUMNS = ("claim_id", "part", "analysis", "says", "because", "part_verdict", "verdict")


def as_text(claims):
    """Return the verdicts as CSV text: a row an analysis, one where a part names none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, claim in claims.items():
        for part in claim.parts:
            whole = part.verdict.word, claim.verdict.word
            place = name, part.test.part
            for one in part.lines:
                writer.writerow(
                    (*place, one.analysis, one.verdict.word, one.verdict.because, *whole)
                )
            for beside in part.beside:
                writer.writerow((*place, beside, "", "stands beside", *whole))
            if not part.lines and not part.beside:
                writer.writerow((*place, "", "", "", *whole))
    return out.getvalue()


def judged_claims(tables, configuration):
    """Return the claims of some tables as judged."""
    from ketameta.evidence.claims import claims_of
    from ketameta.evidence.results import grounds, rated_syntheses
    from ketameta.tables.syntheses import ClaimTestRow

    asked = configuration.asked(test.analysis for test in tables[ClaimTestRow])
    records = {row.analysis: row for row in rated_syntheses(tables, asked)}
    return claims_of(tables[ClaimTestRow], grounds(tables, records))


def test_verdicts_are_those_of_the_golden_file(tables, configuration):
    text = as_text(judged_claims(tables, configuration))
    assert text.splitlines() == GOLDEN.read_text().splitlines()


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "workflow"), str(root)]
    from tests.rows import made_of_tests

    GOLDEN.write_text(as_text(judged_claims(*made_of_tests())))
