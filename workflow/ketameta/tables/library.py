"""The tables of a library of reviews: study rows, analyses and the reviews themselves."""

from __future__ import annotations

from ketameta.tables.table import Row, col, part, table

_SCALE = "as the analysis pools: the log of a ratio"
_SHOWN = "as the review prints: a ratio as itself"


@part
class _OfAnalysis(Row):
    """Which analysis of which review."""

    __slots__ = ()

    review: str = col("path of the review below the folder of the library")
    analysis: str = col("number of the analysis, such as 1.2, or its name in a table")


@table("studies", "Study rows", key=("review", "analysis", "row"))
class LibraryStudyRow(_OfAnalysis):
    """One study row of an analysis of a review, with its effect."""

    row: int = col("place in the analysis, from 1")
    subgroup: str = col("subgroup that it is in", blank=True)
    study: str = col("name of the study", blank=True)
    year: str = col("its year as the source has it", blank=True)
    in_overall: bool = col("it is in the pool of the whole analysis")
    treated_events: float | None = col("people with the event under treatment", unit="people")
    treated_people: float | None = col("people under treatment", unit="people")
    treated_mean: float | None = col("their mean")
    treated_sd: float | None = col("their standard deviation")
    control_events: float | None = col("people with the event under control", unit="people")
    control_people: float | None = col("people under control", unit="people")
    control_mean: float | None = col("their mean")
    control_sd: float | None = col("their standard deviation")
    given: float | None = col("estimate where the source gives that, or O - E", unit=_SCALE)
    given_spread: float | None = col("its standard error, or the variance of O - E")
    yi: float | None = col("effect by the rules of the review; empty: not estimable", unit=_SCALE)
    vi: float | None = col("its sampling variance")
    weight: float | None = col("in the pool of the whole as the review weighs", unit="per cent")


@table("analyses", "Analyses", key=("review", "analysis", "subgroup"))
class LibraryAnalysisRow(_OfAnalysis):
    """One pooled result: an analysis of a review as a whole, or one of its subgroups."""

    subgroup: str = col("subgroup; empty for the whole", blank=True)
    name: str = col("name of the analysis", blank=True)
    comparison: str = col("name of the comparison that it is of", blank=True)
    field: str = col("field of the review, where the library tells one", blank=True)
    measure: str = col("OR, RR, RD, PETO, MD, SMD, ratio or difference")
    method: str = col("how the review pools: MH, IV or Peto")
    model: str = col("fixed or random")
    estimator: str = col("tau² of a random-effects model of the review", blank=True)
    interval: str = col("wald or hksj")
    ratio: bool = col("estimates are printed as ratios, and pooled as their logs")
    rows: int = col("study rows")
    k: int = col("of these with an effect that can be pooled")
    estimate: float | None = col(
        "pooled by the settings of the review, where it tells them", unit=_SHOWN
    )
    low: float | None = col("lower end of its interval")
    high: float | None = col("upper end of its interval")
    tau2: float | None = col("tau² of the review's model", unit=_SCALE)
    q: float | None = col("Cochran's Q")
    i2: float | None = col("I² from Q", unit="per cent")
    today: float | None = col("pooled by REML", unit=_SHOWN)
    today_low: float | None = col("lower end of the HKSJ interval")
    today_high: float | None = col("upper end of the HKSJ interval")
    prediction_low: float | None = col("lower end of the prediction interval")
    prediction_high: float | None = col("upper end of the prediction interval")
    today_tau2: float | None = col("tau² by REML", unit=_SCALE)
    today_i2: float | None = col("I² from that", unit="per cent")
    was_past: bool | None = col("the review's interval lies past no effect")
    is_past: bool | None = col("the HKSJ interval does")
    prediction_past: bool | None = col("the prediction interval does")
    egger_slope: float | None = col("slope of the effects on their standard errors, of 10 or more")
    egger_p: float | None = col("its two-sided p")
    printed: int = col("numbers of the result that the source prints")
    equal: bool | None = col("all of them are met to the printed digits")
    differs: str = col("those that are not", blank=True)
    cause: str = col("why, where another way of pooling gives what is printed", blank=True)
    why: str = col("why there is no result of today", blank=True)


@table("reviews", "Reviews", key=("review",))
class LibraryReviewRow(Row):
    """One review, or a file that could not be read or is none."""

    review: str = col("path below the folder of the library")
    field: str = col("field: that of a RevMan 5 file, a column, or the folder it is in", blank=True)
    form: str = col("data package, RevMan 5, analyses of RevMan 5 or table", blank=True)
    analyses: int = col("analyses")
    rows: int = col("study rows")
    printed: int = col("pooled results of which the source prints numbers")
    equal: int = col("of these met to all printed digits")
    changed: int = col("pooled results whose conclusion is another under REML and HKSJ")
    fault: str = col("why it could not be read", blank=True)
    said: list[str] = col("what of it could not be taken", blank=True)
