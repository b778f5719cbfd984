import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from signjax.runtime.signals import Interrupted, Request, deferred, interruptible

ROOT = Path(__file__).resolve().parent.parent.parent
FOREVER = 1e6  # seconds: the process of the tests is not ended


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


@pytest.fixture
def handlers():
    """The handlers before and after a test."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield before
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_an_exception_with_its_exit_status(handlers, number, status):
    interruptible(FOREVER)
    with pytest.raises(Interrupted, match=f"stopped by {number.name}; the same command goes on") as stopped:
        os.kill(os.getpid(), number)
    assert stopped.value.status == status


def test_a_signal_is_not_lost_while_garbage_is_collected(handlers):
    interruptible(FOREVER)

    class Garbage:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)  # where the handler runs

    with pytest.raises(Interrupted):
        one = Garbage()
        del one
        time.sleep(60)


def test_within_a_block_a_signal_is_noted_and_a_second_one_raised(handlers):
    interruptible(FOREVER)
    with pytest.raises(Interrupted), deferred() as request:
        assert request.number is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.number == signal.SIGTERM
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted):  # the handlers are back
        os.kill(os.getpid(), signal.SIGTERM)


def test_another_thread_gets_no_signals_and_changes_none(handlers):
    seen: list[Request] = []

    def work() -> None:
        with deferred() as request:
            seen.append(request)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0].number is None and signal.getsignal(signal.SIGTERM) is handlers[signal.SIGTERM]


def test_a_program_that_was_asked_to_stop_ends_although_a_thread_of_it_does_not():
    text = """
import os, signal, threading, time
from signjax.runtime.signals import interruptible
interruptible(seconds_to_end=0.2)
threading.Thread(target=time.sleep, args=(300,)).start()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(300)
"""
    done = subprocess.run(program(text), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 143


def test_a_program_ends_although_its_workers_wait_for_work():
    text = """
from signjax.pickles.workers import worker_pool
from signjax.runtime.output import end_now
if __name__ == "__main__":
    pool = worker_pool(2)
    pool.submit(abs, -1).result()
    end_now(3)
"""
    done = subprocess.run(program(text), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
