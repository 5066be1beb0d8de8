"""A file with one row a study, as text: CSV, TSV, semicolons, a sheet of a workbook, a pipe."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.commands.names import bare_name, is_known
from ketameta.ingest.rows import DelimitedRow, split_rows
from ketameta.ingest.text import MAX_BYTES, UnreadableError, decode, file_content
from ketameta.tables.problems import escaped

_DELIMITERS = (",", "\t", ";", "|")
# Excel's own hint on the first line of a CSV file
_SEP = re.compile(r'"?sep=(.)"?\s*(?:\n|$)', re.IGNORECASE)
STANDARD_INPUT = "-"
_PARQUET = b"PAR1"
# rows among which a header may stand below a title
_TITLES = 20


class TableError(Exception):
    """The file cannot be pooled; ``faults`` say why, as (line or 0, column or "", message)."""

    def __init__(self, *faults: tuple[int, str, str]) -> None:
        super().__init__("; ".join(message for _, _, message in faults))
        self.faults = faults

    def lines(self, file: Path | str) -> list[str]:
        """Return a line for each fault, with its place in the file, safe to print."""
        found = []
        for line, column, message in self.faults:
            place = f"{file}:{line}" if line else f"{file}"
            about = f" column {column}" if column else ""
            found.append(escaped(f"{place}{about}: {message}"))
        return found


@dataclass(frozen=True)
class Table:
    """The cells of a file as entered: a header, and rows of the same length with their lines."""

    header: list[str]
    lines: list[int]
    rows: list[list[str]]
    header_line: int = 1
    notes: list[str] = field(default_factory=list)

    def column(self, at: int) -> list[str]:
        """Return the cells of a column, without outer white space."""
        return [row[at].strip() for row in self.rows]

    def place(self, name: str) -> int | None:
        """Return the first column of a name, whatever its case, points and blanks."""
        exact = (i for i, other in enumerate(self.header) if other == name)
        near = (i for i, other in enumerate(self.header) if bare_name(other) == bare_name(name))
        return next(exact, next(near, None)) if bare_name(name) else None

    def keep(self, which: Sequence[int]) -> Table:
        """Return the table with some of its rows."""
        lines, rows = [self.lines[i] for i in which], [self.rows[i] for i in which]
        return Table(self.header, lines, rows, self.header_line, self.notes)


def bytes_or_input(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for ``-``; raises `TableError`."""
    try:
        if str(path) != STANDARD_INPUT:
            return file_content(path, regular=False)
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise UnreadableError(f"holds more than {MAX_BYTES:,} bytes")
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None
    return content


def cells_of_file(content: bytes, sheet: str | None = None) -> Table:
    """Read the cells of a file; ``sheet`` names the one of a workbook.

    Raises `TableError` with every fault of form: no text, no header, rows of another length.
    """
    try:
        if content.startswith(b"PK"):
            from ketameta.commands.sheets import read_sheet

            found = read_sheet(content, sheet)
            return _table(found.rows, found.notes)
        if content.startswith(_PARQUET) and sheet is None:
            return _of_parquet(content)
        if sheet is not None:
            raise UnreadableError("is no workbook (.xlsx), so it has no sheets")
        text = decode(content)
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None
    if text.foreign:
        line = text.content[: text.content.index("\ufffd")].count("\n") + 1
        raise TableError((line, "", f"{text.foreign}; save the file as UTF-8"))
    plain = text.content
    if hint := _SEP.match(plain):
        # the line stays, empty, so that the others keep their numbers
        plain = "\n" + plain[hint.end() :]
    return _table(split_rows(plain, hint[1] if hint else _delimiter(plain)), [])


def _of_parquet(content: bytes) -> Table:
    """Return the cells of a Parquet file as text that says the same; its first row is line 2."""
    from ketameta.storage import parquet_table

    try:
        found = parquet_table(content)
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UnreadableError(f"is no Parquet file that can be read: {reason}") from None
    columns = [map(_text, found.column(i).to_pylist()) for i in range(found.num_columns)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    header = [name.strip() for name in found.column_names]
    return Table(header, list(range(2, len(rows) + 2)), rows)


def _text(cell: object) -> str:
    absent = cell is None or (isinstance(cell, float) and math.isnan(cell))
    return "" if absent else str(cell)


def _table(rows: Iterable[DelimitedRow], notes: list[str]) -> Table:
    filled = [row for row in rows if _filled(row)]
    first = filled[0] if filled else DelimitedRow(1, 1, [], "")
    if isinstance(first.cells, str):
        raise TableError((first.line, "", first.cells))
    header = [cell.strip() for cell in first.cells]
    if not any(header):
        raise TableError((0, "", "is empty"))
    if not any(map(is_known, header)) and (line := _header_below(filled[1:_TITLES])):
        message = (
            f"is no header; the names of the columns stand in line {line}: delete what is above"
        )
        raise TableError((first.line, "", message))
    broken = [fault for row in filled[1:] if (fault := _broken(row, header))]
    if broken:
        raise TableError(*broken)
    cells = [(row.line, row.cells) for row in filled[1:] if isinstance(row.cells, list)]
    return Table(header, [n for n, _ in cells], [c for _, c in cells], first.line, notes)


def _delimiter(text: str) -> str:
    """Return the mark that makes most known names of the first line."""
    first = text.lstrip("\n").partition("\n")[0]
    return max(
        _DELIMITERS,
        key=lambda mark: sum(is_known(part.strip(' "')) for part in first.split(mark)),
    )


def _header_below(rows: Sequence[DelimitedRow]) -> int:
    """Return the first line in which most cells are names of columns; 0 where none is."""
    for row in rows:
        cells = [cell for cell in row.cells if cell.strip()] if isinstance(row.cells, list) else []
        if len(cells) > 1 and 2 * sum(is_known(cell.strip()) for cell in cells) > len(cells):
            return row.line
    return 0


def _filled(row: DelimitedRow) -> bool:
    return isinstance(row.cells, str) or any(cell.strip() for cell in row.cells)


def _broken(row: DelimitedRow, header: list[str]) -> tuple[int, str, str] | None:
    if isinstance(row.cells, str):
        return row.line, "", row.cells
    if len(row.cells) != len(header):
        return row.line, "", f"has {len(row.cells)} cells; the header has {len(header)}"
    return None
