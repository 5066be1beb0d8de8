"""A table edited as it stands in its file: what does not change keeps its bytes.

Line order, quotes, line ends, byte order mark, delimiter and columns of a person's own stay. A new
row is written as the file writes them. What was written is read back and compared before it is
handed out.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.ingest.formats import LossError, first_unlike
from ketameta.ingest.plain import has_decimal_commas
from ketameta.ingest.reader import read_text, separator
from ketameta.ingest.rows import TextTable, split_rows
from ketameta.tables.columns import TableSchema

Cells = Mapping[str, str]
_BOM = b"\xef\xbb\xbf"
_END = re.compile(r"\r?\n\Z|\r\Z")


@dataclass(slots=True)
class Edits:
    """What changes in one table; rows are named by the line on which they start.

    ``cells`` holds new cells by line and column, ``removed`` lines that go, ``added`` new rows with
    the line below which each goes (0: the end of the table), ``dropped`` columns that go.
    """

    cells: dict[int, dict[str, str]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    added: list[tuple[int, Cells]] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)

    def change(self, line: int, column: str, value: str) -> None:
        """Change a cell."""
        self.cells.setdefault(line, {})[column] = value

    def __bool__(self) -> bool:
        """Say whether anything changes."""
        return bool(self.cells or self.removed or self.added or self.dropped)

    def columns(self) -> set[str]:
        """Return the columns that need a place: those that get a cell."""
        new = (cells for _, cells in self.added)
        return {
            name for cells in (*self.cells.values(), *new) for name, cell in cells.items() if cell
        }


@dataclass(slots=True)
class _Record:
    """A row of the file: its line, its cells as they are written, and its line end."""

    line: int
    tokens: list[str]
    end: str


def edited_rows(text: TextTable, edits: Edits) -> list[dict[str, str]]:
    """Return the rows of a table by column, edited; empty cells are left out."""
    below: dict[int, list[Cells]] = {}
    for line, cells in edits.added:
        below.setdefault(line, []).append(cells)
    rows: list[Cells] = []
    for row in text.rows:
        if row.line not in edits.removed:
            rows.append(row.cells | row.own | edits.cells.get(row.line, {}))
        rows += below.pop(row.line, [])
    rows += [cells for left in below.values() for cells in left]
    return [
        {n: cell for n, cell in cells.items() if cell and n not in edits.dropped} for cells in rows
    ]


def edited(path: Path, content: bytes, schema: TableSchema, edits: Edits) -> bytes:
    """Return the content of a CSV or TSV file, edited.

    Raises `LossError` where the file cannot be taken apart, or a cell would not be read back as it
    is to be.
    """
    if not edits:
        return content
    before = read_text(path, schema, content=content)
    wanted = edited_rows(before, edits)
    file = _File(path, content, schema)
    file.add_columns(edits.columns(), schema)
    file.edit(edits, _commas(before), before.rows[-1].line if before.rows else 0)
    file.drop_columns(edits.dropped)
    result = (_BOM if content.startswith(_BOM) else b"") + file.text()
    _compare(path, schema, wanted, read_text(path, schema, content=result))
    return result


def _commas(table: TextTable) -> set[str]:
    """Return the columns whose numbers are written with a decimal comma."""
    if not has_decimal_commas(table):
        return set()
    return {column.name for column in table.schema.columns if column.kind == "number"}


class _File:
    """A file taken apart: its rows, header and all, and the names of its columns."""

    def __init__(self, path: Path, content: bytes, schema: TableSchema) -> None:
        self.records, self.delimiter, at = _records(path, content, schema)
        self.header = self.records[at]
        self.names = [_plain(token) for token in self.header.tokens]
        self.quoted = all(token.startswith('"') for token in self.header.tokens)
        self.end = self.header.end or "\n"
        # the file ends as it did: with or without a line end
        self.last = self.records[-1].end

    def add_columns(self, wanted: Iterable[str], schema: TableSchema) -> None:
        """Give every row a cell for columns that the file lacks, each where the schema has it."""
        for name in sorted(set(wanted) - set(self.names), key=schema.names.index):
            before = schema.names[: schema.names.index(name)]
            at = max((self.names.index(n) + 1 for n in before if n in self.names), default=0)
            for record in self.records[self.records.index(self.header) :]:
                if len(record.tokens) == len(self.names):
                    record.tokens.insert(at, "")
            self.header.tokens[at] = self._token(name, self.quoted)
            self.names.insert(at, name)

    def drop_columns(self, names: Iterable[str]) -> None:
        """Take the cells of columns out of every row."""
        for name in names:
            at, width = self.names.index(name), len(self.names)
            del self.names[at]
            for record in self.records:
                if len(record.tokens) == width:
                    del record.tokens[at]

    def edit(self, edits: Edits, commas: Container[str], last: int) -> None:
        """Change cells, take rows out and put rows in; ``last`` is the line of the last row."""
        made: list[_Record] = []
        below: dict[int, list[_Record]] = {}
        for line, cells in edits.added:
            written = [self._cell(n, cells.get(n, ""), commas, self.quoted) for n in self.names]
            below.setdefault(line or last, []).append(_Record(0, written, self.end))
        for record in self.records:
            for name, cell in edits.cells.get(record.line, {}).items():
                if name in self.names:
                    at = self.names.index(name)
                    quoted = record.tokens[at].startswith('"')
                    record.tokens[at] = self._cell(name, cell, commas, quoted)
            made += [] if record.line in edits.removed else [record]
            made += below.pop(record.line, [])
        self.records = [*made, *(record for left in below.values() for record in left)]

    def text(self) -> bytes:
        """Return the file put together."""
        parts = [self.delimiter.join(r.tokens) + (r.end or self.end) for r in self.records[:-1]]
        parts.append(self.delimiter.join(self.records[-1].tokens) + self.last)
        return "".join(parts).encode("utf-8", "surrogateescape")

    def _cell(self, name: str, cell: str, commas: Container[str], quoted: bool) -> str:
        return self._token(cell.replace(".", ",") if name in commas else cell, quoted)

    def _token(self, cell: str, quoted: bool) -> str:
        if quoted or any(mark in cell for mark in (self.delimiter, '"', "\n", "\r")):
            return '"' + cell.replace('"', '""') + '"'
        return cell


def _records(path: Path, content: bytes, schema: TableSchema) -> tuple[list[_Record], str, int]:
    """Return the rows of a file, what stands between cells, and which row is the header."""
    text = content.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    mark = "\n" if "\n" in text else "\r"
    lines = re.findall(rf"[^{mark}]*{mark}|[^{mark}]+", text)
    plain = "".join(_END.sub("", line) + "\n" for line in lines)
    delimiter, told = separator(path, plain, schema)
    records = []
    for row in split_rows(plain, delimiter):
        if isinstance(row.cells, str):
            raise LossError(f"{path.as_posix()}:{row.line}: {row.cells}")
        whole = "".join(lines[row.line - 1 : row.line - 1 + row.lines])
        end = _END.search(whole)
        tokens = _tokens(whole[: end.start()] if end else whole, delimiter)
        if len(tokens) != max(1, len(row.cells)):
            raise LossError(f"{path.as_posix()}:{row.line}: cannot be taken apart as it is written")
        records.append(_Record(row.line, tokens, end[0] if end else ""))
    return records, delimiter, int(told)


def _tokens(text: str, delimiter: str) -> list[str]:
    """Return the cells of a row that can be taken apart, quotes and all."""
    tokens, start, at = [], 0, 0
    while at < len(text):
        if text[at] == '"' and at == start:
            at += 1
            while text[at : at + 2] == '""' or text[at] != '"':
                at += 2 if text[at] == '"' else 1
        elif text[at] == delimiter:
            tokens.append(text[start:at])
            start = at + 1
        at += 1
    return [*tokens, text[start:]]


def _plain(token: str) -> str:
    token = token.strip()
    return token[1:-1].replace('""', '"').strip() if token.startswith('"') else token


def _compare(path: Path, schema: TableSchema, wanted: Sequence[Cells], found: TextTable) -> None:
    if unlike := first_unlike(schema, wanted, found):
        row, column = unlike
        raise LossError(f"{path.as_posix()}: row {row}, column {column}: cannot be kept as it is")
    if len(found.rows) != len(wanted):
        raise LossError(f"{path.as_posix()}: has rows that cannot be kept as they are")
