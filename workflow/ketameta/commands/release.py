"""`ketameta release`: record what these tables give under a version, and write it as a crate."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands.results import read_results
from ketameta.commands.revisions import DiffError, git
from ketameta.commands.versions import RAW
from ketameta.configuration import CONFIG, Configuration, ConfigurationError, load
from ketameta.project import python_path
from ketameta.tables import RESULT_TABLES
from ketameta.tables.collection import Tables

if TYPE_CHECKING:
    from ketameta.evidence.releases import Release
    from ketameta.evidence.version_rule import Step

PROCESSED = Path("data/processed")
VERSIONS = Path("reports/versions")
CRATES = Path("releases")
DESCRIPTION = """\
Record these estimates in reports/versions/ under a version, bring the report up to date with it,
and write it as a Workflow Run RO-Crate: a folder and an archive in releases/, with tables,
questions, code, locked packages and the whole report, from which `ketameta reproduce-release` makes
every byte of it again.

The version is MAJOR.MINOR.PATCH by rule, not by choice. MAJOR: the day of the last search in
review.yaml moved. MINOR: a number or a verdict is another, or an analysis, a trial or a claim came
or went. PATCH: words, appearance, software or cells changed, and no number moved. Where nothing
changed there is no release. `--dry-run` says which it would be, and why; `--expect` confirms it.

Files of people beside the report are not in the crate, nor are PDF and PNG of `make figures`.

Exit status: 0 recorded, or recorded before; 1 it cannot be; 2 wrong use, or not the version that
was expected.
"""
_OLDER = f"the report is older than {RAW} or the configuration"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta release` takes."""
    parser.description = DESCRIPTION
    parser.add_argument("--date", help="its date, 2027-01-31 (default: of the data's last commit)")
    parser.add_argument("-n", "--dry-run", action="store_true", help="say which version, and why")
    parser.add_argument("--expect", metavar="VERSION", help="release only if the rule says so too")
    parser.add_argument("--no-crate", action="store_true", help="record it, and no more")
    parser.add_argument("--cores", default="all", help="processor cores for the report")


