"""`ketameta merge`: one set of tables of two extractions, what was decided, and corrections."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.commands.examine import ToldProblem, examined_folder, not_before, open_warnings
from ketameta.commands.extractions import (
    WHEN,
    WrongUseError,
    date_of,
    hold,
    matching_options,
    record_of,
    status_of,
)
from ketameta.commands.revisions import DiffError, git
from ketameta.commands.versions import KNOWN, RAW, tables_at, version
from ketameta.configuration import CONFIG
from ketameta.extraction import adjudication, corrections
from ketameta.extraction.adjudication import ENDED, DecisionLine
from ketameta.extraction.editing import Edits
from ketameta.extraction.files import merged_files
from ketameta.extraction.merging import Merge, MergeRefusedError, decide, merged, without_rater
from ketameta.extraction.recording import Signed
from ketameta.extraction.records import Disagreement, Matching
from ketameta.extraction.sides import RATER, SIDE_BY_SIDE
from ketameta.ingest.places import EXCEL, read_place, unwritten_form
from ketameta.ingest.rows import TextTable
from ketameta.storage import same_content, write_all, write_bytes
from ketameta.tables.problems import ERROR, escaped, shown
from ketameta.tables.upkeep import ADJUDICATION, READINGS

DESCRIPTION = """\
Make one set of tables of two extractions, A and B, by the decisions in FILE, and write it to OUT.

  ketameta compare A B --adjudicate FILE    a line a disagreement, to be decided by people
  ketameta merge A B FILE OUT --role NAME   NAME is the role that extracted B
  ketameta merge BOTH FILE OUT --raters X Y two raters of one place, told apart by a column rater:
                                            X is A, and of Y only what was decided is left
  ketameta merge A OUT --corrections FILE --role NAME
                                            corrections alone; NAME is the role that corrects

OUT is a folder, a FILE.xlsx, or A itself, which is changed all or not at all. A's files keep their
bytes but for the cells and rows that change; new rows go below those of their trial. A workbook is
written anew, with every cell as it was entered. What was decided and corrected is recorded in
adjudication.csv, the rows that B extracted as well in readings.csv (with --role).

Nothing is written while a line is open or missing, where A or B changed since the lines were
written, or where the result has an error that A has not. Merging the same again changes nothing.

A correction (file, line, column, old, new, why, source, locator; trial_id, arm_id, role and date
where wanted) is applied where its old cell is what stands there; the rest is listed. --lines-of
names the version (a folder, a release or a revision of git) whose lines the file has: each is
followed to the row of today.

