"""The jobs of `ketameta run`: Snakemake by its Python interface, and its log as records.

Run as ``python -m ketameta.commands.jobs ASKED``, in a process of its own: one that is told to end
ends with all that it started. A logger of Snakemake's plugin interface writes what is logged as
`Record`, a line of JSON each. Snakemake looks for such plugins among packages of a certain name;
one that is registered by hand needs no second package. The Python interface also spares what the
command line loads for options that are never given here, a quarter of a second.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

# key of Snakemake's configuration by which `ketameta run` says that it holds the lock and has
# checked the tables
CHECKED = "tables_checked"
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
class Asked:
    """What is asked of Snakemake; `records` is the file descriptor that records go to.

    None where people shall read Snakemake's own words.
    """

    cores: int
    dry_run: bool = False
    force: bool = False
    lock: bool = True
    records: int | None = None


def command(asked: Asked) -> list[str]:
    """Return the words that start this module for what is asked."""
    return [sys.executable, "-m", __spec__.name, json.dumps(asdict(asked))]


def read(records: int, output: int) -> Iterator[Record]:
    """Yield records as they arrive, and lines that jobs print, until both descriptors end."""
    with DefaultSelector() as selector:
        begun = {records: b"", output: b""}
        for source in begun:
            selector.register(source, EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                found = os.read(key.fd, 1 << 16)
                *lines, begun[key.fd] = (begun[key.fd] + found).split(b"\n")
                if not found:
                    selector.unregister(key.fd)
                    lines.append(begun[key.fd])
                for line in filter(None, lines):
                    text = line.decode(errors="replace")
                    yield _record(text) if key.fd == records else Record(Event.SAID, "", text)


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


def main(asked: Asked) -> bool:
    """Run Snakemake in the folder of the Snakefile; False where it fails, and that is logged."""
    from snakemake.api import SnakemakeApi
    from snakemake.scheduling.greedy import SchedulerSettings
    from snakemake.settings import types as settings
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    loggers = {}
    if asked.records is not None:
        registry = LoggerPluginRegistry()
        registry.register_plugin(registry.module_prefix + _LOGGER, _logger(asked.records))
        loggers[_LOGGER] = LogHandlerSettingsBase()
    output = settings.OutputSettings(dryrun=asked.dry_run, log_handler_settings=loggers)
    with SnakemakeApi(output) as api:
        try:
            workflow = api.workflow(
                settings.ResourceSettings(cores=asked.cores),
                settings.ConfigSettings(config={CHECKED: True}),
                snakefile=Path("Snakefile"),
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
    sys.exit(0 if main(Asked(**json.loads(sys.argv[1]))) else 1)
