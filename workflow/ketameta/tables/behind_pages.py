"""The tables that only the pages need: absolute effects, points, claims, unused rows, findings."""

from __future__ import annotations

from dataclasses import replace

from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import ANALYSIS, ESTIMATE_COLUMNS, FILE, LINE, TRIAL, with_place
from ketameta.tables.raw import CLAIMS

NUMBER_CHECKS = TableSchema(
    "number_checks",
    "Number checks",
    "one oddity of the numbers that a data manager should look at",
    (
        Column("check", "text", "name of the check", required=True),
        Column("severity", "text", "warning, or error where the numbers cannot be", required=True),
        FILE,
        LINE,
        Column("column", "text", "column of the cell"),
        TRIAL,
        Column("arm_id", "text", "arm, empty for a whole trial"),
        Column("value", "text", "the cell"),
        Column("message", "text", "what is odd", required=True),
        Column("acknowledged", "text", "why it may stand; empty where nobody has said so"),
        Column("table", "text", "table of the row"),
        Column("at", "list", "arm, outcome and hour of each row that it is about"),
    ),
)

CLAIM_ROWS = replace(with_place(CLAIMS), name="claim_rows", title="Claims as entered", key=())

UNUSED = TableSchema(
    "unused",
    "Rows of pooled trials that were left out",
    "one reason for which rows of a pooled trial are not in its effect",
    (
        ANALYSIS,
        TRIAL,
        Column("label", "text", "name of the trial"),
        Column("reason", "text", "why", required=True),
        Column("detail", "text", "which word, hour or row decided"),
        Column("chosen", "flag", "another row was preferred, or the row is about another time"),
        Column("rows", "list", "raw rows, file:line"),
    ),
    key=("analysis", "trial_id", "reason"),
)


def _with_ends(name: str, text: str, unit: str) -> tuple[Column, ...]:
    """Return the columns of a number and of the two ends that follow from the pooled interval."""
    ends = (("", ""), ("_low", ", from the lower end"), ("_high", ", from the upper end"))
    return tuple(Column(name + end, "number", text + what, unit=unit) for end, what in ends)


ABSOLUTE = TableSchema(
    "absolute",
    "Absolute effects",
    "one analysis of events under one assumed control risk",
    (
        ANALYSIS,
        Column("assumed", "text", "where the control risk is from", required=True),
        Column("arms", "integer", "control arms behind it", unit="arms"),
        Column("control_risk", "number", "assumed risk without treatment", unit="share"),
        *_with_ends("treated_risk", "risk under treatment", "share"),
        *_with_ends("difference", "risk under treatment minus control risk", "share"),
        *_with_ends("nnt", "people treated for one more event (minus: one fewer)", "people"),
        Column("held", "flag", "a risk that would pass 0 or 1 is held there"),
    ),
    key=("analysis", "assumed"),
)

POINTS = TableSchema(
    "points",
    "Standardised differences in points",
    "one analysis of scores, its pooled difference times a typical SD",
    (
        ANALYSIS,
        Column("scale", "text", "scale of the points", required=True),
        Column("sd", "number", "median SD of the control arms on the scale", unit="scale points"),
        Column("arms", "integer", "control arms behind it", unit="arms"),
        Column("bases", "list", "change or endpoint, of these SDs"),
        Column("trials", "list", "trials behind it"),
        *_with_ends("points", "pooled difference in points", "scale points"),
    ),
    key=("analysis",),
)

CLAIM_TESTS = TableSchema(
    "claim_tests",
    "Claims and the analyses that test them",
    "one claim and one analysis named for it; one row where it names none",
    (
        *(c for c in CLAIMS.columns if c.name != "analysis"),
        Column("analysis", "text", "analysis named by the claim, empty where none is"),
        Column("computed", "flag", "the configuration has such an analysis"),
    ),
)

CONTROL_SHARES = TableSchema(
    "control_shares",
    "Control arms beside a claimed number",
    "one comparison of events named by a claim with a number: its control arms pooled as shares",
    (ANALYSIS, *ESTIMATE_COLUMNS),
    key=("analysis",),
)

FINDINGS = replace(NUMBER_CHECKS, name="findings", title="Findings of the number checks")
