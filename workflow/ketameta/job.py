"""What a rule runs: `python -m ketameta.job STEP IN OUT`, a step of `ketameta.steps`.

Where `ketameta run` waits for steps it has loaded what they need, and forks itself for each
(`ketameta.commands.forks`): this hands on what is asked, and ends as the step does. It loads
little, as it is a process a job. Elsewhere the step runs here.
"""

import json
import os
import socket
import sys

# the socket of the run that waits
RUN = "KETAMETA_RUN"
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    "VECLIB_MAXIMUM_THREADS",
)


def one_thread() -> None:
    """Let libraries that are loaded from now on compute in one thread.

    A fork has no thread but one, and the last digits of a sum may hang on how many add it up.
    """
    os.environ.update(dict.fromkeys(_THREADS, "1"))


def handed_on(words: list[str]) -> int | None:
    """Let the run that waits do a step; its exit status, 1 where it was killed.

    None where no run waits.
    """
    if RUN not in os.environ:
        return None
    with socket.socket(socket.AF_UNIX) as run:
        try:
            run.connect(os.environ[RUN])
        except OSError:
            return None
        # what the step prints goes where this would print it
        socket.send_fds(run, [b"\n"], [sys.stdout.fileno(), sys.stderr.fileno()])
        asked = [words, dict(os.environ)]
        run.sendall(json.dumps(asked).encode() + b"\n")
        status = run.recv(1)
        return status[0] if status else 1


def main(words: list[str]) -> int:
    """Do a step, here or where its like are waited for; return the exit status."""
    status = handed_on(words)
    if status is None:
        one_thread()
        from ketameta.steps import run

        status = run(words)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
