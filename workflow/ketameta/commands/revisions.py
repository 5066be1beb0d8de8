"""Revisions of the repository, as git tells of them."""

from __future__ import annotations

import subprocess


class DiffError(ValueError):
    """A version that cannot be read; the message says why."""


def commit_of(name: str) -> str:
    """Return the hash of the commit that a revision names; `DiffError` where it names none."""
    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise DiffError(f"{name}: no such revision")
    return commit.decode().strip()


def git(*words: str) -> bytes | None:
    """Return what git says, or None where it fails or is not there."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=False)
    except OSError:
        raise DiffError("git: no such command; give two folders instead of revisions") from None
    return done.stdout if done.returncode == 0 else None
