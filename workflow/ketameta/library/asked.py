"""What the rules of a library are asked: which folder, in how many chunks, to where, by which code.

So that it can be tested without Snakemake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ketameta.library.places import PARTS, chunk_files
from ketameta.project import PACKAGE

# keys of Snakemake's configuration; the first alone is the folder of the reviews
KEYS = ("library", "library_chunks", "library_out")
# what a chunk is computed by; all of the package may be said on the page
_CHUNK = ("documents", "ingest", "library", "reviews", "stats", "tables")
_CODE = {".py", ".yaml", ".html", ".css", ".js"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A library as the rules make it: the folder of reviews, how many chunks, where to."""

    folder: Path
    chunks: int
    out: Path

    def chunk(self, number: int | str) -> str:
        """Return the folder of a chunk, below that of the output."""
        return f"{self.out.as_posix()}/chunks/{number}-of-{self.chunks}"

    def files(self, number: int | str) -> list[Path]:
        """Return the files that a chunk is made from.

        Raises `ValueError` where they cannot be seen, or one has a name that is a pattern.
        """
        try:
            found = chunk_files(self.folder, int(number), self.chunks)
        except OSError as error:
            raise ValueError(
                f"{error.filename}: {error.strerror}; --config library=FOLDER names the reviews"
            ) from None
        for path in found:
            _no_pattern(path)
        return found


def asked(config: Mapping[str, object]) -> Asked:
    """Read `KEYS` of Snakemake's configuration; each may be left out.

    Raises `ValueError` where the number of chunks is none that there can be, or the output is to
    lie among the reviews or in a folder that Snakemake takes for a pattern.
    """
    folder = Path(str(config.get("library", "data/library")))
    out = Path(str(config.get("library_out", "library")))
    chunks = config.get("library_chunks", 8)
    if not isinstance(chunks, int) or isinstance(chunks, bool) or not 1 <= chunks <= PARTS:
        raise ValueError(f"library_chunks is a number from 1 to {PARTS}, not {str(chunks)[:40]}")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"library_out, {out}, lies in the folder of the reviews, {folder}")
    _no_pattern(out)
    return Asked(folder, chunks, out)


def _no_pattern(path: Path) -> None:
    if {"{", "}"} & set(path.as_posix()):
        raise ValueError(
            f"{path} has braces in its name, a pattern to Snakemake; `ketameta library` takes it"
        )


def code(*, of_chunk: bool) -> str:
    """Return a hash of the code that a chunk is computed by, or, to gather them, of the package.

    An edit calls for the jobs that it may change, whatever the times of files say.
    """
    if of_chunk:
        found = [path for name in _CHUNK for path in (PACKAGE / name).rglob("*")]
        found += [*PACKAGE.glob("*.py"), PACKAGE / "commands/library.py"]
    else:
        found = list(PACKAGE.rglob("*"))
    digest = hashlib.sha256()
    for path in sorted({path for path in found if path.suffix in _CODE}):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
