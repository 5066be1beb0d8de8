"""Numbers written in another way, where they can mean one thing only, as plain figures.

A column in per cent: 50% is 50. A file with semicolons between its cells, as Excel writes it
wherever its decimal sign is a comma: 0,42 is 0.42, unless three digits follow and it may be
thousands; the file's other numbers decide then, and where they do not agree the cell is left as it
is, to be told as a fault.
"""

from __future__ import annotations

import re

from ketameta.ingest.cells import parse_number, plain_minus
from ketameta.ingest.rows import TextTable
from ketameta.tables.columns import Column
from ketameta.tables.problems import NOTE, shown

_SAID = "a decimal comma is read as a point"
_NUMBER = r"[-+]?[0-9]*{mark}[0-9]+([eE][-+]?[0-9]+)?"
_COMMA, _POINT = (re.compile(_NUMBER.format(mark=mark)) for mark in (",", r"\."))
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_BEFORE_DIGITS = re.compile(r",(?=[0-9])")


def read_percents(table: TextTable) -> None:
    """Leave the sign out of a number in a column in per cent, and note it by the cell."""
    for column in (c for c in table.schema.columns if c.per_cent):
        for row in table.rows:
            text = row.cells.get(column.name, "")
            plain = text.removesuffix("%").rstrip()
            # a decimal comma is judged after
            if plain != text and parse_number(plain.replace(",", ".")) is not None:
                row.cells[column.name] = plain
                row.odd.append((column.name, NOTE, "a per cent sign is left out"))


def read_decimals(table: TextTable) -> None:
    """Write the decimal commas of a table's numbers as points, and note it by the cell.

    A point before three digits is a fault beside decimal commas: 1.344 may be 1344 there.
    """
    columns = [c for c in table.schema.columns if c.kind in ("number", "integer") or c.pattern]
    numbers = [
        plain_minus(row.cells.get(column.name, ""))
        for row in table.rows
        for column in columns
        if column.kind == "number"
    ]
    plain = [text for text in numbers if not _THOUSANDS.fullmatch(text)]
    commas = any(_COMMA.fullmatch(text) for text in plain)
    points = any(_POINT.fullmatch(text) for text in plain)
    for row in table.rows:
        for column in columns:
            text = row.cells.get(column.name, "")
            if "," in text and (read := with_point(text, column, commas or not points)):
                row.cells[column.name] = read
                row.odd.append((column.name, NOTE, _SAID))
            elif commas and column.kind == "number" and _THOUSANDS.fullmatch(plain_minus(text)):
                message = f"{shown(text)} may be thousands beside decimal commas"
                table.fault(row.line, column.name, text, f"{message}; write it without the point")
                row.bad.add(column.name)


def has_decimal_commas(table: TextTable) -> bool:
    """Say whether decimal commas of a table were read as points."""
    return any(said == _SAID for row in table.rows for _, _, said in row.odd)


def with_point(text: str, column: Column, by_comma: bool = False) -> str:
    """Return a cell with a point for its comma; empty where that would not make a number of it.

    ``by_comma``: a comma before three digits is no sign of thousands.
    """
    if column.pattern:
        read = _BEFORE_DIGITS.sub(".", text)
        fits = re.fullmatch(column.pattern, read) and not re.fullmatch(column.pattern, text)
        return read if fits else ""
    if not _COMMA.fullmatch(plain_minus(text)):
        return ""
    thousands = _THOUSANDS.fullmatch(plain_minus(text))
    if thousands and (column.kind == "integer" or not by_comma):
        return ""
    return text.replace(",", ".")
