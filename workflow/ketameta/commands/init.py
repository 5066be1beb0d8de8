"""`ketameta init`: a new review that runs at once, with made-up trials in its tables."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ketameta.measures import EVENT, SCORE
from ketameta.tables.problems import escaped

DESCRIPTION = """\
Make a new review: a folder with tables, questions and all it takes to make the report, which runs
as it is. Three made-up trials stand in the tables, to be replaced by yours.

  ketameta init statins --treatment atorvastatin --outcome "LDL cholesterol"
  ketameta init statins --treatment atorvastatin --treatment rosuvastatin
                        --outcome "LDL cholesterol" --kind score --outcome Stroke --kind event
  ketameta init .                           in this folder, which is empty but for .git

Nothing is asked, and nothing is written over; what is not told has a name to be replaced.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta init` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("folder", type=Path, help="folder to make, or an empty one")
    parser.add_argument(
        "--treatment", action="append", default=[], metavar="NAME", help="again for each treatment"
    )
    parser.add_argument(
        "--outcome", action="append", default=[], metavar="NAME", help="again for each outcome"
    )
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=(EVENT, SCORE),
        help="people with the outcome are counted, or a score is measured (default: score);"
        " once for all outcomes, or once for each in their order",
    )
    parser.add_argument(
        "--scale",
        action="append",
        default=[],
        metavar="NAME",
        help="what a score is measured on (default: the outcome's name); as --kind",
    )


def init(given: argparse.Namespace) -> int:
    """Write a new project, all of it or nothing, and say what to do next.

    1 where the disk does not let it, 2 where the folder is in use or a name cannot be taken.
    """
    from ketameta.commands.new_review import files
    from ketameta.commands.new_review.asked import asked
    from ketameta.commands.new_review.names import NamingError

    try:
        what = asked(given.treatment, given.outcome, given.kind, given.scale)
    except NamingError as error:
        print(f"ketameta init: {error}", file=sys.stderr)
        return 2
    folder = given.folder
    name = escaped(folder.as_posix())
    if why := _refused(folder):
        print(f"{name}: {why}; nothing is written", file=sys.stderr)
        return 2
    try:
        _write(files(what, requirement()), folder)
    except OSError as error:
        print(f"{name}: {error.strerror or error}; nothing is written", file=sys.stderr)
        return 1
    print(*_next(folder, what.outcomes[0].name.word), sep="\n")
    return 0


def _refused(folder: Path) -> str:
    """Say why a project cannot be made in a folder; empty where it can."""
    if not os.path.lexists(folder):
        parent = folder.parent
        return "" if parent.is_dir() else f"there is no folder {escaped(parent.as_posix())}"
    if not folder.is_dir():
        return "is not a folder"
    there = sorted(set(os.listdir(folder)) - {".git"})
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        return f"is not empty: {escaped(there[0])}{more}"
    return ""


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files of a new project into a folder, all of them or none.

    They are written beside their place, within a folder that is there or else beside it, and come
    there by a rename of a new folder, or of what stands at the top of one that is there (its own
    name may be where a shell stands). Raises `OSError`.
    """
    with _aside(folder) as (aside, new):
        for name, content in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if new:
            aside.chmod(0o777 & ~_umask())
            aside.rename(folder)
            return
        placed: list[Path] = []
        try:
            for path in sorted(aside.iterdir()):
                path.rename(folder / path.name)
                placed.append(folder / path.name)
        except BaseException:
            for path in placed:
                path.rename(aside / path.name)
            raise


@contextmanager
def _aside(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Give a folder to write in, which is taken away again, and whether the other one is new."""
    new = not folder.exists()
    home = folder.parent if new else folder
    aside = Path(tempfile.mkdtemp(prefix=".ketameta-", dir=home))
    try:
        yield aside, new
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def requirement() -> str:
    """Return what pip installs this ketameta by: where it came from, else its version."""
    from importlib.metadata import PackageNotFoundError, distribution

    import ketameta

    checkout = Path(ketameta.__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return f"-e {checkout.as_uri()}"
    try:
        origin = distribution("ketameta").read_text("direct_url.json")
    except PackageNotFoundError:
        origin = None
    return address_of(origin) or f"ketameta=={ketameta.__version__}"


def address_of(origin: str | None) -> str:
    """Return the requirement in the record of a direct installation (PEP 610); empty without."""
    import json

    if not origin:
        return ""
    told = json.loads(origin)
    version = told.get("vcs_info", {})
    address = f"{version['vcs']}+{told['url']}@{version['commit_id']}" if version else told["url"]
    return f"ketameta @ {address}"


def _next(folder: Path, analysis: str) -> Iterator[str]:
    """Say what was made, and what to do with it."""
    import shlex

    yield f"{escaped(folder.as_posix())}: a review that runs as it is; all in it is made up. Next:"
    if folder.resolve() != Path.cwd():
        yield f"  cd {shlex.quote(escaped(folder.as_posix()))}"
    yield "  make report                     the report: reports/index.html"
    yield f"  ketameta explain {analysis}"
    yield "                                  where its numbers come from"
    yield "Then put yours in place of what is made up; `ketameta check` tells where faults are:"
    yield "  workflow/config/review.yaml     title, question, authors"
    yield "  workflow/config/vocabulary/     outcomes (is less of each better?), scales, treatments"
    yield "  data/raw/                       trials, arms, outcomes"
    yield "  workflow/config/analyses.yaml   what is asked of them"
