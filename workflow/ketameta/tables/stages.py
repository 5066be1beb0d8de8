"""The tables between the stages: one schema each, with units, as Parquet and in the dictionary."""

from __future__ import annotations

from dataclasses import replace

from ketameta.tables.alongside import (
    ARM_PAIRS,
    DIRECTIONS,
    EARLIER,
    MISSING_RESULTS,
    PAIR_SYNTHESES,
    PAIRS,
)
from ketameta.tables.behind_extraction import FINDING_STATES, UNREAD_WEIGHTS
from ketameta.tables.behind_figures import (
    ANSWERS,
    ARM_REDUCTIONS,
    ASYMMETRY,
    BIAS,
    COURSES,
    COVERAGE,
    DIAGNOSTICS,
    EVIDENCE_MAP,
    JUDGEMENTS,
    RATER_AGREEMENT,
    REDUCTIONS,
    SIGNALLING,
)
from ketameta.tables.behind_pages import (
    ABSOLUTE,
    CLAIM_ROWS,
    CLAIM_TESTS,
    CONTROL_SHARES,
    FINDINGS,
    NUMBER_CHECKS,
    POINTS,
    UNUSED,
)
from ketameta.tables.behind_summaries import SUMMARY_OF_FINDINGS
from ketameta.tables.behind_verdicts import CERTAINTY, CLAIM_VERDICTS
from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import (
    ANALYSIS,
    ENTERED,
    ESTIMATE_COLUMNS,
    FILE,
    LINE,
    SCALE,
    TRIAL,
    with_place,
)
from ketameta.tables.raw import OPTIONAL_TABLES

__all__ = ["PROBLEMS", "STAGE_TABLES", "STUDIES", "SYNTHESES", "with_place"]


PROBLEMS = TableSchema(
    "problems",
    "Problems",
    "one fault, warning or note about a raw table",
    (
        FILE,
        LINE,
        Column("column", "text", "column, empty for the whole row"),
        Column("value", "text", "the cell"),
        Column("message", "text", "what is wrong and what is allowed"),
        Column("severity", "text", "error, warning or note"),
        Column("table", "text", "table"),
        Column("trial_id", "text", "trial report"),
        Column("arm_id", "text", "arm"),
    ),
)

_EFFECT_COLUMNS = (
    ANALYSIS,
    TRIAL,
    Column("label", "text", "name of the trial", required=True),
    Column("year", "integer", "year of publication"),
    Column("population", "text", "population of the trial"),
    Column("design", "text", "parallel or crossover"),
    Column("measure", "text", "effect measure", required=True),
    Column("yi", "number", "effect, treated against control", unit=SCALE),
    Column("vi", "number", "sampling variance of yi", unit="square of the " + SCALE),
    Column("comparison", "text", "treated arm where the arms of a trial stand apart; else empty"),
    Column("shared", "number", "sampling variance shared through a common control", unit=SCALE),
    Column(
        "people", "number", "people behind the effect, those of a crossover once", unit="people"
    ),
    Column("n_t", "number", "people in the treated arms", unit="people"),
    Column("n_c", "number", "people in the control arms, or their part", unit="people"),
    Column("events_t", "number", "treated people with the event", unit="people"),
    Column("events_c", "number", "control people with the event", unit="people"),
    Column("mean_t", "number", "mean of the treated arms", unit="scale points"),
    Column("sd_t", "number", "SD of the treated arms", unit="scale points"),
    Column("mean_c", "number", "mean of the control arms", unit="scale points"),
    Column("sd_c", "number", "SD of the control arms", unit="scale points"),
    Column("treatment", "text", "treatments of the treated arms"),
    Column("dose", "text", "doses of the treated arms"),
    Column("route", "text", "routes of the treated arms"),
    Column("drug_route", "text", "drug by its route: IV ketamine, nasal esketamine ..."),
    Column("n_doses", "text", "planned doses of the treated arms: 1 or >1, empty where not known"),
    Column("control", "text", "treatments of the control arms"),
    Column("comparator_class", "text", "class of the control arms"),
    Column("hour", "number", "hours from the first dose", unit="h"),
    Column("scale", "text", "rating scale"),
    Column("definition", "text", "definition of the event"),
    Column("analysis_set", "text", "analysis set"),
    Column("basis", "text", "counts, change, endpoint or contrast"),
    Column("seen", "text", "weakest of the rows used: direct, derived or secondary"),
    Column("assumptions", "list", "what the derivation assumes or borrows"),
    Column("marks", "list", "flags of the rows used that want a check"),
    Column("rows", "list", "raw rows used, file:line"),
)
_VARIANT_COLUMNS = [
    "trial_id",
    "comparison",
    "yi",
    "vi",
    "shared",
    "people",
    "n_t",
    "n_c",
    "events_t",
    "events_c",
]
EFFECTS = TableSchema(
    "effects",
    "Effects",
    "one trial × analysis",
    _EFFECT_COLUMNS,
    key=("analysis", "trial_id", "comparison"),
)

