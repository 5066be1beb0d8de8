"""`ketameta run`: Snakemake with words for people, and recovery from a killed run."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.storage import check_writable, restore_last

STAGES = ("ingest", "normalize", "synthesize", "report", "figures", "distributions")
# one after the other; the rest runs beside them
_CHAIN = STAGES[:4]
STATE = Path(".snakemake")
REPORTS = Path("reports")
FOLDERS = (STATE, Path("logs"), Path("data/processed"), REPORTS)
# less free than this when a run failed: the disk was full
_ROOM = 100_000
# seconds that what is left of a killed run may take to die
PATIENCE = 3.0
# Snakemake ends only when the timer of this limit has run out, 1 s as it comes. With one core a
# job that waits for its turn would make it look without a pause.
UNLIMITED = "100/0s"
_STAYS = "the last report stays as it was"
DURATIONS = STATE / "ketameta-durations.json"
_REASONS = (
    ("Missing output files", "its output is not there yet"),
    ("Set of input files has changed", "the set of its input files changed"),
    ("Params have changed", "its part of the configuration changed"),
    ("Params changed", "its part of the configuration changed"),
    ("Updated input files", "changed: {files}"),
    ("Input files updated by another job", "its input is made anew"),
    ("Code has changed", "the rule changed"),
    ("Incomplete output files", "an earlier run was cut short"),
    ("Forced execution", "asked for"),
)


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
    os.chdir(root)
    try:
        return _run(given.cores, given.dry_run, given.force, given.verbose)
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}; {_STAYS}", file=sys.stderr)
        return 1


def _run(cores: str, dry_run: bool, force: bool, verbose: bool) -> int:
    """Run in the folder of the project; raises `OSError` where the disk does not let it."""
    for folder in FOLDERS:
        check_writable(folder)
    _name_user()
    lock = _take_lock()
    if lock is None:
        print("another run is at work here; wait for it to end", file=sys.stderr)
        return 1
    with lock:
        # what a killed run took away comes back before anything can stop this one
        if not dry_run:
            restore_last(REPORTS)
        if not _in_order():
            return 1
        _remove_stale_locks()
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            cores,
            "--rerun-incomplete",
            "--nocolor",
            "--config",
            "tables_checked=true",
        ]
        command += ["--max-jobs-per-timespan", UNLIMITED] * (_number(cores) > 1)
        command += ["--dry-run"] * dry_run + ["--forceall"] * force
        if verbose:
            status = subprocess.run(command, check=False).returncode
        else:
            status = _Progress(dry_run, force).follow(command)
        if status != 0 and not dry_run:
            restore_last(REPORTS)
    if status == 0 and not dry_run:
        _closing()
    return 0 if status == 0 else 1


def _number(cores: str) -> int:
    """Return how many jobs may run at once; 1 where that is no number, which Snakemake tells."""
    if cores == "all":
        return os.cpu_count() or 1
    return int(cores) if cores.isdecimal() else 1


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


def _in_order() -> bool:
    """Check configuration and raw tables before anything starts; print every fault."""
    from ketameta.commands.examine import faults
    from ketameta.configuration import CONFIG, ConfigurationError, load

    try:
        load(CONFIG)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return False
    found = faults(Path("data/raw"))
    if found:
        print(*found, sep="\n", file=sys.stderr)
        print(f"{len(found)} faults in data/raw; {_STAYS}", file=sys.stderr)
    return not found


def _take_lock():  # type: ignore[no-untyped-def]
    """Take a lock that the kernel drops when this run ends, however it ends; None where it is held.

    The running steps inherit it: a step that outlives a killed run still holds it, for a moment.
    """
    import fcntl

    STATE.mkdir(exist_ok=True)
    file = (STATE / "ketameta.lock").open("w")
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                file.close()
                return None
            time.sleep(0.05)
        else:
            os.set_inheritable(file.fileno(), True)
            return file


def _remove_stale_locks() -> None:
    """Remove Snakemake's locks where no Snakemake works in this folder any more."""
    locks = list((STATE / "locks").glob("*")) if (STATE / "locks").is_dir() else []
    if locks and not _other_snakemake():
        for path in locks:
            path.unlink(missing_ok=True)
        print("an earlier run was cut short; its lock is removed")


