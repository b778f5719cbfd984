"""Worker processes that do not outlive the process that gives them work."""

import gc
import multiprocessing.connection
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess

_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


class _Worker(SpawnProcess):
    """A fresh process, in which NumPy's BLAS starts no threads.

    Those spin for a while before they sleep, which takes half as long as importing NumPy, in each of as many processes as
    there are cores.
    """

    def start(self) -> None:
        chosen = os.environ.get(_BLAS_THREADS)
        os.environ.setdefault(_BLAS_THREADS, "1")
        try:
            super().start()
        finally:
            if chosen is None:
                os.environ.pop(_BLAS_THREADS, None)


class _Context(SpawnContext):
    Process = _Worker


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of so many fresh processes: forking one that holds threads (of BLAS, of a caller) can hang.

    They leave Ctrl-C to this process, and end when it was killed.
    """
    return ProcessPoolExecutor(workers, _Context(), initializer=_begin)


def _begin() -> None:
    # Ctrl-C reaches all processes of a terminal; the one that gives out the work ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # what was imported stays, and need not be looked through again and again


def _end_with_parent() -> None:
    """Ends this process when its parent has ended; it would wait for more work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
