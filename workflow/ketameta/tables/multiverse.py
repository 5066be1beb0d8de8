"""What synthesize finds of an analysis under all combinations of its defensible choices."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table("multiverse", "Multiverse", key=("analysis",))
class MultiverseRow(Row):
    """One analysis under every specification of its grid."""

    analysis: Id = col("analysis of the configuration")
    specifications: int = col("combinations of choices")
    sets: int = col("different sets of effects among them")
    unpooled: int = col("specifications with too few effects to pool; not in the shares")
    same_side: float | None = col("share on the side of no effect of the analysis itself")
    past_none: float | None = col("share whose interval excludes no effect on that side")
    worthwhile: float | None = col("share with a worthwhile effect on that side")
    median: float | None = col("median of the estimates, natural scale")
    low: float | None = col("2.5th percentile of the estimates")
    high: float | None = col("97.5th percentile of the estimates")
    idle: list[str] = col("choices of data that change no effect here; not counted", blank=True)
    beyond: list[str] = col(
        "choices of data in no combination: too few effects, or too many others", blank=True
    )


@table("choices", "Choices of the multiverse", key=("analysis", "dimension"))
class ChoiceRow(Row):
    """One dimension of the grid of an analysis."""

    analysis: Id = col("analysis of the configuration")
    dimension: str = col("what varies")
    options: list[str] = col("its options, that of the analysis first")
    share: float | None = col(
        "Shapley share of the variance of the estimates; empty where it moves none"
    )


@table("specifications", "Specifications drawn", key=("analysis", "rank"))
class SpecificationRow(Row):
    """One specification of the curve: in the order of estimates, many thinned by rank."""

    analysis: Id = col("analysis of the configuration")
    rank: int = col("place in the order of all specifications' estimates, from 1")
    spec: Id = col("id of the specification: what `ketameta explain ANALYSIS --spec` takes")
    configured: bool = col("the analysis itself")
    options: list[str] = col("its option in each dimension, in their order")
    k: int = col("effects")
    estimate: float = col("pooled effect, natural scale")
    ci_low: float | None = col("lower end of its interval")
    ci_high: float | None = col("upper end of its interval")
