"""The tables of the report as one Excel workbook, the same bytes for the same tables."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ketameta.configuration import Review
from ketameta.report import about
from ketameta.report.csv_tables import CsvTable, as_text
from ketameta.tables.stages import MADE_KINDS, STAGE_KINDS
from ketameta.tables.table import schema_of

if TYPE_CHECKING:
    from ketameta.report.long_sheet import LongSheet

# sheet -> table and what a reader should know of it
SHEETS = {
    "summary of findings": ("summary_of_findings", "benefits and harms of each comparison"),
    "claims": ("claims", "each claim, what is said of it, and by which analyses"),
    "syntheses": ("syntheses", "one row an analysis: pooled estimate, intervals, heterogeneity"),
    "studies": ("studies", "one row a trial and analysis: its effect and weight"),
    "absolute effects": ("absolute", "of people treated, how many more or fewer have the event"),
    "subgroups": ("subgroups", "each analysis split by what sets its trials apart"),
    "sensitivity": ("sensitivity", "each analysis again under another defensible choice"),
    "certainty": ("certainty", "the certainty of each analysis, domain by domain, and why"),
    "pairs": ("pairs", "the fall of treated and control arms of the same trial"),
    "missing results": ("missing_results", "trials that measured an outcome and give no number"),
    "directions": ("directions", "what is reported of tests that point different ways"),
    "earlier reviews": ("earlier", "what earlier reviews pooled on the same questions"),
    "excluded": ("exclusions", "trials with rows on an outcome that gave no effect, and why"),
    "raw rows used": ("raw_rows", "the rows of data/raw behind the effects, as entered"),
    "dictionary": ("dictionary", "what every column of every table holds, with its unit"),
}
QUESTION = "question"
# tables in which what is asked stands in words behind the name of each analysis
_ASKED = (
    *("summary_of_findings", "claims", "syntheses", "absolute", "subgroups", "sensitivity"),
    "certainty",
)


def workbook(
    shown: Mapping[str, CsvTable],
    questions: Mapping[str, str],
    review: Review,
    version: str,
    data_hash: str,
) -> bytes:
    """Return the workbook as bytes; text cells are text, whatever they start with.

    `questions` gives what each analysis asks in words, which stands beside its name.
    """
    import xlsxwriter

    from ketameta.report.long_sheet import LongSheet

    out = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **plain}) as book:
        # a fixed date: the file's own would change its bytes on every run
        said = {"title": review.title, "author": about.authors(review)}
        book.set_properties({**said, "created": datetime(2000, 1, 1)})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True, "font_size": 14})
        _read_me(book.add_worksheet("read me"), bold, head, review, version, data_hash)
        for sheet, (name, _) in SHEETS.items():
            table = _asked(shown[name], questions) if name in _ASKED else shown[name]
            _fill(book.add_worksheet(sheet, LongSheet), head, name, table)
    return out.getvalue()


def _asked(table: CsvTable, questions: Mapping[str, str]) -> CsvTable:
    """Return a table with what is asked in words behind the name of each analysis."""
    place = table.names.index("analysis") + 1
    asked = [questions.get(str(name or ""), "") for name in table.columns[place - 1]]
    return CsvTable(
        [*table.names[:place], QUESTION, *table.names[place:]],
        [*table.columns[:place], asked, *table.columns[place:]],
    )


def _read_me(
    sheet: Any, bold: Any, head: Any, review: Review, version: str, data_hash: str
) -> None:
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, review.title, bold)
    facts = [
        *((fact.name.lower(), fact.text) for fact in about.facts(review)),
        ("ketameta", version),
        ("data hash", data_hash),
        ("numbers", "in full; the pages round them. Log scale where a column's name ends in _log."),
        ("made by", "make report, from data/raw/; changes made here are lost: edit the raw tables"),
    ]
    for row, (name, text) in enumerate(facts, start=2):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, text)
    start = len(facts) + 3
    sheet.write_string(start, 0, "sheet", head)
    sheet.write_string(start, 1, "what it holds", head)
    for row, (name, (_, text)) in enumerate(SHEETS.items(), start=start + 1):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, text)


def _fill(sheet: LongSheet, head: Any, name: str, table: CsvTable) -> None:
    kind = (MADE_KINDS | STAGE_KINDS["report"]).get(name)
    told = {column.name: column for column in schema_of(kind).columns} if kind else {}
    for column, (title, cells) in enumerate(zip(table.names, table.columns, strict=True)):
        sheet.write_string(0, column, title, head)
        widths = [len(as_text(cell)) for cell in cells[:200]]
        sheet.set_column(column, column, min(max([len(title), *widths]) + 2, 48))
        if about := told.get(title):
            unit = f" ({about.unit})" if about.unit else ""
            sheet.write_comment(0, column, about.description + unit)
    lines = table.lines
    sheet.fill(lines)
    sheet.freeze_panes(1, 2)
    if lines:
        sheet.autofilter(0, 0, len(lines), len(table.names) - 1)
