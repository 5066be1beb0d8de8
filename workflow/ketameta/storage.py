"""Files, whole or not at all, the same bytes for the same content.

Only this module and `steps` open files for writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


# rows that stand together in a Parquet file
_GROUP = 1 << 18
# and those of a long table that are read at once, where a part of it is kept
_BATCH = 1 << 17
# in the metadata of a file of `RowGroups`, the names of its groups
GROUPS = "groups"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, synced, then renamed."""
    temporary = _beside(path, content)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _beside(path: Path, content: bytes) -> Path:
    """Write a temporary file beside another, as private as that is, and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.is_file() else 0o644)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and not error.filename:
            error.filename = path.as_posix()
        raise
    return Path(temporary)


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write several files, all or none: what was there is put back where one cannot be written.

    All stand beside their places, synced, before the first is renamed: a process that is killed
    leaves some changed only within the moment that the renaming takes.
    """
    before: dict[Path, bytes | None] = {}
    ready: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            ready[path] = _beside(path, content)
        for path, temporary in ready.items():
            old = path.read_bytes() if path.exists() else None
            os.replace(temporary, path)
            before[path] = old
    except BaseException:
        for temporary in ready.values():
            temporary.unlink(missing_ok=True)
        for path, old in before.items():
            if old is None:
                path.unlink(missing_ok=True)
            else:
                write_bytes(path, old)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with newlines as they are."""
    write_bytes(path, text.encode())


def same_content(path: Path, content: bytes) -> bool:
    """Say whether a file holds these bytes."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


class RowGroups:
    """A Parquet file that grows by named groups of rows: compressed at once, and kept so.

    The names of the groups, in their order, stand in the file's metadata under `GROUPS`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = schema
        self._sink = pa.BufferOutputStream()
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd")
        self._names: list[str] = []

    def add(self, name: str, parts: Sequence[pa.Table]) -> None:
        """Add tables as one group; none where they have no row."""
        import pyarrow as pa

        table = pa.concat_tables([self._schema.empty_table(), *parts])
        if len(table):
            self._writer.write_table(table.combine_chunks(), len(table))
            self._names.append(name)

    def content(self, told: Mapping[str, str]) -> bytes:
        """End the file and return its bytes, what is `told` of it in its metadata."""
        self._writer.add_key_value_metadata({**told, GROUPS: " ".join(self._names)})
        self._writer.close()
        content: bytes = self._sink.getvalue().to_pybytes()
        return content


def parquet_of(table: pa.Table) -> bytes:
    """Return an Arrow table as Parquet; dictionaries in memory are plain columns in the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f
        for f in table.schema
    ]
    schema = pa.schema(fields, table.schema.metadata)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        # so that long columns are never plain as a whole
        for start in range(0, max(len(table), 1), _GROUP):
            writer.write_table(table.slice(start, _GROUP).cast(schema), _GROUP)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def parquet_table(
    content: bytes,
    columns: Sequence[str] | None = None,
    kept: Callable[[pa.Table], pa.Table] | None = None,
    words: Sequence[str] = (),
) -> pa.Table:
    """Return the Arrow table in the bytes of a Parquet file, or some `columns` of it.

    Of a long table a part can be `kept`, which is never there as a whole, and the texts of columns
    of a few `words` be kept once. Raises `ValueError` where the bytes are none.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    # not read_table: that loads pyarrow.dataset and with it pandas, 0.2 s a process; and without
    # threads, which gain nothing on tables this small and now and then abort a process that ends
    source = pa.BufferReader(content)
    with ParquetFile(source, pre_buffer=False, read_dictionary=list(words)) as file:
        if kept is None:
            return file.read(columns=columns, use_threads=False)
        batches = file.iter_batches(batch_size=_BATCH, use_threads=False)
        parts = [kept(pa.Table.from_batches([batch])) for batch in batches]
        return pa.concat_tables(parts) if parts else file.read(use_threads=False)


def read_table(path: Path) -> pa.Table:
    """Read a Parquet file; raises `OSError`, or `ValueError` where it is none."""
    return parquet_table(path.read_bytes())


def content_id(rows: Iterable[Mapping[str, object]]) -> str:
    """Hash what rows say, not how a file format stores it: 16 hexadecimal digits.

    Parquet bytes differ between versions of pyarrow; the canonical text of the values does not.
    """
    digest = hashlib.sha256()
    for row in rows:
        cells = dict(row)
        text = json.dumps(cells, sort_keys=True, ensure_ascii=False, allow_nan=True, default=str)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()[:16]


def check_writable(folder: Path) -> None:
    """Raise `OSError` with the folder's name where no file can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, folder.as_posix()) from None
