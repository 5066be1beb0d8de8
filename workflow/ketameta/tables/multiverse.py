"""What synthesize finds of an analysis under all combinations of its defensible choices."""

from __future__ import annotations

from ketameta.tables.parts import Held
from ketameta.tables.table import Id, Row, col, table


@table("multiverse", "Multiverse", key=("analysis",), first=("analysis", "combinations"))
class MultiverseRow(Held):
    """One analysis under every specification of its grid.

    Median and percentiles are of specifications in the measure of the analysis.
    """

    analysis: Id = col("analysis of the configuration")
    combinations: int = col("combinations of options; many come to the same specification")
    sets: int = col("different sets of effects among them")
    unpooled: int = col("combinations with too few effects to pool; in no share")
    idle: list[str] = col(
        "choices of data that change no effect here, by themselves or, of up to 100 trials, beside "
        "one other (beside two at once they are not tried); not counted",
        blank=True,
    )
    apart: list[str] = col(
        "choices of data in no combination: too few effects under them, or effects that share a "
        "control",
        blank=True,
    )
    crowded: list[str] = col(
        "choices of data in no combination: there would be too many", blank=True
    )
    reduced: list[str] = col(
        "options that the shares of the variance leave out, as choice: option; under some other "
        "options nothing is pooled with them",
        blank=True,
    )


@table(
    "multiverse_measures",
    "Multiverse by measure",
    key=("analysis", "measure"),
    first=("analysis", "measure"),
)
class MeasureRow(Held):
    """One measure of an analysis of which specifications are in several."""

    analysis: Id = col("analysis of the configuration")
    measure: str = col("effect measure")


@table("choices", "Choices of the multiverse", key=("analysis", "dimension"))
class ChoiceRow(Row):
    """One dimension of the grid of an analysis."""

    analysis: Id = col("analysis of the configuration")
    dimension: str = col("what varies")
    options: list[str] = col("its options, that of the analysis first")
    share: float | None = col(
        "Shapley share of the variance of the estimates in the measure of the analysis; empty "
        "where it has one option there, or nothing moves them"
    )


@table("specifications", "Specifications drawn", key=("analysis", "rank"))
class SpecificationRow(Row):
    """One specification of the curve: in the order of estimates, many thinned by rank."""

    analysis: Id = col("analysis of the configuration")
    rank: int = col("place in the order of estimates of different specifications, from 1")
    spec: Id = col("id of the specification: what `ketameta explain ANALYSIS --spec` takes")
    configured: bool = col("the analysis itself")
    options: list[str] = col("its option in each dimension, in their order")
    k: int = col("trials")
    estimate: float = col("pooled effect, natural scale")
    ci_low: float | None = col("lower end of its interval")
    ci_high: float | None = col("upper end of its interval")


@table(
    "extremes", "Extremes of the multiverse", key=("analysis", "highest", "trial_id", "comparison")
)
class ExtremeRow(Row):
    """One effect in the specification of the lowest, or of the highest estimate."""

    analysis: Id = col("analysis of the configuration")
    highest: bool = col("of the highest estimate; else of the lowest")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial; of one that the analysis has not, its id")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    effect: float | None = col("effect, natural scale")
    ci_low: float | None = col("lower end of its interval")
    ci_high: float | None = col("upper end of its interval")
    like: bool = col("it is in the analysis itself with the same numbers")
    rows: list[str] = col("raw rows used, file:line", blank=True)


@table("all_specifications", "All specifications", key=("analysis", "place"))
class EverySpecificationRow(Row):
    """One specification: the same effects and the same procedure once."""

    analysis: Id = col("analysis of the configuration")
    spec: Id = col("id of the specification: what `ketameta explain ANALYSIS --spec` takes")
    place: int = col(
        "its place among all combinations of the options in the table choices, from 0; the last "
        "dimension varies fastest"
    )
    combinations: int = col("combinations that come to it; the first has the id and the place")
    measure: str = col("effect measure")
    k: int = col("trials")
    estimate: float | None = col("pooled effect, natural scale; empty where nothing is pooled")
    ci_low: float | None = col("lower end of its interval")
    ci_high: float | None = col("upper end of its interval")
