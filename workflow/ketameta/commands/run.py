"""`ketameta run`: Snakemake with words for people, and recovery from a killed run."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ketameta.commands import jobs
from ketameta.commands.forks import forks
from ketameta.commands.lock import STATE, HeldError, braced, remove_stale_locks, take_lock
from ketameta.commands.progress import FOLDERS, STAYS, Progress, announce
from ketameta.freshness import RUN, STAGES, set_stamps, stale
from ketameta.job import one_thread
from ketameta.project import python_path
from ketameta.publishing import recover
from ketameta.raw_tables import RawTables
from ketameta.spared import spare
from ketameta.storage import check_writable

if TYPE_CHECKING:
    from ketameta.configuration import Configuration

# why a stage runs that need not
_ASKED = "asked for"
# seconds that Snakemake and its steps may take to end when this run is told to
_GRACE = 8.0
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """A signal ended this run; its number is the argument."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `ketameta run` takes."""
    parser.description = (
        "Run what the last changes call for, and say why. Recovers from a killed run."
    )
    parser.add_argument("--cores", default="all", help="processor cores to use (default: all)")
    parser.add_argument(
        "-n", "--dry-run", action="store_true", help="only say what would run and why"
    )
    parser.add_argument("-f", "--force", action="store_true", help="run every stage")
    parser.add_argument("-v", "--verbose", action="store_true", help="show Snakemake's own output")


def run(given: argparse.Namespace) -> int:
    """Bring the report up to date; returns the exit status of the command."""
    if cores_of(given.cores) is None:
        print(f"--cores {given.cores!r} is neither a number from 1 nor all", file=sys.stderr)
        return 2
    spare("pandas")  # a quarter of a second; a step that has a use for it finds it again
    try:
        return _run(given)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}; {STAYS}", file=sys.stderr)
        return 1
    except HeldError as held:
        print(held, file=sys.stderr)
        return 1
    except StoppedError as stopped:
        print(f"stopped by a signal; {STAYS}", file=sys.stderr)
        return 128 + int(stopped.args[0])
    finally:
        spare()


def _run(given: argparse.Namespace) -> int:
    """Run in the folder of the project; raises `OSError` where the disk does not let it."""
    from ketameta.commands.snakefile import note_same_tables
    from ketameta.configuration import ConfigurationError, load

    one_thread()
    for folder in FOLDERS:
        check_writable(folder)
    with take_lock():
        if not given.dry_run:
            recover()
        try:
            configuration = load()
        except ConfigurationError as error:
            print(error, file=sys.stderr)
            return 1
        raw = RawTables()
        if note_same_tables(raw):
            print("data/raw: saved anew, the tables say the same")
        found = stale(configuration, STAGES)
        planned = {name: found.get(name, _ASKED) for name in RUN if given.force or name in found}
        if remove_stale_locks():
            print("an earlier run was cut short; its lock is removed")
        if planned and (given.verbose or not given.dry_run):
            set_stamps(found)
            status = _follow(given, planned, configuration, raw)
        elif _in_order(configuration, planned, raw):
            status = 0
            announce(planned, given.dry_run)
        else:
            status = 1
    if status == 0 and not given.dry_run:
        print(*closing_lines(configuration), sep="\n")
    return 0 if status == 0 else 1


def _in_order(configuration: Configuration, planned: Mapping[str, str], raw: RawTables) -> bool:
    """Say what is wrong with tables, records and claims; False where that stops the run."""
    from ketameta.commands.snakefile import faults_before

    if found := faults_before(configuration, raw):
        print(*found[:-1], f"{found[-1]}; {STAYS}", sep="\n", file=sys.stderr)
        return False
    if any(why != _ASKED for why in planned.values()):
        from ketameta.commands.examine import claims_of_nothing

        for problem in claims_of_nothing(raw.place, configuration):
            print(f"warning: {problem}", file=sys.stderr)
    return True


