"""What the Snakefile does besides its rules, so that it can be tested without Snakemake."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ketameta.commands.jobs import CHECKED
from ketameta.commands.lock import HeldError, braced, take_lock
from ketameta.freshness import (
    ANEW,
    MADE,
    RAW,
    REPORTS,
    STAGES,
    bytes_hash,
    list_of,
    read_made,
    set_stamps,
    stale,
    stamp,
)
from ketameta.library.asked import KEYS
from ketameta.project import CONFIG
from ketameta.publishing import keep, recover
from ketameta.raw_tables import RawTables

if TYPE_CHECKING:
    from ketameta.configuration import Configuration


NO_PREFIX = (
    "`prefix` and `replace_prefix` of a module are not followed: tables, configuration and report"
    " are those of the working directory; give that with `snakemake --directory`."
)
_BY_SEABORN = (".distribution.svg", ".evidence.svg")
# of the name of a page or figure what narrows its analysis
_WHOLE = re.compile(r"--[^/.]+")
# the lock that this process holds in a folder: a Snakefile that takes rules of a module one by one
# reads that module as often
_HELD: dict[Path, TextIO] = {}


class RunRefusedError(Exception):
    """Snakemake cannot go on; the message says why and what to do."""


def settle_state(asked: Mapping[str, object]) -> TextIO | None:
    """Finish what a killed run began, and leave stamps to stages that need not run.

    `asked` is Snakemake's configuration. Returns the lock of this run; None where `ketameta run`
    holds it and has done all this, or another run, beside which nothing is touched. Raises
    `RunRefusedError`.
    """
    if _checked():
        return None
    configuration = _understood(asked)
    here = Path.cwd()
    if here in _HELD and not _HELD[here].closed:
        return _HELD[here]
    if braced(here) and "--nolock" not in sys.argv:
        raise RunRefusedError("Braces in the name of a folder need `ketameta run`, or --nolock.")
    try:
        lock = _HELD[here] = take_lock(patience=0)
    except HeldError as held:
        print(held, file=sys.stderr)
        return None
    recover()
    note_same_tables(RawTables())
    found = stale(configuration, STAGES)
    set_stamps(found)
    for name, why in found.items():
        if name != "prints":
            print(f"{name}: {why}", file=sys.stderr)
    return lock


def read_only(asked: Mapping[str, object]) -> None:
    """Check the configuration and touch nothing. Raises `RunRefusedError`."""
    _understood(asked)


def _checked() -> bool:
    """Say whether `ketameta run`, which does this Snakemake's part, has the lock and checked."""
    return os.environ.get(CHECKED) == str(os.getpid())


def _understood(asked: Mapping[str, object]) -> Configuration:
    from ketameta.configuration import ConfigurationError, load

    if not CONFIG.is_file():
        raise RunRefusedError(
            f"{Path.cwd()} is no project: it has no {CONFIG.as_posix()}. Go to one, name it with"
            " --directory, or begin one with `ketameta init FOLDER`."
        )
    if unused := sorted(asked.keys() - set(KEYS)):
        raise RunRefusedError(
            f"Not used here: {', '.join(unused)} of --config or --configfile. What is asked "
            f"stands in {CONFIG.as_posix()} alone: edit that file."
        )
    try:
        return load(CONFIG)
    except ConfigurationError as error:
        raise RunRefusedError(f"The configuration has faults.\n{error}") from None


