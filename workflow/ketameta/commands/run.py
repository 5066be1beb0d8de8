"""`ketameta run`: Snakemake with words for people, and recovery from a killed run."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.commands.lock import STATE, HeldError, braced, remove_stale_locks, take_lock
from ketameta.freshness import AS_BEFORE, MADE, RAW, REPORTS, RUN, stale
from ketameta.last_report import restore_last
from ketameta.storage import check_writable

# one after the other; the rest runs beside them
_CHAIN = ("ingest", "normalize", "synthesize", "report")
FOLDERS = (STATE, Path("logs"), MADE, REPORTS)
# less free than this when a run failed: the disk was full
_ROOM = 100_000
# Snakemake ends only when the timer of this limit has run out, 1 s as it comes. With one core a
# job that waits for its turn would make it look without a pause.
UNLIMITED = "100/0s"
_STAYS = "the last report stays as it was"
DURATIONS = STATE / "ketameta-durations.json"
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
    root = find_root(Path.cwd())
    if root is None:
        print("no Snakefile here or above: run this inside a checkout of ketameta", file=sys.stderr)
        return 2
    if cores_of(given.cores) is None:
        print(f"--cores {given.cores!r} is neither a number from 1 nor all", file=sys.stderr)
        return 2
    os.chdir(root)
    try:
        return _run(given)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}; {_STAYS}", file=sys.stderr)
        return 1
    except HeldError as held:
        print(held, file=sys.stderr)
        return 1
    except StoppedError as stopped:
        print(f"stopped by a signal; {_STAYS}", file=sys.stderr)
        return 128 + int(stopped.args[0])


def _run(given: argparse.Namespace) -> int:
    """Run in the folder of the project; raises `OSError` where the disk does not let it."""
    for folder in FOLDERS:
        check_writable(folder)
    with take_lock():
        # what a killed run took away comes back before anything can stop this one
        if not given.dry_run:
            restore_last()
        planned = _planned(given.force)
        if planned is None:
            return 1
        if remove_stale_locks():
            print("an earlier run was cut short; its lock is removed")
        if planned and not (given.dry_run and not given.verbose):
            status = _follow(given, planned)
        else:
            status = 0
            _Progress(planned, given.dry_run).announce()
    if status == 0 and not given.dry_run:
        _closing()
    return 0 if status == 0 else 1


def _planned(force: bool) -> dict[str, str] | None:
    """Return why each stage has to run, by its name; None, and every fault said, where none can."""
    from ketameta.commands.snakefile import faults_before, note_same_tables
    from ketameta.configuration import CONFIG, ConfigurationError, load

    try:
        configuration = load(CONFIG)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return None
    if note_same_tables():
        print("data/raw: saved anew, the tables say the same")
    if found := faults_before(configuration):
        print(*found[:-1], f"{found[-1]}; {_STAYS}", sep="\n", file=sys.stderr)
        return None
    planned = stale(configuration)
    if planned:
        from ketameta.commands.examine import claims_of_nothing

        for problem in claims_of_nothing(RAW, configuration.names):
            print(f"warning: {problem}", file=sys.stderr)
    return {name: planned.get(name, "asked for") for name in RUN if force or name in planned}


def _follow(given: argparse.Namespace, planned: dict[str, str]) -> int:
    """Run Snakemake; returns its status. The last report comes back where it fails or is stopped.

    Raises `StoppedError` or KeyboardInterrupt when all that it started has ended.
    """
    cores = cores_of(given.cores) or 1
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--rerun-incomplete"]
    command += ["--nocolor", "--config", "tables_checked=true"]
    command += ["--max-jobs-per-timespan", UNLIMITED] * (cores > 1)
    # the names of Snakemake's locks are patterns to it, braces and all; `take_lock` is enough
    command += ["--nolock"] * braced(Path.cwd())
    command += ["--dry-run"] * given.dry_run + ["--forceall"] * given.force
    _name_user()
    status = 1
    before = [signal.signal(number, _stop) for number in _SIGNALS]
    try:
        with subprocess.Popen(
            command,
            env=environment(),
            stdout=None if given.verbose else subprocess.PIPE,
            stderr=None if given.verbose else subprocess.STDOUT,
            text=True,
            errors="replace",
            close_fds=False,
        ) as process:
            try:
                if given.verbose:
                    status = process.wait()
                else:
                    status = _Progress(planned, given.dry_run).follow(process)
            except BaseException:
                _end(process)
                raise
    finally:
        if status != 0 and not given.dry_run:
            restore_last()
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)
    return status


def _stop(number: int, frame: object) -> None:
    raise StoppedError(number)


def _end(process: subprocess.Popen[str]) -> None:
    """End Snakemake and all that it started: steps write files whole or not at all."""
    import psutil

    for number in (*_SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(process.pid)
        family = [*top.children(recursive=True), top]
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
    """Return the environment for Snakemake: a home and a cache in the project where none is open.

    A container's user may have no home, or one that he cannot write.
    """
    own = (STATE / "cache").absolute().as_posix()
    found = dict(os.environ)
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


def find_root(folder: Path) -> Path | None:
    """Return the folder with the Snakefile, this one or one above."""
    for place in (folder, *folder.parents):
        if (place / "Snakefile").is_file() and (place / "workflow" / "ketameta").is_dir():
            return place
    return None


def _known_durations() -> dict[str, float]:
    try:
        found = json.loads(DURATIONS.read_text())
        return {str(k): float(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _keep_durations(durations: dict[str, float]) -> None:
    with contextlib.suppress(OSError):
        DURATIONS.write_text(json.dumps({k: round(v, 2) for k, v in durations.items()}))


@dataclass
class _Progress:
    """Reads Snakemake's output and says, for each job, what runs, why, and how long it took."""

    planned: Mapping[str, str]
    dry_run: bool
    durations: dict[str, float] = field(default_factory=_known_durations)
    kept: list[str] = field(default_factory=list)
    started: dict[str, float] = field(default_factory=dict)
    done: int = 0
    stage: str = ""

    def follow(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        self.announce()
        for line in process.stdout:
            self._line(line.rstrip("\n"))
        if process.wait() != 0:
            self._failed()
        elif not self.dry_run:
            _keep_durations(self.durations)
        return process.returncode

    def announce(self) -> None:
        if not self.planned:
            print("everything is up to date")
            return
        chain = [name for name in self.planned if name in _CHAIN] or list(self.planned)
        known = [self.durations[name] for name in chain if name in self.durations]
        about = f", about {max(1, round(sum(known) + 1.5))} s" if len(known) == len(chain) else ""
        what = "would run" if self.dry_run else "to run"
        print(f"{what}: {', '.join(self.planned)}{about}", flush=True)
        if self.dry_run:
            print(*[f"  {name}: {why}" for name, why in self.planned.items()], sep="\n")

    def _line(self, line: str) -> None:
        self.kept.append(line)
        if match := re.match(rf"Job \d+: ({'|'.join(RUN)}): ", line):
            self._start(match[1])
        elif match := re.match(r"Finished job(?:id)?:? \d+ \(Rule: (\w+)\)", line):
            self._finish(match[1])
        elif match := re.match(rf"(\w+): {AS_BEFORE}$", line):
            # no measure of how long it takes to make it
            del self.started[match[1]]
            self.done += 1
            self._tell(match[1], AS_BEFORE)

    def _start(self, stage: str) -> None:
        self.stage = stage
        self.started[stage] = time.monotonic()
        self._tell(stage, self.planned.get(stage, "asked for"))

    def _tell(self, stage: str, why: str) -> None:
        if sys.stdout.isatty():
            print(f"\r\033[K{self._bar()} {stage} … ({why})", end="", flush=True)
        else:
            print(f"  {stage}: {why}", flush=True)

    def _finish(self, stage: str) -> None:
        if stage in self.started:
            self.done += 1
            self.durations[stage] = time.monotonic() - self.started[stage]
            if sys.stdout.isatty():
                said = f"{self._bar()} {stage} {self.durations[stage]:.1f} s"
                print(f"\r\033[K{said}", end="", flush=True)
        if sys.stdout.isatty() and self.done == len(self.planned):
            print("\r\033[K", end="")

    def _bar(self) -> str:
        total = max(1, len(self.planned))
        return (
            "[" + "█" * (6 * self.done) + "·" * (6 * (total - self.done)) + f"] {self.done}/{total}"
        )

    def _refusal(self, log: Path) -> str:
        """Say which disk refused to be written, where that is why the run failed."""
        text = "\n".join(self.kept) + (log.read_text(errors="replace") if log.is_file() else "")
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            if os.strerror(number) in text:
                place = re.search(rf"^(\S+): {os.strerror(number)}$", text, re.M)
                return f"{place[1] if place else 'the disk'}: {os.strerror(number)}"
        full = [f for f in FOLDERS if f.is_dir() and shutil.disk_usage(f).free < _ROOM]
        return f"{full[0].as_posix()}: {os.strerror(errno.ENOSPC)}" if full else ""

    def _failed(self) -> None:
        print(file=sys.stderr)
        # jobs run beside each other: the one that failed need not be the one that began last
        failed = re.search(r"^\s*Error in (?:group job |rule )(\w+):", "\n".join(self.kept), re.M)
        stage = failed[1] if failed else self.stage
        log = Path("logs", f"{stage}.log")
        if refusal := self._refusal(log):
            print(f"{refusal}; {_STAYS}", file=sys.stderr)
            return
        if stage in RUN and log.is_file() and log.read_text().strip():
            print(f"{stage} failed:\n{log.read_text().strip()}", file=sys.stderr)
        else:
            tail = [line for line in self.kept if line.strip()][-25:]
            print(*tail, sep="\n", file=sys.stderr)
        print(
            f"stopped at {stage or 'the start'}; `ketameta run --verbose` shows all",
            file=sys.stderr,
        )


def _closing() -> None:
    for line in closing_lines():
        print(line)


def closing_lines() -> Iterator[str]:
    """Say where the report is and what its headline analyses found."""
    from ketameta.commands.results import read_results
    from ketameta.configuration import CONFIG, load
    from ketameta.report.terminal import headlines

    yield "report: reports/index.html"
    configuration = load(CONFIG)
    found = read_results(Path("data/processed"), configuration, claims=False)
    for line in headlines(found["syntheses"], configuration):
        yield f"  {line}"
