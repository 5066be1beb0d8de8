"""Read and pool the reviews of a chunk, some thousand study rows at a time.

What is computed of a part of the library depends on its reviews alone, not on the chunk that it is
in: its bytes are the same however the library is split.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ketameta.ingest.text import UnreadableError, file_content
from ketameta.library import rows
from ketameta.library.places import Chunk, Source, as_text, of_chunk
from ketameta.library.rows import Read
from ketameta.reviews.causes import with_cause
from ketameta.reviews.long import reviews_of_table
from ketameta.reviews.model import Review
from ketameta.reviews.modern import modernised
from ketameta.reviews.package import ROWS, files_of_archive, packages, read_package
from ketameta.reviews.reading import PACKAGE, named_form, read_text
from ketameta.reviews.reproduce import reproduce
from ketameta.storage import RowGroups, write_bytes
from ketameta.tables.table import schema_of

if TYPE_CHECKING:
    import pyarrow as pa

# study rows that are pooled together: enough for the engine, few enough for the memory
BATCH = 20_000
# the slowest reviews of a chunk that are told
SLOWEST = 20
TIMES = "time.json"
NO_REVIEW = "a file of this kind is no review"


@dataclass(slots=True)
class Times:
    """Seconds of a chunk by what was done, and of its reviews until they were read."""

    stages: dict[str, float] = field(default_factory=dict)
    reviews: list[tuple[float, str]] = field(default_factory=list)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Add what passes inside to a stage."""
        start = perf_counter()
        yield
        self.stages[stage] = self.stages.get(stage, 0.0) + perf_counter() - start

    def as_json(self) -> bytes:
        """Return the stages and the slowest reviews as a file."""
        slowest = sorted(self.reviews, reverse=True)[:SLOWEST]
        found = {"stages": self.stages, "slowest": [[name, s] for s, name in slowest]}
        return json.dumps(found, indent=1).encode()


def write_chunk(found: Sequence[Source], chunk: Chunk, out: Path) -> list[str]:
    """Read and pool the reviews of a chunk, and write its files; return what could not be taken."""
    files = {name: RowGroups(schema_of(kind).arrow_schema()) for name, kind in rows.KINDS.items()}
    times, said = Times(), []
    for part, own in groupby(of_chunk(found, chunk), key=lambda source: source.part):
        tables: dict[str, list[pa.Table]] = {name: [] for name in files}
        for batch in _batches(own, times):
            said += rows.told_of(batch)
            for name, table in pooled(batch, times).items():
                tables[name].append(table)
        with times.of("write"):
            for name, parts in tables.items():
                files[name].add(str(part), parts)
    for name, file in files.items():
        write_bytes(out / f"{name}.parquet", file.content({"chunk": str(chunk)}))
    write_bytes(out / TIMES, times.as_json())
    return said


def _batches(own: Iterator[Source], times: Times) -> Iterator[list[Read]]:
    """Yield the reviews of a part, so many together that they have some thousand rows."""
    batch: list[Read] = []
    size = 0
    for source in own:
        start = perf_counter()
        with times.of("read"):
            new = read_source(source)
        times.reviews.append((perf_counter() - start, source.name))
        batch += new
        size += rows.rows_of_reviews(one.review for one in new)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_source(source: Source) -> list[Read]:
    """Return the reviews that a source holds, mostly one; with the reason where there is none."""
    if not source.files:
        return [Read(Review(source.name, ()), fault=NO_REVIEW)]
    try:
        return _read(source)
    except (UnreadableError, OSError) as error:
        line = getattr(error, "line", 0)
        reason = f"line {line}: {error}" if line else str(error)
    reason = reason.removeprefix(f"{source.files[0].name} ")
    return [Read(Review(source.name, ()), field=source.field, fault=as_text(reason))]


def _read(source: Source) -> list[Read]:
    path = source.files[0]
    if source.name.lower().endswith(ROWS):
        files = ((own.name, own.read_bytes()) for own in source.files)
        return [_named(read_package(files, source.name), source, PACKAGE)]
    content = file_content(path)
    form = named_form(content)
    if form == PACKAGE:
        return _of_archive(content, source)
    if form:
        return [_named(read_text(content, path.name, form), source, form)]
    return [
        Read(replace(review, name=f"{source.name}{review.name}"), rows.TABLE, of or source.field)
        for review, of in reviews_of_table(content)
    ]


def _of_archive(content: bytes, source: Source) -> list[Read]:
    """Return the review of an archive, or each where it holds the packages of several."""
    name = source.files[0].name
    held = packages(files_of_archive(content, name))
    own = {
        start.rstrip("-"): files
        for start, files in held.items()
        if any(name.lower().endswith(ROWS) for name, _ in files)
    }
    if len(own) < 2:
        every = (file for files in held.values() for file in files)
        return [_named(read_package(every, name), source, PACKAGE)]
    return [
        _named(read_package(files, start), source, PACKAGE, f":{start}")
        for start, files in own.items()
    ]


def _named(review: Review, source: Source, form: str, within: str = "") -> Read:
    name = f"{source.name}{within}"
    return Read(replace(review, name=name), form, review.field or source.field)


def pooled(batch: Sequence[Read], times: Times) -> Mapping[str, pa.Table]:
    """Return the tables of reviews: read, pooled by their own settings and as today."""
    reviews = [one.review for one in batch]
    with times.of("pool"):
        results = reproduce(reviews)
    with times.of("name causes"):
        results = [with_cause(result) for result in results]
    with times.of("pool as today"):
        modern = modernised(results)
    with times.of("tables and small-study tests"):
        found = (
            rows.study_rows(reviews, results),
            rows.analysis_rows(batch, results, modern),
            rows.review_rows(batch, results, modern),
        )
    return dict(zip(rows.KINDS, found, strict=True))
