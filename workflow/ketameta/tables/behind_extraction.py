"""Tables that the page on the extraction gives as files: findings by state, what to fetch first."""

from __future__ import annotations

from ketameta.tables.columns import Column, TableSchema

FINDING_STATES = TableSchema(
    "finding_states",
    "Findings of the number checks and their state",
    "one finding of now, or one that was open at the last release and is there no more",
    (
        Column("state", "text", "open, explained (somebody gave a reason), mended", required=True),
        Column("check", "text", "name of the check", required=True),
        Column("place", "text", "file and line; empty where it is mended"),
        Column("table", "text", "table of the row"),
        Column("trial_id", "text", "trial report"),
        Column("at", "list", "arm, outcome and hour of each row that it is about"),
        Column("column", "text", "column of the cell"),
        Column("value", "text", "the cell, as it stood where it is mended"),
        Column("message", "text", "what is odd; empty where it is mended"),
        Column("reason", "text", "why it may stand, where it is explained"),
    ),
)

UNREAD_WEIGHTS = TableSchema(
    "unread_weights",
    "Not read yet, by the weight that it would carry",
    "one row of unread.csv and one analysis that it may enter, or none",
    (
        Column("rank", "integer", "order in which to fetch", unit="none", required=True),
        Column("trial_id", "text", "trial report, where it stands in the tables"),
        Column("label", "text", "name of the trial or the review", required=True),
        Column("kind", "text", "what could not be read", required=True),
        Column("missing", "text", "what is missing", required=True),
        Column("analysis", "text", "analysis that it may enter; empty where none is known"),
        Column("share", "number", "weight that it would have there", unit="per cent"),
        Column("people", "number", "people that this counts with", unit="people"),
        Column("people_from", "text", "where that number is from"),
        Column("variance", "number", "variance that its effect would have", unit="square"),
        Column("effects", "integer", "effects that the analysis has", unit="effects"),
        Column("claimed", "flag", "a claim rests on the analysis"),
        Column("where", "text", "where it should be", required=True),
        Column("source_url", "text", "address of it"),
        Column("tried", "text", "what was tried"),
    ),
)
