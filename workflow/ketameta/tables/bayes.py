"""What synthesize finds of an analysis where the spread between trials has a prior."""

from __future__ import annotations

from ketameta.tables.parts import SCALE
from ketameta.tables.table import Id, Row, col, table


@table("posteriors", "Bayesian check", key=("analysis", "prior"))
class PosteriorRow(Row):
    """One analysis under one prior of tau; the prior of the mean effect is flat."""

    analysis: Id = col("analysis of the configuration")
    prior: str = col("prior of tau, on the analysis scale")
    published: bool = col("predicted of tau² by the reviews of Cochrane (Turner 2015, Rhodes 2015)")
    estimate: float = col("posterior median of the mean effect, natural scale")
    low: float = col("lower end of its shortest interval of the level of the analysis")
    high: float = col("upper end of its shortest interval")
    new_low: float = col("lower end of the shortest interval of the true effect of a new trial")
    new_high: float = col("upper end of the interval of a new trial")
    tau: float = col("posterior median of tau", unit=SCALE)
    benefit: float | None = col("probability of an effect on the side that favours treatment")
    worthwhile: float | None = col("probability of a worthwhile effect on that side")
    harmful: float | None = col("probability of one as large on the other side")


@table("shrunken", "Trials drawn to the mean", key=("analysis", "trial_id", "comparison"))
class ShrunkenRow(Row):
    """One trial's true effect given all trials, under the first prior of its analysis."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    label: str = col("name of the trial")
    estimate: float = col("posterior median, natural scale")
    low: float = col("lower end of its shortest interval of the level of the analysis")
    high: float = col("upper end of its shortest interval")