def release(given: argparse.Namespace) -> int:
    """Record and write a release; 1 with one sentence where that cannot be, 2 for wrong use."""
    from ketameta import freshness
    from ketameta.evidence import releases

    if given.date is not None and not releases.is_day(given.date):
        print(f"--date {given.date!r} is no day such as 2027-01-31", file=sys.stderr)
        return 2
    try:
        known = releases.read_all(VERSIONS)
        configuration = load(CONFIG)
        if not (PROCESSED / "syntheses.parquet").is_file():
            raise releases.ReleaseError("nothing to release yet: run `ketameta run` first")
        if old := freshness.stale(configuration, ("ingest", "normalize", "synthesize")):
            why = next(iter(old.values()))
            raise releases.ReleaseError(f"{_OLDER} ({why}): run `ketameta run` first")
        commit, day = _commit_and_date(given.date)
        name = releases.next_name(day, [r.name for r in known])
        made = _made(name, commit, configuration)
    except (releases.ReleaseError, DiffError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    return _released(given, configuration, known, made)


def _released(
    given: argparse.Namespace, configuration: Configuration, known: list[Release], made: Release
) -> int:
    """Give a release its version by the rule, say why, and write what was asked for."""
    from ketameta.evidence import releases, version_rule
    from ketameta.report.version_words import why
    from ketameta.storage import write_text

    last = releases.oldest_first(known)[-1] if known else None
    step = version_rule.step_between(last, made) if last else None
    made = replace(made, version=_version(known, step))
    if given.expect and given.expect != made.version:
        said = f"{made.version}: {why(step)}"
        print(f"--expect {given.expect}: by the rule it is {said}", file=sys.stderr)
        return 2
    if last and step and not step.level:
        print(f"{_path(last).as_posix()} has these results already ({made.version})")
        again = replace(last, version=made.version)
        return 0 if given.no_crate or given.dry_run else _crate(given, configuration, again)
    print(f"{made.version}: {why(step)}{f' since {last.name}' if last else ''}")
    if given.dry_run:
        return 0
    if last and last.date > made.date:
        print(f"the last release is of {last.name}, after {made.date}", file=sys.stderr)
        return 1
    write_text(_path(made), made.to_json())
    counted = f"{len(made.syntheses)} estimates, data hash {made.data_hash}"
    print(f"{_path(made).as_posix()}: {counted}; commit the file")
    if given.no_crate:
        print("`ketameta run` brings it into the report")
        return 0
    return _crate(given, configuration, made)


def _path(release: Release) -> Path:
    return VERSIONS / f"{release.name}.json"


def _version(known: list[Release], step: Step | None) -> str:
    """Return the version that follows those of the known releases by the rule."""
    from ketameta.evidence import version_rule

    if step is None:
        return version_rule.FIRST
    return version_rule.raised(version_rule.versions(known)[step.old.name], step.level)


def _made(name: str, commit: str, configuration: Configuration) -> Release:
    """Return what a run made as a release without a version; raises `ReleaseError`."""
    from ketameta import freshness
    from ketameta.configuration.review import searched
    from ketameta.evidence import releases
    from ketameta.evidence.findings import open_findings
    from ketameta.evidence.number_digests import number_digests
    from ketameta.storage import read_table
    from ketameta.tables.effects import FindingRow
    from ketameta.tables.stages import MADE_KINDS, STAGE_TABLES

    names = (*RESULT_TABLES, "adjudication", "findings")
    read = {name: read_table(PROCESSED / f"{name}.parquet") for name in names}
    tables = Tables.of_arrow(MADE_KINDS, read)
    found = read_results(PROCESSED, configuration)
    checks = open_findings(tables[FindingRow])
    made = releases.make(name, commit, tables, found.syntheses, found.claims, checks)
    schemas = STAGE_TABLES["synthesize"]
    pooled = {table: read_table(PROCESSED / f"{table}.parquet") for table in schemas}
    return replace(
        made,
        searched=searched(configuration.review),
        results=number_digests(pooled, schemas),
        made_from=freshness.made_from(configuration),
    )


def _crate(given: argparse.Namespace, configuration: Configuration, made: Release) -> int:
    """Bring the report up to date and write the crate of a release, where it is not there yet."""
    from ketameta.crates.cited import Released
    from ketameta.crates.contents import LOCK, CrateError
    from ketameta.crates.software import not_as_locked
    from ketameta.crates.written import files_of, write

    folder, packed = CRATES / made.version, CRATES / f"{made.version}.zip"
    if packed.exists():
        print(f"{packed.as_posix()} is there already; to have it anew, remove it")
        return 0
    words = [sys.executable, "-m", "ketameta.cli", "run", "--cores", given.cores]
    environment = {**os.environ, "PYTHONPATH": python_path()}
    if subprocess.run(words, env=environment, check=False, stdout=subprocess.DEVNULL).returncode:
        print("no crate was written: mend it, and type the same again", file=sys.stderr)
        return 1
    about = Released(configuration.review, made.version, made.date, made.data_hash)
    try:
        files = files_of(about)
        digest = write(files, folder, packed)
    except (CrateError, OSError) as error:
        print(f"no crate was written: {error}", file=sys.stderr)
        return 1
    if others := not_as_locked(files[LOCK].decode()):
        said = f"{', '.join(others[:3])}{f' and {len(others) - 3} more' * (len(others) > 3)}"
        print(f"warning: made with other packages than {LOCK} has: {said}", file=sys.stderr)
    print(f"{folder.as_posix()}/, {packed.as_posix()}: {len(files)} files, SHA-256 {digest}")
    if not configuration.review.doi:
        print("no DOI yet: reserve one, put it into review.yaml as `doi:`, and cite it by that")
    return 0


def _commit_and_date(date: str | None) -> tuple[str, str]:
    """Return the commit of the data, if there is one, and the date of the release."""
    said = (git("log", "-1", "--format=%H %cs", "--", RAW) or b"").decode().split()
    clean = not (git("status", "--porcelain", "--", RAW) or b"").strip()
    commit = said[0] if said and clean else ""
    if date:
        return commit, date
    if not commit:
        raise DiffError(f"{RAW} has no commit of its own, or was edited since: give --date")
    return commit, said[1]
