"""What a name stands for in `ketameta diff`: a folder, the record of a release, or a revision."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

from ketameta.commands.revisions import (
    DiffError,
    NoSuchVersionError,
    commit_of,
    committed_content,
    committed_files,
    extract,
    git,
)
from ketameta.evidence.releases import NAME, VERSION, ReleaseError, parse_release, read_all
from ketameta.ingest.places import EXCEL
from ketameta.ingest.reader import DELIMITERS
from ketameta.ingest.workbook import WORKBOOK
from ketameta.tables.raw import OPTIONAL_TABLES, RAW_TABLES

RAW = "data/raw"
PROCESSED = "data/processed"
VERSIONS = "reports/versions"
# the files that tables are read from
KNOWN = {
    WORKBOOK,
    *(f"{table}{ending}" for table in (*RAW_TABLES, *OPTIONAL_TABLES) for ending in DELIMITERS),
}


@dataclass(frozen=True)
class Version:
    """A version by the name that it was asked for with; it has no files of its own."""

    name: str

    def content(self, path: Path) -> bytes | None:
        """Return a file of the project at this version; None where it has none."""
        return None

    def files(self, folder: Path) -> dict[str, str]:
        """Return the id of the content of every file below a folder, by path."""
        return {}

    def raw_tables(self, spare: Path) -> Path:
        """Return a folder with the raw tables, which may be written to `spare`."""
        raise NotImplementedError

    def tree(self, folder: Path, spare: Path) -> Path:
        """Return a folder that holds the files below `folder`; they may be written to `spare`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Revision(Version):
    """A commit."""

    sha: str

    def content(self, path: Path) -> bytes | None:
        """Return a file of the commit."""
        return committed_content(self.sha, path)

    def files(self, folder: Path) -> dict[str, str]:
        """Return the id of the content of every file below a folder, by path."""
        return committed_files(self.sha, folder)

    def raw_tables(self, spare: Path) -> Path:
        """Write the raw tables of the commit to `spare`."""
        for path in map(Path, self.files(Path(RAW))):
            content = self.content(path) if path.name in KNOWN else None
            if content is not None and path.parent == Path(RAW):
                (spare / path.name).write_bytes(content)
        return spare

    def tree(self, folder: Path, spare: Path) -> Path:
        """Write the files of the commit below a folder to `spare`."""
        extract(self.sha, [folder.as_posix()], spare)
        return spare


@dataclass(frozen=True)
class Project(Version):
    """A project as it stands in its folder, whether committed and run or not."""

    folder: Path

    def content(self, path: Path) -> bytes | None:
        """Return a file of the project."""
        try:
            return (self.folder / path).read_bytes()
        except OSError:
            return None

    def files(self, folder: Path) -> dict[str, str]:
        """Return the id of the content of every file below a folder, by path."""
        return ids_below(self.folder / folder, folder)

    def raw_tables(self, spare: Path) -> Path:
        """Return the folder of its raw tables."""
        return self.folder / RAW

    def tree(self, folder: Path, spare: Path) -> Path:
        """Return the folder of the project."""
        return self.folder


@dataclass(frozen=True)
class RawFolder(Version):
    """A folder with raw tables and nothing else, or a workbook."""

    folder: Path

    def raw_tables(self, spare: Path) -> Path:
        """Return the folder or the workbook itself."""
        return self.folder


@dataclass(frozen=True)
class MadeTables(Version):
    """A folder with what a run made of the tables, such as data/processed."""

    folder: Path


@dataclass(frozen=True)
class Recorded(Version):
    """The record of a release."""

    path: Path


def ids_below(place: Path, named: Path) -> dict[str, str]:
    """Return the id that git gives to each file below a folder, by its path below `named`."""
    found = {}
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            found[(named / path.relative_to(place)).as_posix()] = git_id(path.read_bytes())
    return found


def git_id(content: bytes) -> str:
    """Return the id that git gives to a content."""
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def versions(given: argparse.Namespace) -> tuple[Version, Version]:
    """Return the two versions that were asked for: one alone stands against HEAD or this folder.

    Raises `NoSuchVersionError`, or `DiffError` where a folder holds nothing to compare.
    """
    if given.new is not None:
        return version(given.old, given.rev), version(given.new, given.rev)
    if given.rev:
        return version(given.old or "HEAD~1", True), version("HEAD", True)
    one = version(given.old or ".", False)
    if isinstance(one, Revision | Recorded):
        return one, version(".", False)
    return version("HEAD", True), one


def version(name: str, rev: bool = False) -> Version:
    """Return what a name stands for: a folder, else a release, else a revision of git.

    With `rev` a revision alone.
    """
    if rev:
        return Revision(name, commit_of(name))
    folder = Path(name)
    if name and folder.is_dir():
        return _folder(name, folder)
    if folder.suffix.lower() == EXCEL and folder.is_file():
        return RawFolder(name, folder)
    record = folder if folder.suffix == ".json" else Path(VERSIONS, f"{_released_as(name)}.json")
    if NAME.fullmatch(record.stem) and record.is_file():
        return Recorded(name, record)
    if not name or git("rev-parse", "--git-dir") is None:
        raise NoSuchVersionError(f"{name}: no such folder or release, and no revision: no git here")
    try:
        return Revision(name, commit_of(name))
    except NoSuchVersionError:
        raise NoSuchVersionError(f"{name}: no such folder, release or revision") from None


def _released_as(name: str) -> str:
    """Return the day of the release that a version such as 1.2.0 is; else what was given."""
    if not VERSION.fullmatch(name):
        return name
    from ketameta.evidence.version_rule import versions

    try:
        known = versions(read_all(Path(VERSIONS)))
    except ReleaseError:
        return name
    return next((day for day, version in known.items() if version == name), name)


def tables_at(wanted: Version, spare: Path) -> Path:
    """Return the place of the raw tables of a version; of a release, those that it was made of.

    What is not there as files is written to ``spare``. Raises `DiffError`.
    """
    if isinstance(wanted, Recorded):
        try:
            release = parse_release(wanted.path.stem, wanted.path.read_text(encoding="utf-8"))
        except (ReleaseError, OSError, UnicodeDecodeError) as error:
            raise DiffError(f"{wanted.path.as_posix()}: {error}") from None
        if not release.commit:
            raise DiffError(f"{wanted.name}: its record names no commit that holds its tables")
        wanted = Revision(wanted.name, release.commit)
    if isinstance(wanted, MadeTables):
        raise DiffError(f"{wanted.name}: holds no raw tables")
    spare.mkdir(parents=True, exist_ok=True)
    return wanted.raw_tables(spare)


def _folder(name: str, folder: Path) -> Version:
    if any((folder / file).is_file() for file in KNOWN):
        return RawFolder(name, folder)
    if any(folder.glob("*.parquet")):
        return MadeTables(name, folder)
    if (folder / RAW).is_dir():
        return Project(name, folder)
    if (folder / PROCESSED).is_dir():
        return MadeTables(name, folder / PROCESSED)
    raise DiffError(
        f"{name}: holds nothing to compare; give a project, its {RAW} or its {PROCESSED}"
    )
