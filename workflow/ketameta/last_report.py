"""The last good report while a run is at work: one that is cut short leaves old pages beside new.

What the lists of the stages name is kept aside as hard links: no copy, no space. It comes back
whole, its lists too: they say that it was made of older tables, so the next run makes it anew.
Nothing else below reports/ is touched, whoever put it there. In the folder of the project.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ketameta.freshness import MADE, REPORTS, WRITERS, list_of, next_of, own_files, read_made

KEPT = REPORTS / ".last"
# on its way to become what is kept, or away from it
_ASIDE = REPORTS / ".last.part"


def keep_last() -> None:
    """Keep the report aside until a run has ended. Raises `OSError` where it cannot be written.

    What a killed run kept is put back first.
    """
    restore_last()
    for name in sorted(_kept_names()):
        if Path(name).is_file():
            copy = _ASIDE / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            _link(Path(name), copy)
    if _ASIDE.is_dir():
        _ASIDE.rename(KEPT)


def _kept_names() -> set[str]:
    names = set()
    for stage in WRITERS:
        if made := read_made(list_of(stage)):
            names |= {*made.files, list_of(stage).as_posix()}
    return names


def restore_last() -> bool:
    """Put the kept report back, whole; False where none is kept or nothing was lost.

    Clears what a killed run left unfinished, whether a report was kept or not.
    """
    shutil.rmtree(_ASIDE, ignore_errors=True)
    _remove_parts()
    if not KEPT.is_dir():
        return False
    names = {p.relative_to(KEPT).as_posix() for p in KEPT.rglob("*") if p.is_file()}
    lost = sorted(name for name in names if not _same(Path(name), KEPT / name))
    made_since = {name for stage in WRITERS for name in own_files(list_of(stage))}
    for stage in WRITERS:
        made_since |= {list_of(stage).as_posix(), next_of(list_of(stage)).as_posix()}
    for name in made_since - names:
        Path(name).unlink(missing_ok=True)
    for name in lost:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        # by another name first: a rename is whole or not at all
        back = path.with_name(f".{path.name}.back.part")
        back.unlink(missing_ok=True)
        _link(KEPT / name, back)
        os.replace(back, path)
    forget_last()
    return bool(lost)


def forget_last() -> None:
    """Drop what was kept: the new report is whole."""
    if KEPT.is_dir():
        # renamed first: half of it must not look like all of it to the next run
        shutil.rmtree(_ASIDE, ignore_errors=True)
        KEPT.rename(_ASIDE)
        shutil.rmtree(_ASIDE)


def _same(path: Path, kept: Path) -> bool:
    return path.exists() and path.samefile(kept)


def _link(path: Path, copy: Path) -> None:
    """Link a file; a copy where the file system has no hard links."""
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def _remove_parts() -> None:
    """Remove the unfinished files of a killed run: `.NAME.xxxx.part` beside a NAME of its own."""
    own = set()
    for stage in WRITERS:
        for path in (list_of(stage), next_of(list_of(stage))):
            own |= set(made.files) if (made := read_made(path)) else set()
    for folder in (MADE, REPORTS):
        for path in folder.rglob(".*.part"):
            name = path.name[1:].removesuffix(".part").rpartition(".")[0]
            if folder == MADE or path.with_name(name).as_posix() in own:
                path.unlink(missing_ok=True)