VARIANTS = TableSchema(
    "variants",
    "Effects under other choices",
    "one trial × variant of an analysis",
    (
        ANALYSIS,
        Column("variant", "text", "choice of the sensitivity analysis", required=True),
        *(c for c in _EFFECT_COLUMNS if c.name in _VARIANT_COLUMNS),
    ),
    key=("analysis", "variant", "trial_id", "comparison"),
)

DERIVATIONS = TableSchema(
    "derivations",
    "Derivations",
    "one step from raw rows to an effect",
    (
        ANALYSIS,
        TRIAL,
        Column("comparison", "text", "treated arm where the arms of a trial stand apart"),
        Column("step", "integer", "number of the step", required=True),
        Column("what", "text", "what was done", required=True),
        Column("formula", "text", "formula with its values"),
        Column("result", "text", "what came out"),
        Column("source", "text", "where the method is from"),
        Column("assumption", "text", "what the step assumes or borrows, if anything"),
        Column("rows", "list", "raw rows used, file:line"),
    ),
    key=("analysis", "trial_id", "comparison", "step"),
)

LEDGER = TableSchema(
    "ledger",
    "Ledger",
    "one raw row × analysis",
    (
        ANALYSIS,
        FILE,
        LINE,
        TRIAL,
        Column("used", "flag", "the row's numbers are in the pooled result", required=True),
        Column("reason", "text", "used, or why not", required=True),
        Column("detail", "text", "which word, hour or row decided"),
    ),
    key=("analysis", "file", "line"),
)

ROWS = TableSchema(
    "rows",
    "Raw rows",
    "one row of outcomes or contrasts as entered",
    (
        FILE,
        LINE,
        TRIAL,
        Column("label", "text", "name of the trial"),
        Column("arm_id", "text", "arm, or treated arm against control"),
        Column("flag", "text", "flag of the row"),
        Column("note", "text", "note of the row"),
        Column("seen", "text", "direct, secondary or derived"),
        Column("source", "text", "DOI, PMID, PMC or registry number"),
        Column("source_url", "text", "address of the source"),
        Column("locator", "text", "place in the source"),
        ENTERED,
    ),
    key=("file", "line"),
)

OVERVIEW = TableSchema(
    "overview",
    "Overview of the data",
    "one figure about the data",
    (
        Column("section", "text", "group of figures", required=True),
        Column("item", "text", "what is counted", required=True),
        Column("value", "text", "the figure or text", required=True),
    ),
)

SYNTHESES = TableSchema(
    "syntheses",
    "Syntheses",
    "one analysis",
    (
        ANALYSIS,
        *ESTIMATE_COLUMNS,
        Column("data_hash", "text", "content id of the effects pooled", required=True),
        Column("favours", "text", "side of no effect that favours treatment: above or below"),
        *(
            Column(f"{rule}_{end}", "number", f"{label} interval, {side}", unit=SCALE)
            for rule, label in (("wald", "Wald"), ("hksj", "HKSJ"), ("floored", "floored HKSJ"))
            for end, side in (("low", "lower"), ("high", "upper"))
        ),
        Column(
            "split", "text", "what the groups on the plot differ in; empty where there are none"
        ),
        Column("between_q", "number", "Q between these groups"),
        Column("between_df", "integer", "its degrees of freedom"),
        Column("between_p", "number", "its p"),
        Column("between_tau2", "number", "variance left within groups, where it is one for all"),
    ),
    key=("analysis",),
)

