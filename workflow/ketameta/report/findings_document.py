"""The summary of findings as a Word document, from the rows that page and CSV show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ketameta.configuration import Review, Summary
from ketameta.report import about
from ketameta.report.docx import DocxTable, Paragraph, docx
from ketameta.report.summary_of_findings import (
    COLUMNS,
    comparisons,
    how_to_read,
    people_and_trials,
    reasons_by_number,
)
from ketameta.tables.verdicts import SummaryOfFindingsRow

_WIDTHS = (2.2, 1.7, 2.2, 2, 1.3, 1.5, 4)


def findings_document(
    review: Review, summaries: Sequence[Summary], rows: Sequence[SummaryOfFindingsRow], cited: str
) -> bytes:
    """Return the document: what the review is, a table a comparison with its notes, how to cite."""
    title = "Summary of findings"
    blocks: list[Paragraph | DocxTable] = [Paragraph(title, "Title"), Paragraph(review.title)]
    blocks += [Paragraph(text, "Small") for text in (about.in_short(review), how_to_read(rows))]
    for summary, own in comparisons(summaries, rows):
        blocks += _comparison(summary, own)
    blocks.append(Paragraph(cited, "Small"))
    return docx(f"{title}: {review.title}", about.authors(review), blocks)


def _comparison(
    summary: Summary, rows: Sequence[SummaryOfFindingsRow]
) -> Iterator[Paragraph | DocxTable]:
    yield Paragraph(summary.title, "Heading1")
    yield Paragraph(
        f"People: {summary.population}. Treatment: {summary.treatment}. "
        f"Compared with: {summary.control}."
    )
    yield DocxTable([*COLUMNS], [[*_cells(row)] for row in rows], _WIDTHS)
    for number, text in enumerate(reasons_by_number(rows), start=1):
        yield Paragraph(f"{number}. {text}", "Small")


def _cells(row: SummaryOfFindingsRow) -> Iterator[Paragraph]:
    for column in COLUMNS.values():
        text = people_and_trials(row) if column == "people" else str(getattr(row, column))
        raised = " ".join(row.notes) if column == "certainty" else ""
        yield Paragraph(text, "Cell", raised)