Exit status: 0 merged, or nothing to do; 1 refused; 2 wrong use.
"""
_WANTED = (
    "give A, B, FILE and OUT; BOTH, FILE and OUT, with --raters X Y; or A and OUT, with "
    "--corrections FILE"
)


@dataclass(frozen=True)
class _Compared:
    """Two extractions, held against each other, and the lines that decide."""

    found: Sequence[Disagreement] = ()
    matching: Matching = field(default_factory=lambda: Matching((), (), ()))
    lines: Sequence[DecisionLine] = ()

    @property
    def ended(self) -> int:
        """How many lines are passed over, as nothing disagrees there any more."""
        return sum(line.cells.get("likely") == ENDED for line in self.lines)

    @property
    def copied(self) -> int:
        """How many rows of B have the note of A's, word for word."""
        notes = ([row.entered.get("note") for row in (m.a, m.b)] for m in self.matching.matches)
        return sum(bool(one) and one == other for one, other in notes)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta merge` takes."""
    parser.description = DESCRIPTION
    parser.usage = (
        "ketameta merge A B FILE OUT [options]\n       "
        "ketameta merge BOTH FILE OUT --raters X Y [options]\n       "
        "ketameta merge A OUT --corrections FILE [options]"
    )
    parser.add_argument(
        "places",
        nargs="+",
        metavar="A B FILE OUT",
        help="the extractions, the decisions (.csv, .tsv, .xlsx), and where to write",
    )
    parser.add_argument("--raters", nargs=2, metavar=("X", "Y"), help="two raters of one place")
    parser.add_argument("--corrections", type=Path, metavar="FILE", help="cells to mend")
    parser.add_argument("--lines-of", metavar="VERSION", help="whose lines the corrections have")
    parser.add_argument("--role", default="", metavar="NAME", help="who extracted B, or corrects")
    parser.add_argument("--date", default="", help=WHEN)
    matching_options(parser, *["as it was compared"] * 3)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")


def merge(given: argparse.Namespace) -> int:
    """Merge, and say what was done; 1 where it is refused, 2 for wrong use."""
    status = status_of("merge", lambda spare: _merge(given, spare))
    if status == 1:
        print("nothing is written", file=sys.stderr)
    return status


def _merge(given: argparse.Namespace, spare: Path) -> int:
    names = given.places
    wanted = 3 if given.raters else 2 if given.corrections and len(names) == 2 else 4
    if len(names) != wanted:
        raise WrongUseError(_WANTED)
    if not given.tolerance_h >= 0:
        raise WrongUseError("--tolerance-h is 0 or more")
    day = date_of(given)
    if given.lines_of and not given.corrections:
        raise WrongUseError("--lines-of is for --corrections FILE")
    a = tables_at(version(names[0]), spare / "a")
    out, in_place = _out(names[-1], a)
    read = _content(a)
    texts, problems = read_place(a, (RATER,) if given.raters else ())
    _refuse([str(p) for p in problems if p.severity == ERROR and not texts])
    record = record_of(texts)
    compared = _compared(names, a, record, given, spare) if len(names) > 2 else _Compared()
    decided = decide(compared.found, compared.lines, record)
    placed = _corrections(given, texts, spare)
    done = merged(
        compared.found,
        decided,
        compared.matching,
        placed,
        texts,
        Signed(given.role.strip(), day),
    )
    if given.raters:
        done = without_rater(texts, done, given.raters[1])
    files = merged_files(texts, done.edits, out, in_place) if done.edits or not in_place else {}
    changed = {path: content for path, content in files.items() if not same_content(path, content)}
    if changed and not in_place and (there := [p for p in _there(out) if p.exists()]):
        raise WrongUseError(
            f"{there[0].as_posix()} is there already; nothing is written over but A"
        )
    warnings = _new_faults(a, files, out, spare) if changed else 0
    if in_place and _content(a) != read:
        raise MergeRefusedError([f"{a.as_posix()}: was changed meanwhile; merge again"])
    if not given.dry_run:
        write_all(changed)
    where = "ketameta check" if given.dry_run else _check_of(out, in_place)
    _say(done, compared, list(changed), (warnings, where), given.dry_run)
    return 0


def _out(name: str, a: Path) -> tuple[Path, bool]:
    """Return where to write, and whether that is A itself."""
    if not name.strip():
        raise WrongUseError("OUT is empty")
    out = Path(name)
    if why := unwritten_form(out):
        raise WrongUseError(f"{name}: {why}")
    if (out / RAW).is_dir() and not _there(out):
        out = out / RAW
    same = out.exists() and out.resolve() == a.resolve()
    if out.is_file() and out.suffix.lower() != EXCEL:
        raise WrongUseError(f"{name}: is a file; give a folder, or a FILE{EXCEL}")
    return (a if same else out), same


def _content(place: Path) -> dict[str, bytes]:
    """Return the bytes of each table of a place."""
    return {path.name: path.read_bytes() for path in _there(place) if path.is_file()}


def _there(out: Path) -> list[Path]:
    """Return the tables that stand where the merged ones are to go."""
    if out.suffix.lower() == EXCEL:
        return [out] if out.exists() else []
    return [out / name for name in sorted(KNOWN) if (out / name).exists()]


def _refuse(lines: Sequence[str]) -> None:
    if lines:
        raise MergeRefusedError(lines)


def _compared(
    names: Sequence[str],
    a: Path,
    record: Sequence[Mapping[str, str]],
    given: argparse.Namespace,
    spare: Path,
) -> _Compared:
    """Hold A and B against each other, and read the lines; raises `MergeRefusedError`."""
    path = Path(names[-2])
    if path.suffix.lower() not in adjudication.ENDINGS:
        raise WrongUseError(f"{path}: decisions stand in a {', '.join(adjudication.ENDINGS)} file")
    read = adjudication.read_lines(path)
    _refuse([str(problem) for problem in read.problems])
    held = hold(given, names[:-2], a, record, spare)
    found = held.found
    if given.raters:
        found = [one for one in found if one.table not in SIDE_BY_SIDE]
    return _Compared(found, held.matching, read.lines)


def _corrections(
    given: argparse.Namespace, texts: Mapping[str, TextTable], spare: Path
) -> tuple[Sequence[corrections.Located], Sequence[corrections.Left]]:
    if given.corrections is None:
        return (), ()
    found, problems = corrections.read_corrections(given.corrections)
    _refuse([str(problem) for problem in problems])
    unsigned = [one.place for one in found if not (one.cells.get("role") or given.role.strip())]
    if unsigned:
        raise WrongUseError(f"{unsigned[0]}: say who corrects, with --role NAME")
    then = None
    if given.lines_of:
        then = read_place(tables_at(version(given.lines_of), spare / "then"))[0]
    return corrections.located(found, texts, then, given.lines_of or "")


def _new_faults(a: Path, files: Mapping[Path, bytes], out: Path, spare: Path) -> int:
    """Return how many warnings the merged tables have that A has not.

    Raises `MergeRefusedError` where they have errors that A has not.
    """
    raw = spare / "project" / RAW
    book = out.suffix.lower() == EXCEL
    for path, content in files.items():
        write_bytes(raw / path.name, content)
    config = a.absolute().parent.parent / CONFIG
    if a.absolute().parts[-2:] == ("data", "raw") and config.is_file():
        write_bytes(spare / "project" / CONFIG, config.read_bytes())
    place = raw / out.name if book else raw
    before, after = examined_folder(a).told, examined_folder(place).told
    fresh = not_before(open_warnings(after), open_warnings(before))
    errors = [one for one in fresh if one.problem.severity == ERROR]
    _refuse([_told(one, raw, out if not book else out.parent) for one in errors])
    return len(fresh)


def _told(one: ToldProblem, raw: Path, out: Path) -> str:
    said = str(one.problem).replace(f"{raw.as_posix()}/", "")
    return f"would be at fault: {(out / said).as_posix() if out.name else said}"


def _check_of(out: Path, in_place: bool) -> str:
    """Return the command that tells of what is new in the merged tables, or else of all of them."""
    try:
        known = in_place and out.is_dir() and git("-C", out.as_posix(), "ls-files", "--", ".")
    except DiffError:  # there is no git
        known = None
    return f"ketameta check {'--new ' if known else ''}{shlex.quote(out.as_posix())}"


def _say(
    done: Merge,
    compared: _Compared,
    changed: Sequence[Path],
    warnings: tuple[int, str],
    dry: bool,
) -> None:
    """Say what was done, or would be; ``warnings`` are how many are new, and what tells them."""
    if changed:
        for name, edits in done.edits.items():
            if name not in (ADJUDICATION.name, READINGS.name):
                print(f"{name}: {_counts(edits)}")
        for placed in done.applied:
            one = placed.correction
            cells = " → ".join(shown(cell) if cell else "empty" for cell in (one.old, one.new))
            print(escaped(f"corrected: {one.table} / {placed.row} {one.column}: {cells}"))
    for left in done.left:
        if left.case != corrections.DONE:
            one = left.correction
            print(escaped(f"not applied: {one.place} ({one.target}): {left.said}"))
    before = sum(left.case == corrections.DONE for left in done.left)
    for count, single, many in (
        (before, "1 correction stands there already", "corrections stand there already"),
        (
            compared.ended,
            "1 line was passed over: nothing disagrees there any more",
            "lines were passed over: nothing disagrees there any more",
        ),
        (
            done.conflicts if changed else 0,
            "1 row of another source stands beside the one that is pooled",
            "rows of other sources stand beside those that are pooled",
        ),
        (
            compared.copied if changed and READINGS.name in done.edits else 0,
            "1 row of B has A's note word for word: is it read again, or copied?",
            "rows of B have A's notes word for word: are they read again, or copied?",
        ),
        (
            warnings[0],
            f"1 warning that A had not: {warnings[1]} tells it",
            f"warnings that A had not: {warnings[1]} tells them",
        ),
    ):
        if count:
            print(escaped(single if count == 1 else f"{count:,} {many}"))
    for path in changed:
        print(escaped(f"{'would write' if dry else 'written:'} {path.as_posix()}"))
    if not changed:
        print("nothing to do")


def _counts(edits: Edits) -> str:
    """Say how many cells and rows of a table change."""
    cells = sum(map(len, edits.cells.values()))
    parts = (
        (cells, "1 cell changed", "cells changed"),
        (len(edits.added), "1 row added", "rows added"),
        (len(edits.removed), "1 row taken out", "rows taken out"),
    )
    return ", ".join(one if n == 1 else f"{n:,} {many}" for n, one, many in parts if n)
