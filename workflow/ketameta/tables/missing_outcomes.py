"""What synthesize finds of people whose outcome is missing, had they fared otherwise."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table

_APART = (
    "of events: odds of the event among the missing over those among the observed (IMOR); of "
    "scores: how much better the missing fared than the observed (IMDoM), in standard deviations"
)


@table("losses", "People whose outcome is missing", key=("analysis", "trial_id", "comparison"))
class LossRow(Row):
    """One effect of a pooled analysis: how many were randomised, and are not in it."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    label: str = col("name of the trial")
    randomised_t: float | None = col("people randomised to the treated arms", unit="people")
    randomised_c: float | None = col("people randomised to the control arms", unit="people")
    missing_t: float | None = col("of the treated, not in the result", unit="people")
    missing_c: float | None = col("of the control arms, not in the result", unit="people")
    fixed: str = col(
        "why the effect stays as it is, whatever is assumed: crossover, not told (how many were "
        "randomised to each arm, or are in the result), more than randomised, not of counts; "
        "empty where it is varied",
        blank=True,
    )


@table("assumed", "Under assumptions on missing outcomes", key=("analysis", "assumed"))
class AssumedRow(Row):
    """One analysis under one assumption on those whose outcome is missing."""

    analysis: Id = col("analysis of the configuration")
    assumed: str = col("name of the assumption")
    treated: float | None = col(f"in the treated arms; {_APART}")
    control: float | None = col("the same in the control arms")
    spread: float = col("standard deviation about these: of the log of the IMOR, of the IMDoM")
    estimate: float | None = col("pooled effect, natural scale")
    low: float | None = col("lower end of its interval")
    high: float | None = col("upper end of its interval")


@table("turning_points", "Where missing outcomes turn a result", key=("analysis", "whose"))
class TurningRow(Row):
    """One analysis: the smallest difference of the missing that turns its conclusion."""

    analysis: Id = col("analysis of the configuration")
    whose: str = col(
        "who of the missing differ: treated, control, both alike, or opposed (the inverse, or the "
        "opposite, in the control arms)"
    )
    excludes: bool = col("the interval lies on one side of no effect where they do not differ")
    at: float | None = col(
        f"from where on it does not, or else does, in the treated arms, or those that differ; "
        f"empty where it is not so up to `reach`; {_APART}"
    )
    reach: float = col("largest difference that was tried, or its inverse, or its opposite")


@table("assumed_fields", "Missing outcomes in either arm", key=("analysis", "control", "start"))
class AssumedFieldRow(Row):
    """One range of what is assumed of the treated that leads to one conclusion."""

    analysis: Id = col("analysis of the configuration")
    control: float = col(f"assumed of the missing in the control arms; {_APART}")
    start: float = col("least that is assumed in the treated arms")
    end: float = col("most that is assumed there")
    place: int = col("where the interval lies, as in the table contours")
