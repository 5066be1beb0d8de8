"""Read one delimited file into rows of text, each with the line on which it starts.

What can be read without doubt is read and noted (byte order mark, Windows line ends, non-breaking
spaces); everything else is a Problem. Nothing here knows what the columns mean.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.tables.columns import TableSchema
from ketameta.tables.problems import NOTE, Problem, shown
from ketameta.vocabulary import nearest

MAX_BYTES = 50_000_000
MAX_CELL = 20_000
DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class TextRow:
    """One row as entered: column name -> text without outer white space."""

    line: int
    cells: dict[str, str]


@dataclass
class TextTable:
    """A file as read: its rows, and the problems found on the way."""

    schema: TableSchema
    file: str
    rows: list[TextRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fault(
        self,
        line: int,
        column: str,
        value: str,
        message: str,
        severity: str = "error",
        **about: str,
    ) -> None:
        """Add a problem of this file."""
        self.problems.append(
            Problem(self.file, line, column, value, message, severity, self.schema.name, **about)
        )


def find_file(folder: Path, table: str) -> Path | None:
    """Return the table's file in the folder, CSV before TSV; None where there is none."""
    for ending in DELIMITERS:
        if (path := folder / f"{table}{ending}").is_file():
            return path
    return None


def read_text(path: Path, schema: TableSchema, name: str | None = None) -> TextTable:
    """Read a CSV or TSV file; ``name`` is what messages call it (default: the path as given)."""
    table = TextTable(schema, name or path.as_posix())
    text = _decode(path, table)
    if text is None:
        return table
    reader = csv.reader(_lines(text), delimiter=DELIMITERS[path.suffix], strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if _check_header(header, table):
            _read_rows(reader, header, table)
    except csv.Error as error:
        table.fault(reader.line_num, "", "", f"not readable as a table from here on: {error}")
    return table


def _decode(path: Path, table: TextTable) -> str | None:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            table.fault(0, "", "", f"{size:,} bytes; at most {MAX_BYTES:,} are read")
            return None
        content = path.read_bytes()
    except OSError as error:
        table.fault(0, "", "", f"cannot be read: {error.strerror or error}")
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        table.fault(1, "", "", "is UTF-16; save it as CSV UTF-8")
        return None
    if content.startswith(b"PK\x03\x04"):
        table.fault(1, "", "", "is a workbook or archive, not text; save it as CSV UTF-8")
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
        table.fault(1, "", "", "starts with a byte order mark, which is left out", NOTE)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        table.fault(
            line,
            "",
            repr(content[error.start : error.start + 1]),
            f"byte {error.start} is not UTF-8; save it as CSV UTF-8",
        )
        return None
    if "\0" in text:
        table.fault(text.count("\n", 0, text.index("\0")) + 1, "", "", "holds a NUL character")
        return None
    if "\r" in text:
        table.fault(1, "", "", "has Windows line ends, read as line ends", NOTE)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _lines(text: str) -> Iterator[str]:
    """Split at newlines alone: other separators of Unicode may stand inside a cell."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _check_header(header: list[str], table: TextTable) -> bool:
    known = table.schema.names
    if not any(header):
        table.fault(1, "", "", "is empty; its first line must name the columns: " + ",".join(known))
        return False
    good = True
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            table.fault(1, name, name, f"stands {header.count(name)} times in the header")
            good = False
        if name not in known:
            close = nearest(name, [k for k in known if k not in header])
            hint = f"; nearest: {', '.join(close)}" if close else ""
            table.fault(1, name, name, f"{shown(name)} is not a column of this table{hint}")
            good = False
    needed = [column.name for column in table.schema.columns if not column.optional]
    for name in needed:
        if name not in header:
            table.fault(1, name, "", "the column is missing from the header")
            good = False
    return good


def _read_rows(reader: Iterator[list[str]], header: list[str], table: TextTable) -> None:
    line = 2
    for cells in reader:
        start, line = line, reader.line_num + 1  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            table.fault(start, "", "", f"has {len(cells)} cells; the header has {len(header)}")
            continue
        row = {}
        for name, cell in zip(header, cells, strict=True):
            row[name] = _clean(cell, name, start, table)
        table.rows.append(TextRow(start, row))


def _clean(cell: str, name: str, line: int, table: TextTable) -> str:
    if len(cell) > MAX_CELL:
        table.fault(line, name, cell[:80], f"{len(cell):,} characters; at most {MAX_CELL:,}")
        return ""
    if "\u00a0" in cell or "\u202f" in cell:
        table.fault(line, name, cell, "a non-breaking space is read as a space", NOTE)
        cell = cell.replace("\u00a0", " ").replace("\u202f", " ")
    return cell.strip()
