"""What synthesize finds of an analysis where it is looked at after every trial."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table("looks", "Looking after every trial", key=("analysis", "trial_id", "comparison"))
class LookRow(Row):
    """One look at an analysis of five effects or more: after this trial, in the order of years."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    estimate: float = col("common effect so far, natural scale")
    low: float = col("lower end of the interval that holds at every look, natural scale")
    high: float = col("upper end of the interval that holds at every look")
    e_value: float = col("evidence against no effect")
    z: float = col("cumulative test of no effect")
    boundary: float | None = col("what it has to pass at this look (Lan and DeMets)")
    fraction: float | None = col("information so far by the required one", unit="share")
