"""Columns and table schemas: the one description from which everything else is made.

The checks on the raw tables, the Parquet schemas with their units, the data dictionary page and
the empty template all come from these objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# kind -> what a person reads; the Parquet type follows in `arrow_type`.
KINDS = {
    "text": "text",
    "id": "identifier: letters, digits and . _ + - only",
    "ids": "identifiers with ; between",
    "word": "one of a list of words",
    "words": "words with ; between",
    "integer": "whole number",
    "number": "number with a decimal point",
    "flag": "true or false",
    "list": "list of texts",
    "entered": "texts as entered, by column",
}
# a column or sheet whose name starts so is a person's own: kept, and read by nobody
OWN = "x_"


@dataclass(frozen=True)
class Range:
    """Which numbers a column may hold, and in what unit; None: no limit."""

    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class TextForm:
    """What the texts of a column look like: a regular expression, and its meaning in words."""

    pattern: str
    meaning: str


ANY = Range()
# what a page may link to
ADDRESS = TextForm(r"https?://\S+", "an address that starts with http")


def is_own(name: str) -> bool:
    """Say whether a column or a sheet is one of a person's own."""
    return name.lower().startswith(OWN)


def own_columns(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the columns of a person's own that have a cell, in the order in which they come."""
    return list(dict.fromkeys(name for row in rows for name in row if is_own(name)))


@dataclass(frozen=True)
class Column:
    """One column.

    ``unit`` is a unit of measurement or empty; ``words`` names a list of the vocabulary;
    ``minimum`` and ``maximum`` are allowed themselves; ``references`` is ``table.column`` or
    ``table.column+column`` for a key of two columns (this one the last). A table may lack an
    ``optional`` column altogether.
    """

    name: str
    kind: str
    description: str
    unit: str = ""
    required: bool = False
    words: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    pattern_meaning: str = ""
    references: str = ""
    words_also: tuple[str, ...] = ()
    optional: bool = False

    @property
    def per_cent(self) -> bool:
        """Say whether 50 in this column is 50 per cent, so that 50% is the same."""
        return self.unit == "per cent"

    @property
    def allowed(self) -> str:
        """Say in words what a cell may hold."""
        parts = [KINDS[self.kind]]
        if self.words:
            several = self.kind == "words"
            parts = [f"{'words' if several else 'a word'} of the list {self.words}"]
            if several:
                parts[0] += " with ; between"
            if self.words_also:
                parts.append("or " + ", ".join(self.words_also))
        if self.limits:
            parts.append(self.limits)
        if self.pattern_meaning:
            parts.append(self.pattern_meaning)
        if self.references:
            parts.append(f"known in {self.references.split('.')[0]}")
        return ", ".join(parts) + ("" if self.required else "; may be empty")

    @property
    def limits(self) -> str:
        """Say in words which numbers are allowed; empty where all are."""
        low, high = (None if x is None else _number(x) for x in (self.minimum, self.maximum))
        if low is not None and high is not None:
            return f"from {low} to {high}"
        if low is not None:
            return f"{low} or more"
        return "" if high is None else f"{high} or less"

    def arrow_type(self) -> pa.DataType:
        """Return the Parquet type of this column."""
        import pyarrow as pa

        text = pa.string()
        several = {"list": pa.list_(text), "entered": pa.map_(text, text)}
        types = {"integer": pa.int64(), "number": pa.float64(), "flag": pa.bool_(), **several}
        return types.get(self.kind, text)


def _number(value: float) -> str:
    return f"{value:,.12g}" if abs(value) >= 10_000 else f"{value:g}"


@dataclass(frozen=True)
class TableSchema:
    """A table: its name, what a row is, its columns, and the columns that identify a row.

    A ``foreign`` table is another program's: columns that we have no use for are passed over.
    """

    name: str
    title: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    foreign: bool = False

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name; KeyError where there is none."""
        return self.by_name[name]

    @cached_property
    def names(self) -> list[str]:
        """The column names in order."""
        return [column.name for column in self.columns]

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}

    def own_name(self, name: str) -> str:
        """Return the column that a name stands for, letters and digits alone; else the name.

        R writes ``Experimental.cases`` and ``O.E`` where the file had a space or a hyphen.
        """
        plain = _plain(name)
        return next((own for own in self.names if _plain(own) == plain), name) if plain else name

    def arrow_schema(self) -> pa.Schema:
        """Return the Parquet schema, with unit and description in each column's metadata."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field(
                    column.name,
                    column.arrow_type(),
                    metadata={"unit": column.unit, "description": column.description},
                )
                for column in self.columns
            ],
            metadata={"table": self.name, "row": self.row},
        )


def widened(schema: TableSchema, more: Iterable[Column]) -> TableSchema:
    """Return a table that may have further columns, those that it lacks of `more`."""
    new = tuple(column for column in more if column.name not in schema.names)
    return replace(schema, columns=(*schema.columns, *new)) if new else schema


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
