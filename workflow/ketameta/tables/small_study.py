"""What synthesize finds of an analysis where small trials may differ from large ones."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table

TRIM, PET, PEESE = "trim and fill", "PET", "PEESE"
THREE, STEPS, LIMIT = "three-parameter selection", "step selection", "limit meta-analysis"

LEAST = 5  # effects: of fewer, a figure of what each contributes or of their asymmetry says little
LEAST_TESTED = 10  # effects below which a regression on standard errors tests nothing


@table("adjusted", "Small-study effects", key=("analysis", "method"))
class AdjustedRow(Row):
    """One analysis of five independent effects or more, by one method that allows for small trials.

    Estimates are on the natural scale; empty where the method gives none, and `why` says so.
    """

    analysis: Id = col("analysis of the configuration")
    method: str = col("method, or the author of the regression")
    k: int = col("effects that it can use")
    needed: int = col("effects below which it says little")
    estimate: float | None = col("adjusted pooled effect, natural scale")
    low: float | None = col("lower end of its interval of the level of the analysis")
    high: float | None = col("upper end of its interval")
    detail: str = col("what else it found", blank=True)
    why: str = col("why it gives no estimate; empty where it does", blank=True)
