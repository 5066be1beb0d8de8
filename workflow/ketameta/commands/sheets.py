"""One sheet of an Excel workbook as rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.ingest.reader import MAX_ROWS
from ketameta.ingest.rows import DelimitedRow
from ketameta.ingest.text import UnreadableError
from ketameta.ingest.xlsx import Book, SheetPart
from ketameta.tables.problems import escaped, shown

_LISTED = 10


@dataclass(frozen=True)
class SheetRows:
    """The rows of a sheet, and what a person must know of it."""

    rows: list[DelimitedRow]
    notes: list[str]


def read_sheet(content: bytes, wanted: str | None) -> SheetRows:
    """Return the rows of the sheet named, or of the only one that is filled.

    A formula stands as the value last computed, or as its text where it never was; a date and a per
    cent as they are shown: no numbers for those who need one. Raises `UnreadableError`.
    """
    book = Book(content)
    read = {sheet.title: _rows(book, sheet) for sheet in book.sheets}
    title = _title([title for title, (rows, _) in read.items() if rows], wanted)
    rows, formulas = read.get(title, ([], 0))
    several = f"{formulas} formulas are" if formulas > 1 else "a formula is"
    notes = [f"{several} read by the value last computed"] * bool(formulas)
    for sheet in book.sheets:
        if sheet.title == title and sheet.hidden_rows:
            listed = ", ".join(map(str, sheet.hidden_rows[:_LISTED]))
            which = f"row{'s' if len(sheet.hidden_rows) > 1 else ''} {listed}"
            notes.append(f"hidden rows of the sheet are read as well: {escaped(which)}")
        if sheet.title == title and (names := _hidden(sheet, rows)):
            listed = ", ".join(map(shown, names[:_LISTED]))
            notes.append(f"hidden columns of the sheet are read as well: {listed}")
    return SheetRows(rows, notes)


def _hidden(sheet: SheetPart, rows: list[DelimitedRow]) -> list[str]:
    """Return the headings of the hidden columns."""
    header = rows[0].cells if rows and isinstance(rows[0].cells, list) else []
    return [
        cell
        for i, cell in enumerate(header)
        if cell.strip() and any(low <= i <= high for low, high in sheet.hidden_columns)
    ]


def _title(titles: list[str], wanted: str | None) -> str:
    """Return the title of the sheet to read; empty where none is filled."""
    listed = ", ".join(map(shown, titles))
    if wanted is not None:
        plain = wanted.strip().casefold()
        found = [title for title in titles if title.strip().casefold() == plain]
        if not found:
            raise UnreadableError(f"has no sheet {shown(wanted)}; there are: {listed}")
        return found[0]
    if len(titles) > 1:
        raise UnreadableError(f"holds {len(titles)} sheets, {listed}; say which with --sheet")
    return titles[0] if titles else ""


def _rows(book: Book, sheet: SheetPart) -> tuple[list[DelimitedRow], int]:
    """Return the filled rows, each as long as the header, and how many formulas have a value."""
    rows: list[DelimitedRow] = []
    width = formulas = 0
    for line, cells in book.rows(sheet):
        if len(rows) > MAX_ROWS:
            break
        texts = [""] * (max(cell.column for cell in cells) + 1)
        for cell in cells:
            texts[cell.column] = cell.text or cell.formula
            formulas += bool(cell.text and cell.formula)
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            width = width or len(texts)
            rows.append(DelimitedRow(line, 1, texts + [""] * (width - len(texts)), ""))
    return rows, formulas
