"""The tables behind the figures: judgements, diagnostics, time courses, reductions, coverage."""

from __future__ import annotations

import math
from dataclasses import replace

from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import ANALYSIS, ESTIMATE_COLUMNS, FILE, LINE, SCALE, TRIAL
from ketameta.tables.raw import ROB2_ANSWERS

_JUDGED = (
    Column("tool", "text", "tool of the judgement: RoB1 or RoB2", required=True),
    Column("outcome", "text", "outcome judged; empty for the whole trial"),
    Column("domain", "text", "domain of the tool", required=True),
    Column("judgement", "text", "low, unclear, some concerns or high", required=True),
)
_BEST = Column(
    "best", "text", "judgement if all were well that the text does not tell", required=True
)
_INHERITED = Column(
    *("inherited_from", "text"),
    "report of the same randomisation that was judged; empty where this one was",
)
BIAS = TableSchema(
    "bias",
    "Judgements of risk of bias as entered",
    "one judgement of one domain of one trial, published or from the answers of a rater",
    (
        FILE,
        LINE,
        TRIAL,
        *_JUDGED,
        _BEST,
        Column("support", "text", "reason given"),
        Column("source", "text", "review that judged", required=True),
        Column("locator", "text", "page, table or figure in the source"),
        _INHERITED,
    ),
    key=("trial_id", "file", "line", "domain"),
)

ANSWERS = TableSchema(
    "answers",
    "Answers to signalling questions",
    "one answer of one rater to one signalling question about one trial",
    (
        FILE,
        LINE,
        TRIAL,
        Column("label", "text", "name of the trial", required=True),
        *(column for column in ROB2_ANSWERS.columns if column.name != "trial_id"),
    ),
    key=("file", "line"),
)

REDUCTIONS = TableSchema(
    "reductions",
    "Reductions of scores, arm by arm",
    "one arm at one time, in an analysis of per cent reductions",
    (
        ANALYSIS,
        TRIAL,
        Column("label", "text", "name of the trial", required=True),
        Column("arm_id", "text", "arm", required=True),
        Column("treatment", "text", "treatment of the arm", required=True),
        Column("treated", "flag", "a treatment that the analysis asks for", required=True),
        Column("hour", "number", "hours from the first dose", unit="h", required=True),
        Column("scale", "text", "rating scale", required=True),
        Column("n", "integer", "people analysed, as entered", unit="people"),
        Column("reduction", "number", "fall of the mean from baseline", unit="per cent"),
        Column("rows", "list", "raw rows used, file:line"),
    ),
    key=("analysis", "trial_id", "arm_id", "hour"),
)

# name -> last hour after the first dose; the last holds too what has no hour
PERIODS = {"6 h": 6.0, "2 d": 48.0, "9 d": 216.0, "later": math.inf}
COVERAGE = TableSchema(
    "coverage",
    "What evidence there is",
    "one population × outcome × period after the first dose",
    (
        Column("population", "text", "population of the trials", required=True),
        Column("outcome", "text", "outcome", required=True),
        Column("period", "text", "period after the first dose", required=True),
        Column("trials", "integer", "trials with a usable row", unit="trials", required=True),
        Column("people", "integer", "people randomised in them", unit="people", required=True),
        Column("trial_ids", "list", "these trials"),
        Column("labels", "list", "their names, in the same order"),
    ),
    key=("population", "outcome", "period"),
)

# the report reads what the synthesis wrote: these three go through it as they are
ARM_REDUCTIONS = replace(
    REDUCTIONS, name="arm_reductions", title=f"{REDUCTIONS.title}, as the report shows them"
)
SIGNALLING = replace(ANSWERS, name="signalling", title=f"{ANSWERS.title}, as the report shows them")
EVIDENCE_MAP = replace(
    COVERAGE, name="evidence_map", title=f"{COVERAGE.title}, as the report shows it"
)

JUDGEMENTS = TableSchema(
    "judgements",
    "Risk of bias in an analysis",
    "one judged domain of a trial in an analysis; a domain without a row is not assessed",
    (
        ANALYSIS,
        TRIAL,
        *_JUDGED,
        _BEST,
        _INHERITED,
        Column("disputed", "flag", "reviews or raters differ: the worse is given", required=True),
        Column("detail", "text", "each judgement with its source and reason", required=True),
        Column("rows", "list", "raw rows, file:line"),
    ),
    key=("analysis", "trial_id", "tool", "domain"),
)

