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


def listing(about: About, columns: Sequence[ListColumn[T]], rows: Iterable[T]) -> Listing:
    """Return rows as a listing, columns that a page opens with before those that wait.

    A column without any value is left out, save the first.
    """
    rest = iter(rows)
    ordered = sorted(columns, key=lambda column: not column.shown)
    lines = [[_cell(column.of(row)) for column in ordered] for row in islice(rest, MOST)]
    kept = [at for at in range(len(ordered)) if not at or any(line[at].text for line in lines)]
    lines = [[line[at] for at in kept] for line in lines]
    found = [ordered[at] for at in kept]
    options = {
        column.key: sorted({line[at].text for line in lines} - {""}, key=str.casefold)
        for at, column in enumerate(found)
        if column.kind == "choice"
    }
    return Listing(about, found, lines, options, sum(1 for _ in rest))


def _cell(found: Cell | str | float | None) -> Cell:
    if isinstance(found, Cell):
        return found
    return Cell("" if found is None else found if isinstance(found, str) else f"{found:.15g}")


def number(text: str, value: float | None) -> Cell:
    """Return a number as it is printed; nothing where it has no value."""
    return Cell("") if value is None else Cell(text, f"{value:.15g}")


def where(page: str, **values: str) -> str:
    """Return the address of a listing that shows the rows with some values of its columns."""
    return f"{page}#?{urlencode(values)}"
