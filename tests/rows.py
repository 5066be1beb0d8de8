"""Rows and tables for tests: what a test does not tell is empty."""

from ketameta.tables.collection import Tables
from ketameta.tables.stages import MADE_KINDS
from ketameta.tables.table import schema_of

_EMPTY = {"integer": 0, "number": 0.0, "flag": False, "list": [], "entered": {}}


def row(kind, /, **cells):
    """Return a row; an untold column is None, or where it cannot be the empty value of its type."""
    empty = {}
    for column in schema_of(kind).columns:
        nothing = _EMPTY.get(column.kind, "")
        written = kind.__annotations__[column.name]
        empty[column.name] = None if written.endswith(" | None") else nothing
    return kind(**empty | cells)


def tables_of(found):
    """Return rows of every table that stages made as Arrow, or that are given as dictionaries."""
    rows = {}
    for name, table in found.items():
        kind = MADE_KINDS[name]
        given = table if isinstance(table, list) else table.to_pylist(maps_as_pydicts="strict")
        rows[kind] = [row(kind, **cells) if isinstance(cells, dict) else cells for cells in given]
    return Tables(rows)
