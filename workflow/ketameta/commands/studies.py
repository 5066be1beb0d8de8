"""A file of studies, one a row, by the column names of effect sizes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ketameta.ingest.cells import likely, number, plain_minus
from ketameta.ingest.reader import Row, split
from ketameta.ingest.text import UnreadableError, decode, load
from ketameta.stats import MEASURES
from ketameta.tables.problems import escaped, shown
from ketameta.vocabulary import nearest

# every column that some measure knows, in the order of the measures
ARGUMENTS = tuple(
    dict.fromkeys(
        name
        for measure in MEASURES.values()
        for name in (*(n for group in measure.required for n in group), *measure.optional)
    )
)
LABELS = ("study", "trial", "label", "slab", "name", "author")
_ABSENT = ("", "NA")
_DELIMITERS = (",", "\t", ";")


class TableError(Exception):
    """The file cannot be pooled; ``faults`` say why, as (line or 0, column or "", message)."""

    def __init__(self, *faults: tuple[int, str, str]) -> None:
        super().__init__("; ".join(message for _, _, message in faults))
        self.faults = faults

    def lines(self, file: Path) -> list[str]:
        """Return a line for each fault, with its place in the file, safe to print."""
        found = []
        for line, column, message in self.faults:
            place = f"{file}:{line}" if line else f"{file}"
            about = f" column {column}" if column else ""
            found.append(escaped(f"{place}{about}: {message}"))
        return found


@dataclass(frozen=True)
class Studies:
    """The rows of a file: a name and a line each, and the columns that effect sizes know."""

    names: list[str]
    lines: list[int]
    columns: dict[str, NDArray[np.float64]]
    header: list[str]


def read_studies(path: Path) -> Studies:
    """Read a CSV or TSV file, or one with semicolons; a cell that is empty or NA is NaN.

    Raises `TableError` with every fault: no text, no known column, rows of another length than
    the header, cells that are not numbers.
    """
    try:
        text = decode(load(path, regular=False))
    except UnreadableError as error:
        raise TableError((error.line, "", str(error))) from None
    if text.foreign:
        line = text.content[: text.content.index("\ufffd")].count("\n") + 1
        raise TableError((line, "", f"{text.foreign}; save the file as UTF-8"))
    rows = [row for row in split(text.content, _delimiter(text.content)) if _filled(row)]
    header = _header(rows[0] if rows else Row(1, 1, [], ""))
    broken = [fault for row in rows[1:] if (fault := _broken(row, header))]
    if broken:
        raise TableError(*broken)
    cells = [(row.line, row.cells) for row in rows[1:] if isinstance(row.cells, list)]
    if not cells:
        raise TableError((0, "", "has a header and no study below it"))
    faults: list[tuple[int, str, str]] = []
    known = [(i, name) for i, name in enumerate(header) if name in ARGUMENTS]
    values = [[_value(row[i], line, name, faults) for i, name in known] for line, row in cells]
    if faults:
        raise TableError(*faults)
    columns = {name: np.array([row[j] for row in values]) for j, (_, name) in enumerate(known)}
    lower = [name.lower() for name in header]
    label = next((lower.index(name) for name in LABELS if name in lower), None)
    names = [
        f"study {i}" if label is None else escaped(row[label].strip()) or f"study {i}"
        for i, (_, row) in enumerate(cells, start=1)
    ]
    return Studies(names, [line for line, _ in cells], columns, header)


def _delimiter(text: str) -> str:
    """Return the mark that makes most known names of the first line."""
    first = text.lstrip("\n").partition("\n")[0]
    return max(
        _DELIMITERS,
        key=lambda mark: sum(part.strip(' "') in ARGUMENTS for part in first.split(mark)),
    )


def _filled(row: Row) -> bool:
    return isinstance(row.cells, str) or any(cell.strip() for cell in row.cells)


def _header(row: Row) -> list[str]:
    if isinstance(row.cells, str):
        raise TableError((row.line, "", row.cells))
    header = [cell.strip() for cell in row.cells]
    if not any(header):
        raise TableError((0, "", "is empty"))
    twice = [name for name, count in Counter(header).items() if count > 1 and name in ARGUMENTS]
    if twice:
        raise TableError(*((row.line, name, "stands twice in the header") for name in twice))
    if not set(header) & set(ARGUMENTS):
        near = [(name, nearest(name[:20], list(ARGUMENTS), 1)) for name in header[:50] if name]
        hints = [f"{shown(name)} is like {close[0]}" for name, close in near if close][:3]
        message = "no column has a name that effect sizes know: " + ", ".join(ARGUMENTS)
        raise TableError((row.line, "", "; ".join([message, *hints])))
    return header


def _broken(row: Row, header: list[str]) -> tuple[int, str, str] | None:
    if isinstance(row.cells, str):
        return row.line, "", row.cells
    if len(row.cells) != len(header):
        return row.line, "", f"has {len(row.cells)} cells; the header has {len(header)}"
    return None


def _value(cell: str, line: int, name: str, faults: list[tuple[int, str, str]]) -> float:
    text = cell.strip()
    if text in _ABSENT:
        return math.nan
    value = number(plain_minus(text))
    if value is None:
        faults.append((line, name, f"{shown(text)} is not a number{likely(text)}"))
        return math.nan
    return value
