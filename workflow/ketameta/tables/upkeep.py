"""Tables about the extraction itself, which a project may do without: what was decided of it.

Nothing is pooled from them: results are the same with and without.
"""

from __future__ import annotations

from ketameta.tables.columns import ADDRESS, Range
from ketameta.tables.parts import DAY, HOURS, Placed
from ketameta.tables.table import Id, Words, col, entered_schema, table

# stands for an empty cell where a value is asked for
EMPTY = "(empty)"


@table("acknowledged", "Acknowledged warnings")
class AcknowledgedRow(Placed):
    """One warning that a person has looked at and lets stand."""

    code: str = col("name of the check, as printed in brackets")
    table: str | None = col("table of the row; empty for any")
    trial_id: Id | None = col("trial report; empty for a warning of no trial")
    arm_id: Id | None = col("arm, or treated arm of a contrast; empty for any")
    outcome: str | None = col("outcome of the row; empty for any")
    timepoint_h: float | None = col("hours of the row; empty for any", HOURS)
    column: str | None = col("column of the cell; empty for any")
    value: str | None = col("the cell as it stood; another is a new warning; empty for any")
    reason: str = col("why it may stand")
    by: str | None = col("who looked", optional=True)
    date: str | None = col("when", optional=True)


@table("adjudication", "Adjudication", key=("id",))
class AdjudicationRow(Placed):
    """One disagreement of two extractions or one correction, and what was decided."""

    id: Id = col("name of the line, made of what it is about")
    table: str = col("table that it is about")
    trial_id: str | None = col("trial report; empty for reviews and claims")
    row: str = col("cells that tell the row apart, with / between")
    column: str | None = col("column that differs; empty for a whole row")
    a: str | None = col("cell of extraction A, or as it stood; of a row that it has: row")
    b: str | None = col("cell of extraction B, or as corrected; of a row that it has: row")
    place_a: str | None = col("file and line in extraction A")
    place_b: str | None = col("file and line in extraction B")
    matched: str | None = col("by what the two rows were taken for the same")
    likely: str | None = col("what may have happened, such as digits transposed")
    analyses: str | None = col("analyses that it moves, with ; between")
    shift: float | None = col("largest move", Range("standard errors", minimum=0))
    flips: str | None = col("analyses whose verdict or certainty turns, with ; between")
    decision: str | None = col("what was decided; empty while it is open", words="adjudications")
    value: str | None = col(
        "the cell decided, where it is another than A's and B's; (empty) for an empty one"
    )
    reason: str | None = col("why; needed where there is a decision")
    role: str | None = col("name of the role that decided; needed where there is a decision")
    date: str | None = col("when", form=DAY)
    source: str | None = col("DOI, PMID, PMC or registry number of what was looked up")
    locator: str | None = col("page, table or figure in the source")


@table("readings", "Second readings", key=("table", "row", "role"))
class ReadingRow(Placed):
    """One row that was extracted a second time, independently."""

    table: str = col("table of the row")
    trial_id: str | None = col("trial report")
    row: str = col("cells that tell the row apart, with / between")
    role: str = col("who extracted it the second time")
    date: str | None = col("when", form=DAY)
    cells: int | None = col("cells that both filled", Range("cells", minimum=0))
    differed: int | None = col("of these, cells that differed", Range("cells", minimum=0))


@table("audits", "Audits")
class AuditRow(Placed):
    """One check of a sample of rows against their sources."""

    date: str = col("when", form=DAY)
    role: str = col("who read the sources again")
    sample: str = col("which rows, and how they were drawn")
    rows: int = col("rows in the sample", Range("rows", minimum=0))
    unreached: int | None = col("rows whose source was not reached", Range("rows", minimum=0))
    wrong: int = col("rows with a wrong number", Range("rows", minimum=0))
    detail: int | None = col("rows with a detail to mend", Range("rows", minimum=0))
    note: str | None = col("what else was found")


@table("unread", "Not read yet", key=("label", "kind", "missing"))
class UnreadRow(Placed):
    """One report, registration, review or number that could not be read."""

    trial_id: Id | None = col("trial report, where it stands in the tables")
    label: str = col("name of the trial or the review")
    kind: str = col("what could not be read", words="unread_kinds")
    missing: str = col("what is missing")
    outcomes: Words | None = col("outcomes that it would give", words="outcomes")
    population: Words | None = col(
        "populations treated; empty: that of the trial in the tables, or any",
        words="populations",
        optional=True,
    )
    comparator_class: Words | None = col(
        "classes of control; empty: those of the trial in the tables, or any",
        words="comparator_classes",
        optional=True,
    )
    hour_low: float | None = col(
        "first hour from the start of treatment that it would tell of; both empty: those at "
        "which the tables have results of the trial, or any",
        HOURS,
        optional=True,
    )
    hour_high: float | None = col("last such hour; empty: no end", HOURS, optional=True)
    n: int | None = col("people randomised, where known", Range("people", minimum=0))
    where: str = col("where it should be")
    source_url: str | None = col("address of it", form=ADDRESS)
    tried: str | None = col("what was tried")


ADJUDICATION = entered_schema(AdjudicationRow)
READINGS = entered_schema(ReadingRow)
