"""The table of summary of findings: one for page, CSV and document."""

from __future__ import annotations

from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import ANALYSIS

_AS = "as the measure"

SUMMARY_OF_FINDINGS = TableSchema(
    "summary_of_findings",
    "Summary of findings",
    "one outcome of one comparison",
    (
        Column("comparison", "text", "heading of the comparison", required=True),
        Column("outcome", "text", "title of the analysis", required=True),
        ANALYSIS,
        Column("with_control", "text", "risk or mean with control, in words"),
        Column("with_treatment", "text", "risk or difference with treatment, interval, in words"),
        Column("relative_effect", "text", "effect on its measure with its interval, in words"),
        Column("k", "integer", "trials with an effect", unit="trials", required=True),
        Column("n", "integer", "people behind the effects", unit="people", required=True),
        Column("certainty", "text", "certainty of the evidence, in words", required=True),
        Column("notes", "list", "numbers of the notes that give the reasons of the certainty"),
        Column("reasons", "list", "these reasons, in the order of the numbers"),
        Column("what_it_means", "text", "the result in a sentence", required=True),
        Column("control_risk", "number", "assumed risk with control", unit="share"),
        Column("treated_risk", "number", "risk with treatment that follows", unit="share"),
        Column("treated_risk_low", "number", "its lower end", unit="share"),
        Column("treated_risk_high", "number", "its upper end", unit="share"),
        Column("measure", "text", "effect measure", required=True),
        Column("estimate", "number", "pooled effect, natural scale", unit=_AS),
        Column("ci_low", "number", "lower end of its interval", unit=_AS),
        Column("ci_high", "number", "upper end of its interval", unit=_AS),
    ),
    key=("comparison", "analysis"),
)
