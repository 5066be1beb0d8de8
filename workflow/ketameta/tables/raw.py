"""The extraction tables that people edit: a class each.

Order matters only for reading: a table stands after those it refers to.
"""

from __future__ import annotations

from collections.abc import Mapping

from ketameta.tables.columns import ADDRESS, Range, TableSchema, TextForm
from ketameta.tables.parts import DAY, HOURS, PEOPLE, Claimed, Placed, Provenance
from ketameta.tables.table import Id, Ids, Words, col, entered_schema, schema_of, table
from ketameta.tables.upkeep import AcknowledgedRow, AdjudicationRow, AuditRow, ReadingRow, UnreadRow

RANDOMISED = Range("people", 1, 1_000_000)
POINTS = Range("scale points", -1_000_000, 1_000_000)
SPREAD = Range("scale points", 0, 1_000_000)
MEASURE = Range("as the measure", -1_000_000, 1_000_000)
MEASURE_SPREAD = Range("as the measure", 0, 1_000_000)
LEVEL = Range("per cent", 50, 99.9)
PER_CENT = Range("per cent", 0, 100)
YEAR = Range(minimum=1960, maximum=2100)
DOI = TextForm(r"10\.[0-9]{4,9}/\S+", "a DOI that starts with 10.")
PMID = TextForm(r"[0-9]{1,8}", "one to eight digits")
DOSE = TextForm(
    r"[0-9]{1,6}(\.[0-9]{1,6})?(-[0-9]{1,6}(\.[0-9]{1,6})?)?", "a number, or two with - between"
)
# what `normalize.conversions.parse_p` takes
P_VALUE = TextForm(
    r"(?i:(p([- ]?value)?\s*)?(<=|>=|[=<>≤≥])?\s*([0-9]+(\.[0-9]*)?|\.[0-9]+)(e-?[0-9]+)?"
    r"\s*(\(.*\))?|(p\s*=?\s*)?(n\.?\s?s\.?|not significant|non-?significant))",
    "a p-value such as 0.03, <.001 or NS; a remark may follow in brackets",
)


@table("trials", "Trials", key=("trial_id",))
class TrialRow(Placed):
    """One trial report."""

    trial_id: Id = col("first author and year")
    label: str = col("name of the trial in figures and tables")
    year: int | None = col("year of publication", YEAR)
    registration: str | None = col("registry number")
    doi: str | None = col("DOI of the report", form=DOI)
    pmid: str | None = col("PubMed number", form=PMID)
    country: str | None = col("countries of the sites")
    design: str = col("parallel or crossover", words="designs")
    population: str = col("who was treated, in a word", words="populations")
    population_note: str | None = col("who was treated, in words")
    setting: str | None = col("care setting", words="settings")
    blinding: str | None = col("blinding as reported", words="blindings")
    funding: str | None = col("kind of funding", words="fundings")
    n_randomised: int | None = col("people randomised", RANDOMISED)
    part_of: Ids | None = col(
        "reports whose people this one shares or pools", references="trials.trial_id"
    )
    design_flag: str | None = col("why it stands apart", words="design_flags")
    source_url: str | None = col("address of the source", form=ADDRESS)
    registered_on: str | None = col(
        "day on which the registry first had the trial", form=DAY, optional=True
    )
    started_on: str | None = col(
        "day on which the first person was enrolled", form=DAY, optional=True
    )


