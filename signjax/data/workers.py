"""The processes that prepare data. They are kept from the first stage to the last, because starting one takes as long as reading
hundreds of clips.
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

_UNDER_WAY = 2  # tasks per worker
# With fewer clips than this, starting processes takes more time than they save.
_FEWEST_CLIPS = 512


Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers:
    """`count` processes, started when there is enough work; 1 does everything in this process. Used as a context manager."""

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
            # Tasks that have begun are finished first; there is no need to wait for them here.
            self._pool.shutdown(wait=failed, cancel_futures=failed)

    def begin(self, work: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
        """Starts a task; with a count of 1 it is finished when this returns.

        Returns:
          A function that waits for the result, and raises what `work` raises, or InputError if its process was killed.
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
        """The result of each task, in order; only a few results are in memory at a time.

        Args:
          work: a function of a module, or a `functools.partial` of one.
          tasks: its arguments.
          clips: the total number of clips in the tasks.

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


ALONE = Workers()  # no processes other than this one


@contextmanager
def _killed() -> Iterator[None]:
    """Explains what to do if a process was killed."""
    try:
        yield
    except BrokenProcessPool as error:
        raise InputError(
            "a worker process was killed, perhaps because the machine ran out of memory. The same command continues from here; "
            "--config.data.workers=1 needs the least memory"
        ) from error
