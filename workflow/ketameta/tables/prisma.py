"""What the reporting lists are told: the flow from records to analyses, and each item judged."""

from __future__ import annotations

from ketameta.tables.parts import JudgedItem
from ketameta.tables.table import Row, col, table


@table("prisma_flow", "Flow from records to analyses", key=("analysis", "box", "item"))
class PrismaFlowRow(Row):
    """One number of the flow from records found to the trial reports in an analysis."""

    analysis: str = col("analysis of the configuration; empty for the whole review", blank=True)
    box: str = col("what is counted")
    item: str = col(
        "source, or reason for leaving out; empty where there is one number", blank=True
    )
    number: int | None = col("how many there are; empty where it is not recorded")
    unit: str = col("what is counted: records, reports, studies or people")


@table("prisma_checklist", "Items of PRISMA", key=("checklist", "item", "asks"))
class PrismaItemRow(JudgedItem):
    """One item of PRISMA 2020 or of its extension for living reviews."""


@table("mecir", "Items of MECIR", key=("checklist", "item"))
class MecirItemRow(JudgedItem):
    """One standard of MECIR that a program can judge."""

    weight: str = col("mandatory or highly desirable")