RATER_AGREEMENT = TableSchema(
    "rater_agreement",
    "Agreement of raters",
    "one domain of RoB 2 as two raters judged it",
    (
        Column("first", "id", "rater", required=True),
        Column("second", "id", "rater", required=True),
        Column("domain", "text", "domain of the tool", required=True),
        Column("trials", "integer", "trials that both judged", unit="trials", required=True),
        Column("judged_alike", "number", "of these, with the same judgement", unit="share"),
        Column("kappa", "number", "Cohen's kappa of the judgements"),
        Column("kappa_weighted", "number", "the same with linear weights"),
        Column("questions", "integer", "questions that both answered", required=True),
        Column("answered_alike", "number", "of these, with the same answer", unit="share"),
        Column("kappa_answers", "number", "Cohen's kappa of the answers: yes, no, no information"),
    ),
    key=("first", "second", "domain"),
)

_REFIT = tuple(
    Column(f"{name}_{end}", "number", f"{what}, {side}")
    for name, what in (
        ("without", "pooled effect without this effect"),
        ("until", "pooled effect of this and all earlier effects"),
    )
    for end, side in (
        ("estimate", "natural scale"),
        ("low", "lower end of its interval"),
        ("high", "upper end of its interval"),
        ("i2", "I² in per cent"),
    )
)
DIAGNOSTICS = TableSchema(
    "diagnostics",
    "Diagnostics",
    "one effect of a synthesis of five effects or more: what the pooled effect owes to it",
    (
        ANALYSIS,
        TRIAL,
        Column("comparison", "text", "treated arm where the arms of a trial stand apart"),
        Column("label", "text", "name of the trial", required=True),
        Column("year", "integer", "year of publication"),
        Column("effect", "number", "effect", unit=SCALE, required=True),
        Column("se", "number", "its standard error", unit=SCALE, required=True),
        *_REFIT,
        Column("baujat_x", "number", "squared Pearson residual: contribution to heterogeneity"),
        Column("baujat_y", "number", "influence on the pooled effect, in squared standard errors"),
        Column("rstudent", "number", "studentised deleted residual"),
        Column("cook", "number", "Cook's distance"),
        Column("influential", "flag", "stands out by the rule of metafor"),
    ),
    key=("analysis", "trial_id", "comparison"),
)

ASYMMETRY = TableSchema(
    "asymmetry",
    "Funnel asymmetry",
    "one synthesis of five effects or more: regression of effects on their standard errors",
    (
        ANALYSIS,
        Column("k", "integer", "effects", required=True),
        Column("centre", "number", "pooled effect", unit=SCALE, required=True),
        Column("slope", "number", "change of the effect per unit of standard error (Egger)"),
        Column("limit", "number", "effect expected at a standard error of 0", unit=SCALE),
        Column("statistic", "number", "t of the slope, k − 2 degrees of freedom"),
        Column("p", "number", "its p; empty below ten effects, where the test says nothing"),
        Column("test", "text", "author of the test of small-study effects; none of treated arms"),
        Column("test_k", "integer", "effects that it can use"),
        Column("test_slope", "number", "its slope; above 0 small trials have larger values"),
        Column("test_p", "number", "its p; empty below ten effects"),
        Column("without_crossovers_k", "integer", "effects of it that are not of crossovers"),
        Column("without_crossovers_p", "number", "its p of these; empty for fewer than five"),
        Column("adjusted_p", "number", "its p within drugs by route (a limit each)"),
    ),
    key=("analysis",),
)

COURSES = TableSchema(
    "courses",
    "Time courses",
    "one analysis among those that differ in nothing but their window of hours",
    (
        Column("course", "id", "first such analysis of the configuration", required=True),
        ANALYSIS,
        Column("hour", "number", "hour aimed at", unit="h", required=True),
        Column("start", "number", "first hour of the window", unit="h", required=True),
        Column("end", "number", "last hour of the window", unit="h", required=True),
        *ESTIMATE_COLUMNS,
    ),
    key=("course", "analysis"),
)
