"""What the report makes: certainty, verdicts on claims, the summary of findings."""

from __future__ import annotations

from ketameta.tables.parts import SCALE
from ketameta.tables.syntheses import ClaimTestRow
from ketameta.tables.table import Id, Row, col, table


@table("certainty", "Certainty of the evidence", key=("analysis", "domain"))
class CertaintyRow(Row):
    """One domain of the certainty of an analysis; an analysis without an estimate has none."""

    analysis: Id = col("analysis of the configuration")
    verdict: str = col("what the interval says (list verdicts)")
    certainty: str = col("high, moderate, low or very low; what is not judged counts as not low")
    certainty_best: str = col("the same where it counts as low")
    start: str = col("level before the domains, by the kind of evidence")
    domain: str = col("domain of GRADE")
    rating: int = col("0, -1 or -2", unit="levels")
    rating_best: int = col("the same where what is not judged counts as low", unit="levels")
    judged: bool = col("false where the data do not allow a rating")
    rule: str = col("rule that decided (page of the rules); empty where none fired", blank=True)
    reason: str = col("the rating in a sentence, from the numbers")


@table("claims", "Claims with their verdicts")
class ClaimVerdictRow(ClaimTestRow):
    """One claim and one analysis or time course named for it; one row where it names none."""

    analysis_verdict: str | None = col("what this analysis or course says (list claim_verdicts)")
    analysis_reason: str | None = col("why, in a sentence")
    part_verdict: str = col("verdict on this part of the claim")
    verdict: str = col("verdict on the claim (list claim_verdicts)")
    sentence: str = col("the verdict with its number, hedged")
    certainty: str = col("certainty of this part of the claim, the weakest it rests on: lower end")
    certainty_best: str = col("its upper end: were all judged low risk")


@table("summary_of_findings", "Summary of findings", key=("comparison", "analysis"))
class SummaryOfFindingsRow(Row):
    """One outcome of one comparison."""

    comparison: str = col("heading of the comparison")
    outcome: str = col("title of the analysis")
    analysis: Id = col("analysis of the configuration")
    with_control: str = col("risk or mean with control, in words", blank=True)
    with_treatment: str = col("risk or difference with treatment, interval, in words", blank=True)
    relative_effect: str = col("effect on its measure with its interval, in words", blank=True)
    k: int = col("trials with an effect", unit="trials")
    n: int = col("people behind the effects", unit="people")
    certainty: str = col("certainty of the evidence, in words")
    notes: list[str] = col(
        "numbers of the notes that give the reasons of the certainty", blank=True
    )
    reasons: list[str] = col("these reasons, in the order of the numbers", blank=True)
    what_it_means: str = col("the result in a sentence")
    control_risk: float | None = col("assumed risk with control", unit="share")
    treated_risk: float | None = col("risk with treatment that follows", unit="share")
    treated_risk_low: float | None = col("its lower end", unit="share")
    treated_risk_high: float | None = col("its upper end", unit="share")
    measure: str = col("effect measure")
    estimate: float | None = col("pooled effect, natural scale", unit="as the measure")
    ci_low: float | None = col("lower end of its interval", unit="as the measure")
    ci_high: float | None = col("upper end of its interval", unit="as the measure")


@table("finding_states", "Findings of the number checks and their state")
class FindingStateRow(Row):
    """One finding of now, or one that was open at the last release and is there no more."""

    state: str = col("open, explained (somebody gave a reason), mended")
    check: str = col("name of the check")
    place: str = col("file and line; empty where it is mended", blank=True)
    table: str = col("table of the row", blank=True)
    trial_id: str = col("trial report", blank=True)
    at: list[str] = col("arm, outcome and hour of each row that it is about", blank=True)
    column: str = col("column of the cell", blank=True)
    value: str = col("the cell, as it stood where it is mended", blank=True)
    message: str = col("what is odd; empty where it is mended", blank=True)
    reason: str = col("why it may stand, where it is explained", blank=True)


@table("unread_weights", "Not read yet, by the weight that it would carry")
class UnreadWeightRow(Row):
    """One row of unread.csv and one analysis that it may enter, or none."""

    rank: int = col("order in which to fetch", unit="none")
    trial_id: str | None = col("trial report, where it stands in the tables")
    label: str = col("name of the trial or the review")
    kind: str = col("what could not be read")
    missing: str = col("what is missing")
    analysis: str | None = col("analysis that it may enter; empty where none is known")
    share: float | None = col("weight that it would have there", unit="per cent")
    people: float | None = col("people that this counts with", unit="people")
    people_from: str | None = col("where that number is from")
    variance: float | None = col(
        "variance that its effect would have", unit="square of the " + SCALE
    )
    effects: int | None = col("effects that the analysis has", unit="effects")
    claimed: bool | None = col("a claim rests on the analysis")
    where: str = col("where it should be")
    source_url: str | None = col("address of it")
    tried: str | None = col("what was tried")
