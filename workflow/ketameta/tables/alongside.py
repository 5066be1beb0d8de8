"""The tables that stand beside a synthesis: pairs of arms, missing results, words, reviews."""

from __future__ import annotations

from dataclasses import replace

from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import ANALYSIS, TRIAL

_LABEL = Column("label", "text", "name of the trial", required=True)
_POINTS = "points of per cent"
_ROWS = Column("rows", "list", "raw rows, file:line")
_HOUR = Column("hour", "number", "hours from the first dose", unit="h")

ARM_PAIRS = TableSchema(
    "arm_pairs",
    "Falls of both sides of a trial",
    "one trial whose treated and control arms both have a fall, in an analysis of reductions",
    (
        ANALYSIS,
        TRIAL,
        _LABEL,
        Column("year", "integer", "year of publication"),
        Column("drug_route", "text", "drug and route of the treated arms"),
        Column("treated", "number", "fall of the treated arms from baseline", unit="per cent"),
        Column("control", "number", "fall of the control arms from baseline", unit="per cent"),
        Column("vi", "number", "variance of their difference; empty where an SD is missing"),
        Column("n_t", "number", "people in the treated arms", unit="people"),
        Column("n_c", "number", "people in the control arms", unit="people"),
        Column("same_people", "flag", "both are periods of the same people", required=True),
        _HOUR,
        Column("scale", "text", "rating scale"),
        _ROWS,
    ),
    key=("analysis", "trial_id"),
)

_PAIRED = ("vi", "same_people")
PAIRS = replace(
    ARM_PAIRS,
    name="pairs",
    title="Pairs: the fall of treated and control arms of the same trial",
    columns=(
        *(c for c in ARM_PAIRS.columns if c.name not in (*_PAIRED, "rows")),
        Column("difference", "number", "treated minus control", unit=_POINTS),
        Column("ci_low", "number", "lower end of its interval (normal)", unit=_POINTS),
        Column("ci_high", "number", "upper end of its interval (normal)", unit=_POINTS),
        Column("share", "number", "fall of the control arms over that of the treated arms"),
        Column("weight", "number", "weight in the pooled difference", unit="per cent"),
        _ROWS,
    ),
)

PAIR_SYNTHESES = TableSchema(
    "pair_syntheses",
    "Pooled difference of the falls",
    "one analysis of reductions with a trial that has both sides",
    (
        ANALYSIS,
        Column("k", "integer", "trials pooled", unit="trials", required=True),
        Column("n", "integer", "people in them", unit="people", required=True),
        Column("shown", "integer", "trials with both sides, pooled or not", unit="trials"),
        Column("estimate", "number", "treated minus control", unit=_POINTS),
        Column("ci_low", "number", "lower end of its interval", unit=_POINTS),
        Column("ci_high", "number", "upper end of its interval", unit=_POINTS),
        Column("treated", "number", "fall of treated arms, same weights", unit="per cent"),
        Column("control", "number", "fall of control arms, same weights", unit="per cent"),
        Column("share", "number", "fall of the control arms over that of the treated arms"),
        Column("model", "text", "estimator of tau² and rule of the interval", required=True),
    ),
    key=("analysis",),
)

MISSING_RESULTS = TableSchema(
    "missing_results",
    "Known missing results",
    "one trial that measured the outcome in the window and reports no number that can be pooled",
    (
        ANALYSIS,
        TRIAL,
        _LABEL,
        Column("said", "text", "what is reported in place of a number", required=True),
        Column("direction", "word", "what it favours, where stated", words="result_directions"),
        Column("significant", "flag", "a p-value below 0.05 is reported", required=True),
        Column("n_t", "number", "people in the treated arms", unit="people"),
        Column("n_c", "number", "people in the control arms", unit="people"),
        Column("n", "number", "people, those of a crossover once", unit="people"),
        Column(
            "through",
            "text",
            "pooled report that holds the same patients; empty where no pooled trial holds them",
        ),
        _ROWS,
    ),
    key=("analysis", "trial_id"),
)

DIRECTIONS = TableSchema(
    "directions",
    "Directions of results",
    "one trial, test and hour of an outcome whose tests point different ways",
    (
        ANALYSIS,
        TRIAL,
        _LABEL,
        Column("scale", "text", "test or rating scale"),
        Column("higher", "text", "what a higher score is: better or worse; empty: not known"),
        _HOUR,
        Column("comparison", "text", "treated arm against control arm", required=True),
        Column("comparator_class", "text", "class of the control arm"),
        Column(
            "direction",
            "word",
            "what the result favours; empty where it is not stated",
            words="result_directions",
        ),
        Column("said", "text", "what is reported", required=True),
        Column("p_value", "text", "p-value as printed"),
        _ROWS,
    ),
)

EARLIER = TableSchema(
    "earlier",
    "Earlier reviews beside an analysis",
    "one result of an earlier review on the question of an analysis",
    (
        ANALYSIS,
        Column("review_id", "id", "review", required=True),
        Column("label", "text", "name of the review", required=True),
        Column("year", "integer", "year of publication"),
        Column("comparison", "text", "what it compared"),
        Column("k", "integer", "trials that it pooled", unit="trials"),
        Column("n", "integer", "people in them", unit="people"),
        Column("measure", "text", "measure as printed", required=True),
        Column("printed", "text", "result as printed", required=True),
        Column("estimate", "number", "on the scale of the analysis; empty: no way to convert"),
        Column("ci_low", "number", "lower end of its interval"),
        Column("ci_high", "number", "upper end of its interval"),
        Column("converted", "text", "how the printed result came on the scale of the analysis"),
        Column("against", "text", "our result in the printed measure, where there is one"),
        Column("note", "text", "note of the table"),
        Column("why", "text", "why it may differ, as far as the data tell"),
        Column(
            "agrees",
            "flag",
            "one's estimate lies in the other's interval; empty where one has no interval",
        ),
        _ROWS,
    ),
)
