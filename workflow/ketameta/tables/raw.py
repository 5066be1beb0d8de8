"""The extraction tables that people edit: one schema each.

Order matters only for reading: a table stands after those it refers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ketameta.tables.columns import ADDRESS, Column, TableSchema
from ketameta.tables.upkeep import ACKNOWLEDGED, ADJUDICATION, AUDITS, READINGS, UNREAD

_DOI: dict[str, Any] = dict(
    pattern=r"10\.[0-9]{4,9}/\S+", pattern_meaning="a DOI that starts with 10."
)
_HOURS: dict[str, Any] = dict(unit="h", minimum=0, maximum=100_000)
# wide enough for any trial or scale, narrow enough to catch a date or a pasted identifier
_PEOPLE: dict[str, Any] = dict(unit="people", minimum=0, maximum=1_000_000)
_RANDOMISED: dict[str, Any] = {**_PEOPLE, "minimum": 1}
_POINTS: dict[str, Any] = dict(unit="scale points", minimum=-1_000_000, maximum=1_000_000)
_SPREAD: dict[str, Any] = {**_POINTS, "minimum": 0}
_TEST: dict[str, Any] = dict(unit="none", maximum=1_000_000, optional=True)
_MEASURE: dict[str, Any] = dict(unit="as the measure", minimum=-1_000_000, maximum=1_000_000)
_LEVEL: dict[str, Any] = dict(unit="per cent", minimum=50, maximum=99.9)
_PMID: dict[str, Any] = dict(pattern=r"[0-9]{1,8}", pattern_meaning="one to eight digits")
# what `normalize.conversions.parse_p` takes
_P: dict[str, Any] = dict(
    pattern=r"(?i:(p([- ]?value)?\s*)?(<=|>=|[=<>≤≥])?\s*([0-9]+(\.[0-9]*)?|\.[0-9]+)(e-?[0-9]+)?"
    r"\s*(\(.*\))?|(p\s*=?\s*)?(n\.?\s?s\.?|not significant|non-?significant))",
    pattern_meaning="a p-value such as 0.03, <.001 or NS; a remark may follow in brackets",
)
_YEAR: dict[str, Any] = dict(minimum=1960, maximum=2100)

_TRIAL = Column("trial_id", "id", "trial report", required=True, references="trials.trial_id")
_ARM = Column("arm_id", "id", "arm", required=True, references="arms.trial_id+arm_id")
_SOURCE_URL = Column("source_url", "text", "address of the source", **ADDRESS)
_FLAG = Column(
    "flag",
    "text",
    "why the row must not be pooled, or wants a check; starts with a flag of the vocabulary",
)
_NOTE = Column("note", "text", "what a reader of the row must know")
_PROVENANCE = (
    _FLAG,
    _NOTE,
    Column("seen", "word", "where the numbers were read", required=True, words="seen"),
    Column("source", "text", "DOI, PMID, PMC or registry number", required=True),
    _SOURCE_URL,
    Column("locator", "text", "page, table or figure in the source", required=True),
)

TRIALS = TableSchema(
    "trials",
    "Trials",
    "one trial report",
    (
        Column("trial_id", "id", "first author and year", required=True),
        Column("label", "text", "name of the trial in figures and tables", required=True),
        Column("year", "integer", "year of publication", **_YEAR),
        Column("registration", "text", "registry number"),
        Column("doi", "text", "DOI of the report", **_DOI),
        Column("pmid", "text", "PubMed number", **_PMID),
        Column("country", "text", "countries of the sites"),
        Column("design", "word", "parallel or crossover", required=True, words="designs"),
        Column("population", "word", "disorder treated", required=True, words="populations"),
        Column("population_note", "text", "who was treated, in words"),
        Column("setting", "word", "care setting", words="settings"),
        Column("blinding", "word", "blinding as reported", words="blindings"),
        Column("funding", "word", "kind of funding", words="fundings"),
        Column("n_randomised", "integer", "people randomised", **_RANDOMISED),
        Column(
            "part_of",
            "ids",
            "reports whose patients this one shares or pools",
            references="trials.trial_id",
        ),
        Column("design_flag", "word", "why it stands apart", words="design_flags"),
        _SOURCE_URL,
    ),
    key=("trial_id",),
)

ARMS = TableSchema(
    "arms",
    "Arms",
    "one arm of a trial",
    (
        _TRIAL,
        Column("arm_id", "id", "arm, unique in its trial", required=True),
        Column("treatment", "word", "treatment given", required=True, words="treatments"),
        Column("cotreatment", "text", "what every patient of the arm received besides"),
        Column("arm_label", "text", "the arm as reported"),
        Column(
            "dose",
            "text",
            "dose, or a range for flexible dosing",
            pattern=r"[0-9]{1,6}(\.[0-9]{1,6})?(-[0-9]{1,6}(\.[0-9]{1,6})?)?",
            pattern_meaning="a number, or two with - between",
        ),
        Column("dose_unit", "word", "unit of the dose", words="dose_units"),
        Column("route", "word", "route of administration", words="routes"),
        Column(
            "n_doses",
            "integer",
            "doses to the primary endpoint",
            unit="doses",
            minimum=1,
            maximum=1000,
        ),
        Column("n_randomised", "integer", "people randomised", **_PEOPLE),
        Column(
            "pooled_arms",
            "ids",
            "this row is those arms together",
            references="arms.trial_id+arm_id",
        ),
        _SOURCE_URL,
    ),
    key=("trial_id", "arm_id"),
)

_CI95 = "95% interval of the row's mean or change (note says which)"
OUTCOMES = TableSchema(
    "outcomes",
    "Outcomes",
    "one arm × outcome × scale × time as reported",
    (
        _TRIAL,
        _ARM,
        Column("outcome", "word", "outcome", required=True, words="outcomes"),
        Column("scale", "word", "rating scale", words="scales"),
        Column("definition", "text", "threshold or event where it is not the usual one"),
        Column("timepoint_h", "number", "hours from the first dose", **_HOURS),
        Column("n", "integer", "people analysed", **_PEOPLE),
        Column("events", "integer", "people with the event", **_PEOPLE),
        Column(
            "percent",
            "number",
            "per cent with the event, as printed, where no count is",
            unit="per cent",
            minimum=0,
            maximum=100,
            optional=True,
        ),
        Column("baseline_mean", "number", "mean at baseline", **_POINTS),
        Column("baseline_sd", "number", "SD at baseline", **_SPREAD),
        Column("mean", "number", "mean at the time point", **_POINTS),
        Column("sd", "number", "SD at the time point", **_SPREAD),
        Column("change_mean", "number", "mean change from baseline", **_POINTS),
        Column("change_sd", "number", "SD of the change", **_SPREAD),
        Column(
            "se",
            "number",
            "standard error of the row's mean or change",
            **_SPREAD,
        ),
        Column("ci95_low", "number", _CI95 + ", lower", **_POINTS),
        Column("ci95_high", "number", _CI95 + ", upper", **_POINTS),
        Column("median", "number", "median at the time point", **_POINTS),
        Column("q1", "number", "first quartile", **_POINTS),
        Column("q3", "number", "third quartile", **_POINTS),
        Column("minimum", "number", "lowest score", **_POINTS, optional=True),
        Column("maximum", "number", "highest score", **_POINTS, optional=True),
        Column("analysis_set", "word", "analysis set", words="analysis_sets"),
        Column("analysis_set_as_reported", "text", "analysis set as reported"),
        *_PROVENANCE,
    ),
)

CONTRASTS = TableSchema(
    "contrasts",
    "Reported contrasts",
    "one difference between two arms as reported",
    (
        _TRIAL,
        replace(_ARM, name="arm_t", description="treated arm"),
        replace(_ARM, name="arm_c", description="control arm"),
        Column("outcome", "word", "outcome", required=True, words="outcomes"),
        Column("scale", "text", "rating scale (a word of the list for scores), or the event"),
        Column("timepoint_h", "number", "hours from the first dose", **_HOURS),
        Column("measure", "word", "effect measure", required=True, words="contrast_measures"),
        Column("estimate", "number", "estimate, treated minus or over control", **_MEASURE),
        Column(
            "se",
            "number",
            "standard error (log scale for ratios)",
            **{**_MEASURE, "minimum": 0},
        ),
        Column("ci_low", "number", "lower end of the interval", **_MEASURE),
        Column("ci_high", "number", "upper end of the interval", **_MEASURE),
        Column("ci_level", "number", "level of the interval", **_LEVEL),
        Column("p_value", "text", "p-value as printed", **_P),
        Column(
            "direction",
            "word",
            "what the report says the result favours, where it gives no estimate",
            words="result_directions",
            optional=True,
        ),
        Column("t_value", "number", "t of the difference", **_TEST, minimum=-1000),
        Column("f_value", "number", "F of the difference of two groups", **_TEST, minimum=0),
        Column("model", "text", "statistical model as reported"),
        *_PROVENANCE,
    ),
)

PUBLISHED = TableSchema(
    "published",
    "Published pooled results",
    "one pooled result of an earlier review (context, never pooled)",
    (
        Column("review_id", "id", "review", required=True),
        Column("label", "text", "name of the review", required=True),
        Column("year", "integer", "year of publication", **_YEAR),
        Column("doi", "text", "DOI", **_DOI),
        Column("pmid", "text", "PubMed number", **_PMID),
        Column("population", "text", "population of the review"),
        Column("comparison", "text", "what was compared"),
        Column("treatment", "words", "drugs that it pooled", words="treatments", optional=True),
        Column(
            "drug_route", "text", "drug by its route, where it is one; as effects", optional=True
        ),
        Column(
            "comparator_class",
            "words",
            "classes of control that it pooled",
            words="comparator_classes",
            optional=True,
        ),
        Column("outcome", "text", "outcome, in our words where one fits"),
        Column("scale", "text", "scale"),
        Column("timepoint", "text", "time as reported"),
        Column("hour_low", "number", "first hour from the first dose", **_HOURS, optional=True),
        Column("hour_high", "number", "last hour from the first dose", **_HOURS, optional=True),
        Column("k", "integer", "trials pooled", unit="trials", minimum=0, maximum=100_000),
        Column("n_t", "integer", "people treated", **_PEOPLE),
        Column("n_c", "integer", "people in control", **_PEOPLE),
        Column("n_total", "integer", "people in all", **_PEOPLE),
        Column("measure", "word", "effect measure", required=True, words="published_measures"),
        Column("estimate", "number", "pooled estimate", **_MEASURE),
        Column("ci_low", "number", "lower end", **_MEASURE),
        Column("ci_high", "number", "upper end", **_MEASURE),
        Column("ci_level", "number", "level", **_LEVEL),
        Column("i2", "number", "I²", unit="per cent", minimum=0, maximum=100),
        Column("p_value", "text", "p-value as printed", **_P),
        Column(
            "favours",
            "word",
            "side of no effect that favours treatment as printed; empty: that of our tables",
            words="sides",
            optional=True,
        ),
        _NOTE,
        Column("source", "text", "where it was read"),
        Column("locator", "text", "page, table or figure in the source"),
    ),
)

CLAIMS = TableSchema(
    "claims",
    "Claims",
    "one claim of the popular articles, or a part of one, and the analyses that test it",
    (
        Column("claim_id", "id", "claim", required=True),
        Column("claim", "text", "the claim in one sentence", required=True),
        Column(
            "part",
            "text",
            "part of the claim that the row tells, in a few words; a claim of several parts has a "
            "row a part; empty for the whole",
            optional=True,
        ),
        Column("kind", "word", "kind of claim", required=True, words="claim_kinds"),
        Column(
            "section",
            "word",
            "under which heading it stands",
            words="claim_sections",
            optional=True,
        ),
        Column("headline", "flag", "among those of the first screen", optional=True),
        Column(
            "article",
            "text",
            "readable name of the article or articles that make it; where no title is known a "
            "letter and the word that it is not kept",
            optional=True,
        ),
        Column("article_date", "text", "date of the article, where known", optional=True),
        Column("source_document", "text", "files of the articles that make it, with ; between"),
        Column(
            "population",
            "words",
            "populations it speaks of",
            words="populations",
            words_also=("any",),
        ),
        Column(
            "claimed_value", "number", "the number claimed", **{**_MEASURE, "unit": "claimed_unit"}
        ),
        Column("claimed_unit", "word", "unit of the claimed number", words="claim_units"),
        Column("direction", "word", "what the claim says", words="claim_directions"),
        Column(
            "analysis",
            "text",
            "analyses that test it, with ; between; @ narrows one; one in another unit than the "
            "claimed number stands beside and is not judged",
        ),
        Column("rule", "text", "how the claim is judged", required=True),
    ),
    key=("claim_id", "part"),
)

RISK_OF_BIAS = TableSchema(
    "risk_of_bias",
    "Risk of bias",
    "one published judgement of one domain of one trial",
    (
        _TRIAL,
        Column("tool", "word", "tool", required=True, words="rob_tools"),
        Column("outcome", "word", "outcome judged; empty for the whole trial", words="outcomes"),
        Column("domain", "word", "domain", required=True, words="rob_domains"),
        Column("judgement", "word", "judgement", required=True, words="rob_judgements"),
        Column("support", "text", "reason given"),
        Column("source", "text", "review that judged", required=True),
        Column("locator", "text", "page, table or figure in the source"),
    ),
    key=("trial_id", "tool", "outcome", "domain", "source"),
)

ROB2_ANSWERS = TableSchema(
    "rob2_answers",
    "Answers to the signalling questions of RoB 2",
    "one answer of one rater to one signalling question about one trial",
    (
        _TRIAL,
        Column("outcome", "word", "outcome judged; empty for the whole trial", words="outcomes"),
        Column("question", "word", "signalling question", required=True, words="rob2_questions"),
        Column("answer", "word", "answer", required=True, words="rob2_answers"),
        Column("support", "text", "what the answer rests on"),
        Column("source", "text", "DOI, PMID, PMC or registry number of the text read"),
        Column("locator", "text", "page, table or figure in the source"),
        Column("rater", "id", "who answered", required=True),
    ),
    key=("trial_id", "outcome", "rater", "question"),
)

# those that effects come from
EFFECT_TABLES = ("trials", "arms", "outcomes", "contrasts")

RAW_TABLES: dict[str, TableSchema] = {
    table.name: table
    for table in (TRIALS, ARMS, OUTCOMES, CONTRASTS, PUBLISHED, CLAIMS, RISK_OF_BIAS)
}

# tables that a project may do without
OPTIONAL_TABLES: dict[str, TableSchema] = {
    table.name: table
    for table in (ROB2_ANSWERS, ACKNOWLEDGED, ADJUDICATION, READINGS, AUDITS, UNREAD)
}

# those that results come from: all but what is said of warnings
RESULT_TABLES = {**RAW_TABLES, ROB2_ANSWERS.name: ROB2_ANSWERS}


def tables_of(filled: Mapping[str, object]) -> dict[str, TableSchema]:
    """Return the raw tables, and of those that a project may do without the ones that have rows."""
    return RAW_TABLES | {name: t for name, t in OPTIONAL_TABLES.items() if filled.get(name)}
