"""What `ketameta run` says while jobs run: what runs and why, how long it took, and what failed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ketameta.commands.jobs import Event, Record
from ketameta.commands.lock import STATE
from ketameta.freshness import AS_BEFORE, MADE, REPORTS, RUN, list_of
from ketameta.publishing import NEXT, READY

# one after the other; the rest runs beside them
_CHAIN = ("ingest", "normalize", "synthesize", "report")
FOLDERS = (STATE, Path("logs"), MADE, REPORTS)
# less free than this when a run failed: the disk was full
_ROOM = 100_000
STAYS = "the last report stays as it was"
DURATIONS = STATE / "ketameta-durations.json"


def announce(planned: Mapping[str, str], dry_run: bool) -> None:
    """Say which stages run, or would, about how long that takes, and why in a dry run."""
    if not planned:
        print("everything is up to date")
        return
    durations = _known_durations()
    chain = [name for name in planned if name in _CHAIN] or list(planned)
    known = [durations[name] for name in chain if name in durations]
    about = f", about {max(1, round(sum(known) + 1.5))} s" if len(known) == len(chain) else ""
    print(f"{'would run' if dry_run else 'to run'}: {', '.join(planned)}{about}", flush=True)
    if dry_run:
        print(*[f"  {name}: {why}" for name, why in planned.items()], sep="\n")


def _known_durations() -> dict[str, float]:
    try:
        found = json.loads(DURATIONS.read_text())
        return {str(k): float(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _listed(stage: str) -> tuple[int, int] | None:
    """Return what tells the list of a stage from one that is written after it, maybe aside."""
    made = list_of(stage)
    # in the order of its way: it may go on meanwhile
    for path in (REPORTS / NEXT / made.name, REPORTS / READY / made.name, made):
        with contextlib.suppress(OSError):
            found = path.stat()
            return found.st_ino, found.st_mtime_ns
    return None


@dataclass(slots=True)
class Progress:
    """Says of each job what runs, why, and how long it took; keeps what tells why one failed."""

    planned: Mapping[str, str]
    durations: dict[str, float] = field(default_factory=_known_durations)
    said: list[str] = field(default_factory=list)
    # when each stage began, and its list then
    started: dict[str, tuple[float, tuple[int, int] | None]] = field(default_factory=dict)
    done: int = 0
    stage: str = ""

    def follow(self, records: Iterable[Record]) -> None:
        """Tell of records as they come."""
        for record in records:
            self.said += record.text.splitlines()
            if record.rule not in RUN:
                continue
            if record.event is Event.STARTED:
                self._start(record.rule)
            elif record.event is Event.FINISHED:
                self._finish(record.rule)
            elif record.event is Event.FAILED:
                # jobs run beside each other: the one that failed need not be the last to begin
                self.stage = record.rule

    def keep_durations(self) -> None:
        """Keep how long stages took, for the next run to say."""
        with contextlib.suppress(OSError):
            rounded = {name: round(seconds, 2) for name, seconds in self.durations.items()}
            DURATIONS.write_text(json.dumps(rounded))

    def _start(self, stage: str) -> None:
        self.stage = stage
        self.started[stage] = time.monotonic(), _listed(stage)
        self._tell(stage, self.planned.get(stage, "asked for"))

    def _tell(self, stage: str, why: str) -> None:
        if sys.stdout.isatty():
            print(f"\r\033[K{self._bar()} {stage} … ({why})", end="", flush=True)
        else:
            print(f"  {stage}: {why}", flush=True)

    def _finish(self, stage: str) -> None:
        begun, listed = self.started[stage]
        self.done += 1
        if _listed(stage) == listed:
            # no measure of how long it takes to make it
            self._tell(stage, AS_BEFORE)
        else:
            self.durations[stage] = time.monotonic() - begun
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

    def _refusal(self, log: str) -> str:
        """Say which disk refused to be written, where that is why the run failed."""
        text = "\n".join([*self.said, log])
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            if os.strerror(number) in text:
                place = re.search(rf"^(\S+): {os.strerror(number)}$", text, re.M)
                return f"{place[1] if place else 'the disk'}: {os.strerror(number)}"
        full = [f for f in FOLDERS if f.is_dir() and shutil.disk_usage(f).free < _ROOM]
        return f"{full[0].as_posix()}: {os.strerror(errno.ENOSPC)}" if full else ""

    def failed(self) -> None:
        """Say on standard error what failed, and where to read more."""
        print(file=sys.stderr)
        path = Path("logs", f"{self.stage}.log")
        log = path.read_text(errors="replace") if self.stage and path.is_file() else ""
        if refusal := self._refusal(log):
            print(f"{refusal}; {STAYS}", file=sys.stderr)
            return
        if log.strip():
            print(f"{self.stage} failed:\n{log.strip()}", file=sys.stderr)
        else:
            print(*[line for line in self.said if line.strip()][-25:], sep="\n", file=sys.stderr)
        print(
            f"stopped at {self.stage or 'the start'}; `ketameta run --verbose` shows all",
            file=sys.stderr,
        )
