"""`ketameta release`: keep a small record of what these tables give, to tell later what moved."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands.results import read_results
from ketameta.commands.revisions import DiffError, git
from ketameta.commands.versions import RAW
from ketameta.configuration import CONFIG, ConfigurationError, load
from ketameta.tables import RESULT_TABLES
from ketameta.tables.collection import Tables

if TYPE_CHECKING:
    from ketameta.evidence.releases import Release

PROCESSED = Path("data/processed")
VERSIONS = Path("reports/versions")
_OLDER = f"the report is older than {RAW} or the configuration"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta release` takes."""
    parser.description = (
        "Keep the estimates of this report in reports/versions/, to tell what moved."
    )
    parser.add_argument("--date", help="its date, 2027-01-31 (default: of the data's last commit)")


def release(given: argparse.Namespace) -> int:
    """Write reports/versions/<date>.json; 1 with one sentence where that cannot be."""
    from ketameta import freshness
    from ketameta.evidence import releases
    from ketameta.evidence.findings import open_findings
    from ketameta.storage import read_table, write_text
    from ketameta.tables.effects import FindingRow
    from ketameta.tables.stages import MADE_KINDS

    if given.date is not None and not releases.is_day(given.date):
        print(f"--date {given.date!r} is no day such as 2027-01-31", file=sys.stderr)
        return 2
    try:
        known = releases.read_all(VERSIONS)
        commit, day = _commit_and_date(given.date)
        configuration = load(CONFIG)
    except (releases.ReleaseError, DiffError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1
    if not (PROCESSED / "syntheses.parquet").is_file():
        print("nothing to release yet: run `ketameta run` first", file=sys.stderr)
        return 1
    if old := freshness.stale(configuration, ("ingest", "normalize", "synthesize")):
        print(f"{_OLDER} ({next(iter(old.values()))}): run `ketameta run` first", file=sys.stderr)
        return 1
    names = (*RESULT_TABLES, "adjudication", "findings")
    read = {name: read_table(PROCESSED / f"{name}.parquet") for name in names}
    tables = Tables.of_arrow(MADE_KINDS, read)
    found = read_results(PROCESSED, configuration)
    checks = open_findings(tables[FindingRow])
    try:
        name = releases.next_name(day, [r.name for r in known])
        made = releases.make(name, commit, tables, found.syntheses, found.claims, checks)
    except releases.ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    last = releases.oldest_first(known)[-1] if known else None
    if last and _says(last) == _says(made):
        print(f"reports/versions/{last.name}.json has these results already")
        return 0
    if last and last.date > made.date:
        print(f"the last release is of {last.name}, after {made.date}", file=sys.stderr)
        return 1
    path = VERSIONS / f"{name}.json"
    write_text(path, made.to_json())
    print(f"{path.as_posix()}: {len(made.syntheses)} estimates, data hash {made.data_hash}")
    print("`ketameta run` brings it into the report; commit the file")
    return 0


def _says(release: Release) -> tuple[object, ...]:
    """Return what two releases must share to be the same."""
    found = (release.data_hash, release.syntheses, release.claims)
    return (*found, release.findings, release.decisions)


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
