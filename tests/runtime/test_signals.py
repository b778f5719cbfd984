import os
import signal
import threading
import time

import pytest

from signjax.runtime import signals
from signjax.runtime.signals import Interrupted, Request, deferred, interruptible


@pytest.fixture
def handlers(monkeypatch):
    """The handlers before and after a test, which must not end the process."""
    monkeypatch.setattr(signals, "end_soon", lambda status: None)
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    yield before
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_is_an_exception_with_its_exit_status(handlers, number, status):
    interruptible()
    with pytest.raises(Interrupted, match=f"stopped by {number.name}; the same command goes on") as stopped:
        os.kill(os.getpid(), number)
    assert stopped.value.status == status


def test_a_signal_is_not_lost_while_garbage_is_collected(handlers):
    interruptible()

    class Garbage:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)  # where the handler runs

    with pytest.raises(Interrupted):
        one = Garbage()
        del one
        time.sleep(60)


def test_within_a_block_a_signal_is_noted_and_a_second_one_raised(handlers):
    interruptible()
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