def before_jobs(lock: TextIO | None, forced: Sequence[str]) -> None:
    """Stop on faults of tables and records; else name forced stages.

    Raises `RunRefusedError` with every fault, a line each, or where another run has the lock.
    """
    if not _checked():
        if lock is None:
            raise RunRefusedError("Another run is at work here; wait for it to end.")
        from ketameta.configuration import load

        if found := faults_before(load(), RawTables()):
            raise RunRefusedError("\n".join([*found, "Nothing was changed."]))
    os.environ[ANEW] = " ".join(forced)
    # Snakemake's own handler waits for a lock that this process may hold; Ctrl-C ends it cleanly
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def note_same_tables(raw: RawTables) -> bool:
    """Note that raw tables were saved anew and say the same, so that nothing has to run; True then.

    Other quotes, another separator: the bytes of the file differ, no table does.
    """
    made, now = list_of("ingest"), raw.inputs
    found = read_made(made)
    if found is None:
        return False
    both = found.inputs.keys() | now.keys()
    changed = [Path(name) for name in both if found.inputs.get(name) != now.get(name)]
    if not changed or not all(path.is_relative_to(RAW) for path in changed):
        return False
    from ketameta.tables.problems import errors

    if errors(raw.read.problems):
        return False
    digests = {(MADE / name).as_posix(): bytes_hash(raw.files[name]) for name in raw.files}
    if digests != found.files:
        return False
    keep(made, now, MADE, raw.files.items())
    return True


def faults_before(configuration: Configuration, raw: RawTables) -> list[str]:
    """Return what is wrong with the raw tables and the records of releases, a line each.

    Tables are not looked at again where ingest took just these.
    """
    from ketameta.evidence.releases import ReleaseError, read_all

    lines = []
    if stale(configuration, ("ingest",)):
        from ketameta.commands.examine import examined
        from ketameta.tables.problems import counted_faults, errors

        found = errors([told.problem for told in examined(raw.read, configuration).told])
        lines = [str(fault) for fault in sorted(found)]
        if lines:
            lines.append(f"{counted_faults(len(lines))} in {RAW.as_posix()}")
    try:
        read_all(REPORTS / "versions")
    except ReleaseError as error:
        lines.append(str(error))
    return lines


def published_with(path: str) -> str | None:
    """Return the name in `PUBLISHED` of what a file of the report or a table comes with.

    None where it is of a person, who put it there.
    Raises `RunRefusedError` with the names of files like it where no stage makes that one.
    """
    from ketameta.vocabulary import hint

    made = _made()
    stage = made.get(path)
    if not stage:
        more = _not_made_yet()
        stage = more.get(_WHOLE.sub("", path))
    if stage:
        return "prints" if stage == "prints" else "report"
    if Path(path).exists():
        return None
    raise RunRefusedError(f"{path}: no stage makes it{hint(path, [*made, *more])}")


def _made() -> dict[str, str]:
    """Return the stage of each file that is there, or was when its stage ended."""
    found: dict[str, str] = {}
    for stage in STAGES:
        made = read_made(list_of(stage))
        found |= dict.fromkeys(made.files if made else (), stage)
        found[list_of(stage).as_posix()] = stage
    return found


def _not_made_yet() -> dict[str, str]:
    """Return the stage of each file that may come out where that stage has to run."""
    from ketameta.configuration import load
    from ketameta.report.graphics import ALL, KINDS, LIST
    from ketameta.report_files import crosscheck_files, report_files
    from ketameta.tables.raw import RAW_TABLES
    from ketameta.tables.stages import STAGE_KINDS
    from ketameta.tables.table import schema_of
    from ketameta.vocabulary.narrowing import slug

    configuration = load()
    names = configuration.names
    found = {f"{MADE}/{table}.parquet": "ingest" for table in RAW_TABLES}
    for stage, kinds in STAGE_KINDS.items():
        found |= {f"{MADE}/{schema_of(kind).name}.parquet": stage for kind in kinds.values()}
    drawings = [
        f"{REPORTS}/figures/{name}.{kind}.svg"
        for name in map(slug, [*names, ALL])
        for kind in KINDS
    ]
    found |= {
        path: "distributions" if path.endswith(_BY_SEABORN) else "figures" for path in drawings
    }
    found[f"{REPORTS}/{LIST}"] = "figures"
    courses, networks = configuration.courses, configuration.networks
    made = {
        "crosscheck": crosscheck_files(names, timed=bool(courses)),
        "report": report_files(names, courses, networks),
    }
    for stage, paths in made.items():
        found |= {f"{REPORTS}/{path}": stage for path in paths}
    found |= {path.replace(".svg", end): "prints" for path in drawings for end in (".pdf", ".png")}
    return {path: stage for path, stage in found.items() if not Path(stamp(stage)).exists()}
