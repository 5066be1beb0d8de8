"""A crate on the disk: a folder, and an archive with the same bytes wherever it is made."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ketameta.crates import cited, software
from ketameta.crates.cited import Released
from ketameta.crates.contents import (
    CITATION,
    CODEMETA,
    LOCK,
    METADATA,
    README,
    CrateError,
    inputs,
    outputs,
    stage_lists,
)
from ketameta.crates.described import FOLDERS, Run, metadata
from ketameta.freshness import bytes_hash
from ketameta.storage import write_bytes

# the first time that an archive can hold
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE, _FOLDER = 0o100644 << 16, 0o40755 << 16 | 0x10


def files_of(release: Released) -> dict[str, bytes]:
    """Return every file of a crate by its path, sorted, of the project in the working directory.

    Raises `CrateError` where a file is not as its stage wrote it.
    """
    lists = stage_lists()
    found = {name: path.read_bytes() for name, path in inputs().items()}
    for name, digest in outputs(lists).items():
        path = Path(name)
        found[name] = path.read_bytes() if path.is_file() else b""
        if bytes_hash(found[name]) != digest:
            raise CrateError(f"{name} is not as it was written: run `ketameta run` first")
    packages = software.installed(found[LOCK].decode())
    found[CITATION] = cited.citation(release).encode()
    found[README] = cited.readme(release).encode()
    found[CODEMETA] = cited.codemeta(release, packages).encode()
    found[METADATA] = metadata(Run(release, found, lists, packages))
    return dict(sorted(found.items()))


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return an archive: files in the order of their names, of one time, whoever made them.

    Its bytes are the same where zlib is; those of the files are everywhere.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:
        # what the metadata tell of as a folder has to be there as one
        folders = {name for name, _, _ in FOLDERS if any(path.startswith(name) for path in files)}
        for name in sorted(files.keys() | folders):
            told = zipfile.ZipInfo(name, _TIME)
            told.compress_type, told.create_system = zipfile.ZIP_DEFLATED, 3
            told.external_attr = _FOLDER if name in folders else _MODE
            whole.writestr(told, files.get(name, b""))
    return packed.getvalue()


def write(files: Mapping[str, bytes], folder: Path, packed: Path) -> str:
    """Write a crate as a folder and as an archive, each whole or not at all.

    Returns the SHA-256 of the archive, which stands beside it too. Raises `OSError`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        put(files, aside)
        aside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    content = archive(files)
    digest = bytes_hash(content)
    write_bytes(packed, content)
    write_bytes(packed.with_name(f"{packed.name}.sha256"), f"{digest}  {packed.name}\n".encode())
    return digest


def put(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder by their paths, which are known to stay within it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
