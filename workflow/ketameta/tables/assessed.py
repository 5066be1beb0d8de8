"""What normalize makes for the assessment of trustworthiness: what stands, and what numbers say."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table(
    "trust_judgements",
    "Trustworthiness of the trials (INSPECT-SR)",
    key=("trial_id", "domain"),
)
class TrustJudgementRow(Row):
    """One domain of a trial, or the trial overall, as it stands after all assessors."""

    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    domain: str = col("domain of the tool, or overall")
    judgement: str = col("judgement that stands: agreed, else the worst", words="trust_judgements")
    assessors: list[str] = col("who judged it, each assessor alone", blank=True)
    judgements: list[str] = col("what each of them judged, in the same order", blank=True)
    disputed: bool = col("assessors judged otherwise than each other")
    agreed: bool = col("they, or a third, agreed on what stands")
    detail: str = col("each judgement with its reason", blank=True)
    inherited_from: str | None = col(
        "report of the same people that was assessed; empty where this one was"
    )
    rows: list[str] = col("raw rows, file:line", blank=True)


@table(
    "prefilled",
    "What the number checks say for the assessment of trustworthiness",
    key=("trial_id", "item"),
)
class PrefilledRow(Row):
    """One check of INSPECT-SR that the program has looked at in a trial."""

    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    item: str = col("check of the tool", words="trust_items")
    answer: str | None = col(
        "what the numbers as entered answer; unclear where a person must look at what was found, "
        "empty where nothing was, which answers no part of the check that is not in the numbers",
        words="trust_answers",
    )
    looked: int = col("numbers that were looked at")
    found: list[str] = col("what was found, each with its place and the name of the check")
    rows: list[str] = col("raw rows of it, file:line", blank=True)
