"""Read one delimited file into rows of text, each with the line on which it starts.

What can be read without doubt is read and noted (non-breaking spaces, semicolons for commas,
columns without name and content); everything else is a Problem, and reading goes on, so that one
pass finds all. Nothing here knows what the columns mean.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

from ketameta.ingest.plain import read_decimals, read_percents
from ketameta.ingest.rows import MAX_CELL, RUNS_ON, DelimitedRow, TextRow, TextTable, split_rows
from ketameta.ingest.text import FileText, UnreadableError, decode, file_content
from ketameta.tables.columns import OWN, TableSchema, is_own
from ketameta.tables.problems import NOTE, WARNING, also, shown
from ketameta.vocabulary import nearest

MAX_ROWS = 250_000
MAX_BROKEN = 500
MAX_UNKNOWN = 20
DELIMITERS = {".csv": ",", ".tsv": "\t"}
_SEPARATORS = {
    ",": "commas",
    "\t": "tabs",
    ";": "semicolons",
    "|": "bars",
    "": "cells of their own",
}
# the first line by which Excel is told what stands between the cells
_SEP = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*', re.IGNORECASE)
_SPACES = dict.fromkeys((0xA0, 0x202F, 0x2007, 0x2009, *range(0x2002, 0x2007), 0x2008, 0x200A), " ")
_INVISIBLE = dict.fromkeys(
    (0x200B, 0x2060, 0xFEFF, 0xAD, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
_ODD = re.compile(f"[{''.join(map(chr, (*_SPACES, *_INVISIBLE)))}]")
# those that XML cannot hold among them
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_MANY = 1_000_000
_CONFLICT = re.compile(r"<{7} |={7}$|>{7} |\|{7} ")


def read_text(path: Path, schema: TableSchema, content: bytes | None = None) -> TextTable:
    """Read a CSV or TSV file; ``content`` are its bytes where they are read already."""
    table = TextTable(schema, path.as_posix())
    try:
        text = decode(file_content(path) if content is None else content)
    except UnreadableError as error:
        table.fault(error.line, "", "", str(error))
        return table
    delimiter, told = separator(path, text.content, schema)
    rows = split_rows(text.content, delimiter)
    notes = []
    if told:
        next(rows)
        notes.append("the line sep= is left out")
    if delimiter != DELIMITERS.get(path.suffix.lower(), ","):
        notes.append(f"{_SEPARATORS[delimiter]} are read as what stands between cells")
    read_rows(table, rows, delimiter, replace(text, notes=(*text.notes, *notes)))
    if delimiter == ";":
        read_decimals(table)
    return table


def separator(path: Path, text: str, schema: TableSchema) -> tuple[str, bool]:
    """Return what stands between the cells of a file, and whether a line above the header says."""
    if sep := _SEP.fullmatch(text.partition("\n")[0]):
        return sep[1], True
    return _delimiter(text, schema, DELIMITERS.get(path.suffix.lower(), ",")), False


def _delimiter(text: str, schema: TableSchema, usual: str) -> str:
    """Return a semicolon where the first line has its names between semicolons, else the usual."""
    first = text.lstrip("\n").partition("\n")[0]
    known = [
        len({part.strip(' "') for part in first.split(mark)} & set(schema.names))
        for mark in (usual, ";")
    ]
    return ";" if known[1] > max(1, known[0]) else usual


def read_rows(
    table: TextTable,
    rows: Iterator[DelimitedRow],
    delimiter: str = ",",
    text: FileText | None = None,
) -> TextTable:
    """Read a table from its rows, the header first; ``text`` is the file that they come from.

    ``delimiter`` stands between the cells; empty where they are those of a sheet.
    """
    text = text or FileText("")
    cells, header = _Cells(table, text), _Header(table, delimiter)
    if header.take(next(rows, DelimitedRow(1, 1, [], ""))):
        table.readable = True
        for note in text.notes:
            table.fault(1, "", "", note, NOTE)
        _read_rows(rows, header, cells)
        header.close()
        cells.close()
        read_percents(table)
    return table


class _Header:
    """The first row: which column stands where."""

    def __init__(self, table: TextTable, delimiter: str) -> None:
        self.table, self.delimiter = table, delimiter
        self.places: dict[str, int] = {}
        self.own: list[str] = []
        self.line = 1
        self.width = 0
        self.nameless: list[int] = []
        self.filled: dict[int, int] = {}

    def take(self, row: DelimitedRow) -> bool:
        """Find the columns; False where the row names none, so that nothing can be read."""
        table, known = self.table, self.table.schema.names
        self.line = row.line
        if isinstance(row.cells, str):
            table.fault(row.line, "", "", row.cells)
            return False
        header = [cell.translate(_SPACES).translate(_INVISIBLE).strip() for cell in row.cells]
        if table.schema.foreign:
            header = [table.schema.own_name(name) for name in header]
        self.width = len(header)
        if not any(header):
            table.fault(self.line, "", "", f"is empty; its first line must be {self._wanted()}")
            return False
        if not set(known) & set(header):
            table.fault(self.line, "", header[0], self._no_names(row.text))
            return False
        self.nameless = [i for i, name in enumerate(header) if not name]
        if not table.schema.foreign:
            self.own = [name for name in dict.fromkeys(header) if is_own(name)]
        for name, count in Counter(filter(None, header)).items():
            if name in known or name in self.own:
                self.places[name] = header.index(name)
                if count > 1:
                    del self.places[name]
                    table.fault(self.line, name, name, f"stands {count} times in the header")
        self._unknown(header)
        table.missing = set(known) - set(self.places)
        return True

    def _wanted(self) -> str:
        return (self.delimiter or ",").join(self.table.schema.names)

    def _no_names(self, first: str) -> str:
        known = set(self.table.schema.names)
        for other, name in _SEPARATORS.items():
            names = {part.strip(' "') for part in first.split(other)} if other else set()
            if other != self.delimiter and len(names & known) > 1:
                way = ", or a name that ends in .tsv" if other == "\t" else ""
                needed = _SEPARATORS[self.delimiter]
                return f"has {name} between its cells; {needed} are needed{way}"
        return f"the first line names no column of this table; it must be {self._wanted()}"

    def _unknown(self, header: list[str]) -> None:
        """Fault unknown and missing names; one that looks like a missing one stands for it."""
        table = self.table
        absent = [name for name in table.schema.names if name not in header]
        unknown = [
            name
            for name in dict.fromkeys(filter(None, header))
            if name not in table.schema.names and name not in self.own
        ]
        if table.schema.foreign:
            unknown = [name for name in unknown if nearest(name[:80], absent)]
        if len(unknown) > MAX_UNKNOWN:
            message = f"has {len(unknown):,} columns that this table does not know"
            table.fault(self.line, "", "", message)
        for name in unknown[:MAX_UNKNOWN]:
            close = nearest(name[:80], absent) or nearest(name[:80], table.schema.names)
            hint = f"; nearest: {', '.join(close)}" if close else ""
            if not table.schema.foreign:
                hint += f"; the name of a column of your own starts with {OWN}"
            table.fault(self.line, name, name, f"{shown(name)} is not a column of this table{hint}")
            likeness = SequenceMatcher(None, name.lower(), close[0]).ratio() if close else 0
            if likeness >= 0.7 and close[0] in absent:
                absent.remove(close[0])
        for name in absent:
            if not table.schema[name].optional:
                table.fault(self.line, name, "", "the column is missing from the header")

    def take_apart(self, cells: list[str], line: int) -> dict[str, str]:
        """Return the cells by column."""
        for i in self.nameless:
            if cells[i].strip():
                self.filled.setdefault(i, line)
        return {name: cells[i] for name, i in self.places.items()}

    def close(self) -> None:
        """Say what became of columns without a name."""
        for i, line in self.filled.items():
            self.table.fault(
                self.line, "", "", f"column {i + 1} has no name, but cells (line {line})"
            )
        if self.nameless and not self.filled:
            count = f"{len(self.nameless)} column{'s' if len(self.nameless) > 1 else ''}"
            self.table.fault(self.line, "", "", f"{count} without name or content left out", NOTE)
        if own := [name for name in self.own if name in self.places]:
            several = "columns" if len(own) > 1 else "column"
            message = f"left out, as {several} of your own: {', '.join(own)}"
            self.table.fault(self.line, "", "", message[:500], NOTE)


def _read_rows(rows: Iterator[DelimitedRow], header: _Header, cells: _Cells) -> None:
    """Read the rows below the header; rows that follow a broken one may be its relics."""
    table, width = header.table, header.width
    conflict = False
    relics = 0  # so many broken rows from here on may belong to the one above
    short = 0  # cells of the row before where it had too few: this one may be its other half
    for row in rows:
        if len(table.rows) >= MAX_ROWS or len(table.broken) >= MAX_BROKEN:
            many = f"{len(table.rows):,} rows and {len(table.broken):,} broken ones"
            table.fault(row.line, "", "", f"after {many}, the table is not read on from here")
            table.whole = False
            return
        if isinstance(row.cells, str):
            if relics < 2:
                table.fault(row.line, "", "", row.cells)
                relics = _MANY if row.lines > 1 or row.cells == RUNS_ON else 1
            short = 0
            table.broken.append(row.text)
        elif row.cells and _CONFLICT.match(row.cells[0]):
            if not conflict:
                table.fault(row.line, "", "", "a merge conflict of Git is left in the table")
            conflict, table.whole = True, False
        elif not any(cell.strip() for cell in row.cells):
            continue
        elif len(row.cells) != width:
            other_half = short > 0 and short + len(row.cells) == width + 1
            if not relics and not other_half:
                table.fault(row.line, "", "", _ragged(row.cells, header))
            relics = max(0, relics - 1)
            short = len(row.cells) if len(row.cells) < width and not other_half else 0
            table.broken.append(row.text)
        elif row.lines > 1 and _swallows(row.cells, header):
            message = f"a cell takes {row.lines} lines, commas and all; is a quote not closed?"
            table.fault(row.line, "", "", message)
            table.broken.append(row.text)
        else:
            relics = short = 0
            clean = cells.clean(row.line, header.take_apart(row.cells, row.line))
            clean.own = {name: clean.cells.pop(name) for name in header.own if name in clean.cells}
            table.rows.append(clean)


def _swallows(cells: list[str], header: _Header) -> bool:
    """Say whether a cell holds rows: from a column of one to the same column of another."""
    return any(
        cell.count(header.delimiter) == cell.count("\n") * (header.width - 1)
        for cell in cells
        if "\n" in cell and header.width > 1
    )


def _ragged(cells: list[str], header: _Header) -> str:
    count = f"{len(cells):,} cell{'' if len(cells) == 1 else 's'}"
    message = f"has {count}; the header has {header.width:,}"
    if any("\n" in cell for cell in cells):
        return message + "; is a quote not closed?"
    if not header.delimiter:
        return message + "; empty what stands right of the table, or give its column a name"
    if len(cells) > header.width:
        mark = _SEPARATORS[header.delimiter].removesuffix("s")
        return message + f"; is a cell with a {mark} not in quotes?"
    return message + "; is a line broken in two?"


class _Cells:
    """The cells of a table: odd characters noted, forbidden ones faulted."""

    def __init__(self, table: TextTable, text: FileText) -> None:
        self.table, self.text = table, text
        self.foreign: list[tuple[int, str]] = []
        # cells repeat: each text is kept once
        self.known: dict[str, str] = {}

    def clean(self, line: int, cells: dict[str, str]) -> TextRow:
        """Return the row with its cells without outer white space and odd characters."""
        row = TextRow(line, cells)
        for name, cell in cells.items():
            if len(cell) > MAX_CELL:
                message = f"holds {len(cell):,} characters; at most {MAX_CELL:,} are read"
                self.table.fault(line, name, cell, message)
                row.bad.add(name)
                cells[name] = cell[:80]
            elif cell.isascii() and cell.isprintable():
                text = cell.strip()
                cells[name] = self.known.setdefault(text, text)
            else:
                self._judge(cell, name, row)
                cells[name] = cell.translate(_SPACES).translate(_INVISIBLE).strip()
        return row

    def _judge(self, cell: str, name: str, row: TextRow) -> None:
        if found := _CONTROL.search(cell):
            message = f"holds a control character (U+{ord(found[0]):04X})"
            self.table.fault(row.line, name, cell, message)
            row.bad.add(name)
        elif "\ufffd" in cell and self.text.foreign:
            self.foreign.append((row.line, name))
            row.bad.add(name)
        elif "\ufffd" in cell:
            message = "a character was lost before (U+FFFD stands for it)"
            row.odd.append((name, WARNING, message))
        elif (intended := _encoded_once(cell)) != cell:
            message = f"was saved in a wrong encoding, so it seems; meant: {shown(intended)}"
            row.odd.append((name, WARNING, message))
        for code in sorted({ord(odd) for odd in _ODD.findall(cell)}):
            kind = "non-breaking space" if code in (0xA0, 0x202F, 0x2007) else "space"
            kind = kind if code in _SPACES else "character that cannot be seen"
            done = "is read as a space" if code in _SPACES else "is left out"
            row.odd.append((name, NOTE, f"a {kind} (U+{code:04X}) {done}"))

    def close(self) -> None:
        """Tell, once, of the bytes that are not UTF-8."""
        if not self.text.foreign:
            return
        content, table = self.text.content, self.table
        line, name = content[: content.index("\ufffd")].count("\n") + 1, ""
        if self.foreign:
            line, name = self.foreign[0]
        others = sorted({(table.file, other) for other, _ in self.foreign if other != line})
        message = f"{self.text.foreign}; save the file as CSV UTF-8{also(others, table.file)}"
        table.fault(line, name, "", message)


def _encoded_once(cell: str) -> str:
    """Return what a text was before UTF-8 was taken for Windows-1252; most texts are themselves."""
    try:
        return cell.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return cell
