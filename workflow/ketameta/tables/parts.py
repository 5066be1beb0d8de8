"""Groups of columns that several tables have, and limits that several columns have."""

from __future__ import annotations

from typing import Any

from ketameta.tables.columns import ADDRESS, Range, TextForm
from ketameta.tables.entered import Entered
from ketameta.tables.table import Id, Row, Words, col, part

SCALE = "scale of the analysis: log of a ratio, log odds of a share, else as the measure"

HOURS = Range("h", 0, 100_000)
# wide enough for any trial or scale, narrow enough to catch a date or a pasted identifier
PEOPLE = Range("people", 0, 1_000_000)
DAY = TextForm(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
    "a day, month or year as YYYY-MM-DD, YYYY-MM or YYYY",
)


@part
class Placed(Row):
    """Where a row of a raw table stands, and its cells as they were entered."""

    __slots__ = ()

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    entered: Entered = col("the cells as entered", end=True)


@part
class Provenance(Row):
    """What a result's row says of itself: how it may be used, and where it was read."""

    __slots__ = ()

    flag: str | None = col(
        "why the row must not be pooled, or wants a check; starts with a flag of the vocabulary",
        end=True,
    )
    note: str | None = col("what a reader of the row must know", end=True)
    seen: str = col("where the numbers were read", words="seen", end=True)
    source: str = col("DOI, PMID, PMC or registry number", end=True)
    source_url: str | None = col("address of the source", form=ADDRESS, end=True)
    locator: str = col("page, table or figure in the source", end=True)


@part
class Claimed(Row):
    """What a claim says, as entered, but for the analyses that test it."""

    __slots__ = ()

    claim_id: Id = col("claim")
    claim: str = col("the claim in one sentence")
    part: str | None = col(
        "part of the claim that the row tells, in a few words; a claim of several "
        "parts has a row a part; empty for the whole",
        optional=True,
    )
    kind: str = col("kind of claim", words="claim_kinds")
    section: str | None = col(
        "under which heading it stands", words="claim_sections", optional=True
    )
    headline: bool | None = col("among those of the first screen", optional=True)
    article: str | None = col(
        "readable name of the article or articles that make it; where no title is "
        "known a letter and the word that it is not kept",
        optional=True,
    )
    article_date: str | None = col("date of the article, where known", optional=True)
    source_document: str | None = col("files of the articles that make it, with ; between")
    population: Words | None = col(
        "populations it speaks of", words="populations", words_also=("any",)
    )
    claimed_value: float | None = col(
        "the number claimed", Range("claimed_unit", minimum=-1000000, maximum=1000000)
    )
    claimed_unit: str | None = col("unit of the claimed number", words="claim_units")
    direction: str | None = col("what the claim says", words="claim_directions")
    rule: str = col("how the claim is judged")


def _if_any(description: str, unit: str = "") -> Any:
    """Return a column of what not every estimate has."""
    return col(description, unit=unit, default=None)


def _natural(what: str) -> Any:
    said = f"{what}, natural scale (ratio, per cent, points)"
    return _if_any(said, "as the measure")


def _log(what: str) -> Any:
    said = f"{what}, log scale (log odds for proportions); empty where there is none"
    return _if_any(said, "log")


@part
class Fit(Row):
    """How an estimate was made, or why there is none: words of `tables.fits`."""

    __slots__ = ()

    engine: str = col("what made the estimate, or why there is none")
    tau2_by: str | None = _if_any("estimator of tau², where the engine has one")
    rule: str | None = _if_any(
        "rule of the interval: wald, hksj, hksj-adhoc (floored HKSJ), profile, henmi-copas or t"
    )
    as_parallel: bool | None = _if_any(
        "crossovers are among counts that are pooled as if all trials had parallel groups"
    )
    converged: bool | None = _if_any(
        "the search for the estimate came to its end, where there is one"
    )
    failure: str | None = _if_any("why the engine gives no estimate of these trials")
    needed: int | None = _if_any("trials that it takes, where there are too few", "trials")


