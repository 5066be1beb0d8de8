"""Revisions of the repository, as git tells of them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path


class DiffError(ValueError):
    """A version that cannot be read; the message says why."""


class NoSuchVersionError(DiffError):
    """A name that stands for no version."""


def commit_of(name: str) -> str:
    """Return the hash of the commit that a revision names; `DiffError` where it names none."""
    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise NoSuchVersionError(f"{name}: no such revision")
    return commit.decode().strip()


def git(*words: str) -> bytes | None:
    """Return what git says, or None where it fails or is not there."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)
    except OSError:
        raise DiffError("git: no such command; give two folders instead of revisions") from None
    return done.stdout if done.returncode == 0 else None


def committed_content(sha: str, path: Path) -> bytes | None:
    """Return a file of a commit; None where it has none."""
    return git("cat-file", "blob", f"{sha}:./{path.as_posix()}")


def committed_files(sha: str, *folders: Path) -> dict[str, str]:
    """Return the id of the content of every file of a commit below folders, by path."""
    words = ("ls-tree", "-r", "-z", sha, *(f"{folder.as_posix()}/" for folder in folders))
    found = {}
    for line in (git(*words) or b"").decode(errors="surrogateescape").split("\0"):
        what, _, path = line.partition("\t")
        if path:
            found[path] = what.split()[2]
    return found


def extract(sha: str, paths: Sequence[str], into: Path) -> None:
    """Write files of a commit below a folder; the repository itself is not touched."""
    packed = git("archive", "--format=tar", sha, "--", *paths)
    if packed is None:
        raise DiffError(f"{sha[:12]}: git cannot write out {paths[0]}")
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(into, filter="data")
    except tarfile.TarError as error:  # such as a link that leads out of the folder
        raise DiffError(f"{sha[:12]}: {error}") from None
