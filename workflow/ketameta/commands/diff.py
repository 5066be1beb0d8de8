"""`ketameta diff`: what changed between two versions of the data, and what moved for it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ketameta.commands.questions import Asked, asked
from ketameta.commands.revisions import DiffError, commit_of, git
from ketameta.configuration import CONFIG, Configuration, ConfigurationError, load
from ketameta.tables import RAW_TABLES

Rows = dict[str, list[dict[str, Any]]]
RAW = "data/raw"
ENDINGS = (".csv", ".tsv")
BOOK = "tables.xlsx"

DESCRIPTION = """\
Say which rows changed between two versions of the data, which estimates moved, how far, what
verdict and certainty became, whether a conclusion flipped, and which edit did it (each edit made
alone, the analysis fitted again; edits of risk of bias move certainty alone and are not fitted).

OLD and NEW are folders such as data/processed, or with --rev two git revisions: of these the raw
tables are read and pooled in memory, both with the present configuration, so that only data move.
With --config-too each revision is pooled with its own configuration where that is valid now; the
notes say where it is not, and which questions changed.

Certainty is rated with the present thresholds; folders of older versions that lack what it needs
say "not recorded", and what is not recorded has not moved.

Prints Markdown. Exit status: 0 nothing moved, 10 an estimate, a certainty or the verdict on a claim
moved, 11 a conclusion flipped (the interval excluded no effect before and not after, or the other
way round, or changed sides; or the trials were for a claim and are not now, or against it), 1 a
version has faults, 2 no such version.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta diff` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("old", metavar="OLD", help="folder of an earlier run, or a revision")
    parser.add_argument("new", metavar="NEW", help="folder of a later run, or a revision")
    parser.add_argument("--rev", action="store_true", help="OLD and NEW are git revisions")
    parser.add_argument(
        "--config-too", action="store_true", help="each revision with its own configuration"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page as well")
    parser.add_argument("--json", action="store_true", help="print JSON with every digit")


def diff(given: argparse.Namespace) -> int:
    """Print the change; 0 nothing moved, 10 an estimate, certainty or claim moved, 11 a flip.

    1 where a version has faults, 2 where there is no such version.
    """
    from ketameta.commands.results import verdicts
    from ketameta.evidence.attribution import attribute
    from ketameta.evidence.changes import Change, compare, compare_claims
    from ketameta.evidence.rows import changed_rows

    try:
        configuration = asked(given, load(CONFIG))
        read = _revision if given.rev else _folder
        old, new = read(given.old, configuration.old), read(given.new, configuration.new)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    except DiffError as error:
        print(error, file=sys.stderr)
        return 2 if "no such" in str(error) else 1
    moves = compare(old["syntheses"], new["syntheses"])
    moves, notes = attribute(old, new, moves, configuration)
    rows, claims = changed_rows(old, new), compare_claims(verdicts(old), verdicts(new))
    change = Change(given.old, given.new, tuple(rows), tuple(moves), tuple(notes), claims)
    _tell(change, configuration, given)
    return change.status


def _tell(change: Any, configuration: Asked, given: argparse.Namespace) -> None:
    from ketameta.report.change_words import as_json, markdown
    from ketameta.storage import write_text

    change = replace(change, notes=(*configuration.notes, *change.notes))
    if given.html:
        from ketameta.report.changes import standalone

        write_text(given.html, standalone(change, configuration))
    if given.json:
        print(json.dumps(as_json(change), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(markdown(change, configuration))


def _folder(name: str, configuration: Configuration) -> Rows:
    """Read what a run left in a folder such as data/processed, or in a project around it."""
    from ketameta.commands.results import read_results
    from ketameta.storage import read_table, rows_of

    folder = Path(name)
    if (folder / "data" / "processed").is_dir():
        folder = folder / "data" / "processed"
    if not folder.is_dir():
        raise DiffError(f"{name}: no such folder")
    tables: Rows = {}
    for table in (*RAW_TABLES, "syntheses"):
        path = folder / f"{table}.parquet"
        if not path.is_file():
            raise DiffError(f"{name}: has no {table}.parquet; is it a data/processed of a run?")
        try:
            tables[table] = rows_of(read_table(path))
        except (OSError, ValueError) as error:
            raise DiffError(f"{path.as_posix()}: cannot be read: {error}") from None
    try:
        return {**tables, **read_results(folder, configuration)}
    except (OSError, ValueError) as error:
        raise DiffError(f"{folder.as_posix()}: cannot be read: {error}") from None


def _revision(name: str, configuration: Configuration) -> Rows:
    """Return the raw tables of a git revision and what a configuration makes of them."""
    from ketameta.commands.examine import examine
    from ketameta.tables.problems import errors

    sha = commit_of(name)
    listed = (git("ls-tree", "-z", "--name-only", sha, f"{RAW}/") or b"").decode().split("\0")
    known = {f"{table}{ending}" for table in RAW_TABLES for ending in ENDINGS}
    with tempfile.TemporaryDirectory() as folder:
        for path in listed:
            file = path.rpartition("/")[2]
            if file in known or file == BOOK:
                content = git("cat-file", "blob", f"{sha}:./{path}")
                if content is not None:
                    Path(folder, file).write_bytes(content)
        tables, problems = examine(Path(folder))
    faults = errors(problems)
    if faults:
        # the tables were read in a folder of their own: name them as the revision does
        own = [replace(f, file=f.file.replace(Path(folder).as_posix(), RAW, 1)) for f in faults]
        lines = "\n".join(f"{name}: {fault}" for fault in own)
        raise DiffError(f"{lines}\n{name}: {len(faults)} faults in {RAW}")
    for rows in tables.values():
        for row in rows:
            row["file"] = Path(row["file"]).name
    return {**tables, **results_of(tables, configuration)}


def results_of(tables: Rows, configuration: Configuration) -> Rows:
    """Normalise, pool and judge raw tables in memory, without the variants."""
    from ketameta.evidence.judged import results
    from ketameta.normalize.stage import normalize
    from ketameta.synthesize.stage import synthesize

    plain = Configuration(tuple(replace(analysis, variants=()) for analysis in configuration))
    made = normalize({**tables, "problems": []}, plain)
    rows = {name: table.to_pylist() for name, table in made.items()}
    made = synthesize({**tables, **rows}, plain)
    return results({**tables, **{name: made[name].to_pylist() for name in made}}, configuration)
