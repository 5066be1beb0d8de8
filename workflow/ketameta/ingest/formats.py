"""The raw tables from one form into another: a folder of CSV or TSV files, or one workbook.

Every cell stays as it was entered: what was written is read back and compared before it is handed
out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ketameta.ingest.places import read_place
from ketameta.ingest.reader import DELIMITERS, read_rows
from ketameta.ingest.rows import TextTable, split_rows
from ketameta.ingest.workbook import workbook_tables
from ketameta.tables.columns import TableSchema, own_columns
from ketameta.tables.problems import ERROR, Problem
from ketameta.tables.raw import tables_of

Cells = dict[str, list[dict[str, str]]]


class LossError(ValueError):
    """A cell that the other form cannot hold; the message names its place."""


def read_cells(place: Path) -> tuple[Cells, list[Problem]]:
    """Return the cells of a folder or workbook by table, as entered, and what is wrong.

    Only faults of form are told, such as a row that cannot be taken apart: what the cells mean
    may be wrong in any form.
    """
    texts, problems = read_place(place)
    found = [*problems, *(problem for text in texts.values() for problem in text.problems)]
    for text in texts.values():
        found += [
            Problem(text.file, row.line, column, row.cells[column], message, severity, name)
            for name in [text.schema.name]
            for row in text.rows
            for column, severity, message in row.odd
        ]
    return {name: [row.filled for row in text.rows] for name, text in texts.items()}, sorted(found)


def as_files(cells: Cells, ending: str = ".csv") -> dict[str, bytes]:
    """Return a file a table by its name; optional columns without cells are left out.

    Raises `LossError` where a cell would not be read back as it is.
    """
    files = {}
    for name, schema in tables_of(cells).items():
        rows = cells.get(name, [])
        text = delimited_text(header_of(schema, rows), rows, ending)
        delimiter = DELIMITERS[ending]
        back = read_rows(TextTable(schema, name), split_rows(text, delimiter), delimiter)
        _compare(schema, rows, back)
        files[f"{name}{ending}"] = text.encode()
    return files


def header_of(schema: TableSchema, rows: Sequence[Mapping[str, str]] = ()) -> list[str]:
    """Return the columns of a file with these rows: optional ones where they have a cell."""
    names = [c.name for c in schema.columns if not c.optional or any(r.get(c.name) for r in rows)]
    return names + own_columns(rows)


def delimited_text(header: Sequence[str], rows: Iterable[Mapping[str, str]], ending: str) -> str:
    """Return rows as the text of a CSV or TSV file."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=DELIMITERS[ending], lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return out.getvalue()


def as_workbook(cells: Cells) -> bytes:
    """Return a workbook with drop-downs, notes and units that holds the tables.

    Raises `LossError` where a cell would not be read back as it is.
    """
    from ketameta.ingest.workbook_template import workbook_template

    content = workbook_template(cells)
    back, _ = workbook_tables("the workbook", content)
    for name, schema in tables_of(cells).items():
        _compare(schema, cells.get(name, []), back[name])
    return content


def first_unlike(
    schema: TableSchema, wanted: Sequence[Mapping[str, str]], found: TextTable
) -> tuple[int, str] | None:
    """Return number and column of the first row wanted that is not found as it is to be."""
    for at, cells in enumerate(wanted):
        filled = {name: cell for name, cell in cells.items() if cell}
        other = found.rows[at].filled if at < len(found.rows) else {}
        if filled != other:
            names = (*schema.names, *filled, *other)
            return at + 1, next(n for n in names if filled.get(n) != other.get(n))
    return None


def _compare(schema: TableSchema, rows: list[dict[str, str]], back: TextTable) -> None:
    if unlike := first_unlike(schema, rows, back):
        row, column = unlike
        raise LossError(
            f"row {row} of {schema.name}, column {column}: the cell cannot be kept as it is"
        )
    bad = [problem for problem in back.problems if problem.severity == ERROR]
    if bad or len(back.rows) != len(rows):
        raise LossError(str(bad[0]) if bad else f"{schema.name} has rows that cannot be kept")
