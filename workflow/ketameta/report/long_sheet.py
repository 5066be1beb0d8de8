"""A sheet of a workbook with many rows, each of them written out as soon as it is given.

The library keeps every cell as an object until the book is closed, which for long tables is most
of the time and memory of the whole report. The bytes are the same as of cells given one by one;
a test holds that, for it takes names of the library that are its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from ketameta.figures.scene import writable
from ketameta.report.csv_tables import Cell, as_text

LONGEST = 32_767  # units of UTF-16 in a cell of Excel
_BLOCK = 16  # rows that share what is said of the columns they fill


class LongSheet(Worksheet):
    """A sheet whose first row is written by the cell, and the others all at once by `fill`."""

    def __init__(self) -> None:
        super().__init__()
        self._below = ""
        self._known: dict[str, str] = {}

    def fill(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows below the first one, which has a cell in every column.

        What Excel has no place for, rows beyond its last and the end of long texts, is left out.
        """
        width = self.dim_colmax + 1
        letters = [xl_col_to_name(column) for column in range(width)]
        lines: list[str] = []
        block: list[tuple[int, str]] = []
        # the first row fills all columns of its block
        first, last = 0, width - 1
        for number, values in enumerate(islice(rows, self.xls_rowmax - 1), start=2):
            if (number - 1) % _BLOCK == 0:
                lines += _tagged(block, first, last)
                block, first, last = [], width, 0
            own = [n for n, value in enumerate(values) if value is not None]
            if own:
                first, last = min(first, own[0]), max(last, own[-1])
                cells = [f'<c r="{letters[n]}{number}"{self._cell(values[n])}</v></c>' for n in own]
                block.append((number, "".join(cells)))
                self.dim_rowmax = number - 1
        self._below = "".join([*lines, *_tagged(block, first, last)])

    def _cell(self, value: Cell) -> str:
        """Return what stands in the tag of a cell behind its place, up to the end of its value."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bool):
            return f' t="b"><v>{value:d}'
        if isinstance(value, int | float) and math.isfinite(value):
            return f"><v>{value:.16G}"
        return self._text(as_text(value))

    def _text(self, text: str) -> str:
        # most texts stand in many cells
        if text in self._known:
            self.str_table.count += 1
        else:
            index = self.str_table._get_shared_string_index(_fitting(writable(text)))
            self._known[text] = f' t="s"><v>{index}'
        return self._known[text]

    def _write_rows(self) -> None:
        """Write the first row as the library does, and the others as they stand."""
        last, self.dim_rowmax = self.dim_rowmax, 0
        super()._write_rows()
        self.dim_rowmax = last
        self.fh.write(self._below)
        self._below = ""  # the other sheets wait for their turn in memory


def _tagged(block: Sequence[tuple[int, str]], first: int, last: int) -> list[str]:
    """Return rows in their tags, with the columns that they fill between them."""
    spans = f"{first + 1}:{last + 1}"
    return [f'<row r="{number}" spans="{spans}">{cells}</row>' for number, cells in block]


def _fitting(text: str) -> str:
    """Return as much of a text as a cell holds: Excel counts a character beyond U+FFFF twice."""
    if 2 * len(text) <= LONGEST:
        return text
    return text.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")
