"""Chunks of a library put together: one dataset a table, in parts that no chunking changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.library.chunk import SLOWEST, TIMES
from ketameta.library.places import PARTS, Chunk, LibraryError
from ketameta.library.rows import KINDS
from ketameta.library.summary import COUNTED
from ketameta.storage import GROUPS, parquet_of, write_bytes
from ketameta.tables.table import schema_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

ROWS_FILE = "rows.parquet"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a library is summed up from: what is counted of analyses, reviews, and the time.

    `stages` are seconds by what was done, of all chunks; `slowest` reviews with theirs.
    """

    analyses: pa.Table
    reviews: pa.Table
    stages: Mapping[str, float]
    slowest: Sequence[tuple[str, float]]


def gather(folders: Sequence[Path], out: Path) -> Gathered:
    """Write the tables of chunks as datasets below a folder, a file a part.

    Parts that were there and hold no review any more are taken away. Raises `LibraryError`, and
    `OSError` where a file is missing.
    """
    import pyarrow as pa

    chunks = _in_order(folders)
    kept: dict[str, list[pa.Table]] = {name: [] for name in KINDS}
    for name in KINDS:
        files = [_file(folder, name) for folder in chunks]
        try:
            places = [_groups(file) for file in files]
            for part in range(PARTS):
                path = out / name / f"part={part:02d}" / ROWS_FILE
                own = places[part % len(files)].get(str(part))
                if own is None:
                    _take_away(path)
                    continue
                table = files[part % len(files)].read_row_group(own, use_threads=False)
                table = table.replace_schema_metadata(
                    {k: v for k, v in table.schema.metadata.items() if k in (b"table", b"row")}
                )
                write_bytes(path, parquet_of(table))
                if name != "studies":
                    kept[name].append(table.select(COUNTED) if name == "analyses" else table)
        finally:
            for file in files:
                file.close()
    analyses = _empty("analyses").select(COUNTED)
    return Gathered(
        pa.concat_tables([analyses, *kept["analyses"]]),
        pa.concat_tables([_empty("reviews"), *kept["reviews"]]),
        *_times(chunks),
    )


def _in_order(folders: Sequence[Path]) -> list[Path]:
    """Return the folders of chunks 1 to N. Raises `LibraryError` unless each is there once."""
    found: dict[Chunk, Path] = {}
    for folder in folders:
        with _file(folder, "reviews") as file:
            told = file.metadata.metadata.get(b"chunk", b"").decode()
        try:
            chunk = Chunk.read(told)
        except LibraryError:
            raise LibraryError(f"{folder} holds no chunk of a library") from None
        if chunk in found:
            raise LibraryError(f"chunk {chunk} stands twice: {found[chunk]} and {folder}")
        found[chunk] = folder
    several = {chunk.of for chunk in found}
    if len(several) != 1:
        raise LibraryError(f"the chunks are of libraries in {' and '.join(map(str, several))}")
    of = several.pop()
    missing = [n for n in range(1, of + 1) if Chunk(n, of) not in found]
    if missing:
        raise LibraryError(f"chunks are missing of {of}: {', '.join(map(str, missing))}")
    return [found[Chunk(n, of)] for n in range(1, of + 1)]


def _file(folder: Path, name: str) -> ParquetFile:
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(folder / f"{name}.parquet", pre_buffer=False)
    except ValueError:
        raise LibraryError(f"{folder / name}.parquet is no whole Parquet file") from None


def _groups(file: ParquetFile) -> dict[str, int]:
    """Return the place of each part's rows in the file of a chunk."""
    names = file.metadata.metadata[GROUPS.encode()].decode().split()
    return {name: i for i, name in enumerate(names)}


def _take_away(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _empty(name: str) -> pa.Table:
    return schema_of(KINDS[name]).arrow_schema().empty_table()


def _times(folders: Sequence[Path]) -> tuple[Mapping[str, float], Sequence[tuple[str, float]]]:
    stages: Counter[str] = Counter()
    slowest: list[tuple[str, float]] = []
    for folder in folders:
        found = json.loads((folder / TIMES).read_bytes())
        stages.update(found["stages"])
        slowest += [(str(name), float(seconds)) for name, seconds in found["slowest"]]
    return stages, sorted(slowest, key=lambda one: -one[1])[:SLOWEST]
