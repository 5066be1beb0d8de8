"""What the second opinion of a run says of each pooled number."""

from __future__ import annotations

from enum import StrEnum

from ketameta.tables.parts import SCALE
from ketameta.tables.table import Id, Row, col, table


class Verdict(StrEnum):
    """What comes of a number that is recomputed."""

    EQUAL = "equal"
    KNOWN = "known difference"
    DIFFERENT = "different"
    ABSENT = "not recomputed"


@table("crosscheck", "Recomputed with statsmodels", key=("analysis", "variant", "number"))
class CrosscheckRow(Row):
    """One number of an analysis, of it under another choice or of a time course, recomputed."""

    analysis: Id = col("analysis or time course of the configuration")
    variant: str = col("choice of the sensitivity analysis; empty for the analysis", blank=True)
    number: str = col(
        "what is recomputed: tau2, estimate, se, ci_low, ci_high, q ...; of a group, a regression, "
        "a method or a curve with its name and a colon before"
    )
    ours: float | None = col("as reported", unit=SCALE)
    theirs: float | None = col("as recomputed", unit=SCALE)
    by: str = col("what recomputed it, of statsmodels where it is a name", blank=True)
    verdict: str = col("equal to 1e-8, known difference, different or not recomputed")
    why: str = col("why there is a difference, or nothing to compare with", blank=True)
