"""A contrast told with its arms the other way round: the same result in other numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ketameta.extraction.cells import canonical_cell, column_of, number_of, rounded, short
from ketameta.extraction.lines import ComparedRow
from ketameta.measures import is_ratio
from ketameta.tables.entered import as_entered
from ketameta.tables.raw import ContrastRow

_TABLE = "contrasts"
# the column from which each is made
_SOURCES = {
    "estimate": "estimate",
    "ci_low": "ci_high",
    "ci_high": "ci_low",
    "t_value": "t_value",
}


def turned(line: ComparedRow) -> dict[str, str]:
    """Return the content of a contrast as it is with the arms exchanged.

    Differences, log ratios and t change their sign, ratios become their inverse; the ends of an
    interval change places. A ratio of 0 has no inverse: the cell is left out.
    """
    found = {name: cell for name, cell in line.content.items() if name not in _SOURCES}
    for name, source in _SOURCES.items():
        value = number_of(line.content.get(source, ""))
        inverse = None if value is None else _inverse(name, value, line)
        if inverse is not None:
            found[name] = repr(inverse)
    return found


def _inverse(column: str, value: float, line: ComparedRow) -> float | None:
    if column == "t_value" or not (
        isinstance(line.record, ContrastRow) and is_ratio(line.record.measure)
    ):
        return 0.0 - value
    return float(f"{1 / value:.4g}") if value else None


def as_turned(a: ComparedRow, b: ComparedRow) -> ComparedRow:
    """Return a contrast of B with the arms as A has them and its numbers turned with them.

    A number whose inverse is A's, to the digits that B has, is written as A's.
    """
    numbers = turned(b)
    cells = {name: cell for name, cell in b.entered.items() if name not in _SOURCES}
    for name, source in _SOURCES.items():
        if name in numbers:
            own, theirs = a.entered.get(name, ""), b.entered[source]
            cells[name] = own if _says(own, theirs, name, b) else short(numbers[name])
    arms = {name: a.entered[name] for name in ("arm_t", "arm_c")}
    cells |= arms
    values: dict[str, Any] = {name: number_of(cells.get(name, "")) for name in _SOURCES}
    record = replace(b.record, **values | arms, entered=as_entered(cells))
    were = {name: b.entered[name] for name in arms} | dict(b.renamed)
    content = {n: canonical_cell(column_of(_TABLE, n), cells[n]) for n in b.content if n in cells}
    return replace(b, record=record, entered=cells, content=content, renamed=were)


def _says(own: str, theirs: str, column: str, b: ComparedRow) -> bool:
    """Say whether a cell of A, turned, is B's to the digits of B's."""
    value = number_of(own) if own else None
    inverse = None if value is None else _inverse(column, value, b)
    if inverse is None:
        return False
    return inverse == number_of(theirs) or rounded(theirs, repr(inverse))
