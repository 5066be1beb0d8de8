"""A crate as it comes from elsewhere: taken only where it is whole and stays in its folder."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ketameta.crates.contents import METADATA, CrateError
from ketameta.crates.described import hashes
from ketameta.freshness import bytes_hash
from ketameta.tables.problems import escaped

# far more than a report takes, and less than fills a disk
MOST_BYTES, MOST_FILES = 4 << 30, 100_000
_SHOWN = 10


def opened(path: Path) -> dict[str, bytes]:
    """Return the files of a crate, an archive or a folder, by their paths in it.

    Raises `CrateError` where one is missing, is not as its SHA-256 says, is not told of, leads out
    of the crate or is a link.
    """
    try:
        found = dict(_of_archive(path) if path.is_file() else _of_folder(path))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise CrateError(f"{path}: cannot be read as a crate: {error}") from None
    if METADATA not in found:
        raise CrateError(f"{path}: is no crate, as it has no {METADATA}")
    try:
        told = hashes(found[METADATA])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CrateError(f"{path}: {METADATA} has not the form of a release") from None
    faults = [*_faults(found, told)]
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise CrateError("\n".join([*faults[:_SHOWN], *more, f"{path}: is not taken"]))
    return found


def _faults(found: dict[str, bytes], told: dict[str, str]) -> Iterator[str]:
    """Say which files are not as the metadata have them, a line each."""
    for name in sorted(told.keys() | found.keys() - {METADATA}):
        if name not in found:
            yield f"{escaped(name)}: is missing"
        elif name not in told:
            yield f"{escaped(name)}: is not told of in {METADATA}"
        elif bytes_hash(found[name]) != told[name]:
            yield f"{escaped(name)}: is not as it was written (SHA-256)"


def _of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as packed:
        entries = packed.infolist()
        size = sum(entry.file_size for entry in entries)
        if len(entries) > MOST_FILES or size > MOST_BYTES:
            raise CrateError(f"{path}: is too large ({len(entries)} files, {size} bytes)")
        seen: set[str] = set()
        for entry in entries:
            name, mode = entry.filename, entry.external_attr >> 16
            _check_path(name.removesuffix("/"))
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise CrateError(f"{escaped(name)}: is a link or no file")
            if name in seen:
                raise CrateError(f"{escaped(name)}: stands twice in the archive")
            seen.add(name)
            if not entry.is_dir():
                yield name, packed.read(entry)


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    if not path.is_dir():
        raise CrateError(f"{path}: no such file or folder")
    for place in sorted(path.rglob("*")):
        inside = place.relative_to(path)
        name = inside.as_posix()
        # packages that were installed in it, and what Python leaves
        if inside.parts[0].startswith(".") or "__pycache__" in inside.parts:
            continue
        if place.is_symlink():
            raise CrateError(f"{escaped(name)}: is a link")
        if place.is_file():
            yield name, place.read_bytes()


def _check_path(name: str) -> None:
    """Refuse a name that leads out of the folder that it is unpacked in, here or elsewhere."""
    parts = PurePosixPath(name).parts
    plain = name and "\\" not in name and ":" not in name and name.isprintable()
    if (
        not plain
        or name.startswith("/")
        or ".." in parts
        or PurePosixPath(*parts).as_posix() != name
    ):
        raise CrateError(f"{escaped(name)}: is no path within a crate")
