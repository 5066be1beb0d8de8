"""A long table as readers take it: to sort, filter, narrow to columns, take along, and link to.

A column says what its cells are of a row and how they are compared; the template `listing.html`
writes them, and the script of the pages does the rest. Without script everything is there to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")
Kind = Literal["text", "choice", "number"]
# lines of a page; of more, the first
MOST = 10_000


class Cell(NamedTuple):
    """What a cell shows, what it is sorted by (empty: its text), and where it leads.

    In a column of numbers `value` is the number in full.
    """

    text: str
    value: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class ListColumn(Generic[T]):
    """A column: its name in addresses, its heading, what it has of a row, how it is compared.

    A choice is made among the values that there are; a number has a least and a most. A column that
    is not `shown` waits, where there is a script, until a reader takes it; one of sentences is
    `wide`.
    """

    key: str
    heading: str
    of: Callable[[T], Cell | str | float | None]
    kind: Kind = "text"
    shown: bool = True
    wide: bool = False


class About(NamedTuple):
    """What is said of a listing: its page, title, what it holds, and the file with all of it."""

    page: str
    title: str
    lead: str
    caption: str
    whole: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What the template of a listing takes: its page and its words, columns and lines.

    `options` are the choices of each column that has some, `left_off` counts the lines that the
    page leaves to the file with all.
    """

    about: About
    columns: Sequence[ListColumn[Any]]
    lines: Sequence[Sequence[Cell]]
    options: Mapping[str, Sequence[str]]
    left_off: int

    @property
    def body(self) -> str:
        """The lines as HTML; a cell that stands in many of them is written once."""
        written = []
        for at, column in enumerate(self.columns):
            cells = [line[at] for line in self.lines]
            known = {cell: _html(cell, column, heads=not at) for cell in set(cells)}
            written.append(map(known.__getitem__, cells))
        return "".join(f"<tr>{''.join(line)}\n" for line in zip(*written, strict=True))


def listing(about: About, columns: Sequence[ListColumn[T]], rows: Iterable[T]) -> Listing:
    """Return rows as a listing, columns that a page opens with before those that wait.

    A column without any value is left out, save the first.
    """
    rest = iter(rows)
    own = list(islice(rest, MOST))
    cells = {
        column: [_cell(column.of(row)) for row in own]
        for column in sorted(columns, key=lambda column: not column.shown)
    }
    kept = [c for n, (c, found) in enumerate(cells.items()) if not n or any(x.text for x in found)]
    options = {
        column.key: sorted({cell.text for cell in cells[column]} - {""}, key=str.casefold)
        for column in kept
        if column.kind == "choice"
    }
    lines = list(zip(*(cells[column] for column in kept), strict=True))
    return Listing(about, kept, lines, options, sum(1 for _ in rest))


_EMPTY = Cell("")


def _cell(found: Cell | str | float | None) -> Cell:
    if found is None:
        return _EMPTY
    if isinstance(found, Cell):
        return found
    return Cell(found if isinstance(found, str) else f"{found:.15g}")


def _html(cell: Cell, column: ListColumn[Any], *, heads: bool) -> str:
    """Return a cell in its tag, which HTML need not close; the first of a line `heads` it."""
    from jinja2.filters import FILTERS

    escape = FILTERS["escape"]
    tag = '<th scope="row"' if heads else "<td"
    if cell.text and column.kind == "number":
        tag += ' class="n"'
    if cell.value and cell.value != cell.text:
        tag += f' data-value="{escape(cell.value)}"'
    if not cell.href:
        return f"{tag}>{escape(cell.text)}"
    away = ' rel="noreferrer"' if cell.href.startswith("http") else ""
    return f'{tag}><a href="{escape(cell.href)}"{away}>{escape(cell.text)}</a>'


def number(text: str, value: float | None) -> Cell:
    """Return a number as it is printed; nothing where it has no value."""
    return Cell("") if value is None else Cell(text, f"{value:.15g}")


def where(page: str, **values: str) -> str:
    """Return the address of a listing that shows the rows with some values of its columns."""
    return f"{page}#?{urlencode(values)}"
