"""A release made again from its crate alone: laid out, installed, run and compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ketameta.crates.contents import LOCK, METADATA, CrateError, is_output
from ketameta.crates.described import hashes
from ketameta.crates.written import put
from ketameta.freshness import MADE, REPORTS, file_hash

ENVIRONMENT = ".venv"
# an entry of a lock: its first line, and those with its hashes
_SETUPTOOLS = re.compile(r"^setuptools==.*?(?<!\\)\n", re.M | re.S)
_LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a release again: how many files it has, and which differ, and how."""

    files: int
    differing: tuple[str, ...]


def lay_out(crate: Mapping[str, bytes], folder: Path) -> None:
    """Write what a release is made from into an empty folder, and nothing that it made."""
    put({name: content for name, content in crate.items() if not is_output(name)}, folder)


def install(folder: Path) -> str:
    """Make an environment in a folder with the packages of its lock; return its Python.

    Every package is held against its hashes. Raises `CrateError` with pip's last lines.
    """
    place = folder / ENVIRONMENT
    _do([sys.executable, "-m", "venv", str(place)], folder, "no environment could be made")
    python = str(place.absolute() / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    # what has no wheel is built, and by the setuptools of the lock
    first = _SETUPTOOLS.search((folder / LOCK).read_text(encoding="utf-8"))
    if first:
        own = place / "setuptools.lock"
        own.write_text(first[0], encoding="utf-8")
        _do([*pip, "--no-deps", "-r", str(own)], folder, "setuptools could not be installed")
    words = [*pip, "--no-deps", "--no-build-isolation", "-r", LOCK]
    _do(words, folder, "the packages of the lock could not be installed")
    return python


def run(folder: Path, python: str, cores: str) -> None:
    """Run the workflow in a folder by its own code; raises `CrateError` with its last lines."""
    words = [python, "-m", "ketameta.cli", "run", "--cores", cores]
    _do(words, folder, "the workflow did not run to its end")


def _do(words: Sequence[str], folder: Path, why: str) -> None:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KETAMETA"))}
    # the code of the crate before any that is installed
    environment = {**inherited, "PYTHONPATH": "workflow", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        words, cwd=folder, env=environment, check=False, capture_output=True, text=True,
        errors="replace",
    )  # fmt: skip
    if done.returncode:
        last = (done.stdout + done.stderr).splitlines()[-_LAST_LINES:]
        raise CrateError("\n".join([*last, why]))


def compare(crate: Mapping[str, bytes], folder: Path) -> Outcome:
    """Hold what was made in a folder against the files of a crate, byte for byte."""
    told = {name: digest for name, digest in hashes(crate[METADATA]).items() if is_output(name)}
    differing = [
        f"{name}: {'is another' if (folder / name).is_file() else 'was not made'}"
        for name, digest in sorted(told.items())
        if file_hash(folder / name) != digest
    ]
    more = [f"{name}: is not in the crate" for name in _made(folder) if name not in told]
    return Outcome(len(told), (*differing, *more))


def _made(folder: Path) -> Iterator[str]:
    """Yield the files that a run made in a folder, without the lists of its stages."""
    for place in (MADE, REPORTS):
        for path in sorted((folder / place).rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and is_output(name) and path.suffix != ".sha256":
                yield name
