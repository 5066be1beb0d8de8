"""Work that is dealt out to forks of a process."""

import os
import signal

import pytest

from ketameta import shares
from ketameta.shares import shared

# Python knows of the thread of Arrow, and not that it is made for that
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


@pytest.mark.parametrize("processes", [1, 2, 3, 9])
@pytest.mark.parametrize("items", [[], [5], [1, 2, 3, 4, 5, 6, 7]])
def test_the_answers_are_in_order_whatever_the_number_of_processes(items, processes):
    assert shared(lambda n: {"n": n * n}, items, processes) == [{"n": n * n} for n in items]


def test_each_process_takes_its_share():
    found = shared(lambda n: os.getpid(), range(6), 2)
    assert found[0] == found[2] == found[4] == os.getpid()
    assert (found[1] == os.getpid()) is not shares.FORKS


def test_what_a_fork_does_not_answer_for_is_done_here():
    here = os.getpid()

    def work(n):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return n

    assert shared(work, range(5), 2) == [*range(5)]


def test_a_fault_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        shared(lambda n: 1 / (n - 1), [0, 1, 2], 2)
