"""A workbook to fill or to edit: a sheet a table, with drop-downs, limits, notes and units."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ketameta.ingest.cells import parse_number
from ketameta.ingest.workbook import APART
from ketameta.tables.columns import Column, TableSchema, own_columns
from ketameta.tables.raw import RESULT_TABLES, tables_of
from ketameta.vocabulary import vocabulary

Cells = Mapping[str, str]

ROWS = 2_000
ABOUT = (
    "One sheet a table, one row a record. The first row names the columns: leave it as it is.",
    "Point at a column's name to read what it holds; names in bold must be filled.",
    "Cells with a list offer its words; numbers outside what is possible are refused.",
    "Leave empty what a paper does not give. No formulas, no merged cells, no dates.",
    "A column or a sheet of your own: give it a name that starts with x_, and nothing reads it.",
    "Save the workbook as data/raw/tables.xlsx, in place of the CSV files, and run ketameta check.",
)


def workbook_template(filled: Mapping[str, Sequence[Cells]] | None = None) -> bytes:
    """Return the workbook of all raw tables, empty or with rows of cells by table."""
    return workbook_of(tables_of(RESULT_TABLES if filled is None else filled), filled or {}, ABOUT)


def workbook_of(
    tables: Mapping[str, TableSchema],
    filled: Mapping[str, Sequence[Cells]],
    said: Sequence[str],
    widths: Mapping[str, int] | None = None,
) -> bytes:
    """Return a workbook with a sheet a table and one of what is ``said``, the same bytes each time.

    ``widths`` are those of columns, in letters, that need another than that of their name. What
    Excel would write in another way than it was entered (0.50, 007, =1+1, a date) is text.
    """
    import datetime

    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    # no clock in the file
    book.set_properties({"created": datetime.datetime(2020, 1, 1)})
    styles = {
        True: book.add_format({"bold": True, "bottom": 2, "bg_color": "#DCE6F1"}),
        False: book.add_format({"bottom": 2, "bg_color": "#F2F2F2"}),
    }
    text = book.add_format({"num_format": "@"})
    about = book.add_worksheet(APART[0])
    about.set_column(0, 0, 110)
    for row, line in enumerate(said):
        about.write_string(row, 0, line)
    words = _Lists(book)
    for table in tables.values():
        sheet = book.add_worksheet(table.name)
        rows = filled.get(table.name, ())
        _sheet(sheet, table, styles, text, words, len(rows))
        for at, name in enumerate([*table.names, *own_columns(rows)]):
            if width := (widths or {}).get(name):
                sheet.set_column(at, at, width, text)
        _fill(sheet, table, rows, text)
    words.write()
    book.close()
    return out.getvalue()


class _Lists:
    """The sheet of words that the drop-downs offer, a column a list."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.lists: dict[tuple[str, ...], int] = {}

    def reference(self, words: list[str]) -> str:
        """Return the range of a list of words."""
        from xlsxwriter.utility import xl_range_abs

        column = self.lists.setdefault(tuple(words), len(self.lists))
        return f"={APART[1]}!{xl_range_abs(0, column, len(words) - 1, column)}"

    def write(self) -> None:
        """Write the lists on a sheet of their own, hidden."""
        sheet = self.book.add_worksheet(APART[1])
        for words, column in self.lists.items():
            for row, word in enumerate(words):
                sheet.write_string(row, column, word)
        sheet.hide()


def _fill(sheet: Any, table: TableSchema, rows: Sequence[Cells], text: Any) -> None:
    """Write rows of cells: as numbers where a number says all of it, else as text."""
    own = own_columns(rows)
    numeric = {c.name for c in table.columns if c.kind in ("integer", "number")} | set(own)
    for at, name in enumerate(own, start=len(table.columns)):
        sheet.write_string(0, at, name)
    for line, cells in enumerate(rows, start=1):
        for at, name in enumerate([*table.names, *own]):
            cell = cells.get(name, "")
            if not cell:
                continue
            value = parse_number(cell) if name in numeric else None
            # Excel knows no negative zero
            if value is not None and format(value, ".15g") == cell != "-0":
                sheet.write_number(line, at, value)
            else:
                sheet.write_string(line, at, cell, text)
    if rows:
        # a number kept as text is meant: no green corner
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + ROWS}"})


def _sheet(
    sheet: Any,
    table: TableSchema,
    styles: dict[bool, Any],
    text: Any,
    words: _Lists,
    filled: int = 0,
) -> None:
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(table.columns):
        number = column.kind in ("integer", "number")
        sheet.set_column(at, at, max(10, len(column.name) + 3), None if number else text)
        sheet.write_string(0, at, column.name, styles[column.required])
        size = {"x_scale": 2, "y_scale": 1.2, "author": "ketameta"}
        sheet.write_comment(0, at, column_note(column), size)
        rule = validation(column, words)
        if rule:
            sheet.data_validation(1, at, filled + ROWS, at, rule)


def column_note(column: Column) -> str:
    """Say what a column holds, in which unit, and what is allowed."""
    unit = f"\nUnit: {column.unit}" if column.unit else ""
    return f"{column.description}{unit}\n{column.allowed}"


def validation(column: Column, words: _Lists) -> dict[str, object]:
    """Return what Excel may check while typing; empty where it cannot."""
    message = {
        "error_title": column.name,
        "error_message": column.allowed[:250],
        "ignore_blank": True,
    }
    if column.kind == "word" and column.words:
        known = [*vocabulary().words(column.words), *column.words_also]
        return {"validate": "list", "source": words.reference(known), **message}
    if column.kind in ("integer", "number"):
        kind = "integer" if column.kind == "integer" else "decimal"
        low, high = column.minimum, column.maximum
        ends = {
            "minimum": -1e15 if low is None else low,
            "maximum": 1e15 if high is None else high,
        }
        return {"validate": kind, "criteria": "between", **ends, **message}
    return {}
