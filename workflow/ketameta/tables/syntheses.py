"""What synthesize makes of the effects: pooled results, groups, choices, absolute effects."""

from __future__ import annotations

from ketameta.tables.effects import EffectRow
from ketameta.tables.parts import SCALE, Claimed, Estimate
from ketameta.tables.table import Id, Row, col, table


@table("syntheses", "Syntheses", key=("analysis",), first=("analysis",))
class SynthesisRow(Estimate):
    """One analysis."""

    analysis: Id = col("analysis of the configuration")
    data_hash: str = col("content id of the effects pooled", default="")
    favours: str | None = col("side of no effect that favours treatment: above or below")
    wald_low: float | None = col("Wald interval, lower", unit=SCALE, default=None)
    wald_high: float | None = col("Wald interval, upper", unit=SCALE, default=None)
    hksj_low: float | None = col("HKSJ interval, lower", unit=SCALE, default=None)
    hksj_high: float | None = col("HKSJ interval, upper", unit=SCALE, default=None)
    floored_low: float | None = col("floored HKSJ interval, lower", unit=SCALE, default=None)
    floored_high: float | None = col("floored HKSJ interval, upper", unit=SCALE, default=None)
    split: str | None = col("what the groups on the plot differ in; empty where there are none")
    between_q: float | None = col("Q between these groups", default=None)
    between_df: int | None = col("its degrees of freedom", default=None)
    between_p: float | None = col("its p", default=None)
    between_tau2: float | None = col(
        "variance left within groups, where it is one for all",
        unit="square of the " + SCALE,
        default=None,
    )


@table(
    "subgroups",
    "Subgroups",
    key=("analysis", "split", "subgroup"),
    first=("analysis", "split", "subgroup"),
)
class SubgroupRow(Estimate):
    """One group of a split of an analysis."""

    analysis: Id = col("analysis of the configuration")
    split: str = col("what the groups differ in: drug_route ...")
    subgroup: str = col("subgroup")


@table("splits", "Splits", key=("analysis", "split"))
class SplitRow(Row):
    """One split of an analysis in two groups or more."""

    analysis: Id = col("analysis of the configuration")
    split: str = col("what the groups differ in: drug_route ...")
    groups: int = col("groups")
    q: float | None = col("Q between the groups")
    df: int | None = col("its degrees of freedom")
    p: float | None = col("its p")
    tau2: float | None = col(
        "variance that is left within the groups, where it is common", unit="square of the " + SCALE
    )
    tau2_groups: str = col("common: one tau² for all groups, or separate", blank=True)
    confounded: list[str] = col(
        "splits whose groups are nearly the same trials as these", blank=True
    )


@table("sensitivity", "Sensitivity", key=("analysis", "variant"), first=("analysis", "variant"))
class SensitivityRow(Estimate):
    """One analysis under another choice."""

    analysis: Id = col("analysis of the configuration")
    variant: str = col("choice of the sensitivity analysis")


@table("studies", "Studies", key=("analysis", "trial_id", "comparison"))
class StudyRow(EffectRow):
    """One trial's effect in a synthesis, with its weight and provenance."""

    subgroup: str = col("subgroup, empty where there is none", blank=True)
    weight: float | None = col("weight in the pooled effect", unit="per cent")
    effect: float = col("effect, natural scale", unit="as the measure")
    ci_low: float = col("lower end of its interval (normal), natural scale")
    ci_high: float = col("upper end of its interval (normal), natural scale")
    secondary: list[str] = col("secondary sources that it rests on, each once", blank=True)
    halved: bool = col("a half is added to each of its counts, as one is 0")


@table("exclusions", "Trials not pooled", key=("analysis", "trial_id"))
class ExclusionRow(Row):
    """One trial with rows on the outcome that gave no effect."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial", blank=True)
    reason: str = col("why, the row that came furthest")
    detail: str = col("which word, hour or row decided", blank=True)
    rows: list[str] = col("raw rows, file:line", blank=True)
    near: bool = col("on the outcome and in the window, with no usable effect")


@table("unused", "Rows of pooled trials that were left out", key=("analysis", "trial_id", "reason"))
class UnusedRow(Row):
    """One reason for which rows of a pooled trial are not in its effect."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial", blank=True)
    reason: str = col("why")
    detail: str = col("which word, hour or row decided", blank=True)
    chosen: bool = col("another row was preferred, or the row is about another time")
    rows: list[str] = col("raw rows, file:line", blank=True)


@table("absolute", "Absolute effects", key=("analysis", "assumed"))
class AbsoluteRow(Row):
    """One analysis of events under one assumed control risk."""

    analysis: Id = col("analysis of the configuration")
    assumed: str = col("where the control risk is from")
    arms: int = col("control arms behind it", unit="arms")
    control_risk: float = col("assumed risk without treatment", unit="share")
    treated_risk: float = col("risk under treatment", unit="share")
    treated_risk_low: float | None = col("risk under treatment, from the lower end", unit="share")
    treated_risk_high: float | None = col("risk under treatment, from the upper end", unit="share")
    difference: float = col("risk under treatment minus control risk", unit="share")
    difference_low: float | None = col(
        "risk under treatment minus control risk, from the lower end", unit="share"
    )
    difference_high: float | None = col(
        "risk under treatment minus control risk, from the upper end", unit="share"
    )
    nnt: float | None = col("people treated for one more event (minus: one fewer)", unit="people")
    nnt_low: float | None = col(
        "people treated for one more event (minus: one fewer), from the lower end", unit="people"
    )
    nnt_high: float | None = col(
        "people treated for one more event (minus: one fewer), from the upper end", unit="people"
    )
    held: bool = col("a risk that would pass 0 or 1 is held there")


@table("points", "Standardised differences in points", key=("analysis",))
class PointsRow(Row):
    """One analysis of scores, its pooled difference times a typical SD."""

    analysis: Id = col("analysis of the configuration")
    scale: str = col("scale of the points")
    sd: float = col("median SD of the control arms on the scale", unit="scale points")
    arms: int = col("control arms behind it", unit="arms")
    bases: list[str] = col("change or endpoint, of these SDs", blank=True)
    trials: list[str] = col("trials behind it", blank=True)
    points: float = col("pooled difference in points", unit="scale points")
    points_low: float | None = col(
        "pooled difference in points, from the lower end", unit="scale points"
    )
    points_high: float | None = col(
        "pooled difference in points, from the upper end", unit="scale points"
    )


@table("claim_tests", "Claims and what tests them")
class ClaimTestRow(Claimed):
    """One claim and one analysis or time course named for it; one row where it names none."""

    analysis: str | None = col("analysis named by the claim, empty where none is")
    course: str | None = col("time course named by the claim and what it is asked, else empty")
    computed: bool = col("the configuration has such an analysis or time course")


@table(
    "control_shares", "Control arms beside a claimed number", key=("analysis",), first=("analysis",)
)
class ControlShareRow(Estimate):
    """One comparison of events named by a claim with a number: its control arms as shares."""

    analysis: Id = col("analysis of the configuration")


@table("row_use", "Use of the raw rows")
class RowUseRow(Row):
    """All rows of outcomes and contrasts together."""

    rows: int = col("raw rows")
    used: int = col("of these, used in an analysis or more")


@table("reasons", "Why rows were not used", key=("reason",))
class ReasonRow(Row):
    """One reason, over rows of the outcome in question and analyses."""

    reason: str = col("why")
    number: int = col("rows × analyses")
