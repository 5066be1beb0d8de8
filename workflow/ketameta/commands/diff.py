"""`ketameta diff`: what changed between two versions of the data, and what moved for it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands import builds
from ketameta.commands.questions import PooledVersion, QuestionsOfBoth, asked
from ketameta.commands.revisions import DiffError, NoSuchVersionError
from ketameta.commands.versions import MadeTables, Recorded, Revision, Version, versions
from ketameta.configuration import CONFIG, Configuration, ConfigurationError, load
from ketameta.evidence.changes import Change, Code
from ketameta.evidence.rated import COMPARED, RecordedResult, result_of
from ketameta.tables.collection import Tables
from ketameta.tables.raw import RAW_KINDS, RAW_TABLES, RESULT_TABLES
from ketameta.tables.table import Row

if TYPE_CHECKING:
    from ketameta.evidence.results import RatedResults

DESCRIPTION = """\
Say which rows changed between two versions of the data, which estimates moved, how far, what
verdict and certainty became, whether a conclusion flipped, and which edit did it (each edit made
alone, the analysis fitted again; edits of risk of bias move certainty alone and are not fitted).

  ketameta diff                  the last commit against this folder as it stands
  ketameta diff v1.2             a revision, or a release (by date or version), against this folder
  ketameta diff HEAD~3 HEAD      two revisions
  ketameta diff ../before .      two folders: projects, their data/raw, or their data/processed;
                                 or workbooks

A name that is a folder is the folder, else a release of reports/versions/, else a revision of git;
with --rev it is a revision. Of a project its tables count as they stand, run or not; data/processed
is taken as it was made.

Each version is pooled by its own code: where that is not the code that runs now, it runs in a
process of its own, with the packages that are installed here. What the change of code moves is told
apart from what edits of the data move. (So this runs the code of the revisions that you name.)

Both are pooled with the present configuration, so that questions do not move anything. With
--config-too each is pooled with its own; the notes say which questions changed.

Folders of older versions that lack what a certainty needs say "not recorded", and what is not
recorded has not moved.

An analysis that came or went with its question is told apart from those that moved.

