"""The certainty of every analysis of the tests' tables, as it is meant to be.

A change here must be meant: read the difference, then write the file anew with
``python tests/evidence/test_golden.py``.
"""

import csv
import io
import sys
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden" / "certainty.csv"
COLUMNS = ("analysis", "certainty", "certainty_best", "domain", "rating", "rating_best", "judged",
           "rules")  # fmt: skip


def as_text(rated):
    """Return the certainties of analyses as CSV text, a line a domain."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, found in rated.items():
        for r in found.ratings:
            cells = [r.domain, r.rating, r.best, r.judged, "; ".join(rule.name for rule in r.rules)]
            writer.writerow([name, *found.span, *cells])
        if not found.ratings:
            writer.writerow([name, *found.span, *[""] * 5])
    return out.getvalue()


def test_certainty_is_that_of_the_golden_file(tables, configuration):
    from ketameta.evidence.results import certainties

    found = as_text(certainties(tables, configuration))
    assert found.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "workflow"), str(root)]
    from tests.rows import made_of_tests

    from ketameta.evidence.results import certainties

    GOLDEN.write_text(as_text(certainties(*made_of_tests())), encoding="utf-8")
