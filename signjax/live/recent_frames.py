"""The last frames of an endless stream, in constant memory.

Shapes: T frames, F channels of the source, P parts of its layout.
"""

import numpy as np

from signjax.data.layout.parts import COORDINATES, Layout
from signjax.errors import InputError


class RecentFrames:
    """Keeps the last frames, and which of their parts can be used.

    Each frame is written twice, half the buffer apart, so that any run of recent frames is one slice of memory.

    Attributes:
      count: frames that were added since the start.
    """

    def __init__(self, capacity: int, layout: Layout):
        self.count = 0
        self._capacity, self._layout = capacity, layout
        self._columns = slice(None) if layout.columns is None else np.array(layout.columns)
        self._frames = np.zeros((2 * capacity, layout.width), np.float32)
        self._usable = np.zeros((2 * capacity, len(layout.parts)), bool)
        self._starts = np.concatenate([[0], np.cumsum([part.channels for part in layout.parts])[:-1]])
        coordinate = np.array([part.kind in COORDINATES for part in layout.parts])
        self._may_be_nan = coordinate[layout.part_of_channel]

    def add(self, frame: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Adds a frame.

        A part with a value that is infinite, or NaN where it is not a coordinate, counts as not seen: in a stream, one bad frame
        must not spoil the signs around it. Cleaning then interpolates over it, as over any part that was not detected.

        Args:
          frame: numbers (F,) or (points, coordinates); None if there was no frame at this moment.

        Returns:
          The frame as it is kept, float32 (F,) in the order of the layout, and which parts can be used, bool (P,).

        Raises:
          InputError: it is not F numbers.
        """
        kept, usable = self._checked(frame)
        slot = self.count % self._capacity
        for at in (slot, slot + self._capacity):
            self._frames[at], self._usable[at] = kept, usable
        self.count += 1
        return kept, usable

    def between(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """The frames from `start` to before `stop`, counted from the first of the stream: float32 (T, F), bool (T, P), as copies.

        They must be among the last of the stream.
        """
        if not self.count - self._capacity <= start <= stop <= self.count:
            raise ValueError(f"frames {start} to {stop} of {self.count}; the last {self._capacity} are kept")
        first = start % self._capacity
        some = slice(first, first + stop - start)
        return self._frames[some].copy(), self._usable[some].copy()

    def _checked(self, frame: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        width, parts = self._layout.width, len(self._layout.parts)
        if frame is None:
            return np.zeros(width, np.float32), np.zeros(parts, bool)
        given = np.asarray(frame)
        if given.dtype.kind not in "fiu" or given.size != width or given.ndim > 2:
            raise InputError(
                f"frame {self.count}: expected {width} numbers, in the order of the model's layout; found {given.dtype} "
                f"{given.shape}. The frame was not added"
            )
        with np.errstate(over="ignore"):  # too large a number becomes infinite
            kept = given.reshape(width).astype(np.float32)[self._columns]
        finite = np.isfinite(kept)
        if finite.all():
            return kept, np.ones(parts, bool)
        bad = ~finite & ~(np.isnan(kept) & self._may_be_nan)
        usable = ~np.logical_or.reduceat(bad, self._starts)
        kept[bad] = 0
        return kept, usable
