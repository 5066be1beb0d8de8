"""`ketameta reproduce-release`: every byte of a release made again, from its crate alone."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from ketameta.commands.run import cores_of

DESCRIPTION = """\
Make a release again from its crate alone, and hold every file of the report and every table against
the crate, byte for byte.

  ketameta reproduce-release releases/1.2.0.zip
  ketameta reproduce-release 1.2.0.zip --environment this --out again

CRATE is an archive or a folder that `ketameta release` wrote. It is taken only where each file has
its SHA-256, and none leads out of it; that a crate was not made anew as a whole, with hashes that
fit, the SHA-256 of its archive tells. Then its tables, questions and code are laid out in an empty
folder, and its workflow runs there. So this runs the code of the crate: take crates of people whom
you trust.

With --environment new (the default) its packages are installed from its lock, each held against its
hashes, which needs an index of packages; with `this` those that are installed here make it, and
what differs from those of the release is said.

Exit status: 0 every byte is the same, 10 some files differ, 1 the crate is not taken or does not
run, 2 wrong use.
"""
_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta reproduce-release` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("crate", metavar="CRATE", type=Path, help="archive or folder of a release")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep what is made, in FOLDER")
    parser.add_argument(
        "--environment",
        choices=("new", "this"),
        default="new",
        help="packages of the crate's lock, or those installed here (default: new)",
    )
    parser.add_argument("--cores", default="all", help="processor cores to use (default: all)")


def reproduce_release(given: argparse.Namespace) -> int:
    """Make a release again and compare; 0 the same, 10 others, 1 not taken, 2 wrong use."""
    from ketameta.crates.contents import CrateError

    if cores_of(given.cores) is None:
        print(f"--cores {given.cores!r} is neither a number from 1 nor all", file=sys.stderr)
        return 2
    out: Path | None = given.out
    if out is not None and (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        print(f"{out}: is there already; give a new folder or an empty one", file=sys.stderr)
        return 2
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            return _reproduced(given, out)
        with tempfile.TemporaryDirectory(prefix="ketameta-") as folder:
            return _reproduced(given, Path(folder))
    except CrateError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1


def _reproduced(given: argparse.Namespace, folder: Path) -> int:
    from ketameta.crates import reproduced
    from ketameta.crates.contents import LOCK, METADATA, CrateError
    from ketameta.crates.described import packages
    from ketameta.crates.opened import opened
    from ketameta.crates.software import PYTHON, unlike

    crate = opened(given.crate)
    if LOCK not in crate:
        raise CrateError(f"{given.crate}: has no {LOCK}")
    print(f"{given.crate}: {len(crate)} files, each with its SHA-256", flush=True)
    reproduced.lay_out(crate, folder)
    recorded = packages(crate[METADATA])
    if given.environment == "this":
        for line in unlike(recorded, crate[LOCK].decode()):
            print(f"warning: {line}", file=sys.stderr)
        python = sys.executable
    else:
        if recorded.get(PYTHON) != platform.python_version():
            here = f"Python {platform.python_version()} (of the release: {recorded.get(PYTHON)})"
            print(f"warning: {here}", file=sys.stderr)
        print(f"installing the packages of {LOCK}", flush=True)
        python = reproduced.install(folder)
    print("running its workflow", flush=True)
    reproduced.run(folder, python, given.cores)
    found = reproduced.compare(crate, folder)
    if not found.differing:
        print(f"{found.files} files of report and tables made again, every byte the same")
        return 0
    print(*found.differing[:_SHOWN], sep="\n")
    if len(found.differing) > _SHOWN:
        print(f"and {len(found.differing) - _SHOWN} more")
    print(f"{len(found.differing)} of {found.files} files of report and tables differ")
    return 10