@part
class Estimate(Fit):
    """A pooled estimate with all that belongs to it; what cannot be estimated is None."""

    __slots__ = ()

    measure: str = col("effect measure")
    k: int = col("trials with an effect", unit="trials")
    n: int = col("people behind the effects", unit="people")
    estimate: float | None = _natural("pooled effect")
    ci_low: float | None = _natural("lower end of its interval")
    ci_high: float | None = _natural("upper end of its interval")
    pi_low: float | None = _natural("lower end of the prediction interval")
    pi_high: float | None = _natural("upper end of the prediction interval")
    estimate_log: float | None = _log("pooled effect")
    ci_low_log: float | None = _log("lower end of its interval")
    ci_high_log: float | None = _log("upper end of its interval")
    pi_low_log: float | None = _log("lower end of the prediction interval")
    pi_high_log: float | None = _log("upper end of the prediction interval")
    se: float | None = _if_any("standard error that the interval uses", SCALE)
    p: float | None = _if_any("two-sided p of no effect")
    tau2: float | None = _if_any("variance of the true effects", "square of the " + SCALE)
    tau2_low: float | None = _if_any("its interval (Q-profile), lower", "square of the " + SCALE)
    tau2_high: float | None = _if_any("its interval (Q-profile), upper", "square of the " + SCALE)
    i2: float | None = _if_any("share of the variance that is between trials", "per cent")
    i2_low: float | None = _if_any("its interval, lower", "per cent")
    i2_high: float | None = _if_any("its interval, upper", "per cent")
    i2_q: float | None = _if_any("the classical I², from Q", "per cent")
    q: float | None = _if_any("Cochran's Q")
    q_df: int | None = _if_any("degrees of freedom of Q")
    q_p: float | None = _if_any("p of homogeneity")


@part
class PoolableEffect(Row):
    """One trial's effect on an analysis, as far as pooling needs it."""

    __slots__ = ()

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    comparison: str = col(
        "treated arm where the arms of a trial stand apart; else empty", blank=True, default=""
    )
    yi: float = col("effect, treated against control", unit=SCALE)
    vi: float = col("sampling variance of yi", unit="square of the " + SCALE)
    shared: float | None = _if_any("sampling variance shared through a common control", SCALE)
    people: float = col("people behind the effect, those of a crossover once", unit="people")
    n_t: float | None = col("people in the treated arms", unit="people")
    n_c: float | None = col("people in the control arms, or their part", unit="people")
    events_t: float | None = _if_any("treated people with the event", "people")
    events_c: float | None = _if_any("control people with the event", "people")


@part
class Judgement(Row):
    """A judgement of one domain of risk of bias."""

    __slots__ = ()

    tool: str = col("tool of the judgement: RoB1 or RoB2")
    outcome: str | None = col("outcome judged; empty for the whole trial")
    domain: str = col("domain of the tool")
    judgement: str = col("low, unclear, some concerns or high")
    best: str = col("judgement if all were well that the text does not tell")
    inherited_from: str | None = col(
        "report of the same randomisation that was judged; empty where this one was"
    )


@part
class Falls(Row):
    """The fall of the treated and of the control arms of one trial."""

    __slots__ = ()

    analysis: Id = col("analysis of the configuration")
    trial_id: Id = col("trial report")
    label: str = col("name of the trial")
    year: int | None = col("year of publication")
    drug_route: str = col("treatment and route of the treated arms", blank=True)
    treated: float = col("fall of the treated arms from baseline", unit="per cent")
    control: float = col("fall of the control arms from baseline", unit="per cent")
    n_t: float | None = col("people in the treated arms", unit="people")
    n_c: float | None = col("people in the control arms", unit="people")
    hour: float | None = col("hours from the start of treatment", unit="h")
    scale: str = col("rating scale", blank=True)
    rows: list[str] = col("raw rows, file:line", blank=True)


@part
class Held(Row):
    """Of how many different specifications something holds, and where their estimates lie.

    Shares are of those that are pooled; empty where nothing is compared, or no bound is known.
    """

    __slots__ = ()

    specifications: int = col("different specifications that are pooled")
    benefit: float | None = col("share whose estimate is on the side of a benefit")
    benefit_clear: float | None = col("share whose whole interval lies on that side of no effect")
    benefit_worthwhile: float | None = col("share whose estimate is a worthwhile benefit")
    benefit_wholly: float | None = col("share whose whole interval is worthwhile benefits")
    harm: float | None = col("share whose estimate is on the other side")
    harm_clear: float | None = col("share whose whole interval lies on that side of no effect")
    harm_worthwhile: float | None = col("share whose estimate is a harm as large as that")
    harm_wholly: float | None = col("share whose whole interval is such harms")
    median: float | None = col("median of the estimates, natural scale")
    low: float | None = col("2.5th percentile of the estimates")
    high: float | None = col("97.5th percentile of the estimates")


@part
class JudgedItem(Row):
    """One item of a list, judged by rule."""

    __slots__ = ()

    checklist: str = col("name of the list")
    section: str = col("section of the list")
    item: str = col("number of the item; several lines where it asks several things")
    asks: str = col("what it asks, in short words of our own")
    state: str = col("met, not met, or for a person")
    reason: str = col("by what it was judged, or why it is not met")
    place: str = col("where it is met: path below the report, with its anchor", blank=True)
