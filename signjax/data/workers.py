"""Processes that do the work of preparation, kept from its first stage to its last: starting one takes as long as reading hundreds
of clips.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from signjax.errors import InputError
from signjax.pickles.workers import worker_pool

_UNDER_WAY = 2  # tasks a worker
# With fewer clips than this, processes cost more time to start than they save.
_FEWEST_CLIPS = 512


Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """So many processes, started when there is enough to do; a count of 1 does all in this one. Use as a context."""

    def __init__(self, count: int = 1):
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            failed = error is not None
            # What was begun is done first; nothing has to wait for it here.
            self._pool.shutdown(wait=failed, cancel_futures=failed)

    def begin(self, work: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
        """Begins a piece of work; with a count of 1 it is done when this returns.

        Returns:
          A function that waits for the result, and raises what `work` raises, or InputError where its process was killed.
        """
        if self.count == 1:
            result = work(*arguments)
            return lambda: result
        future = self.pool.submit(work, *arguments)

        def wait() -> Result:
            with _killed():
                return future.result()

        return wait

    @property
    def pool(self) -> ProcessPoolExecutor:
        """The processes."""
        if self._pool is None:
            self._pool = worker_pool(self.count)
        return self._pool

    def in_order(self, work: Callable[[Task], Result], tasks: Sequence[Task], clips: int) -> Iterator[Result]:
        """What becomes of each task, in order; memory holds the results of a few.

        Args:
          work: a function of a module, or a `functools.partial` of one.
          tasks: what it is called with.
          clips: how many the tasks have together.

        Raises:
          InputError: a process was killed.
        """
        if self.count == 1 or (self._pool is None and clips < _FEWEST_CLIPS):
            yield from map(work, tasks)
            return
        waiting = iter(tasks)
        under_way: deque[Future[Result]] = deque()
        with _killed():
            for task in islice(waiting, self.count * _UNDER_WAY):
                under_way.append(self.pool.submit(work, task))
            while under_way:
                yield under_way.popleft().result()
                for task in islice(waiting, 1):
                    under_way.append(self.pool.submit(work, task))


ALONE = Workers()  # no processes beside this one


@contextmanager
def _killed() -> Iterator[None]:
    """Says what to do where a process was killed."""
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            "a process that makes, reads or draws clips was killed, perhaps for want of memory. The same command goes on from "
            "here; with --config.data.workers=1 it needs the least memory"
        ) from error
