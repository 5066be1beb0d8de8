"""Every effect size of the tests' tables, as it is meant to be.

A change here must be meant: read the difference, then write the file anew with
``python tests/normalize/test_golden.py``.
"""

import csv
import io
import sys
from pathlib import Path

from ketameta.tables.effects import EffectRow

GOLDEN = Path(__file__).parents[1] / "golden" / "effects.csv"
COLUMNS = ("analysis", "trial_id", "comparison", "measure", "yi", "vi", "n_t", "n_c", "basis",
           "hour", "scale", "analysis_set", "rows")  # fmt: skip


def as_text(effects):
    """Return effects as CSV text, numbers to 12 digits: beyond that machines may differ."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for effect in effects:
        cells = [getattr(effect, name) for name in COLUMNS]
        cells = [f"{c:.12g}" if isinstance(c, float) else c for c in cells]
        writer.writerow(["; ".join(c) if isinstance(c, list) else c for c in cells])
    return out.getvalue()


def test_effect_sizes_are_those_of_the_golden_file(tables):
    assert as_text(tables[EffectRow]).splitlines() == GOLDEN.read_text().splitlines()


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "workflow"), str(root)]
    from tests.rows import made_of_tests

    GOLDEN.write_text(as_text(made_of_tests()[0][EffectRow]))
