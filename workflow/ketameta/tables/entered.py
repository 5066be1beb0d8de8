"""The cells of a row as they were entered: a mapping in memory, a map in Arrow and Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

# text as entered by column, in their order, of the cells that hold something
Entered: TypeAlias = Mapping[str, str]


def as_entered(cells: Mapping[str, str]) -> Entered:
    """Return the cells that hold something."""
    return {name: text for name, text in cells.items() if text}


def cells_key(entered: Entered) -> tuple[tuple[str, str], ...]:
    """Return what is the same for the same cells, in whatever order their columns stand."""
    return tuple(sorted(entered.items()))


def to_maps(rows: Iterable[Entered]) -> pa.MapArray:
    """Return the cells of rows as a map a row, as `Column.arrow_type` has it."""
    import pyarrow as pa

    ends, names, texts = [0], list[str](), list[str]()
    for row in rows:
        names += row.keys()
        texts += row.values()
        ends.append(len(names))
    text = pa.string()
    return pa.MapArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(names, text), pa.array(texts, text)
    )


def from_maps(column: pa.ChunkedArray, same: dict[object, object]) -> Iterator[Entered]:
    """Yield the cells of each row of a column of maps; `same` has the texts known already."""
    for chunk in column.chunks:
        names, texts = (texts_once(part, same) for part in (chunk.keys, chunk.items))
        for start, end in pairwise(chunk.offsets.to_pylist()):
            yield dict(zip(names[start:end], texts[start:end], strict=True))


def from_lists(column: pa.ChunkedArray, same: dict[object, object]) -> Iterator[list[str]]:
    """Yield the texts of each row of a column of lists (see `from_maps`)."""
    for chunk in column.chunks:
        texts = texts_once(chunk.values, same)
        for start, end in pairwise(chunk.offsets.to_pylist()):
            yield texts[start:end]


def texts_once(texts: pa.Array, same: dict[object, object]) -> list[str]:
    """Return texts, the same text always as the same object; None where there is none."""
    found = texts.dictionary_encode()
    words = found.dictionary.to_pylist()
    once = [*map(same.setdefault, words, words), None]
    return [once[code] for code in found.indices.fill_null(len(words)).to_pylist()]
