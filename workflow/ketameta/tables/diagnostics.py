"""What synthesize sets beside a result: judgements, diagnostics, time courses, pairs, reviews."""

from __future__ import annotations

from ketameta.tables.parts import SCALE, Estimate, Falls, Fit, Judgement
from ketameta.tables.table import Id, Row, col, table


@table(
    "judgements",
    "Risk of bias in an analysis",
    key=("analysis", "trial_id", "tool", "domain"),
    first=("analysis", "trial_id"),
)
class JudgementRow(Judgement):
    """One judged domain of a trial in an analysis; a domain without a row is not assessed."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    disputed: bool = col("reviews or raters differ: the worse is given")
    detail: str = col("each judgement with its source and reason")
    rows: list[str] = col("raw rows, file:line", blank=True)


@table("diagnostics", "Diagnostics", key=("analysis", "trial_id", "comparison"))
class DiagnosticRow(Row):
    """One effect of a synthesis of five effects or more: what the pooled effect owes to it."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col("treated arm where the arms of a trial stand apart", blank=True)
    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    effect: float = col("effect", unit=SCALE)
    se: float = col("its standard error", unit=SCALE)
    without_estimate: float | None = col("pooled effect without this effect, natural scale")
    without_low: float | None = col("pooled effect without this effect, lower end of its interval")
    without_high: float | None = col("pooled effect without this effect, upper end of its interval")
    without_i2: float | None = col("pooled effect without this effect, I² in per cent")
    until_estimate: float | None = col(
        "pooled effect of this and all earlier effects, natural scale"
    )
    until_low: float | None = col(
        "pooled effect of this and all earlier effects, lower end of its interval"
    )
    until_high: float | None = col(
        "pooled effect of this and all earlier effects, upper end of its interval"
    )
    until_i2: float | None = col("pooled effect of this and all earlier effects, I² in per cent")
    baujat_x: float | None = col("squared Pearson residual: contribution to heterogeneity")
    baujat_y: float | None = col("influence on the pooled effect, in squared standard errors")
    rstudent: float | None = col("studentised deleted residual")
    cook: float | None = col("Cook's distance")
    influential: bool = col("stands out by the rule of metafor")


@table("asymmetry", "Funnel asymmetry", key=("analysis",))
class AsymmetryRow(Row):
    """One synthesis of five effects or more: regression of effects on their standard errors."""

    analysis: Id = col("analysis of the configuration")
    k: int = col("effects")
    centre: float = col("pooled effect", unit=SCALE)
    slope: float | None = col("change of the effect per unit of standard error (Egger)")
    limit: float | None = col("effect expected at a standard error of 0", unit=SCALE)
    statistic: float | None = col("t of the slope, k − 2 degrees of freedom")
    p: float | None = col("its p; empty below ten effects, where the test says nothing")
    test: str | None = col("author of the test of small-study effects; none of treated arms")
    test_k: int | None = col("effects that it can use")
    test_slope: float | None = col("its slope; above 0 small trials have larger values")
    test_p: float | None = col("its p; empty below ten effects")
    without_crossovers_k: int | None = col("effects of it that are not of crossovers")
    without_crossovers_p: float | None = col("its p of these; empty for fewer than five")
    adjusted_p: float | None = col("its p within treatments by route (a limit each)")


@table(
    "courses",
    "Time courses",
    key=("course", "analysis"),
    first=("course", "analysis", "hour", "start", "end"),
)
class CourseRow(Estimate):
    """One analysis among those that differ in nothing but their window of hours."""

    course: Id = col("first such analysis of the configuration")
    analysis: Id = col("analysis of the configuration")
    hour: float = col("hour aimed at", unit="h")
    start: float = col("first hour of the window", unit="h")
    end: float = col("last hour of the window", unit="h")


@table(
    "pairs",
    "Pairs: the fall of treated and control arms of the same trial",
    key=("analysis", "trial_id"),
    last=("rows",),
)
class PairRow(Falls):
    """One trial whose treated and control arms both have a fall, in an analysis of reductions."""

    difference: float = col("treated minus control", unit="points of per cent")
    ci_low: float | None = col("lower end of its interval (normal)", unit="points of per cent")
    ci_high: float | None = col("upper end of its interval (normal)", unit="points of per cent")
    share: float | None = col("fall of the control arms over that of the treated arms")
    weight: float | None = col("weight in the pooled difference", unit="per cent")


