"""One sheet of an Excel workbook as rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from ketameta.ingest.reader import MAX_ROWS
from ketameta.ingest.rows import Row
from ketameta.ingest.text import UnreadableError
from ketameta.ingest.xlsx import Book, Cell, SheetPart
from ketameta.tables.problems import escaped, shown

_LISTED = 10


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet, and what a person must know of it."""

    rows: list[Row]
    notes: list[str]


def read_sheet(content: bytes, wanted: str | None) -> Sheet:
    """Return the rows of the sheet named, or of the only one that is filled.

    A formula stands as its text, and a date as a date: neither is a number, and who needs the cell
    says so. Raises `UnreadableError`.
    """
    book = Book(content)
    filled = {sheet.title: rows for sheet in book.sheets if (rows := _rows(book, sheet))}
    title = _title(list(filled), wanted)
    notes = []
    for sheet in book.sheets:
        if sheet.title == title and sheet.hidden_rows:
            listed = ", ".join(map(str, sheet.hidden_rows[:_LISTED]))
            which = f"row{'s' if len(sheet.hidden_rows) > 1 else ''} {listed}"
            notes.append(f"hidden rows of the sheet are read as well: {escaped(which)}")
    return Sheet(filled.get(title, []), notes)


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


def _rows(book: Book, sheet: SheetPart) -> list[Row]:
    """Return the filled rows, each as long as the header."""
    rows: list[Row] = []
    width = 0
    for line, cells in book.rows(sheet):
        if len(rows) > MAX_ROWS:
            break
        texts = [""] * (max(cell.column for cell in cells) + 1)
        for cell in cells:
            texts[cell.column] = _text(cell)
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            width = width or len(texts)
            rows.append(Row(line, 1, texts + [""] * (width - len(texts)), ""))
    return rows


def _text(cell: Cell) -> str:
    return cell.formula if cell.kind == "formula" else cell.text
