"""One sheet of an Excel workbook as rows of text."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from typing import Any

from ketameta.ingest.reader import MAX_ROWS, Row
from ketameta.ingest.text import UnreadableError
from ketameta.ingest.workbook import _parts, cell_text
from ketameta.tables.problems import escaped, shown

_HIDDEN = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br=\"([0-9]{1,7})\"[^>]*?\bhidden=\"(?:1|true)\"")
# so many rows without a cell end a sheet: Excel keeps formats far below the table
_EMPTY = 1000


@dataclass(frozen=True)
class Sheet:
    """The rows of a sheet, and what a person must know of it."""

    rows: list[Row]
    notes: list[str]


def is_workbook(content: bytes) -> bool:
    """Say whether bytes are an Excel workbook."""
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def read_sheet(content: bytes, wanted: str | None) -> Sheet:
    """Return the rows of the sheet named, or of the only one that is filled.

    A formula stands as its text, and a date as a date: neither is a number, and who needs the cell
    says so. Raises `TableError`.
    """
    from ketameta.commands.table import TableError

    try:
        archive = _parts(content)
        with warnings.catch_warnings():
            # features of Excel that are not read, such as drop-downs
            warnings.simplefilter("ignore")
            return _read(content, archive, wanted)
    except UnreadableError as error:
        raise TableError((0, "", str(error))) from None
    except TableError:
        raise
    except Exception as error:  # a damaged part shows itself in many ways
        kind = type(error).__name__
        raise TableError((0, "", f"cannot be read as a workbook ({kind})")) from None


def _read(content: bytes, archive: zipfile.ZipFile, wanted: str | None) -> Sheet:
    from openpyxl import load_workbook

    from ketameta.commands.table import TableError

    book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    filled = {sheet.title: rows for sheet in book.worksheets if (rows := _rows(sheet))}
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    titles = ", ".join(map(shown, filled))
    by_plain = {title.strip().casefold(): title for title in sheets}
    if wanted is not None:
        title = by_plain.get(wanted.strip().casefold())
        if title is None:
            raise TableError((0, "", f"has no sheet {shown(wanted)}; there are: {titles}"))
    elif len(filled) > 1:
        raise TableError((0, "", f"holds {len(filled)} sheets, {titles}; say which with --sheet"))
    else:
        title = next(iter(filled), next(iter(sheets), ""))
    path = sheets[title]._worksheet_path.lstrip("/") if title in sheets else ""
    hidden = {int(n) for n in _HIDDEN.findall(archive.read(path))} if path else set()
    rows = filled.get(title, [])
    found = [str(row.line) for row in rows if row.line in hidden]
    notes = []
    if found:
        which = f"row{'s' if len(found) > 1 else ''} {', '.join(found[:10])}"
        notes.append(f"hidden rows of the sheet are read as well: {escaped(which)}")
    return Sheet(rows, notes)


def _rows(sheet: Any) -> list[Row]:
    """Return the filled rows, each as long as the header."""
    sheet.reset_dimensions()
    rows: list[Row] = []
    width, last = 0, 0
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            width, last = width or len(texts), line
            rows.append(Row(line, 1, texts + [""] * (width - len(texts)), ""))
        if line - last > _EMPTY or len(rows) > MAX_ROWS:
            break
    return rows


def _text(cell: Any) -> str:
    """Return a cell as text; one that shows per cent keeps its sign, so that it is not misread."""
    text, _ = cell_text(cell)
    if isinstance(cell.value, int | float) and "%" in str(cell.number_format or ""):
        return f"{100 * cell.value:.15g}%"
    return text
