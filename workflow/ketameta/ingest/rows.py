"""Rows of text with the line on which each starts, and the table that they make."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

from ketameta.tables.columns import TableSchema
from ketameta.tables.problems import ERROR, Problem

MAX_CELL = 20_000
RUNS_ON = "a cell runs on for more than 131,072 characters; is a quote never closed?"
_CSV_ERRORS = (
    ("unexpected end of data", "a quote opens in this row and is never closed"),
    ("expected after", "text follows a closing quote; inside quotes a quote is written twice"),
    ("field limit", RUNS_ON),
    ("new-line character", "a carriage return stands alone; save with line ends of one kind"),
)


@dataclass(slots=True)
class TextRow:
    """One row as entered: column -> text without outer white space.

    ``bad`` are cells already faulted; ``odd`` says of a cell, as (column, severity, message), what
    was read in spite of its form, or looks wrong. ``own`` are cells of columns of a person's own.
    """

    line: int
    cells: dict[str, str]
    bad: set[str] = field(default_factory=set)
    odd: list[tuple[str, str, str]] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)

    @property
    def filled(self) -> dict[str, str]:
        """The cells that are not empty, those of own columns last."""
        return {name: cell for name, cell in (self.cells | self.own).items() if cell}


@dataclass
class TextTable:
    """A file as read: its rows, and the problems found on the way.

    ``missing`` are columns without cells; ``broken`` the text of rows that could not be taken
    apart; ``readable`` says that the header named columns, ``whole`` that no row may be a relic
    of something else.
    """

    schema: TableSchema
    file: str
    rows: list[TextRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    readable: bool = False
    whole: bool = True

    def fault(
        self, line: int, column: str, value: str, message: str, severity: str = ERROR
    ) -> None:
        """Add a problem of this file."""
        self.problems.append(
            Problem(self.file, line, column[:80], value[:80], message, severity, self.schema.name)
        )


@dataclass(frozen=True, slots=True)
class DelimitedRow:
    """A row taken apart: the line on which it starts, how many it takes, and its cells.

    ``cells`` is a sentence instead where the row cannot be taken apart; ``text`` is how it starts.
    """

    line: int
    lines: int
    cells: list[str] | str
    text: str


def split_rows(text: str, delimiter: str) -> Iterator[DelimitedRow]:
    """Yield the rows of a delimited text.

    Lines end at newlines alone: other separators of Unicode may stand inside a cell. After a
    row that cannot be taken apart the line below its first is tried.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    at = 0

    def feed() -> Iterator[str]:
        nonlocal at
        while at < len(lines):
            at += 1
            yield lines[at - 1] + "\n"

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        start = at
        try:
            cells: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = next((m for sign, m in _CSV_ERRORS if sign in str(error)), str(error))
        yield DelimitedRow(start + 1, at - start, cells, "\n".join(lines[start:at])[:MAX_CELL])
        if isinstance(cells, str):
            at = start + 1
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
