"""Requests to stop: SIGTERM, by which schedulers end a job, and SIGINT, which is Ctrl-C.

Everywhere both raise `Interrupted`; the training loop, which could lose something, looks after each step whether there was one.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from signjax.runtime.output import end_now
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


class _Attendant:
    """A thread that signal handlers give work to. They must not start one: what they interrupt may hold a lock of `threading`."""

    def __init__(self, seconds_to_end: float):
        reader, self._writer = os.pipe()
        self._seconds_to_end = seconds_to_end
        threading.Thread(target=self._attend, args=(reader,), name="signals", daemon=True).start()

    def send_again(self, number: int) -> None:
        """Sends the signal to this process a little later."""
        os.write(self._writer, bytes([number, True]))

    def end_soon(self, number: int) -> None:
        """Ends this process with the status of the signal, unless it has ended by itself before."""
        os.write(self._writer, bytes([number, False]))

    def _attend(self, reader: int) -> None:
        while True:
            number, again = os.read(reader, 2)
            if again:
                time.sleep(_SECONDS_TO_WAIT)
                os.kill(os.getpid(), number)
            else:
                time.sleep(self._seconds_to_end)
                end_now(128 + number)


def interruptible(seconds_to_end: float = 10.0) -> None:
    """Makes both signals raise `Interrupted`, in the main thread of a program, which then has this long to end by itself."""
    attendant = _Attendant(seconds_to_end)

    def handle(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_name in _DROPPING:  # Python drops what is raised there
                attendant.send_again(number)
                return
            frame = frame.f_back
        attendant.end_soon(number)
        raise Interrupted(number)

    for one in _SIGNALS:
        signal.signal(one, handle)


@contextmanager
def deferred() -> Iterator[Request]:
    """Notes a request instead of raising it, while the block runs; a second one does what it does outside of the block.

    In another thread than the main one, which gets no signals, nothing is changed. In a run of several processes SIGTERM is left to
    jax, see `processes.asked_to_stop`.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if request.number is not None:
            signal.signal(number, before[number])
            os.kill(os.getpid(), number)
        request.number = number

    noted = [signal.SIGINT] if several() else _SIGNALS
    before: dict[int, Any] = {one: signal.signal(one, note) for one in noted}
    try:
        yield request
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
