"""Cells of a table as numbers, with decimal points or decimal commas."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ketameta.commands.table import Table, TableError
from ketameta.ingest.cells import guess_meant, parse_number, plain_minus
from ketameta.tables.problems import shown

ABSENT = ("", "NA")
_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?")
# may also be a whole number with its thousands apart
_EITHER = re.compile(r"[-+]?[1-9][0-9]{,2}([.,][0-9]{3})+")
COMMAS = "commas in numbers are read as decimal points"
# numbers of people and events
_COUNTS = ("ai", "bi", "ci", "di", "n1i", "n2i", "xi", "mi", "ni", "x1i", "x2i")
# numbers of which a per cent is a hundredth
_SHARES = ("yi", "sei", "ri", "estimate", "low", "high")
Places = dict[str, int]
Fault = tuple[int, str, str]


def number_columns(
    table: Table, places: Places
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Return columns as numbers, and a note on how they were read; see `as_numbers`."""
    cells = {name: table.column(at) for name, at in places.items()}
    titles = {name: table.header[at] for name, at in places.items()}
    return as_numbers(table, cells, titles)


def as_numbers(
    table: Table, cells: Mapping[str, Sequence[str]], titles: Mapping[str, str]
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Return columns of cells as numbers, those that are empty or NA as NaN.

    Decimal commas are read, and noted, where a cell can be nothing else and none has a decimal
    point. Raises `TableError` with every cell that is no number, row by row; ``titles`` are what
    messages call the columns.
    """
    comma = decimal_comma([cell for column in cells.values() for cell in column])
    faults: list[Fault] = []
    found = {
        name: np.array(
            [
                _value(cell, (line, titles[name]), comma, faults, name)
                for line, cell in zip(table.lines, column, strict=True)
            ]
        )
        for name, column in cells.items()
    }
    if faults:
        order = list(titles.values())
        raise TableError(*sorted(faults, key=lambda fault: (fault[0], order.index(fault[1]))))
    return found, [COMMAS] if comma else []


def decimal_comma(cells: Sequence[str]) -> bool:
    """Say whether cells have decimal commas: some can be nothing else, and no point is decimal."""
    plain = [plain_minus(cell) for cell in cells]
    commas = [cell for cell in plain if _COMMA.fullmatch(cell)]
    sure = any(not _EITHER.fullmatch(cell) for cell in commas)
    points = (cell for cell in plain if "." in cell and not _EITHER.fullmatch(cell))
    return sure and not any(parse_number(cell) is not None for cell in points)


def is_number(cell: str) -> bool:
    """Say whether a cell is a number, with a point or a comma."""
    text = plain_minus(cell)
    return parse_number(text) is not None or bool(_COMMA.fullmatch(text))


def _value(cell: str, place: tuple[int, str], comma: bool, faults: list[Fault], name: str) -> float:
    if cell in ABSENT:
        return math.nan
    if cell.endswith("%") and name in (*_COUNTS, *_SHARES):
        # without its sign, 20% of 30 people would be 20 people, and a difference of 20% be 20
        meant = (
            "how many people it is" if name in _COUNTS else "the proportion, such as 0.2 for 20%"
        )
        faults.append((*place, f"{shown(cell)} is a per cent; write {meant}"))
        return math.nan
    text = plain_minus(cell)
    if comma and "." in text and _EITHER.fullmatch(text):
        faults.append((*place, f"{shown(cell)} may be thousands beside decimal commas"))
        return math.nan
    value = parse_number(text.replace(",", ".") if comma and _COMMA.fullmatch(text) else text)
    if value is None and re.fullmatch(r"[-+]?[1-9][0-9]{,2},[0-9]{3}", text):
        point, none = text.replace(",", "."), text.replace(",", "")
        faults.append((*place, f"{shown(cell)} can be {point} or {none}; write which"))
        return math.nan
    if value is None:
        faults.append((*place, f"{shown(cell)} is not a number{guess_meant(text)}"))
        return math.nan
    return value