Prints Markdown. Exit status: 0 nothing moved, 10 an estimate, a certainty or the verdict on a claim
moved or an analysis came or went, 11 a conclusion flipped (the interval lay on one side of no
effect before and not after, or the other way round, or changed sides; or the trials were for a
claim and are not now, or against it), 1 a version has faults, 2 no such version.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta diff` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("old", metavar="OLD", nargs="?", help="a folder, a release or a revision")
    parser.add_argument("new", metavar="NEW", nargs="?", help="the same (default: this folder)")
    parser.add_argument("--rev", action="store_true", help="OLD and NEW are git revisions")
    parser.add_argument(
        "--config-too", action="store_true", help="each version with its own configuration"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")


def diff(given: argparse.Namespace) -> int:
    """Print the change; 0 nothing moved, 10 an estimate, certainty or claim moved, 11 a flip.

    1 where a version has faults, 2 where there is no such version.
    """
    try:
        present = load(CONFIG)
        old, new = versions(given)
        questions = asked(old, new, given.config_too, present)
        change = _change(questions)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    except DiffError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, NoSuchVersionError) else 1
    _print_change(change, questions, given)
    return change.status


@dataclass(frozen=True)
class _Pooled:
    """What a version gives: its raw tables (none of a record without cells), and its results.

    `claims` holds the verdict on each claim; None where none is recorded. `apart` says whether code
    of its own made them in a process apart, `failed` why that code could not, and `note` what else
    to tell.
    """

    tables: Tables
    results: Sequence[RecordedResult]
    claims: dict[str, str] | None = None
    apart: bool = False
    failed: str = ""
    note: str = ""


def _cells(one: _Pooled, other: _Pooled) -> Tables:
    return one.tables if one.tables.kinds() else other.tables


def _change(questions: QuestionsOfBoth) -> Change:
    """Pool both versions and compare them; raises `DiffError`."""
    from ketameta.evidence.attribution import attribute
    from ketameta.evidence.changes import compare, compare_claims, with_code
    from ketameta.evidence.rows import changed_rows

    sides = (questions.old, questions.new)
    codes = _codes(sides)
    a, b = (_pooled(side, code) for side, code in zip(sides, codes, strict=True))
    # of a record without its cells no row changed
    old, new = _cells(a, b), _cells(b, a)
    files = builds.changed_files(*codes) if all(codes) else ()
    code, crossed = _crossed(questions, codes, files, (a, b)) if files else (None, None)
    moves = compare(a.results, b.results)
    if crossed:
        moves = with_code(moves, crossed.results)
    moves, notes = attribute(crossed.tables if crossed else old, new, moves, questions)
    said = questions.notes((a.apart, b.apart), not files)
    lock = [a.note, b.note, _lock_note(sides)]
    return Change(
        sides[0].version.name,
        sides[1].version.name,
        tuple(changed_rows(old, new)),
        tuple(moves),
        (*said, *filter(None, lock), *notes),
        compare_claims(a.claims, b.claims),
        code,
    )


def _codes(sides: tuple[PooledVersion, PooledVersion]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the code of each version: that which runs now where it has none of its own.

    Empty for results that stand as they are: nothing says which code made them.
    """
    running = builds.running_code()
    a, b = (
        {}
        if isinstance(s.version, MadeTables | Recorded)
        else builds.code_ids(s.version) or running
        for s in sides
    )
    return a, b


def _crossed(
    questions: QuestionsOfBoth,
    codes: tuple[dict[str, str], dict[str, str]],
    files: tuple[str, ...],
    pooled: tuple[_Pooled, _Pooled],
) -> tuple[Code, _Pooled | None]:
    """Pool the old tables by the new code: what comes between is what the code moves."""
    old, new = questions.old, questions.new
    if why := "; ".join(p.failed for p in pooled if p.failed):
        return Code(files, f"what that moves is not told: {why}"), None
    side = replace(new, files=old.files, questions=old.questions)
    try:
        if codes[1] != builds.running_code():
            return Code(files), _built(side, old.version)
        if old.unread:
            raise builds.NotBuiltError(f"configuration: {old.unread}")
        return Code(files), _by_running_code(old.version, old.questions)
    except (builds.NotBuiltError, DiffError) as error:
        why = str(error).splitlines()[0]
        what = f"the code of {new.version.name} makes nothing of {old.version.name} ({why})"
        return Code(files, f"what that moves is not told apart from edits: {what}"), None


def _lock_note(sides: tuple[PooledVersion, PooledVersion]) -> str:
    if len({side.version.content(builds.LOCK) for side in sides} - {None}) < 2:
        return ""
    return f"{builds.LOCK} differs between them: both ran with the packages installed here"


def _print_change(change: Change, questions: QuestionsOfBoth, given: argparse.Namespace) -> None:
    from ketameta.report.change_json import as_json
    from ketameta.report.change_words import markdown
    from ketameta.storage import write_text

    if given.html:
        from ketameta.report.changes import standalone

        write_text(given.html, standalone(change, questions))
    if given.json:
        print(json.dumps(as_json(change), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(markdown(change, questions))


def _pooled(side: PooledVersion, code: dict[str, str]) -> _Pooled:
    """Return the tables of a version and what is made of them; raises `DiffError`."""
    version = side.version
    if isinstance(version, MadeTables):
        return _folder(version.folder, version.name, side.questions)
    if isinstance(version, Recorded):
        return _recorded(version)
    if code == builds.running_code():
        return _by_running_code(version, side.questions)
    try:
        return replace(_built(side, version), apart=True)
    except builds.NotBuiltError as error:
        why = f"that of {version.name} does not run here ({error}), so the present code pools it"
        return replace(_by_running_code(version, side.questions), failed=why)


def _built(side: PooledVersion, tables: Version) -> _Pooled:
    """Return what the code of a version makes of tables; raises `NotBuiltError`, `DiffError`."""
    from ketameta.evidence.releases import read_result

    with tempfile.TemporaryDirectory() as folder:
        builds.build(side.version, tables, side.files, Path(folder))
        try:
            found = _folder(Path(folder), side.version.name, side.questions)
        except DiffError as error:
            raise builds.NotBuiltError(f"its tables have another form: {error}") from None
        judged = Path(folder, builds.JUDGED)
        if judged.is_file():
            told = json.loads(judged.read_text(encoding="utf-8"))
            found = replace(found, results=[read_result(row) for row in told["syntheses"]])
            if "claim_verdicts" in told:
                claims = {one["claim_id"]: one["verdict"] for one in told["claim_verdicts"]}
                found = replace(found, claims=claims)
        return found


def _recorded(version: Recorded) -> _Pooled:
    """Return what a release recorded, with the cells of the commit that it names."""
    from ketameta.commands.examine import examine
    from ketameta.commands.results import without_folder
    from ketameta.evidence.releases import ReleaseError, parse_release
    from ketameta.tables.digests import digests

    try:
        release = parse_release(version.path.stem, version.path.read_text(encoding="utf-8"))
    except (ReleaseError, OSError, UnicodeDecodeError) as error:
        raise DiffError(f"{version.path.as_posix()}: {error}") from None
    found = _Pooled(Tables(), release.syntheses, release.claims)
    if release.commit:
        with tempfile.TemporaryDirectory() as spare:
            raw = Revision(version.name, release.commit).raw_tables(Path(spare))
            tables, _ = examine(raw)
        if digests(tables).data_hash == release.data_hash:
            return replace(found, tables=without_folder(tables))
    why = f"the record of {version.name} holds no cells, and no commit known here has them"
    return replace(found, note=f"{why}: which rows changed is not told")


def _folder(folder: Path, name: str, configuration: Configuration) -> _Pooled:
    """Read what a run left in a folder such as data/processed; raises `DiffError`."""
    from ketameta.commands.results import older_rows, read_results
    from ketameta.storage import read_table

    tables: dict[type[Row], Sequence[Row]] = {}
    try:
        later = [name for name in RESULT_TABLES if (folder / f"{name}.parquet").is_file()]
        for table in (*dict.fromkeys((*RAW_TABLES, *later)), "syntheses"):
            path = folder / f"{table}.parquet"
            if not path.is_file():
                raise DiffError(f"{name}: has no {table}.parquet; is it a data/processed of a run?")
            found = read_table(path)
            needed = COMPARED if table == "syntheses" else ("file", "line", "entered")
            missing = [c for c in needed if found.num_rows and c not in found.column_names]
            if missing:
                other = "it was made by another version of ketameta"
                raise DiffError(f"{name}: {table}.parquet has no {', '.join(missing)}; {other}")
            if table in RAW_KINDS:
                tables[RAW_KINDS[table]] = older_rows(RAW_KINDS[table], found)
        made = read_results(folder, configuration)
        return _Pooled(Tables(tables), [result_of(row) for row in made.syntheses], made.claims)
    except DiffError:
        raise
    except (OSError, ValueError, KeyError) as error:
        raise DiffError(f"{name}: cannot be read: {error}") from None


def _by_running_code(version: Version, configuration: Configuration) -> _Pooled:
    """Return the raw tables of a version and what the code that runs now makes of them."""
    from ketameta.commands.examine import examine
    from ketameta.commands.results import without_folder
    from ketameta.commands.versions import RAW
    from ketameta.tables.problems import counted_faults, errors

    with tempfile.TemporaryDirectory() as spare:
        folder = version.raw_tables(Path(spare))
        tables, problems = examine(folder)
    # claims of an older version may say what the present code does not take: they pool nothing
    faults = [fault for fault in errors(problems) if fault.table != "claims"]
    if faults:
        # a revision's tables are read in a folder of their own: name them as they are named there
        own = [replace(f, file=f.file.replace(Path(spare).as_posix(), RAW, 1)) for f in faults]
        lines = "\n".join(f"{version.name}: {fault}" for fault in own)
        raise DiffError(f"{lines}\n{version.name}: {counted_faults(len(faults))} in {RAW}")
    raw = without_folder(tables)
    made = results_of(raw, configuration)
    return _Pooled(raw, [result_of(row) for row in made.syntheses], made.claims)


def results_of(tables: Tables, configuration: Configuration) -> RatedResults:
    """Normalise, pool and judge raw tables in memory, without the variants."""
    from ketameta.evidence.attribution import stage_tables
    from ketameta.evidence.results import results

    plain = Configuration(tuple(replace(analysis, variants=()) for analysis in configuration))
    return results(tables | stage_tables(tables, plain), configuration)