SPLIT = Column("split", "text", "what the groups differ in: drug_route ...", required=True)

SUBGROUPS = TableSchema(
    "subgroups",
    "Subgroups",
    "one group of a split of an analysis",
    (ANALYSIS, SPLIT, Column("subgroup", "text", "subgroup", required=True), *ESTIMATE_COLUMNS),
    key=("analysis", "split", "subgroup"),
)

SPLITS = TableSchema(
    "splits",
    "Splits",
    "one split of an analysis in two groups or more",
    (
        ANALYSIS,
        SPLIT,
        Column("groups", "integer", "groups", required=True),
        Column("q", "number", "Q between the groups"),
        Column("df", "integer", "its degrees of freedom"),
        Column("p", "number", "its p"),
        Column("tau2", "number", "variance that is left within the groups, where it is common"),
        Column("tau2_groups", "text", "common: one tau² for all groups, or separate"),
        Column("confounded", "list", "splits whose groups are nearly the same trials as these"),
    ),
    key=("analysis", "split"),
)

SENSITIVITY = TableSchema(
    "sensitivity",
    "Sensitivity",
    "one analysis under another choice",
    (
        ANALYSIS,
        Column("variant", "text", "choice of the sensitivity analysis", required=True),
        *ESTIMATE_COLUMNS,
    ),
    key=("analysis", "variant"),
)

STUDIES = TableSchema(
    "studies",
    "Studies",
    "one trial's effect in a synthesis, with its weight and provenance",
    (
        *_EFFECT_COLUMNS,
        Column("subgroup", "text", "subgroup, empty where there is none"),
        Column("weight", "number", "weight in the pooled effect", unit="per cent"),
        Column("effect", "number", "effect, natural scale", unit="as the measure"),
        Column("ci_low", "number", "lower end of its interval (normal), natural scale"),
        Column("ci_high", "number", "upper end of its interval (normal), natural scale"),
        Column("steps", "list", "derivation, one JSON text a step"),
        Column("evidence", "list", "raw rows used, one JSON text a row"),
    ),
    key=("analysis", "trial_id", "comparison"),
)

EXCLUSIONS = TableSchema(
    "exclusions",
    "Trials not pooled",
    "one trial with rows on the outcome that gave no effect",
    (
        ANALYSIS,
        TRIAL,
        Column("label", "text", "name of the trial"),
        Column("reason", "text", "why, the row that came furthest", required=True),
        Column("detail", "text", "which word, hour or row decided"),
        Column("rows", "list", "raw rows, file:line"),
        Column(
            "near", "flag", "on the outcome and in the window, with no usable effect", required=True
        ),
    ),
    key=("analysis", "trial_id"),
)

SUMMARY = replace(OVERVIEW, name="summary", title="Summary of data and use")

STAGE_TABLES: dict[str, dict[str, TableSchema]] = {
    stage: {table.name: table for table in tables}
    for stage, tables in {
        "ingest": (PROBLEMS, *map(with_place, OPTIONAL_TABLES.values())),
        "normalize": (
            *(EFFECTS, VARIANTS, DERIVATIONS, LEDGER, ROWS, NUMBER_CHECKS, OVERVIEW),
            *(ARM_PAIRS, MISSING_RESULTS, DIRECTIONS),
            *(CLAIM_ROWS, BIAS, ANSWERS, REDUCTIONS, COVERAGE),
        ),
        "synthesize": (
            *(SYNTHESES, SUBGROUPS, SPLITS, SENSITIVITY, STUDIES, EXCLUSIONS, UNUSED),
            *(ABSOLUTE, POINTS, CLAIM_TESTS, CONTROL_SHARES, FINDINGS, SUMMARY),
            *(JUDGEMENTS, DIAGNOSTICS, ASYMMETRY, COURSES, ARM_REDUCTIONS, EVIDENCE_MAP),
            *(PAIRS, PAIR_SYNTHESES, EARLIER),
            *(SIGNALLING, RATER_AGREEMENT),
        ),
        "report": (
            *(CERTAINTY, CLAIM_VERDICTS, SUMMARY_OF_FINDINGS),
            *(FINDING_STATES, UNREAD_WEIGHTS),
        ),
    }.items()
}
