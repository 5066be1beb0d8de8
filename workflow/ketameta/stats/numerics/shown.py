"""How results show themselves: a short table in a terminal, the same in a notebook, and a frame.

A record of numbers says here which of its fields run over rows, by what these rows are named, and
which columns a short table shows. pandas is loaded by `Shown.to_frame` alone.
"""

from __future__ import annotations

import math
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ketameta.stats.numerics.checks import has_labels

if TYPE_CHECKING:
    import pandas as pd

Labels = tuple[Any, ...] | None
# fields that hold names, not numbers
NAMES = ("analyses", "studies", "moderators", "labels", "treatments")
# rows of a short table
MOST = 10
MISSING = "–"


def number_fields(kind: type[Any]) -> tuple[str, ...]:
    """Return the fields of a kind of result that hold numbers (not names), in order."""
    return tuple(f.name for f in fields(kind) if f.name not in NAMES)


def study_names(*values: Any) -> dict[str, Labels]:
    """Return what the first value with labels calls its studies, and a frame its analyses.

    Shape ``(k,)``: a Series, whose index names the studies. ``(n, k)``: a frame with an analysis
    a row. Without labels, or with none but 0, 1, 2 ..., there are no names.
    """
    value = next(filter(has_labels, values), None)
    if value is None:
        return {}
    if value.ndim == 1:
        return {"studies": index_labels(value.index)}
    return {"analyses": index_labels(value.index), "studies": index_labels(value.columns)}


def index_labels(index: Any) -> Labels:
    """Return the labels of an index of pandas; None where it only counts."""
    found = tuple(index.tolist())
    return None if found == tuple(range(len(found))) else found


class Shown:
    """A result that prints as a short table and turns into a frame.

    `ROWS` is a field that has the shape of what becomes rows (the first, if empty), `NAMED` the
    field with the names of its last axis, `SHORT` the columns of the short table (all, if empty),
    `BELOW` what is said under it once.
    """

    ROWS: ClassVar[str] = ""
    NAMED: ClassVar[str] = "analyses"
    SHORT: ClassVar[tuple[str, ...]] = ()
    BELOW: ClassVar[tuple[str, ...]] = ()

    def to_frame(self) -> pd.DataFrame:
        """Return every number as a frame: a row an analysis, study, coefficient or group.

        Columns are the fields of one number a row. The index is named as the rows are; of a batch
        of shape ``(n, ...)`` it has the places of each axis. One analysis is one row.
        """
        import pandas as pd

        shape = self._shape()
        cells = {name: np.ravel(getattr(self, name)) for name in self._columns(shape)}
        names = self._names(shape)
        if len(shape) > 1:
            axes = [range(size) for size in shape[:-1]]
            index: pd.Index[Any] = pd.MultiIndex.from_product([*axes, names])
        else:
            index = pd.Index(names, name=self.NAMED if self._named(len(names)) else None)
        return pd.DataFrame(cells, index=index)

    def table(self) -> tuple[str, list[list[str]], list[str]]:
        """Return the title, the rows of the short table (the first its header), and what is below.

        Of many rows the first ten, the others counted.
        """
        shape = self._shape()
        columns = [n for n in self._columns(shape) if n in (self.SHORT or (n,))]
        if not shape and not self.SHORT:
            rows = [[name, four_digits(getattr(self, name))] for name in columns]
            return type(self).__name__, [["", "value"], *rows], []
        names = [" ".join(map(str, (*place, n))) for *place, n in self._places(shape)]
        values = [np.ravel(getattr(self, name)) for name in columns]
        rows = [[name, *(four_digits(v[i]) for v in values)] for i, name in enumerate(names[:MOST])]
        more = [f"and {len(names) - MOST} more"] if len(names) > MOST else []
        scalars = [n for n in self.BELOW if not np.ndim(getattr(self, n))]
        said = ", ".join(f"{n} {four_digits(getattr(self, n))}" for n in scalars)
        return type(self).__name__, [["", *columns], *rows], [*more, *filter(None, [said])]

    def __repr__(self) -> str:
        title, rows, below = self.table()
        return "\n".join([title, *_aligned(rows), *below])

    def _repr_html_(self) -> str:
        title, (header, *rows), below = self.table()
        head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
        body = "".join(_row(name, cells) for name, *cells in rows)
        under = "".join(f"<p>{escape(text)}</p>" for text in below)
        return (
            f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{under}"
        )

    def _columns(self, shape: tuple[int, ...]) -> list[str]:
        """Return the fields with one number a row."""
        cells = {name: getattr(self, name) for name in number_fields(type(self))}
        return [
            name
            for name, cell in cells.items()
            if not isinstance(cell, Shown) and np.shape(cell) == shape
        ]

    def _shape(self) -> tuple[int, ...]:
        """Return the shape of what becomes rows."""
        return np.shape(getattr(self, self.ROWS or number_fields(type(self))[0]))

    def _names(self, shape: tuple[int, ...]) -> list[Any]:
        """Return the names of the last axis, or its places."""
        size = shape[-1] if shape else 1
        return list(self._named(size) or range(size))

    def _named(self, size: int) -> Labels:
        """Return the names of rows, where there are as many."""
        names: Labels = getattr(self, self.NAMED, None)
        return names if names and len(names) == size else None

    def _places(self, shape: tuple[int, ...]) -> list[tuple[Any, ...]]:
        names = self._names(shape)
        if not shape:
            return [("",)]
        return [(*place, name) for place in np.ndindex(shape[:-1]) for name in names]


def four_digits(value: Any) -> str:
    """Write a number in four digits, a dash where there is none, words as they are."""
    plain = value.item() if isinstance(value, np.generic) else value
    if plain is None:
        return MISSING
    if isinstance(plain, float):
        return MISSING if math.isnan(plain) else format(plain, ".4g")
    return ("yes" if plain else "no") if isinstance(plain, bool) else str(plain)


def _aligned(rows: list[list[str]]) -> list[str]:
    """Return rows as lines: names to the left, numbers to the right, two blanks between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    ]


def _row(name: str, cells: list[str]) -> str:
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th>{escape(name)}</th>{told}</tr>"
