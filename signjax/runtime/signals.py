"""Requests to stop: SIGTERM, by which schedulers end a job, and SIGINT, which is Ctrl-C.

Everywhere both raise `Interrupted`; the training loop, which could lose something, looks after each step whether there was one.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from signjax.runtime.output import end_soon
from signjax.runtime.processes import several

_SIGNALS = (signal.SIGTERM, signal.SIGINT)

# Functions that Python calls when it collects garbage; the second is jax's (0.10).
_DROPPING, _SECONDS_TO_WAIT = ("__del__", "_xla_gc_callback"), 0.05


class Interrupted(KeyboardInterrupt):
    """A request to stop.

    Attributes:
      status: the exit status by which a shell tells the signal, 128 and its number: 143 or 130.
    """

    def __init__(self, number: int, message: str = ""):
        super().__init__(
            message or f"stopped by {signal.Signals(number).name}; the same command goes on from what is done"
        )
        self.number = number
        self.status = 128 + number


class Request:
    """Whether there was a request to stop.

    Attributes:
      number: of the signal; None as long as there was none.
    """

    number: int | None = None


def raise_interrupted(number: int, frame: FrameType | None) -> None:
    """A signal handler. Where Python drops what is raised, while it collects garbage, the signal is sent again a little later."""
    while frame is not None:
        if frame.f_code.co_name in _DROPPING:
            again = threading.Timer(_SECONDS_TO_WAIT, os.kill, (os.getpid(), number))
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    end_soon(128 + number)
    raise Interrupted(number)


def interruptible() -> None:
    """Makes both signals raise `Interrupted`, in the main thread of a program."""
    for one in _SIGNALS:
        signal.signal(one, raise_interrupted)


@contextmanager
def deferred() -> Iterator[Request]:
    """Notes a request instead of raising it, while the block runs; a second one is raised at once.

    In another thread than the main one, which gets no signals, nothing is changed. In a run of several processes SIGTERM is left to
    jax, see `processes.asked_to_stop`.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: FrameType | None) -> None:
        if request.number is not None:
            raise_interrupted(number, frame)
        request.number = number

    noted = [signal.SIGINT] if several() else _SIGNALS
    before = {one: signal.signal(one, note) for one in noted}
    try:
        yield request
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
