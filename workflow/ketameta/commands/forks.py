"""Steps as forks of `ketameta run`, which loads once, while Snakemake starts, what they all need.

Otherwise each of six steps starts an interpreter and loads numpy, scipy, pyarrow and the package:
a fifth of the processor time of a run, and all of it in the way of what waits for the step. A fork
is as apart from this process as one that was started: it may fail, be killed, or change what it
likes. A rule's command (`ketameta.job`) hands on its words, environment, and where it prints.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from ketameta.commands.lock import STATE
from ketameta.job import RUN
from ketameta.shares import FORKS

if TYPE_CHECKING:
    from ketameta.configuration import Configuration
    from ketameta.raw_tables import RawTables
    from ketameta.steps import Known

# what a step loads, by its own module, besides what that names
_LOADED = {
    "ingest": ("ketameta.ingest.stage", "pyarrow.compute"),
    "normalize": ("ketameta.normalize.stage", "pyarrow.parquet", "scipy.special"),
    "synthesize": ("ketameta.synthesize.stage", "pyarrow.parquet", "scipy.special"),
    "report": ("ketameta.report.stage", "pyarrow.parquet", "jinja2", "xlsxwriter"),
    "figures": ("ketameta.report.graphics", "pyarrow.parquet"),
}
SOCKET = STATE / "ketameta.run"
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Forks:
    """Waits at a socket for steps and forks this process for each; loads while none waits."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._begun: set[int] = set()
        self._left: Iterator[Callable[[], object]] = iter(())
        self._known: Known | None = None

    def prepare(self, stages: Iterable[str], configuration: Configuration, raw: RawTables) -> None:
        """Say which stages are to come, and what of theirs this process has read."""
        from ketameta.configuration import CONFIG
        from ketameta.steps import Known

        self._known = Known({CONFIG: configuration}, raw)
        self._left = _loading(tuple(stages))

    def load(self) -> bool:
        """Load a little of what the steps to come need; False where nothing is left."""
        piece = next(self._left, None)
        if piece is not None:
            piece()
        return piece is not None

    def fileno(self) -> int:
        """Return what can be read when a step waits."""
        return self._listener.fileno()

    def environment(self) -> dict[str, str]:
        """Return what tells jobs to hand on their steps."""
        return {RUN: SOCKET.as_posix()}

    def fork(self) -> None:
        """Begin the step that waits."""
        connection, _ = self._listener.accept()
        with connection:
            _, prints, _, _ = socket.recv_fds(connection, 1, 2)
            with connection.makefile("rb") as file:
                asked = file.readline()
            if asked.endswith(b"\n"):  # else the job was killed meanwhile
                self._begun.add(_forked(asked, prints, connection, self._known))
            for descriptor in prints:
                os.close(descriptor)

    def end(self) -> None:
        """Take leave of the processes that were begun: each has said that it is at its end."""
        while self._begun:
            os.waitpid(self._begun.pop(), 0)


def _forked(
    asked: bytes,
    prints: list[int],
    connection: socket.socket,
    known: Known | None,
) -> int:
    words, environment = json.loads(asked)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # nobody looks for circles in what is loaded
    # what this process does when it is told to end is not for a fork
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    number = os.fork()
    if number == 0:
        _step(words, environment, prints, connection, known)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if words[:1] == ["ingest"] and known is not None:
        known.raw.forget()  # nobody else has a use for it
    return number


def _step(
    words: list[str],
    environment: dict[str, str],
    prints: list[int],
    connection: socket.socket,
    known: Known | None,
) -> None:
    """Do a step in a process that was forked for it, and end that."""
    status = 1
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        for place, descriptor in enumerate(prints, start=1):
            os.dup2(descriptor, place)
        os.environ.clear()
        os.environ.update(environment)
        from ketameta import steps

        steps.KNOWN = known  # for this step: what runs later reads it anew
        status = steps.run(words)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
            connection.send(bytes([status]))
        os._exit(status)


def _loading(stages: Sequence[str]) -> Iterator[Callable[[], object]]:
    yield partial(import_module, "ketameta.steps")
    for name in stages:
        yield from (partial(import_module, module) for module in _LOADED.get(name, ()))
    if "report" in stages:
        from ketameta.freshness import inputs
        from ketameta.report.compiled import templates

        engine = templates(inputs("report", None))
        yield from (partial(engine.get_template, name) for name in engine.list_templates())


@contextlib.contextmanager
def forks() -> Iterator[Forks | None]:
    """Wait for steps in the folder of the project, while this run has its lock.

    None where this system forks no process that loaded libraries, or keeps no socket in a folder.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        waiting = Forks(listener) if FORKS and _bound(listener) else None
        yield waiting
        if waiting:
            waiting.end()
            SOCKET.unlink(missing_ok=True)


def _bound(listener: socket.socket) -> bool:
    try:
        SOCKET.unlink(missing_ok=True)  # of a run that was killed
        # relative: a longer path than a hundred letters is none for a socket
        listener.bind(SOCKET.as_posix())
        listener.listen()
    except OSError:
        return False
    return True