def _other_snakemake() -> bool:
    import psutil

    here = Path.cwd()
    for process in psutil.process_iter(["cmdline", "cwd", "pid"]):
        words = process.info["cmdline"] or []
        elsewhere = process.info["cwd"] != str(here) or process.info["pid"] == os.getpid()
        if not elsewhere and any(Path(word).name == "snakemake" for word in words[:3]):
            return True
    return False


@dataclass
class _Progress:
    """Reads Snakemake's output and says, for each job, what runs, why, and how long it took."""

    dry_run: bool
    force: bool
    planned: dict[str, int] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    started: dict[str, float] = field(default_factory=dict)
    done: int = 0
    stage: str = ""

    def follow(self, command: list[str]) -> int:
        self.durations = _known_durations()
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            close_fds=False,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._line(line.rstrip("\n"))
        if process.returncode != 0:
            self._failed()
        elif not self.planned:
            print("everything is up to date")
        elif not self.dry_run:
            _keep_durations(self.durations)
        return process.returncode

    def _line(self, line: str) -> None:
        self.kept.append(line)
        if match := re.match(rf"({'|'.join(STAGES)})\s+(\d+)$", line):
            if not self.planned:
                self.planned = {}
            self.planned[match[1]] = int(match[2])
        elif line.startswith("total ") and self.planned:
            self._announce()
        elif (match := re.match(r"(?:local)?(?:rule|checkpoint) (\w+):", line)) or (
            match := re.match(rf"Job \d+: ({'|'.join(STAGES)}): ", line)
        ):
            self.stage = match[1]
        elif match := re.match(r"\s*[Rr]eason: (.*)", line):
            self._start(match[1])
        elif match := re.match(r"Finished job(?:id)?:? \d+ \(Rule: (\w+)\)", line):
            self._finish(match[1])

    def _announce(self) -> None:
        names = [name for name in STAGES if name in self.planned]
        chain = [name for name in names if name in _CHAIN] or names
        known = [self.durations[name] for name in chain if name in self.durations]
        about = f", about {max(1, round(sum(known) + 1.5))} s" if len(known) == len(chain) else ""
        what = "would run" if self.dry_run else "to run"
        print(f"{what}: {', '.join(names)}{about}", flush=True)

    def _start(self, reason: str) -> None:
        if self.stage not in STAGES or self.stage in self.started:
            return
        self.started[self.stage] = time.monotonic()
        why = explain_reason(reason)
        if self.dry_run:
            print(f"  {self.stage}: {why}")
        elif sys.stdout.isatty():
            print(f"\r\033[K{self._bar()} {self.stage} … ({why})", end="", flush=True)
        else:
            print(f"  {self.stage}: {why}", flush=True)

    def _finish(self, stage: str) -> None:
        if stage not in self.started:
            return
        self.done += 1
        self.durations[stage] = time.monotonic() - self.started[stage]
        if sys.stdout.isatty():
            print(
                f"\r\033[K{self._bar()} {stage} {self.durations[stage]:.1f} s", end="", flush=True
            )
            if self.done == len(self.planned):
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
        if stage in STAGES and log.is_file() and log.read_text().strip():
            print(f"{stage} failed:\n{log.read_text().strip()}", file=sys.stderr)
        else:
            tail = [line for line in self.kept if line.strip()][-25:]
            print(*tail, sep="\n", file=sys.stderr)
        print(
            f"stopped at {stage or 'the start'}; `ketameta run --verbose` shows all",
            file=sys.stderr,
        )


def explain_reason(reason: str) -> str:
    """Turn Snakemake's reasons into a sentence for people, at most three files named."""
    said = []
    for part in re.split(r"; ", reason):
        head, _, rest = part.partition(":")
        for start, words in _REASONS:
            if head.strip().startswith(start):
                files = [f.strip() for f in rest.split(",") if f.strip()]
                shown = ", ".join(files[:3]) + (
                    f" and {len(files) - 3} more" if len(files) > 3 else ""
                )
                said.append(words.format(files=shown))
                break
        else:
            said.append(head.strip()[:120])
    return "; ".join(dict.fromkeys(said))


def _known_durations() -> dict[str, float]:
    try:
        found = json.loads(DURATIONS.read_text())
        return {str(k): float(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _keep_durations(durations: dict[str, float]) -> None:
    with contextlib.suppress(OSError):
        DURATIONS.write_text(json.dumps({k: round(v, 2) for k, v in durations.items()}))


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
