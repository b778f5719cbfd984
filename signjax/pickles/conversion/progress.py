"""The progress of a conversion: a line that is updated in place on a terminal, an occasional line elsewhere."""

import sys
import time
from collections import Counter
from pathlib import Path

from signjax.pickles.conversion.manifest import Record


class Progress:
    """Counts records and reports to standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts: Counter[str] = Counter()
        self._nan = 0
        self._empty = 0
        self._start = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def step(self, record: Record) -> None:
        """Counts one file; refusals are printed immediately."""
        self._counts[record.status] += 1
        self._nan += bool(record.nan)
        self._empty += bool(record.empty)
        if record.reason:
            self._erase()
            print(f"{record.status}: {record.source}: {record.reason}", file=sys.stderr)
        now = time.monotonic()
        if now - self._shown >= (0.1 if self._terminal else 10.0):
            self._shown = now
            done = self._counts.total()
            rate = done / (now - self._start)
            text = f"{done} of {self._total} files, {rate:.0f} per second, {(self._total - done) / rate:.0f} s to go"
            print(f"\r{text:<70}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr)

    def close(self) -> None:
        """Erases the progress line from the terminal."""
        self._erase()

    def _erase(self) -> None:
        if self._terminal:
            print(f"\r{'':<70}\r", end="", file=sys.stderr)

    def summary(self, account: Path) -> str:
        """A one-line summary."""
        seconds = time.monotonic() - self._start
        text = f"{self._counts['converted']} converted, {self._counts['refused']} refused in {seconds:.1f} s"
        if self._nan or self._empty:
            text += f"; {self._nan} with NaN, {self._empty} with empty arrays"
        return f"{text}; see {account}"