@table("arms", "Arms", key=("trial_id", "arm_id"))
class ArmRow(Placed):
    """One arm of a trial."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    arm_id: Id = col("arm, unique in its trial")
    treatment: str = col("treatment given", words="treatments")
    cotreatment: str | None = col("what everybody in the arm received besides")
    arm_label: str | None = col("the arm as reported")
    dose: str | None = col("dose, or a range for flexible dosing", form=DOSE)
    dose_unit: str | None = col("unit of the dose", words="dose_units")
    route: str | None = col("route of administration", words="routes")
    n_doses: int | None = col(
        "doses to the primary endpoint", Range("doses", minimum=1, maximum=1000)
    )
    n_randomised: int | None = col("people randomised", PEOPLE)
    pooled_arms: Ids | None = col(
        "this row is those arms together", references="arms.trial_id+arm_id"
    )
    source_url: str | None = col("address of the source", form=ADDRESS)


@table("outcomes", "Outcomes")
class OutcomeRow(Provenance, Placed):
    """One arm × outcome × scale × time as reported."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    arm_id: Id = col("arm", references="arms.trial_id+arm_id")
    outcome: str = col("outcome", words="outcomes")
    scale: str | None = col("rating scale", words="scales")
    definition: str | None = col("threshold or event where it is not the usual one")
    timepoint_h: float | None = col("hours from the start of treatment", HOURS)
    n: int | None = col("people analysed", PEOPLE)
    events: int | None = col("people with the event", PEOPLE)
    percent: float | None = col(
        "per cent with the event, as printed, where no count is", PER_CENT, optional=True
    )
    baseline_mean: float | None = col("mean at baseline", POINTS)
    baseline_sd: float | None = col("SD at baseline", SPREAD)
    mean: float | None = col("mean at the time point", POINTS)
    sd: float | None = col("SD at the time point", SPREAD)
    change_mean: float | None = col("mean change from baseline", POINTS)
    change_sd: float | None = col("SD of the change", SPREAD)
    se: float | None = col("standard error of the row's mean or change", SPREAD)
    ci95_low: float | None = col(
        "95% interval of the row's mean or change (note says which), lower", POINTS
    )
    ci95_high: float | None = col(
        "95% interval of the row's mean or change (note says which), upper", POINTS
    )
    median: float | None = col("median at the time point", POINTS)
    q1: float | None = col("first quartile", POINTS)
    q3: float | None = col("third quartile", POINTS)
    minimum: float | None = col("lowest score", POINTS, optional=True)
    maximum: float | None = col("highest score", POINTS, optional=True)
    analysis_set: str | None = col("analysis set", words="analysis_sets")
    analysis_set_as_reported: str | None = col("analysis set as reported")


@table("contrasts", "Reported contrasts")
class ContrastRow(Provenance, Placed):
    """One difference between two arms as reported."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    arm_t: Id = col("treated arm", references="arms.trial_id+arm_id")
    arm_c: Id = col("control arm", references="arms.trial_id+arm_id")
    outcome: str = col("outcome", words="outcomes")
    scale: str | None = col("rating scale (a word of the list for scores), or the event")
    timepoint_h: float | None = col("hours from the start of treatment", HOURS)
    measure: str = col("effect measure", words="contrast_measures")
    estimate: float | None = col("estimate, treated minus or over control", MEASURE)
    se: float | None = col("standard error (log scale for ratios)", MEASURE_SPREAD)
    ci_low: float | None = col("lower end of the interval", MEASURE)
    ci_high: float | None = col("upper end of the interval", MEASURE)
    ci_level: float | None = col("level of the interval", LEVEL)
    p_value: str | None = col("p-value as printed", form=P_VALUE)
    direction: str | None = col(
        "what the report says the result favours, where it gives no estimate",
        words="result_directions",
        optional=True,
    )
    t_value: float | None = col(
        "t of the difference", Range("none", minimum=-1000, maximum=1000000), optional=True
    )
    f_value: float | None = col(
        "F of the difference of two groups",
        Range("none", minimum=0, maximum=1000000),
        optional=True,
    )
    model: str | None = col("statistical model as reported")


@table("published", "Published pooled results")
class PublishedRow(Placed):
    """One pooled result of an earlier review (context, never pooled)."""

    review_id: Id = col("review")
    label: str = col("name of the review")
    year: int | None = col("year of publication", YEAR)
    doi: str | None = col("DOI", form=DOI)
    pmid: str | None = col("PubMed number", form=PMID)
    population: str | None = col("population of the review")
    comparison: str | None = col("what was compared")
    treatment: Words | None = col("treatments that it pooled", words="treatments", optional=True)
    drug_route: str | None = col(
        "treatment by its route, where it is one; as effects", optional=True
    )
    comparator_class: Words | None = col(
        "classes of control that it pooled", words="comparator_classes", optional=True
    )
    outcome: str | None = col("outcome, in our words where one fits")
    scale: str | None = col("scale")
    timepoint: str | None = col("time as reported")
    hour_low: float | None = col("first hour from the start of treatment", HOURS, optional=True)
    hour_high: float | None = col("last hour from the start of treatment", HOURS, optional=True)
    k: int | None = col("trials pooled", Range("trials", minimum=0, maximum=100000))
    n_t: int | None = col("people treated", PEOPLE)
    n_c: int | None = col("people in control", PEOPLE)
    n_total: int | None = col("people in all", PEOPLE)
    measure: str = col("effect measure", words="published_measures")
    estimate: float | None = col("pooled estimate", MEASURE)
    ci_low: float | None = col("lower end", MEASURE)
    ci_high: float | None = col("upper end", MEASURE)
    ci_level: float | None = col("level", LEVEL)
    i2: float | None = col("I²", PER_CENT)
    p_value: str | None = col("p-value as printed", form=P_VALUE)
    favours: str | None = col(
        "side of no effect that favours treatment as printed; empty: that of our tables",
        words="sides",
        optional=True,
    )
    note: str | None = col("what a reader of the row must know")
    source: str | None = col("where it was read")
    locator: str | None = col("page, table or figure in the source")


@table("claims", "Claims", key=("claim_id", "part"), last=("rule",))
class ClaimRow(Placed, Claimed):
    """One claim, or a part of one, and the analyses that test it."""

    analysis: str | None = col(
        "analyses that test it, with ; between; @ narrows one; one in another unit "
        "than the claimed number stands beside and is not judged"
    )
    course: str | None = col(
        "what it asks of time courses, with ; between: COURSE@by=H (an effect by hour H), "
        "COURSE@until=H (one as late as H), COURSE@at=H or COURSE@change=H-H (from one hour to the "
        "other); &curve=WORD asks one curve of it",
        optional=True,
    )


@table("risk_of_bias", "Risk of bias", key=("trial_id", "tool", "outcome", "domain", "source"))
class RiskOfBiasRow(Placed):
    """One published judgement of one domain of one trial."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    tool: str = col("tool", words="rob_tools")
    outcome: str | None = col("outcome judged; empty for the whole trial", words="outcomes")
    domain: str = col("domain", words="rob_domains")
    judgement: str = col("judgement", words="rob_judgements")
    support: str | None = col("reason given")
    source: str = col("review that judged")
    locator: str | None = col("page, table or figure in the source")


