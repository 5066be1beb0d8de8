"""`ketameta check`: every fault of the raw tables at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from ketameta.commands.examine import examine
from ketameta.ingest.places import is_readable, unread
from ketameta.tables.problems import ERROR, escaped
from ketameta.tables.raw import RAW_TABLES


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta check` takes."""
    parser.description = (
        "Check every raw table; print all faults at once, as file:line column: fault."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("data/raw"),
        help="folder with the tables, or a FILE.xlsx (default: data/raw)",
    )


def check(given: argparse.Namespace) -> int:
    """Print every problem of a folder of tables; 1 where any is an error, 2 where no folder is."""
    folder = given.folder
    name = escaped(folder.as_posix())
    if not os.path.isdir(folder) and not (folder.is_file() and is_readable(folder)):
        what = "is not a folder" if os.path.lexists(folder) else "no such folder"
        print(f"{name}: {what}", file=sys.stderr)
        return 2
    tables, problems = examine(folder)
    if len(tables) == len(RAW_TABLES):
        problems += unread(folder)
    for problem in problems:
        mark = "" if problem.severity == ERROR else f"{problem.severity}: "
        print(mark + str(problem), file=sys.stderr)
    count = Counter(problem.severity for problem in problems)
    rows = sum(len(rows) for rows in tables.values())
    said = ", ".join(f"{n:,} {word}{'s' if n > 1 else ''}" for word, n in count.items())
    good = "rows without a fault" if count[ERROR] else "rows"
    print(f"{name}: {len(tables)} tables, {rows:,} {good}, {said or 'no fault'}")
    return 1 if count[ERROR] else 0
