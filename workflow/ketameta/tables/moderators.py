"""What synthesize finds of what goes with the effects of an analysis: its meta-regressions."""

from __future__ import annotations

from ketameta.tables.parts import SCALE
from ketameta.tables.table import Id, Row, col, table

# between the names of what effects are regressed on at once
TOGETHER = " + "


@table("regressions", "Meta-regressions", key=("analysis", "model"))
class RegressionRow(Row):
    """One analysis regressed on one thing that its trials differ in, or on several at once."""

    analysis: Id = col("analysis of the configuration")
    model: str = col("what the effects are regressed on, with + between")
    formula: str = col("the regression as a formula; of a factor, the reference level")
    k: int = col("trials with all the values", unit="trials")
    coefficients: int = col("coefficients besides the intercept")
    left_out: list[str] = col("trials without a value, and of what", blank=True)
    failure: str | None = col("why nothing is estimated")
    tau2_by: str | None = col("estimator of tau²", default=None)
    rule: str | None = col("rule of the intervals: wald, hksj or hksj-adhoc", default=None)
    tau2: float | None = col(
        "variance that is left between trials", unit="square of the " + SCALE, default=None
    )
    tau2_without: float | None = col(
        "variance between the same trials without the moderators",
        unit="square of the " + SCALE,
        default=None,
    )
    i2: float | None = col("share of the variance left that is between trials", default=None)
    r2: float | None = col(
        "share of that explained; empty where it is 0", unit="per cent", default=None
    )
    qm: float | None = col("test of all coefficients but the intercept: F, or Q", default=None)
    qm_df: int | None = col("its degrees of freedom", default=None)
    qm_p: float | None = col("its p", default=None)
    permutation_p: float | None = col(
        "its p where the values are dealt out to the trials in other orders", default=None
    )
    arrangements: int | None = col("orders fitted, with the one observed", default=None)
    exact: bool | None = col("these are all that there are", default=None)
    converged: bool | None = col("the search for tau² came to its end", default=None)

    @property
    def moderators(self) -> list[str]:
        """The names of what the effects are regressed on."""
        return self.model.split(TOGETHER)


@table("coefficients", "Coefficients", key=("analysis", "model", "term"))
class CoefficientRow(Row):
    """One coefficient of a meta-regression."""

    analysis: Id = col("analysis of the configuration")
    model: str = col("what the effects are regressed on, with + between")
    term: str = col("intercept, a number, or a level of a factor")
    moderator: str = col("what the trials differ in; empty for the intercept", blank=True)
    level: str = col("level of a factor", blank=True)
    reference: str = col("level that it is held against", blank=True)
    per: float | None = col("units that the coefficient is for, of a number")
    k: int = col("trials of the level, or all", unit="trials")
    estimate: float | None = col("coefficient", unit=SCALE)
    se: float | None = col("its standard error", unit=SCALE)
    ci_low: float | None = col("lower end of its interval", unit=SCALE)
    ci_high: float | None = col("upper end of its interval", unit=SCALE)
    p: float | None = col("two-sided p of no difference")
    permutation_p: float | None = col("p where the values are dealt out in other orders")


@table("moderated", "Trials by what they differ in", key=("analysis", "moderator", "trial_id",
                                                          "comparison"))  # fmt: skip
class ModeratedRow(Row):
    """The value of one thing that trials differ in, of one effect of an analysis."""

    analysis: Id = col("analysis of the configuration")
    moderator: str = col("what the trials differ in")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    number: float | None = col("its value, of a number")
    level: str = col("its level, of a factor", blank=True)
    yi: float | None = col(
        "effect of the arm, where arms stand apart for this alone", unit=SCALE, default=None
    )
    vi: float | None = col("its sampling variance", unit="square of the " + SCALE, default=None)
    shared: float | None = col("of it, what comes through the shared control", default=None)


@table("fitted", "Effects by what trials differ in", key=("analysis", "moderator", "place"))
class FittedRow(Row):
    """The mean effect at one value of one thing that trials differ in."""

    analysis: Id = col("analysis of the configuration")
    moderator: str = col("what the trials differ in")
    place: int = col("place in order")
    at: float | None = col("value, of a number")
    level: str = col("level, of a factor", blank=True)
    k: int = col("trials of the level, or all", unit="trials")
    estimate: float = col("mean effect there, natural scale")
    ci_low: float = col("lower end of its interval, natural scale")
    ci_high: float = col("upper end of its interval, natural scale")
