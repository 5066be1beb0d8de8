"""`ketameta check`: every fault of the raw tables at once."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from ketameta.ingest.stage import check_folder
from ketameta.tables.problems import ERROR


def check(folder: Path) -> int:
    """Print every problem of a folder of tables; 1 where any is an error."""
    if not folder.is_dir():
        print(f"{folder.as_posix()}: no such folder", file=sys.stderr)
        return 2
    tables, problems = check_folder(folder)
    for problem in problems:
        mark = "" if problem.severity == ERROR else f"{problem.severity}: "
        print(mark + str(problem), file=sys.stderr)
    count = Counter(problem.severity for problem in problems)
    rows = sum(len(rows) for rows in tables.values())
    said = ", ".join(f"{n} {name}{'s' if n > 1 else ''}" for name, n in count.items()) or "no fault"
    print(f"{folder.as_posix()}: {len(tables)} tables, {rows:,} rows, {said}")
    return 1 if count[ERROR] else 0
