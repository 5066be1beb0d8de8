"""What synthesize finds of what would change a result: moved events, subsets, a new trial."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table("fragility", "Fragility", key=("analysis",))
class FragilityRow(Row):
    """One pooled analysis of events: the fewest that, moved, turn its conclusion."""

    analysis: Id = col("analysis of the configuration")
    excludes: bool = col("the interval is on one side of no effect; else the reverse is told")
    movable: int = col("trials whose effect is of counts: only their events are moved")
    k: int = col("effects pooled")
    moved: int | None = col("events moved; empty where 100 do not turn it", unit="people")
    exact: bool = col("every smaller number was tried in full; else it may be smaller")
    moves: list[str] = col("in which trial and group", blank=True)
    estimate: float | None = col("pooled effect after the moves, natural scale")
    low: float | None = col("lower end of its interval")
    high: float | None = col("upper end of its interval")


@table("subsets", "Subsets of the trials", key=("analysis", "trial_id", "comparison"))
class SubsetRow(Row):
    """One effect of an analysis of five or more, in all subsets of these (GOSH)."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    label: str = col("name of the trial")
    share: float | None = col("how much of the spread of the subsets' estimates it explains")
    cluster: bool = col("over a half: subsets with and without it are two clusters")
    subsets: int = col("subsets of two effects or more that were pooled")
    all: bool = col("these are all subsets; else a sample")
    with_it: float | None = col("median estimate of the subsets with it, natural scale")
    without_it: float | None = col("median estimate of the subsets without it")
    least: float | None = col("2.5th percentile of the subsets' estimates, natural scale")
    most: float | None = col("97.5th percentile")


@table("subset_fields", "Where the subsets lie", key=("analysis", "i2_low", "start"))
class SubsetFieldRow(Row):
    """One range of estimates and of I² that subsets of the effects of an analysis have (GOSH)."""

    analysis: Id = col("analysis of the configuration")
    i2_low: float = col("least I² of the subsets", unit="per cent")
    i2_high: float = col("largest I² of the subsets", unit="per cent")
    start: float = col("least estimate, natural scale")
    end: float = col("largest estimate")
    within: int = col("of 100 subsets, those in the densest ranges up to this one: 50, 95 or 100")
    subsets: int = col("subsets in it")


@table("new_trials", "A new trial", key=("analysis", "people"))
class NewTrialRow(Row):
    """One size of a new trial beside an analysis of five effects or more."""

    analysis: Id = col("analysis of the configuration")
    people: int = col("people in the new trial", unit="people")
    variance: float = col("its sampling variance: that per person is the median of the trials")
    power: float = col("probability that the updated interval is on one side of no effect")


@table("contours", "What a new trial would conclude", key=("analysis", "people", "start"))
class ContourRow(Row):
    """One range of results of a new trial of one size that leads to one conclusion."""

    analysis: Id = col("analysis of the configuration")
    people: int = col("people in the new trial", unit="people")
    start: float = col("least result of the range, natural scale")
    end: float = col("largest result of the range")
    place: int = col(
        "where the updated interval lies: 2 above the worthwhile effect, 1 above none, 0 holds "
        "none, -1 below none, -2 below the worthwhile effect"
    )
