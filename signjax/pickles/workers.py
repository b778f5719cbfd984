"""Worker processes that do not outlive the process that gives them work."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading


def begin_worker() -> None:
    """To be called first in a worker: leaves Ctrl-C to the process that gives out the work, and ends when that was killed."""
    # Ctrl-C reaches all processes of a terminal; the one that gives out the work ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when its parent has ended; it would wait for more work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
