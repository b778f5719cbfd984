"""Worker processes that do not outlive their parent."""

import gc
import multiprocessing.connection
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext, SpawnProcess

_MOST_WORKERS = 61 if sys.platform == "win32" else 1 << 16  # Windows waits for no more processes at once
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


class _Worker(SpawnProcess):
    """A new process in which NumPy's BLAS starts no threads.

    Those threads spin before they sleep, which takes half as long as importing NumPy, in one process per core.
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
    """A pool of new processes, not forks, because forking a process that has threads (BLAS's, a caller's) can hang.

    The workers ignore Ctrl-C, which the parent handles, and exit when the parent is killed.
    """
    return ProcessPoolExecutor(min(workers, _MOST_WORKERS), _Context(), initializer=_begin)


def _begin() -> None:
    # Ctrl-C reaches all processes of a terminal; the parent ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # imported objects stay alive, so the collector need not scan them repeatedly


def _end_with_parent() -> None:
    """Ends this process when its parent ends; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
