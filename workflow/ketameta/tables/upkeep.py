"""Tables about the extraction itself, which a project may do without: what was decided of it.

Nothing is pooled from them: results are the same with and without.
"""

from __future__ import annotations

from typing import Any

from ketameta.tables.columns import ADDRESS, Column, TableSchema

_HOURS: dict[str, Any] = dict(unit="h", minimum=0, maximum=100_000, optional=True)

DAY: dict[str, Any] = dict(
    pattern=r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?",
    pattern_meaning="a day, month or year as YYYY-MM-DD, YYYY-MM or YYYY",
)

# stands for an empty cell where a value is asked for
EMPTY = "(empty)"

ACKNOWLEDGED = TableSchema(
    "acknowledged",
    "Acknowledged warnings",
    "one warning that a person has looked at and lets stand",
    (
        Column("code", "text", "name of the check, as printed in brackets", required=True),
        Column("table", "text", "table of the row; empty for any"),
        Column("trial_id", "id", "trial report; empty for a warning of no trial"),
        Column("arm_id", "id", "arm, or treated arm of a contrast; empty for any"),
        Column("outcome", "text", "outcome of the row; empty for any"),
        Column(
            "timepoint_h",
            "number",
            "hours of the row; empty for any",
            unit="h",
            minimum=0,
            maximum=100_000,
        ),
        Column("column", "text", "column of the cell; empty for any"),
        Column("value", "text", "the cell as it stood; another is a new warning; empty for any"),
        Column("reason", "text", "why it may stand", required=True),
        Column("by", "text", "who looked", optional=True),
        Column("date", "text", "when", optional=True),
    ),
)

ADJUDICATION = TableSchema(
    "adjudication",
    "Adjudication",
    "one disagreement of two extractions or one correction, and what was decided",
    (
        Column("id", "id", "name of the line, made of what it is about", required=True),
        Column("table", "text", "table that it is about", required=True),
        Column("trial_id", "text", "trial report; empty for reviews and claims"),
        Column("row", "text", "cells that tell the row apart, with / between", required=True),
        Column("column", "text", "column that differs; empty for a whole row"),
        Column("a", "text", "cell of extraction A, or as it stood; of a row that it has: row"),
        Column("b", "text", "cell of extraction B, or as corrected; of a row that it has: row"),
        Column("place_a", "text", "file and line in extraction A"),
        Column("place_b", "text", "file and line in extraction B"),
        Column("matched", "text", "by what the two rows were taken for the same"),
        Column("likely", "text", "what may have happened, such as digits transposed"),
        Column("analyses", "text", "analyses that it moves, with ; between"),
        Column("shift", "number", "largest move", unit="standard errors", minimum=0),
        Column("flips", "text", "analyses whose verdict or certainty turns, with ; between"),
        Column(
            "decision",
            "word",
            "what was decided; empty while it is open",
            words="adjudications",
        ),
        Column(
            "value",
            "text",
            f"the cell decided, where it is another than A's and B's; {EMPTY} for an empty one",
        ),
        Column("reason", "text", "why; needed where there is a decision"),
        Column("role", "text", "name of the role that decided; needed where there is a decision"),
        Column("date", "text", "when", **DAY),
        Column("source", "text", "DOI, PMID, PMC or registry number of what was looked up"),
        Column("locator", "text", "page, table or figure in the source"),
    ),
    key=("id",),
)

READINGS = TableSchema(
    "readings",
    "Second readings",
    "one row that was extracted a second time, independently",
    (
        Column("table", "text", "table of the row", required=True),
        Column("trial_id", "text", "trial report"),
        Column("row", "text", "cells that tell the row apart, with / between", required=True),
        Column("role", "text", "who extracted it the second time", required=True),
        Column("date", "text", "when", **DAY),
        Column("cells", "integer", "cells that both filled", unit="cells", minimum=0),
        Column("differed", "integer", "of these, cells that differed", unit="cells", minimum=0),
    ),
    key=("table", "row", "role"),
)

AUDITS = TableSchema(
    "audits",
    "Audits",
    "one check of a sample of rows against their sources",
    (
        Column("date", "text", "when", required=True, **DAY),
        Column("role", "text", "who read the sources again", required=True),
        Column("sample", "text", "which rows, and how they were drawn", required=True),
        Column("rows", "integer", "rows in the sample", unit="rows", required=True, minimum=0),
        Column("unreached", "integer", "rows whose source was not reached", unit="rows", minimum=0),
        Column(
            "wrong", "integer", "rows with a wrong number", unit="rows", required=True, minimum=0
        ),
        Column("detail", "integer", "rows with a detail to mend", unit="rows", minimum=0),
        Column("note", "text", "what else was found"),
    ),
)

UNREAD = TableSchema(
    "unread",
    "Not read yet",
    "one report, registration, review or number that could not be read",
    (
        Column("trial_id", "id", "trial report, where it stands in the tables"),
        Column("label", "text", "name of the trial or the review", required=True),
        Column("kind", "word", "what could not be read", required=True, words="unread_kinds"),
        Column("missing", "text", "what is missing", required=True),
        Column("outcomes", "words", "outcomes that it would give", words="outcomes"),
        Column(
            "population",
            "words",
            "disorders treated; empty: that of the trial in the tables, or any",
            words="populations",
            optional=True,
        ),
        Column(
            "comparator_class",
            "words",
            "classes of control; empty: those of the trial in the tables, or any",
            words="comparator_classes",
            optional=True,
        ),
        Column(
            "hour_low",
            "number",
            "first hour from the first dose that it would tell of; both empty: those at which "
            "the tables have results of the trial, or any",
            **_HOURS,
        ),
        Column("hour_high", "number", "last such hour; empty: no end", **_HOURS),
        Column("n", "integer", "people randomised, where known", unit="people", minimum=0),
        Column("where", "text", "where it should be", required=True),
        Column("source_url", "text", "address of it", **ADDRESS),
        Column("tried", "text", "what was tried"),
    ),
    key=("label", "kind", "missing"),
)
