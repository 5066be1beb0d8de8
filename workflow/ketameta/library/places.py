"""The reviews in a folder, and which part and which chunk of the library each belongs to.

Only names are looked at, no file is read. The part of a review follows from its path alone: one
that is added or taken away moves no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ketameta.reviews.package import ROWS, SETTINGS, SUBGROUPS

# parts of a library, and thereby the most chunks
PARTS = 64
ENDINGS = (".zip", ".rm5", ".csv", ".tsv", ".txt", ".parquet")
# files of a data package of which analyses are read, and those beside them
_OF_PACKAGE = (ROWS, SETTINGS, SUBGROUPS)
_BESIDE = (SETTINGS, SUBGROUPS, "study-information.csv", "study-arms.csv", "study-results.csv")


class LibraryError(ValueError):
    """What is asked of a library makes no sense, or its chunks are no whole; says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """A review: its path below the folder of the library, and the files that it is read from.

    A data package that is unpacked has several. Of a file that is no review by its ending `files`
    is empty.
    """

    name: str
    files: tuple[Path, ...]

    @property
    def part(self) -> int:
        """The part of the library that it belongs to, from 0 to `PARTS` - 1."""
        return sha256(self.name.encode()).digest()[0] % PARTS

    @property
    def field(self) -> str:
        """The first folder below that of the library; empty where the review lies beside it."""
        first, _, rest = self.name.partition("/")
        return first if rest else ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A share of the parts: the number of it, from 1, and of how many; written ``3/40``."""

    number: int
    of: int

    @classmethod
    def read(cls, text: str) -> Chunk:
        """Read what a person writes. Raises `LibraryError` with what is allowed."""
        number, mark, of = text.partition("/")
        if mark and number.isdecimal() and of.isdecimal():
            chunk = cls(int(number), int(of))
            if 1 <= chunk.number <= chunk.of <= PARTS:
                return chunk
        raise LibraryError(f"a chunk is I/N, N at most {PARTS} and I from 1 to N; not {text[:40]}")

    @property
    def parts(self) -> range:
        """The parts that are in it."""
        return range(self.number - 1, PARTS, self.of)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def sources(folder: Path) -> list[Source]:
    """Return the reviews in a folder and below, by name, and files that are none.

    Files and folders that start with a dot are passed over. Data rows of RevMan are one review
    with the files of settings and subgroups that are named as they are; what else a package holds
    has no part in an analysis. Raises `OSError` where a folder cannot be listed.
    """
    found: list[Source] = []
    _walk(folder, "", found, frozenset())
    return sorted(found, key=lambda source: source.name)


def of_chunk(found: Iterable[Source], chunk: Chunk) -> list[Source]:
    """Return the reviews of a chunk, part by part, each part by name."""
    parts = set(chunk.parts)
    return sorted(
        (source for source in found if source.part in parts), key=lambda one: (one.part, one.name)
    )


def chunk_files(folder: Path, number: int, of: int) -> list[Path]:
    """Return the files that a chunk is made from, sorted."""
    chosen = of_chunk(sources(folder), Chunk.read(f"{number}/{of}"))
    return sorted({path for source in chosen for path in source.files})


def _walk(folder: Path, below: str, found: list[Source], above: frozenset[Path]) -> None:
    inside = above | {folder.resolve()}
    with os.scandir(folder) as entries:
        shown = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
    files = [entry.name for entry in shown if not entry.is_dir()]
    packages = {name: _package(name, files) for name in files if name.lower().endswith(ROWS)}
    taken = {name for own in packages.values() for name in own}
    for name in files:
        if name in packages:
            found.append(Source(as_text(below + name), tuple(folder / x for x in packages[name])))
        elif name not in taken:
            known = name.lower().endswith(ENDINGS) and not name.lower().endswith(_BESIDE)
            found.append(Source(as_text(below + name), (folder / name,) if known else ()))
    for entry in shown:
        # a link to a folder that it is in leads round and round
        if entry.is_dir() and Path(entry.path).resolve() not in inside:
            _walk(folder / entry.name, f"{below}{entry.name}/", found, inside)


def as_text(name: str) -> str:
    """Return text with a path in it; bytes of a name that are none are marked."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _package(rows: str, files: list[str]) -> list[str]:
    """Return the files of a package by the name of its data rows: those named as it is."""
    start = rows[: -len(ROWS)].lower()
    return [name for name in files if name.lower() in {start + end for end in _OF_PACKAGE}]
