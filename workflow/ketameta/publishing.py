"""What stages made, on its way into its folder: aside first, then renamed in, all of a run at once.

A stage writes what changed, and its list, below ``.next`` in the folder of what it makes. That
folder becomes ``.ready`` when all is there: from then on each file goes to its place by a rename,
and a run that is cut short meanwhile is finished by the next one. What lies in ``.next`` when a run
begins is of one that failed, and goes. So the last report stays whole until the new one is, and
only files that a list names are written over or removed, whoever put others beside them.

For the thousandths of a second that the renames take, old pages stand beside new ones. To swap
whole folders would be one rename, or none that always works: a rename takes no folder that holds
something, the calls that exchange two (Linux and macOS have one each) are not known to NFS and
other file systems, and reports/ holds records of releases and files of people, which would have to
be carried over; a link in its place would be one to git, archives and file managers too.

Nothing is forced to the disk, which takes longer than to write it: where the power fails, the lists
tell what did not arrive.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ketameta.freshness import MADE, REPORTS, StageList, bytes_hash, list_of, read_made
from ketameta.storage import same_content

NEXT, READY = ".next", ".ready"
# names and bytes
Files = Iterable[tuple[str, bytes]]


def lay_aside(made: Path, given: Mapping[str, str], out: Path, files: Files) -> None:
    """Write what a stage made, to be published; `made` is the path of its list.

    `files` are named below `out`, and written as they come: they need not be there all at once.
    One that has these bytes already is not written. The list comes last, with what was `given` by
    then: it says that all of the stage is there. Raises `OSError` with the name of the file.
    """
    digests = {}
    for name, content in files:
        digests[(out / name).as_posix()] = bytes_hash(content)
        if not same_content(out / name, content):
            _write(out / NEXT / name, content)
    _write(out / NEXT / made.name, StageList(dict(given), digests).text().encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        error.filename = error.filename or path.as_posix()
        raise


def publish(out: Path = REPORTS, lists: Path = MADE) -> None:
    """Put what was laid aside in its places, and take away what its stages make no more."""
    if (out / NEXT).is_dir():
        os.rename(out / NEXT, out / READY)
        _move_in(out, lists)


def finish(out: Path, lists: Path = MADE) -> None:
    """Publish what a run began to, and drop what a failed one laid aside."""
    shutil.rmtree(out / NEXT, ignore_errors=True)
    if (out / READY).is_dir():
        _move_in(out, lists)


def recover() -> None:
    """Finish what an earlier run began, in the folder of the project."""
    for out in (MADE, REPORTS):
        finish(out)


def keep(made: Path, given: Mapping[str, str], out: Path, files: Files) -> None:
    """Write what a stage made and publish it at once (see `lay_aside`)."""
    finish(out, made.parent)
    lay_aside(made, given, out, files)
    publish(out, made.parent)


def _move_in(out: Path, lists: Path) -> None:
    """Go on from where a run that was cut short ended: each step may be taken twice."""
    ready = out / READY
    listed = sorted(path for path in ready.glob("*.sha256"))
    gone = set(_gone(out, lists, listed))
    for path in sorted(ready.rglob("*")):
        if path.is_file() and path not in listed:
            place = out / path.relative_to(ready)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
    for name in gone:
        Path(name).unlink(missing_ok=True)
    lists.mkdir(parents=True, exist_ok=True)
    for path in listed:
        # no rename: the list of a report stands in another folder, maybe on another disk
        shutil.move(path, lists / path.name)
    shutil.rmtree(ready)


def _gone(out: Path, lists: Path, listed: list[Path]) -> Iterator[str]:
    """Yield the files below `out` that the stages of new lists made before and make no more.

    Where a drawing (SVG) changes or goes, what `prints` made of it goes.
    """
    before: dict[str, str] = {}
    now: dict[str, str] = {}
    for path in listed:
        before |= _files(lists / path.name)
        now |= _files(path)
    yield from (name for name in before.keys() - now.keys() if Path(name).is_relative_to(out))
    others = {name for name in before if name.endswith(".svg") and before[name] != now.get(name)}
    stems = {name.removesuffix(".svg") for name in others}
    prints = _files(list_of("prints", lists)).keys() - now.keys()
    yield from (name for name in prints if name.rpartition(".")[0] in stems)


def _files(made: Path) -> dict[str, str]:
    found = read_made(made)
    return found.files if found else {}


if __name__ == "__main__":
    publish()
