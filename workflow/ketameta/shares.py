"""Work in parts that know nothing of each other, dealt out to forks of this process."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# the libraries of macOS are not made for a fork that goes on to use them
FORKS = sys.platform != "darwin"


def shared(work: Callable[[T], R], items: Sequence[T], processes: int) -> list[R]:
    """Return what `work` makes of each item, in order; each process takes every so manyth of them.

    What a fork does not answer for is done here: a fault then has its place in this process.
    """
    processes = min(processes, len(items) or 1) if FORKS else 1
    shares = [items[first::processes] for first in range(processes)]
    begun = [_begin(work, share) for share in shares[1:]]
    done = [[work(item) for item in shares[0]]]
    for share, fork in zip(shares[1:], begun, strict=True):
        answer: list[R] | None = _answer(*fork)
        done.append([work(item) for item in share] if answer is None else answer)
    return [done[place % processes][place // processes] for place in range(len(items))]


def _begin(work: Callable[[T], R], share: Sequence[T]) -> tuple[int, int]:
    """Fork this process for a share; the number of the fork, and where to read its answer."""
    read, write = os.pipe()
    number = os.fork()
    if number == 0:
        status = 1
        try:
            with os.fdopen(write, "wb") as file:
                pickle.dump([work(item) for item in share], file, pickle.HIGHEST_PROTOCOL)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    return number, read


def _answer(number: int, read: int) -> list[R] | None:
    with os.fdopen(read, "rb") as file:
        content = file.read()
    if os.waitpid(number, 0)[1] != 0:
        return None
    answer: list[R] = pickle.loads(content)
    return answer
