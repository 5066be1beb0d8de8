"""Rows and tables for tests: what a test does not tell is empty."""

from pathlib import Path

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


def made_of_tests():
    """Return what the stages make of the tests' tables and words in memory, and their questions."""
    from ketameta import vocabulary
    from ketameta.configuration import load
    from ketameta.ingest.stage import ingest
    from ketameta.normalize.stage import normalize
    from ketameta.synthesize.stage import synthesize

    here = Path(__file__).parent
    vocabulary.use(here)
    asked = load(here / "analyses.yaml")
    found = tables_of(ingest(here / "tables")[0])
    for stage in (normalize, synthesize):
        found |= tables_of(stage(found, asked))
    return found, asked
