"""What the Snakefile does besides its rules, so that it can be tested without Snakemake."""

from __future__ import annotations

import os
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
)
from ketameta.publishing import keep, recover
from ketameta.raw_tables import RawTables

if TYPE_CHECKING:
    from ketameta.configuration import Configuration


class RefusedError(Exception):
    """Snakemake cannot go on; the message says why and what to do."""


def settle(base: Path, asked: Mapping[str, object]) -> TextIO | None:
    """Finish what a killed run began, and leave stamps to stages that need not run.

    `base` is the folder of the Snakefile, `asked` Snakemake's configuration. Returns the lock of
    this run; None where `ketameta run` holds it and has done all this, or another run, beside which
    nothing is touched. Raises `RefusedError`.
    """
    if CHECKED in asked:
        return None
    configuration = _understood(base, asked)
    if braced(base) and "--nolock" not in sys.argv:
        raise RefusedError("Braces in the name of a folder need `ketameta run`, or --nolock.")
    try:
        lock = take_lock(patience=0)
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


def read_only(base: Path, asked: Mapping[str, object]) -> None:
    """Check the configuration and touch nothing. Raises `RefusedError`."""
    _understood(base, asked)


def _understood(base: Path, asked: Mapping[str, object]) -> Configuration:
    from ketameta.configuration import CONFIG, ConfigurationError, load

    if Path.cwd() != base.resolve() and Path.cwd() != base:
        raise RefusedError(
            f"Tables, configuration and report belong to the folder of the Snakefile: go to "
            f"{base} and run without --directory."
        )
    if asked:
        raise RefusedError(
            f"Not used here: {', '.join(sorted(asked))} of --config or --configfile. What is asked "
            f"stands in {CONFIG.as_posix()} alone: edit that file."
        )
    try:
        return load(CONFIG)
    except ConfigurationError as error:
        raise RefusedError(f"The configuration has faults.\n{error}") from None


def before_jobs(asked: Mapping[str, object], lock: TextIO | None, forced: Sequence[str]) -> None:
    """Stop on faults of tables and records; else name forced stages.

    Raises `RefusedError` with every fault, a line each, or where another run has the lock.
    """
    # `ketameta run` has checked them by then
    if CHECKED not in asked:
        if lock is None:
            raise RefusedError("Another run is at work here; wait for it to end.")
        from ketameta.configuration import load

        if found := faults_before(load(), RawTables()):
            raise RefusedError("\n".join([*found, "Nothing was changed."]))
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
        from ketameta.tables.problems import counted, errors

        found = errors([told.problem for told in examined(raw.read, configuration).told])
        lines = [str(fault) for fault in sorted(found)]
        if lines:
            lines.append(f"{counted(len(lines))} in {RAW.as_posix()}")
    try:
        read_all(REPORTS / "versions")
    except ReleaseError as error:
        lines.append(str(error))
    return lines


def no_target(folder: str, file: str) -> str:
    """Say how to ask for a file that is no target by itself."""
    path = f"{folder}/{file}"
    made = [name for name in STAGES if (m := read_made(list_of(name))) and path in m.files]
    stage = made[0] if made else "all"
    return (
        f"{path} is no target by itself: `snakemake --cores all {stage}` makes it anew"
        " with the rest of its stage, where that is out of date."
    )