@table(
    "pair_syntheses",
    "Pooled difference of the falls",
    key=("analysis",),
    last=("engine", "tau2_by", "rule", "converged", "failure", "needed"),
)
class PairSynthesisRow(Fit):
    """One analysis of reductions with a trial that has both sides."""

    analysis: Id = col("analysis of the configuration")
    k: int = col("trials pooled", unit="trials")
    n: int = col("people in them", unit="people")
    shown: int = col("trials with both sides, pooled or not", unit="trials")
    estimate: float | None = col("treated minus control", unit="points of per cent")
    ci_low: float | None = col("lower end of its interval", unit="points of per cent")
    ci_high: float | None = col("upper end of its interval", unit="points of per cent")
    treated: float | None = col("fall of treated arms, same weights", unit="per cent")
    control: float | None = col("fall of control arms, same weights", unit="per cent")
    share: float | None = col("fall of the control arms over that of the treated arms")


@table("earlier", "Earlier reviews beside an analysis")
class EarlierRow(Row):
    """One result of an earlier review on the question of an analysis."""

    analysis: Id = col("analysis of the configuration")
    review_id: Id = col("review")
    label: str = col("name of the review")
    year: int | None = col("year of publication")
    comparison: str | None = col("what it compared")
    k: int | None = col("trials that it pooled", unit="trials")
    n: int | None = col("people in them", unit="people")
    measure: str = col("measure as printed")
    printed: str = col("result as printed")
    estimate: float | None = col("on the scale of the analysis; empty: no way to convert")
    ci_low: float | None = col("lower end of its interval")
    ci_high: float | None = col("upper end of its interval")
    converted: str = col("how the printed result came on the scale of the analysis", blank=True)
    against: str | None = col("our result in the printed measure, where there is one")
    note: str | None = col("note of the table")
    why: str = col("why it may differ, as far as the data tell", blank=True)
    agrees: bool | None = col(
        "one's estimate lies in the other's interval; empty where one has no interval"
    )
    rows: list[str] = col("raw rows, file:line", blank=True)


@table("trust", "Trustworthiness in an analysis", key=("analysis", "trial_id"))
class TrustRow(Row):
    """One trial of an analysis that was assessed by INSPECT-SR; one without a row was not."""

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    judgement: str = col("overall judgement that stands", words="trust_judgements")
    disputed: bool = col("assessors judged otherwise than each other, and nobody settled it")
    rows: list[str] = col("raw rows, file:line", blank=True)


@table("trust_agreement", "Agreement of assessors", key=("first", "second", "domain"))
class TrustAgreementRow(Row):
    """One domain of INSPECT-SR, or the whole, as two assessors judged it."""

    first: Id = col("assessor")
    second: Id = col("assessor")
    domain: str = col("domain of the tool, or overall")
    trials: int = col("trials that both judged", unit="trials")
    judged_alike: float | None = col("of these, with the same judgement", unit="share")
    kappa: float | None = col("Cohen's kappa of the judgements")
    kappa_weighted: float | None = col("the same with linear weights")
    checks: int = col("checks that both answered and no number answers")
    answered_alike: float | None = col("of these, with the same answer", unit="share")
    kappa_answers: float | None = col("Cohen's kappa of these answers")


@table("rater_agreement", "Agreement of raters", key=("first", "second", "domain"))
class RaterAgreementRow(Row):
    """One domain of RoB 2 as two raters judged it."""

    first: Id = col("rater")
    second: Id = col("rater")
    domain: str = col("domain of the tool")
    trials: int = col("trials that both judged", unit="trials")
    judged_alike: float | None = col("of these, with the same judgement", unit="share")
    kappa: float | None = col("Cohen's kappa of the judgements")
    kappa_weighted: float | None = col("the same with linear weights")
    questions: int = col("questions that both answered")
    answered_alike: float | None = col("of these, with the same answer", unit="share")
    kappa_answers: float | None = col("Cohen's kappa of the answers: yes, no, no information")
