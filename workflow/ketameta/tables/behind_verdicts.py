"""The tables that the report itself makes: certainty domain by domain, and verdicts on claims."""

from __future__ import annotations

from ketameta.tables.behind_pages import CLAIM_TESTS
from ketameta.tables.columns import Column, TableSchema
from ketameta.tables.parts import ANALYSIS

CERTAINTY = TableSchema(
    "certainty",
    "Certainty of the evidence",
    "one domain of the certainty of an analysis; an analysis without an estimate has none",
    (
        ANALYSIS,
        Column("verdict", "text", "what the interval says (list verdicts)", required=True),
        Column(
            *("certainty", "text"),
            "high, moderate, low or very low; what is not judged counts as not low",
            required=True,
        ),
        Column("certainty_best", "text", "the same where it counts as low", required=True),
        Column("start", "text", "level before the domains, by the kind of evidence", required=True),
        Column("domain", "text", "domain of GRADE", required=True),
        Column("rating", "integer", "0, -1 or -2", unit="levels", required=True),
        Column(
            *("rating_best", "integer", "the same where what is not judged counts as low"),
            unit="levels",
            required=True,
        ),
        Column("judged", "flag", "false where the data do not allow a rating", required=True),
        Column("rule", "text", "rule that decided (page of the rules); empty where none fired"),
        Column("reason", "text", "the rating in a sentence, from the numbers", required=True),
    ),
    key=("analysis", "domain"),
)

CLAIM_VERDICTS = TableSchema(
    "claims",
    "Claims with their verdicts",
    CLAIM_TESTS.row,
    (
        *CLAIM_TESTS.columns,
        Column("analysis_verdict", "text", "what this analysis says (list claim_verdicts)"),
        Column("analysis_reason", "text", "why, in a sentence"),
        Column("part_verdict", "text", "verdict on this part of the claim", required=True),
        Column("verdict", "text", "verdict on the claim (list claim_verdicts)", required=True),
        Column("sentence", "text", "the verdict with its number, hedged", required=True),
        Column("certainty", "text", "its certainty, the lower end", required=True),
        Column("certainty_best", "text", "the upper end: were all judged low risk", required=True),
    ),
)