def _follow(
    given: argparse.Namespace,
    planned: Mapping[str, str],
    configuration: Configuration,
    raw: RawTables,
) -> int:
    """Check what is to run, and run Snakemake; returns its status, 1 where nothing may run.

    Raises `StoppedError` or KeyboardInterrupt when all that it started has ended.
    """
    _name_user()
    status = 1
    before = [signal.signal(number, _stop) for number in _SIGNALS]
    # the names of Snakemake's locks are patterns to it, braces and all; `take_lock` is enough
    asked = jobs.JobRequest(
        cores_of(given.cores) or 1, given.dry_run, given.force, lock=not braced(Path.cwd())
    )
    try:
        # Snakemake loads itself during the check, and begins when that is over
        with (
            forks() as waiting,
            jobs.started(asked, environment(), waiting) as snakemake,
            _ended(),
        ):
            if waiting:
                # it looks for what to do during the check; the steps wait until that is over
                snakemake.begin()
                waiting.prepare(planned, configuration, raw)
            if _in_order(configuration, planned, raw):
                if not given.verbose:
                    announce(planned, given.dry_run)
                if not waiting:
                    snakemake.begin()
                status = _told(snakemake, planned, given)
            else:
                _end()
                remove_stale_locks()
    finally:
        if status != 0 and not given.dry_run:
            recover()
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
    return status


def _told(snakemake: jobs.Snakemake, planned: Mapping[str, str], given: argparse.Namespace) -> int:
    """Say what runs, or all that Snakemake says; returns its status."""
    if given.verbose:
        for record in snakemake.records():
            print(record.text, file=sys.stderr, flush=True)
        return snakemake.status()
    progress = Progress(planned)
    progress.follow(snakemake.records())
    if snakemake.status() != 0:
        progress.failed()
    elif not given.dry_run:
        progress.keep_durations()
    return snakemake.status()


@contextlib.contextmanager
def _ended() -> Iterator[None]:
    """End all that this process started where it cannot go on: Snakemake waits for steps."""
    try:
        yield
    except BaseException:
        _end()
        raise


def _stop(number: int, frame: object) -> None:
    raise StoppedError(number)


def _end() -> None:
    """End Snakemake, steps, and all that they started: steps publish nothing by themselves."""
    import psutil

    for number in (*_SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    family = psutil.Process().children(recursive=True)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(one)
        family = psutil.wait_procs(family, timeout=_GRACE)[1]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def cores_of(text: str) -> int | None:
    """Return how many jobs may run at once; None where the text says no such number."""
    if text == "all":
        return os.cpu_count() or 1
    return int(text) if text.isascii() and text.isdecimal() and int(text) > 0 else None


def environment() -> dict[str, str]:
    """Return the environment for Snakemake: with this package, and a home and a cache.

    These are in the project where none is open: a container's user may have no home, or one that
    he cannot write.
    """
    own = (STATE / "cache").absolute().as_posix()
    found = {**os.environ, "PYTHONPATH": python_path()}
    if not Path(found.get("HOME", "")).is_absolute():
        found["HOME"] = own
    usual = Path(found.get("XDG_CACHE_HOME") or Path(found["HOME"], ".cache"))
    there = next((place for place in (usual, *usual.parents) if place.exists()), usual)
    if not (usual.is_absolute() and there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        found = {"MPLCONFIGDIR": own, **found, "XDG_CACHE_HOME": own}
    return found


def _name_user() -> None:
    """Name a user who is a bare number, as in containers: Snakemake asks for the name."""
    import getpass

    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = "nobody"


def closing_lines(configuration: Configuration) -> Iterator[str]:
    """Say where the report is and what its headline analyses found."""
    from ketameta.commands.results import read_results
    from ketameta.report.terminal import headline_lines

    yield "report: reports/index.html"
    found = read_results(Path("data/processed"), configuration, claims=False)
    for line in headline_lines(found.syntheses, configuration):
        yield f"  {line}"
