"""Workers: the same results in the same order from any number of processes, and the handling of errors."""

import os
import signal

import pytest

from signjax.data.workers import Workers
from signjax.errors import InputError

MANY, FEW = 1000, 10


def process_of(task: int) -> tuple[int, int]:
    return task, os.getpid()


def die(task: int) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def refuse(task: int) -> int:
    raise InputError(f"task {task}: refused")


def test_few_clips_start_no_process_and_many_do():
    with Workers(2) as workers:
        assert {process for _, process in workers.in_order(process_of, range(9), FEW)} == {os.getpid()}
        found = list(workers.in_order(process_of, range(9), MANY))
        assert [task for task, _ in found] == list(range(9))
        processes = {process for _, process in found}
        assert os.getpid() not in processes and len(processes) <= 2
        # They are there now, so that few clips are shared as well, also with one that came too late for the first.
        processes |= {process for _, process in workers.in_order(process_of, range(9), FEW)}
        processes.add(workers.begin(process_of, 7)()[1])
        assert os.getpid() not in processes and len(processes) <= 2


def test_a_count_of_one_does_all_in_this_process():
    with Workers() as workers:
        assert list(workers.in_order(process_of, range(3), MANY)) == [(task, os.getpid()) for task in range(3)]
        assert workers.begin(process_of, 7)() == (7, os.getpid())
        with pytest.raises(InputError, match="task 1: refused"):
            workers.begin(refuse, 1)


def test_a_killed_process_says_what_to_do():
    with Workers(2) as workers, pytest.raises(InputError, match=r"was killed.*config.data.workers=1"):
        list(workers.in_order(die, range(9), MANY))
    with Workers(2) as workers, pytest.raises(InputError, match=r"was killed.*config.data.workers=1"):
        workers.begin(die, 3)()


def test_an_error_in_a_process_arrives_here():
    with Workers(2) as workers:
        with pytest.raises(InputError, match="task 0: refused"):
            list(workers.in_order(refuse, range(9), MANY))
        with pytest.raises(InputError, match="task 5: refused"):
            workers.begin(refuse, 5)()
