"""Read an Excel workbook with one sheet a table into rows of text, as a CSV file is read.

A workbook is untrusted: it is unpacked within bounds, and what a table has no use for (formulas,
merged cells, macros, links to other files) is refused with its place. Numbers are read with the
15 digits that Excel keeps; a date is never a number.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ketameta.ingest.reader import Row, TextTable, read_rows
from ketameta.ingest.text import UnreadableError, load
from ketameta.tables.problems import Problem, shown
from ketameta.tables.raw import RAW_TABLES
from ketameta.vocabulary import nearest

WORKBOOK = "tables.xlsx"
# sheets of the template that hold no table
APART = ("about", "lists")
MAX_UNPACKED = 100_000_000
MAX_PARTS = 2_000

_REFUSED = (
    (r"xl/externalLinks/", "links to other workbooks; paste their values"),
    (r"xl/vbaProject", "holds macros; save it as .xlsx without them"),
    (r"xl/(connections\.xml|queryTables/)", "is linked to data from outside; paste the values"),
    (r"EncryptedPackage", "is protected by a password"),
)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}[0-9]{1,7}(?::[A-Z0-9]+)?)\"")


def read_workbook(path: Path) -> tuple[dict[str, TextTable], list[Problem]]:
    """Return the table of each sheet, and the problems of the workbook as a whole.

    Rows are named by the workbook, the sheet in brackets and the row: ``tables.xlsx[arms]:7``.
    """
    try:
        return workbook_tables(path.as_posix(), load(path))
    except UnreadableError as error:
        return {}, [Problem(path.as_posix(), 0, "", "", str(error))]


def workbook_tables(file: str, content: bytes) -> tuple[dict[str, TextTable], list[Problem]]:
    """Return what `read_workbook` returns, of the bytes of a workbook; ``file`` names it."""
    try:
        return _sheets(file, content, _parts(content))
    except UnreadableError as error:
        return {}, [Problem(file, 0, "", "", str(error))]
    except Exception as error:  # a damaged part shows itself in many ways
        kind = type(error).__name__
        return {}, [Problem(file, 0, "", "", f"cannot be read as a workbook ({kind})")]


def _parts(content: bytes) -> zipfile.ZipFile:
    """Open the archive; raises `UnreadableError` where it is none, or one that must not be read."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("is a workbook of old Excel, or protected; save it as .xlsx")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise UnreadableError("is not a workbook (.xlsx)") from None
    size = sum(info.file_size for info in infos)
    if size > MAX_UNPACKED or len(infos) > MAX_PARTS:
        raise UnreadableError(
            f"unpacks to {size:,} bytes in {len(infos):,} parts; at most {MAX_UNPACKED:,} bytes in "
            f"{MAX_PARTS:,} parts are read"
        )
    names = [info.filename for info in infos]
    for pattern, message in _REFUSED:
        if any(re.match(pattern, name) for name in names):
            raise UnreadableError(message)
    if any(info.flag_bits & 1 for info in infos):
        raise UnreadableError("is protected by a password")
    for name in names:
        if name.endswith((".xml", ".rels")):
            text = archive.read(name).replace(b"\0", b"")
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                raise UnreadableError("holds definitions of XML entities, which no workbook needs")
    return archive


def _sheets(
    file: str, content: bytes, archive: zipfile.ZipFile
) -> tuple[dict[str, TextTable], list[Problem]]:
    from openpyxl import load_workbook

    problems: list[Problem] = []
    tables: dict[str, TextTable] = {}
    with warnings.catch_warnings():
        # features of Excel that are not read, such as drop-downs
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        found = {sheet.title: sheet for sheet in book.worksheets}
        for title in found:
            if title not in RAW_TABLES and title not in APART:
                close = nearest(title[:80], list(RAW_TABLES), 1)
                hint = f"; nearest: {close[0]}" if close else ""
                message = f"the sheet {shown(title)} is none of the tables{hint}"
                problems.append(Problem(file, 0, "", "", message))
        for name in RAW_TABLES:
            if name in found:
                merged = _merged(archive, found[name])
                tables[name] = _table(f"{file}[{name}]", name, found[name], merged)
            else:
                message = f"the sheet {name} is missing"
                problems.append(Problem(file, 0, "", "", message, table=name))
    return tables, problems


def _merged(archive: zipfile.ZipFile, sheet: Any) -> list[str]:
    # read-only sheets of openpyxl do not tell
    content = archive.read(sheet._worksheet_path.lstrip("/"))
    return [match.decode() for match in _MERGED.findall(content)]


def _table(file: str, name: str, sheet: Any, merged: list[str]) -> TextTable:
    table = TextTable(RAW_TABLES[name], file)
    faults: list[tuple[int, int, str, str]] = []
    header: list[str] = []
    read_rows(table, _rows(sheet, faults, header))
    for place in merged:
        faults.append((*_place(place), "", f"the cells {place} are merged; unmerge and fill each"))
    rows = {row.line: row for row in table.rows}
    for line, at, value, message in sorted(faults):
        column = header[at] if at < len(header) else ""
        known = column if column in table.schema.names else ""
        table.fault(line, known, value, message if known else f"column {at + 1} {message}")
        if line in rows and known:
            rows[line].bad.add(known)
    return table


def _place(reference: str) -> tuple[int, int]:
    """Return row and zero-based column of the first cell of a range such as B2:C3."""
    letters, digits = re.match(r"([A-Z]+)([0-9]+)", reference).groups()  # type: ignore[union-attr]
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(digits), column - 1


def _rows(sheet: Any, faults: list[tuple[int, int, str, str]], header: list[str]) -> Iterator[Row]:
    """Yield the rows as text; ``faults`` takes (row, column, value, message) of refused cells."""
    sheet.reset_dimensions()
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        texts = []
        for at, cell in enumerate(cells):
            text, fault = cell_text(cell)
            if fault:
                faults.append((line, at, text, fault))
            texts.append("" if fault else text)
        while texts and not texts[-1]:
            texts.pop()
        if line == 1:
            header.extend(text.strip() for text in texts)
        elif not texts and not any(fault[0] == line for fault in faults[-len(cells) :]):
            continue
        texts += [""] * (len(header) - len(texts))
        yield Row(line, 1, texts, ",".join(texts)[:20_000])


def cell_text(cell: Any) -> tuple[str, str]:
    """Return a cell as it would stand in a CSV file, and why it is refused (mostly empty)."""
    import datetime

    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return str(value)[:80], "holds a formula; paste its value"
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return str(value), f"is a date or time ({value}); format the cell as text or number"
    if isinstance(value, bool):
        return str(value).upper(), ""
    if isinstance(value, int | float):
        return format(value, ".15g"), ""
    return str(value), ""
