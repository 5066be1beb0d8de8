"""One run at a time in a project, and the locks that a killed one left."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TextIO

STATE = Path(".snakemake")
# seconds that what is left of a killed run may take to die
PATIENCE = 3.0


class HeldError(Exception):
    """Another run is at work; the message says which."""


def take_lock(patience: float = PATIENCE) -> TextIO:
    """Take a lock that the kernel drops when this run ends, however it ends.

    The running steps inherit it: a step that outlives a killed run still holds it, for a moment.
    Raises `HeldError` where another run has it.
    """
    import fcntl

    STATE.mkdir(exist_ok=True)
    file = (STATE / "ketameta.lock").open("a+")
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > end:
                file.seek(0)
                holder = file.read(20).strip()
                file.close()
                who = f" (process {holder})" if _alive(holder) else ""
                raise HeldError(f"another run{who} is at work here; wait for it to end") from None
            time.sleep(0.05)
        else:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            os.set_inheritable(file.fileno(), True)
            return file


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def braced(folder: Path) -> bool:
    """Say whether Snakemake cannot keep locks of its own in a folder: it takes braces for names."""
    return bool(set("{}") & set(str(folder)))


def remove_stale_locks() -> bool:
    """Remove Snakemake's locks where no Snakemake works in this folder any more; True if any."""
    locks = list((STATE / "locks").glob("*")) if (STATE / "locks").is_dir() else []
    if not locks or _other_snakemake():
        return False
    for path in locks:
        path.unlink(missing_ok=True)
    return True


def _other_snakemake() -> bool:
    import psutil

    here = Path.cwd()
    for process in psutil.process_iter(["cmdline", "cwd", "pid"]):
        words = process.info["cmdline"] or []
        elsewhere = process.info["cwd"] != str(here) or process.info["pid"] == os.getpid()
        if not elsewhere and any(Path(word).name == "snakemake" for word in words[:3]):
            return True
    return False
