"""What normalize says of the raw tables as a whole: counts, digests of the trials, warnings."""

from __future__ import annotations

from ketameta.tables.table import Id, Row, col, table


@table("data", "The data as a whole", "all the raw tables together")
class DataRow(Row):
    """All the raw tables together."""

    data_hash: str = col("content id of all cells as entered")
    reports: int = col("trial reports")
    apart: int = col("reports that share no people with a report they are part of")
    people: int | None = col("people randomised in these", unit="people")
    unnumbered: int = col("of these, without a number of people randomised")


@table("digests", "Digests of the trials", "one trial", key=("trial_id",))
class DigestRow(Row):
    """What tells whether a cell of a trial has changed."""

    trial_id: Id = col("trial report")
    digest: str = col("content id of its cells as entered")


@table("counts", "Counts of the data", "one thing that is counted", key=("what", "name"))
class CountRow(Row):
    """One thing that is counted."""

    what: str = col("rows of a table, reports on a population, or arms of a treatment")
    name: str = col("table, population or treatment")
    number: int = col("how many there are")


@table("warnings", "Warnings on the raw tables", "one warning or note on the form of a raw table")
class WarningRow(Row):
    """One warning or note on the form of a raw table."""

    file: str = col("file of data/raw")
    line: int = col("line of the file on which the row starts")
    column: str = col("column, empty for the whole row", blank=True)
    severity: str = col("warning or note")
    message: str = col("what is wrong and what is allowed")
    acknowledged: str = col("why it may stand; empty where nobody has said so", blank=True)
