"""The jobs of `ketameta run`: Snakemake by its Python interface, and its log as records.

`started` runs this module in a process of its own: one that is told to end ends with all that it
started. A logger of Snakemake's plugin interface writes what is logged as
`Record`, a line of JSON each. Snakemake looks for such plugins among packages of a certain name;
one that is registered by hand needs no second package. The Python interface also spares what the
command line loads for options that are never given here, a quarter of a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

from ketameta.project import snakefile_of_project

if TYPE_CHECKING:
    import logging

    from ketameta.commands.forks import Forks

# in the environment the process whose Snakemake need not take the lock nor check tables, as
# `ketameta run` does both
CHECKED = "KETAMETA_CHECKED"
_LOGGER = "ketameta"


class Event(StrEnum):
    """What a record tells of."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    SAID = "said"


@dataclass(frozen=True, slots=True)
class Record:
    """A line of a log: what happened, to the job of which rule (empty: of none), in which words."""

    event: Event
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is asked of Snakemake."""

    cores: int
    dry_run: bool = False
    force: bool = False
    lock: bool = True


class Snakemake:
    """Snakemake in a process of its own, and the steps that this process does for it."""

    def __init__(self, process: subprocess.Popen[bytes], log: int, waiting: Forks | None) -> None:
        self._process = process
        self._log = log
        self._waiting = waiting

    def begin(self) -> None:
        """Let it begin what it is asked; until then it loads itself and touches nothing."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(b"\n")
            self._process.stdin.flush()

    def records(self) -> Iterator[Record]:
        """Yield records as they arrive, and lines that jobs print, until it ends.

        Steps that arrive meanwhile are begun, where this process waits for them.
        """
        assert self._process.stdout is not None
        begun = {self._log: b"", self._process.stdout.fileno(): b""}
        with DefaultSelector() as selector:
            for source in begun:
                selector.register(source, EVENT_READ)
            if self._waiting:
                selector.register(self._waiting, EVENT_READ)
            while begun:
                ready = selector.select(0)
                if not ready and self._waiting and self._waiting.load():
                    continue
                for key, _ in ready or selector.select():
                    if self._waiting and key.fileobj is self._waiting:
                        self._waiting.fork()
                        continue
                    found = os.read(key.fd, 1 << 16)
                    *lines, begun[key.fd] = (begun[key.fd] + found).split(b"\n")
                    if not found:
                        selector.unregister(key.fd)
                        lines.append(begun.pop(key.fd))
                    for line in filter(None, lines):
                        text = line.decode(errors="replace")
                        yield _record(text) if key.fd == self._log else Record(Event.SAID, "", text)

    def status(self) -> int:
        """Return its exit status, when it has ended."""
        return self._process.wait()


@contextlib.contextmanager
def started(
    asked: JobRequest, environment: Mapping[str, str], waiting: Forks | None = None
) -> Iterator[Snakemake]:
    """Start Snakemake in this folder; it ends where it is never let begin."""
    log, write = os.pipe()
    os.set_inheritable(write, True)
    with (
        os.fdopen(log),
        subprocess.Popen(
            [sys.executable, "-m", "ketameta.commands.jobs", json.dumps(asdict(asked)), str(write)],
            env={**environment, **(waiting.environment() if waiting else {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # the lock goes along, and where to write records
            close_fds=False,
        ) as process,
    ):
        os.close(write)
        yield Snakemake(process, log, waiting)


def _record(line: str) -> Record:
    event, rule, text = json.loads(line)
    return Record(Event(event), rule, text)


def _logger(descriptor: int) -> types.ModuleType:
    """Return a plugin of Snakemake that writes its log to a file descriptor as records."""
    from snakemake_interface_logger_plugins.base import LogHandlerBase
    from snakemake_interface_logger_plugins.common import LogEvent

    events = {
        LogEvent.JOB_INFO: Event.STARTED,
        LogEvent.JOB_FINISHED: Event.FINISHED,
        LogEvent.JOB_ERROR: Event.FAILED,
    }
    rules: dict[int, str] = {}

    class LogHandler(LogHandlerBase):
        writes_to_stream = True  # in place of what Snakemake writes by itself
        writes_to_file = needs_rulegraph = False
        has_filter = has_formatter = False

        def emit(self, record: logging.LogRecord) -> None:
            said = vars(record)
            event = events.get(said.get("event", LogEvent.RUN_INFO), Event.SAID)
            if event is Event.STARTED:
                rules[said["jobid"]] = said["rule_name"]
            # of a job that ended Snakemake gives the number alone
            rule = said.get("rule_name") or rules.get(said.get("job_id", -1), "")
            line = json.dumps([event, rule, self.format(record)]) + "\n"
            os.write(descriptor, line.encode())

    plugin = types.ModuleType(_LOGGER)
    vars(plugin).update(LogHandler=LogHandler)
    return plugin


def main(asked: JobRequest, log: int) -> bool:
    """Run Snakemake when a line comes on standard input; False where it fails, which it logs."""
    from snakemake.api import SnakemakeApi
    from snakemake.scheduling.greedy import SchedulerSettings
    from snakemake.settings import types as settings
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    registry = LoggerPluginRegistry()
    registry.register_plugin(registry.module_prefix + _LOGGER, _logger(log))
    output = settings.OutputSettings(
        dryrun=asked.dry_run, log_handler_settings={_LOGGER: LogHandlerSettingsBase()}
    )
    if not sys.stdin.readline():
        return False
    os.environ[CHECKED] = str(os.getpid())
    with SnakemakeApi(output) as api:
        try:
            workflow = api.workflow(
                settings.ResourceSettings(cores=asked.cores),
                snakefile=snakefile_of_project(),
            )
            dag = workflow.dag(settings.DAGSettings(forceall=asked.force, force_incomplete=True))
            dag.execute_workflow(
                pseudo_executor="dryrun" if asked.dry_run else None,
                execution_settings=settings.ExecutionSettings(standalone=True, lock=asked.lock),
                # with no limit of jobs a second Snakemake ends with its last job, not a timer later
                scheduling_settings=settings.SchedulingSettings(scheduler="greedy"),
                scheduler_settings=SchedulerSettings(),
            )
        except Exception as error:
            api.print_exception(error)
            return False
    return True


if __name__ == "__main__":
    sys.exit(0 if main(JobRequest(**json.loads(sys.argv[1])), int(sys.argv[2])) else 1)