@table(
    "rob2_answers",
    "Answers to the signalling questions of RoB 2",
    key=("trial_id", "outcome", "rater", "question"),
)
class Rob2AnswerRow(Placed):
    """One answer of one rater to one signalling question about one trial."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    outcome: str | None = col("outcome judged; empty for the whole trial", words="outcomes")
    question: str = col("signalling question", words="rob2_questions")
    answer: str = col("answer", words="rob2_answers")
    support: str | None = col("what the answer rests on")
    source: str | None = col("DOI, PMID, PMC or registry number of the text read")
    locator: str | None = col("page, table or figure in the source")
    rater: Id = col("who answered")


@table(
    "trustworthiness",
    "Trustworthiness of the trials (INSPECT-SR)",
    key=("trial_id", "item", "assessor"),
)
class TrustworthinessRow(Placed):
    """One answer of one assessor to one check of INSPECT-SR, or one judgement."""

    trial_id: Id = col("trial report", references="trials.trial_id")
    item: str = col("check (C4.10), domain (D4) or overall", words="trust_items")
    answer: str | None = col("answer to a check: yes is a concern", words="trust_answers")
    judgement: str | None = col("judgement of a domain, or overall", words="trust_judgements")
    support: str | None = col("what the answer or judgement rests on")
    source: str | None = col("what was looked at: DOI, registry number or address")
    locator: str | None = col("page, table or figure in the source")
    assessor: Id = col("who assessed; agreed: what assessors, or a third, settled")


def _named(*kinds: type[Placed]) -> dict[str, TableSchema]:
    return {schema.name: schema for schema in map(entered_schema, kinds)}


# those that effects come from
EFFECT_TABLES = ("trials", "arms", "outcomes", "contrasts")

RAW_KINDS: dict[str, type[Placed]] = {
    schema_of(kind).name: kind
    for kind in (
        *(TrialRow, ArmRow, OutcomeRow, ContrastRow, PublishedRow, ClaimRow, RiskOfBiasRow),
        *(Rob2AnswerRow, TrustworthinessRow),
        *(AcknowledgedRow, AdjudicationRow, ReadingRow, AuditRow, UnreadRow),
    )
}
_OPTIONAL = (
    *(Rob2AnswerRow, TrustworthinessRow),
    *(AcknowledgedRow, AdjudicationRow, ReadingRow, AuditRow, UnreadRow),
)

RAW_TABLES = _named(*(kind for kind in RAW_KINDS.values() if kind not in _OPTIONAL))

# tables that a project may do without
OPTIONAL_TABLES = _named(*_OPTIONAL)

# those that results come from: all but what is said of warnings
RESULT_TABLES = {**RAW_TABLES, **_named(Rob2AnswerRow, TrustworthinessRow)}

TRIALS, ARMS, OUTCOMES, CONTRASTS = (RAW_TABLES[name] for name in EFFECT_TABLES)
ROB2_ANSWERS = OPTIONAL_TABLES["rob2_answers"]
TRUSTWORTHINESS = OPTIONAL_TABLES["trustworthiness"]


def tables_of(filled: Mapping[str, object]) -> dict[str, TableSchema]:
    """Return the raw tables, and of those that a project may do without the ones that have rows."""
    return RAW_TABLES | {name: t for name, t in OPTIONAL_TABLES.items() if filled.get(name)}
