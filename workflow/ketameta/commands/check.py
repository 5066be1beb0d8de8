"""`ketameta check`: every fault of the raw tables and the configuration at once."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

from ketameta.commands.examine import (
    Examined,
    ToldProblem,
    examined_folder,
    not_before,
    open_warnings,
    others,
)
from ketameta.commands.revisions import DiffError, git
from ketameta.configuration import CONFIG
from ketameta.freshness import RAW
from ketameta.ingest.places import unread
from ketameta.project import NO_PROJECT, project_of
from ketameta.tables.problems import ERROR, NOTE, escaped
from ketameta.tables.raw import RAW_KINDS, RAW_TABLES
from ketameta.vocabulary import hint

# so many findings of one check are listed; the rest is counted
MOST_OF_A_CHECK = 25
DESCRIPTION = """\
Check every raw table, and in a project the configuration and the claims; print all faults at once,
as file:line column: fault [check].

A warning that may stand is acknowledged in acknowledged.csv beside the tables, with the columns
code, table, trial_id, arm_id, outcome, timepoint_h, column, value, reason, by, date (see
`ketameta check --json` for their values): it is counted then, and not listed. What is left empty
may be anything, but the trial. A cell with another value since is a new warning.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta check` takes."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=RAW,
        help="folder with the tables, a project, or a FILE.xlsx (default: data/raw)",
    )
    parser.add_argument(
        "--new",
        action="store_true",
        help="only errors and warnings that nobody acknowledged and the last commit did not have",
    )
    parser.add_argument(
        "--since", metavar="REVISION", help="only those that this git revision did not have"
    )
    parser.add_argument(
        "--trial", metavar="ID", help="only this trial: all that is said of it, row by row"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, every finding in it")


@dataclass(frozen=True)
class _Said:
    """What is listed, how much is not, and why."""

    listed: list[ToldProblem]
    acknowledged: int = 0
    standing: int = 0


def check(given: argparse.Namespace) -> int:
    """Print every problem of a folder of tables; 1 where any is an error, 2 for wrong use."""
    folder = given.folder
    if (folder / "data" / "raw").is_dir() and not any(folder.glob("*.[ct]sv")):
        folder = folder / "data" / "raw"
    name = escaped(folder.as_posix())
    if not os.path.isdir(folder) and not (folder.is_file() and folder.suffix):
        what = "is not a folder" if os.path.lexists(folder) else "no such folder"
        # not named by a person
        more = f"; {NO_PROJECT}" if folder == RAW and project_of(Path.cwd()) is None else ""
        print(f"{name}: {what}{more}", file=sys.stderr)
        return 2
    found = examined_folder(folder)
    if {RAW_KINDS[name] for name in RAW_TABLES} <= {*found.tables.kinds()}:
        found.told.extend(others(unread(folder)))
    if given.trial is not None and (unknown := _unknown(found, given.trial)):
        print(unknown, file=sys.stderr)
        return 2
    try:
        said = _asked(found, folder, given)
    except DiffError as error:
        print(error, file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(_content(name, said), indent=2, ensure_ascii=False))
    else:
        _print(name, found, said, cut=given.trial is None)
    return 1 if any(told.problem.severity == ERROR for told in said.listed) else 0


def _unknown(found: Examined, trial: str) -> str:
    """Say that no table has a trial, and which come near; nothing where one has."""
    rows = (row for kind in found.tables.kinds() for row in found.tables[kind])
    known = {name for row in rows if (name := getattr(row, "trial_id", None))}
    if trial in known | {told.problem.trial_id for told in found.told}:
        return ""
    return f"{escaped(trial)}: no such trial{hint(trial, sorted(known))}"


def _asked(found: Examined, folder: Path, given: argparse.Namespace) -> _Said:
    """Return what is to be listed: all, what is new, or what is said of a trial."""
    told = [*found.told, *_unused(found, each=given.trial is not None)]
    if given.trial is not None:
        told = [one for one in told if one.problem.trial_id == given.trial]
    if given.new or given.since:
        before = _before(folder, given.since)
        fresh = open_warnings(told)
        listed = fresh if before is None else not_before(fresh, before)
        # what cannot be is told until it is mended
        listed = [one for one in fresh if one in listed or one.problem.severity == ERROR]
        acknowledged = sum(bool(one.problem.acknowledged) for one in told)
        return _Said(listed, acknowledged, len(fresh) - len(listed))
    if given.trial is not None or given.json:
        return _Said(told)
    listed = [one for one in told if not one.problem.acknowledged]
    return _Said(listed, len(told) - len(listed))


def _unused(found: Examined, each: bool) -> list[ToldProblem]:
    """Return what no analysis uses, and what is of no trial, where there are analyses, no fault."""
    if found.configuration is None or any(t.problem.severity == ERROR for t in found.told):
        return []
    from ketameta.commands.left_over import LEFT_OVER, left_over
    from ketameta.commands.unused import IN_NONE, LIKE_DAYS, UNUSED_WORD, unused, unused_words
    from ketameta.normalize.checks.acknowledged import Subject
    from ketameta.normalize.trials import raw_rows

    about = Subject(raw_rows(found.tables))
    rows = unused(found.tables, found.configuration, each=each)
    words = unused_words(found.tables, found.configuration)
    return [
        *(
            ToldProblem(p, IN_NONE if p.severity == NOTE else LIKE_DAYS, about.warned(p))
            for p in rows
        ),
        *(ToldProblem(p, UNUSED_WORD, about.warned(p)) for p in words),
        *(ToldProblem(p, LEFT_OVER, about.warned(p)) for p in left_over(found.tables)),
    ]


def _before(folder: Path, revision: str | None) -> list[ToldProblem] | None:
    """Return what was told of a folder's tables in a revision; None where it has none.

    The last commit is taken where none is named. Raises `DiffError` for one that there is not.
    """
    here = ("-C", folder.as_posix())
    try:
        sha = git(*here, "rev-parse", "--verify", "--quiet", f"{revision or 'HEAD'}^{{commit}}")
    except DiffError:
        sha = None
    if sha is None:
        if revision is not None:
            raise DiffError(f"{escaped(revision)}: no such revision")
        return None
    commit = sha.decode().strip()
    listed = (git(*here, "ls-tree", "-z", "--name-only", commit, "./") or b"").decode()
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place, "data", "raw")
        files = {name: raw / name for name in listed.split("\0") if name}
        # where the folder is that of a project
        files[f"../../{CONFIG.as_posix()}"] = Path(place, CONFIG)
        for name, path in files.items():
            content = git(*here, "cat-file", "blob", f"{commit}:./{name}")
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return examined_folder(raw).told if raw.is_dir() else []


def _print(name: str, found: Examined, said: _Said, *, cut: bool) -> None:
    seen: dict[str, int] = defaultdict(int)
    for told in said.listed:
        problem = told.problem
        mark = "" if problem.severity == ERROR else f"{problem.severity}: "
        reason = f"; acknowledged: {problem.acknowledged}" if problem.acknowledged else ""
        seen[told.code] += problem.severity != ERROR
        if problem.severity == ERROR or not cut or seen[told.code] <= MOST_OF_A_CHECK:
            print(mark + str(problem) + escaped(reason), file=sys.stderr)
    for code, count in seen.items():
        if cut and count > MOST_OF_A_CHECK:
            more = f"{count - MOST_OF_A_CHECK:,} more of [{code}]: --json or --trial lists them"
            print(f"note: {more}", file=sys.stderr)
    kinds = Counter(told.problem.severity for told in said.listed)
    tables = [found.tables[kind] for kind in found.tables.kinds()]
    rows = sum(map(len, tables))
    parts = [f"{n:,} {word}{'s' if n > 1 else ''}" for word, n in kinds.items()]
    good = "rows without a fault" if kinds[ERROR] else "rows"
    fault = "nothing new" if said.standing else "no fault"
    print(f"{name}: {len(tables)} tables, {rows:,} {good}, {', '.join(parts) or fault}", end="")
    unlisted = [f"{said.acknowledged:,} acknowledged"] * bool(said.acknowledged)
    unlisted += [f"{said.standing:,} as before"] * bool(said.standing)
    print(f" ({' and '.join(unlisted)} not listed)" if unlisted else "")


def _content(name: str, said: _Said) -> dict[str, object]:
    return {
        "folder": name,
        "count": Counter(told.problem.severity for told in said.listed),
        "acknowledged": said.acknowledged
        + sum(bool(told.problem.acknowledged) for told in said.listed),
        "as_before": said.standing,
        "problems": [_row(told) for told in said.listed],
    }


def _row(told: ToldProblem) -> dict[str, object]:
    """Return a problem with what an acknowledgement of it would hold."""
    arm, outcome, hour = min(told.about.at)
    own = {"code": told.code, "table": told.about.table, "outcome": outcome, "timepoint_h": hour}
    found = asdict(told.problem) | own
    return {**found, "arm_id": told.problem.arm_id or arm}
