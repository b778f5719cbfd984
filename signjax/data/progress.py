"""Progress of long work: a bar on a terminal, nothing elsewhere."""

import sys
from types import TracebackType
from typing import Any


class Progress:
    """Counts clips, or something else; used as a context manager."""

    def __init__(self, name: str, total: int, done: int, unit: str = "clips"):
        self._bar: Any = None
        if sys.stderr.isatty():
            import tqdm  # only if it is shown, because it takes a while to load

            self._bar = tqdm.tqdm(
                desc=name, total=total, initial=done, unit=f" {unit}", dynamic_ncols=True, leave=False
            )

    def advance(self, count: int) -> None:
        """Adds `count` to the number done."""
        if self._bar is not None:
            self._bar.update(count)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
