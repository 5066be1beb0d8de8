"""Files, whole or not at all, the same bytes for the same content.

Only this module and `steps` open files for writing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, synced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with newlines as they are."""
    write_bytes(path, text.encode())


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def read_table(path: Path) -> pa.Table:
    """Read a Parquet file."""
    from pyarrow.parquet import ParquetFile

    # not read_table: that loads pyarrow.dataset and with it pandas, 0.2 s a process
    with ParquetFile(path) as file:
        return file.read()


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return a table as a list of rows."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def content_id(rows: list[dict[str, Any]]) -> str:
    """Hash what rows say, not how a file format stores it: 16 hexadecimal digits.

    Parquet bytes differ between versions of pyarrow; the canonical text of the values does not.
    """
    digest = hashlib.sha256()
    for row in rows:
        text = json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=True, default=str)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()[:16]


# the last good report while a run is at work, as hard links: no copy, no space
KEPT = ".last"
_VERSIONS = "versions"


def keep_last(reports: Path) -> None:
    """Keep the report aside until a run has ended: one cut short leaves old pages beside new ones.

    What a killed run kept is put back first. Raises `OSError` where the folder is not writable.
    """
    restore_last(reports)
    aside = reports / f"{KEPT}.part"
    shutil.rmtree(aside, ignore_errors=True)
    remove_parts(reports)
    if not (reports / "index.html").is_file():
        return
    for path in _report_files(reports):
        copy = aside / path.relative_to(reports)
        copy.parent.mkdir(parents=True, exist_ok=True)
        _link(path, copy)
    aside.rename(reports / KEPT)


def restore_last(reports: Path) -> bool:
    """Put the kept report back, whole; False where none is kept or nothing was lost.

    The jobs that write into the report end with a list of what they wrote, below `data/processed`
    beside it. What comes back is older than the tables: its lists go, so Snakemake sees that
    something is missing, and the next run makes it anew.
    """
    kept = reports / KEPT
    if not kept.is_dir():
        return False
    names = {path.relative_to(kept) for path in kept.rglob("*") if path.is_file()}
    lost = any(not _same(reports / name, kept / name) for name in names)
    if lost:
        for path in reports.parent.glob("data/processed/*.sha256"):
            path.unlink()
    for path in _report_files(reports):
        if path.relative_to(reports) not in names:
            path.unlink()
    for name in sorted(names):
        path = reports / name
        if not _same(path, kept / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            # by another name first: a rename is whole or not at all
            back = path.with_name(f".{path.name}.back.part")
            back.unlink(missing_ok=True)
            _link(kept / name, back)
            os.replace(back, path)
    forget_last(reports)
    return lost


def forget_last(reports: Path) -> None:
    """Drop what was kept: the new report is whole."""
    kept = reports / KEPT
    if kept.is_dir():
        # renamed first: half of it must not look like all of it to the next run
        aside = kept.with_name(f"{KEPT}.part")
        shutil.rmtree(aside, ignore_errors=True)
        kept.rename(aside)
        shutil.rmtree(aside)


def _same(path: Path, kept: Path) -> bool:
    return path.exists() and path.samefile(kept)


def _report_files(reports: Path) -> list[Path]:
    apart = (KEPT, f"{KEPT}.part", _VERSIONS)
    return sorted(
        path
        for path in reports.rglob("*")
        # a stamp that comes back would say that a failed job was done
        if path.is_file()
        and path.relative_to(reports).parts[0] not in apart
        and path.name != ".prints"
    )


def _link(path: Path, copy: Path) -> None:
    """Link a file; a copy where the file system has no hard links."""
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def remove_parts(folder: Path) -> None:
    """Remove the unfinished files that a killed run left."""
    for path in folder.rglob(".*.part"):
        if path.is_file():
            path.unlink()


def check_writable(folder: Path) -> None:
    """Raise `OSError` with the folder's name where no file can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, folder.as_posix()) from None


def checksums(files: Mapping[str, str | bytes]) -> str:
    """Return the SHA-256 of contents by path, as `sha256sum --check` reads it."""
    encoded = {path: c.encode() if isinstance(c, str) else c for path, c in files.items()}
    lines = [f"{hashlib.sha256(encoded[path]).hexdigest()}  {path}" for path in files]
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:]))


def drop_false_lists(processed: Path, reports: Path) -> None:
    """Remove each list of `checksums` that names a file which is no more: its job has to run again.

    Snakemake knows a job by its list alone, not by the files in it: it hashes every input of a job
    once for each output, half a second for the pages of the report.
    """
    for path in processed.glob("*.sha256"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if not all((reports / line[66:]).is_file() for line in lines):
            path.unlink()


def read_releases(reports: Path) -> dict[str, str]:
    """Return the records below reports/versions/ as text by name, sorted."""
    files = sorted((reports / "versions").glob("*.json"))
    return {path.stem: path.read_text(encoding="utf-8") for path in files}
