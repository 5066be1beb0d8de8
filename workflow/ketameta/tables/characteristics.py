"""What an article tells of each trial: its characteristics, or why it is in no analysis."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table("characteristics", "Characteristics of the trials", key=("trial_id",))
class CharacteristicsRow(Row):
    """One trial report as a table of characteristics of trials tells it, in words."""

    trial_id: Id = col("trial report; also its key in the files of references")
    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    design: str = col("parallel or crossover, with its blinding and why it stands apart")
    people: str = col("who was treated")
    country: str | None = col("countries of the sites")
    n_randomised: int | None = col("people randomised", unit="people")
    arms: list[str] = col("treatment, dose, route and people randomised of each arm", blank=True)
    outcomes: list[str] = col("each outcome with results, and the hours of these", blank=True)
    funding: str | None = col("kind of funding")
    registration: str | None = col("registry number")
    doi: str | None = col("DOI of the report")
    risk_of_bias: list[str] = col(
        "for each tool the judgement overall, or how many domains have which; of several the "
        "worst; empty where nobody judged",
        blank=True,
    )
    analyses: int = col("analyses in which it has an effect", unit="analyses")


@table("excluded_trials", "Trials in no analysis", key=("trial_id", "reason"))
class ExcludedTrialRow(Row):
    """One reason for which a trial report has an effect in no analysis."""

    trial_id: Id = col("trial report; also its key in the files of references")
    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    reason: str = col("why")
    details: list[str] = col("which words, hours or rows decided", blank=True)
    analyses: list[str] = col("analyses of its outcomes that it is not in for this", blank=True)
