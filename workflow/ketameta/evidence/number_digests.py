"""A digest of all numbers that a run gave of each analysis, to tell whether one of them moved.

The record of a release holds pooled results alone; splits, regressions, time courses and other
numbers of the report are there as a digest of the analysis that they are of.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ketameta.tables.columns import TableSchema

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# what names the analysis, the time course or the network that a row is of
OWNERS = ("analysis", "course", "network")
# numbers of none of them, such as how many rows were used
BESIDE = ""
# parts of the power of two above a number: about eight digits count, the last are the machine's
_PARTS = float(1 << 26)
_NOTHING = 1e-12
_KINDS = ("number", "integer")


def number_digests(
    tables: Mapping[str, pa.Table], schemas: Mapping[str, TableSchema]
) -> dict[str, str]:
    """Return a digest in 12 hexadecimal digits by analysis, time course and network.

    `tables` are those that pooling made, by name. Cells that are no numbers do not count.
    """
    import numpy as np

    whole: dict[str, Any] = defaultdict(hashlib.sha256)
    for name in sorted(tables):
        table, schema = tables[name], schemas[name]
        numbers = [c.name for c in schema.columns if c.kind in _KINDS]
        owner, *others = [c for c in OWNERS if c in table.column_names] or [""]
        # what is told of one beside another is told of it elsewhere
        if others or not numbers or not len(table):
            continue
        cells = np.stack([_whole_numbers(table[c]) for c in numbers], axis=1)
        owners = table[owner].to_pylist() if owner else [BESIDE] * len(table)
        rows: dict[str, list[int]] = defaultdict(list)
        for place, own in enumerate(owners):
            rows[own or BESIDE].append(place)
        for own, places in rows.items():
            whole[own].update(f"{name}\t{','.join(numbers)}\n".encode())
            whole[own].update(np.ascontiguousarray(cells[places]).tobytes())
    return {own: whole[own].hexdigest()[:12] for own in sorted(whole)}


def _whole_numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return numbers as pairs of little-endian integers, equal where eight digits are; rows × 2."""
    import numpy as np

    values = np.array(column.to_pylist(), dtype=float)
    values[np.abs(values) < _NOTHING] = 0.0
    known = np.isfinite(values)
    parts, power = np.frexp(np.where(known, values, 0.0))
    parts = np.where(known, np.rint(parts * _PARTS), np.where(np.isnan(values), 1, 2))
    found = np.stack([parts, np.where(known, power, 1 << 20)], axis=1)
    return found.astype("<i8")
