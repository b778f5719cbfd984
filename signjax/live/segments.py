"""Stretches of movement in a stream, between two moments of stillness."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True)
class Boundaries:
    """What counts as a stretch of movement, and how stretches become signs.

    Attributes:
      still: movement, relative to that of training clips, below which a frame counts as still.
      rest: still frames that end a stretch.
      margin: frames before and after a stretch that are kept with it.
      shortest: fewer frames are no stretch.
      longest: frames of a stretch, and of a sign, at most; longer ones are cut where they move least.
      patience: still frames after which the next stretch is another sign for certain.
    """

    still: float = 0.25
    rest: int = 6
    margin: int = 3
    shortest: int = 8
    longest: int = 128
    patience: int = 25


class Segments:
    """Finds the stretches in the movement of a stream."""

    def __init__(self, boundaries: Boundaries):
        """Begins with the first frame of a stream."""
        self._settings = boundaries
        self._recent: deque[float] = deque(maxlen=boundaries.longest)
        self._count = 0
        self._start: int | None = None  # of the present stretch
        self._last = 0  # frame of it that moved
        self._floor = 0  # the end of the stretch before, which the next must not overlap

    def add(self, motion: float) -> tuple[int, int] | None:
        """Adds the movement of a frame; returns the first frame of a stretch and the one after its last, if one has ended."""
        frame, settings = self._count, self._settings
        self._count += 1
        self._recent.append(motion)
        if motion >= settings.still:
            if self._start is None:
                self._start = max(frame - settings.margin, self._floor)
            self._last = frame
        if self._start is None:
            return None
        if frame - self._last >= settings.rest:
            return self._end(min(self._last + 1 + settings.margin, self._count))
        if self._count - self._start >= settings.longest:
            return self._cut()
        return None

    @property
    def moving(self) -> bool:
        """Whether a stretch has begun and not ended."""
        return self._start is not None

    def finish(self) -> tuple[int, int] | None:
        """The stretch that the stream ends in, if there is one; afterwards a new one can begin."""
        found = None if self._start is None else self._end(min(self._last + 1 + self._settings.margin, self._count))
        self._floor = self._count
        return found

    def _end(self, stop: int) -> tuple[int, int] | None:
        start, self._start, self._floor = self._start, None, stop
        assert start is not None
        return (start, stop) if stop - start >= self._settings.shortest else None

    def _cut(self) -> tuple[int, int] | None:
        """Ends a stretch that is too long where it moves least in its second half; the rest begins the next."""
        half = self._settings.longest // 2
        later = [*self._recent][-half:]
        stop = self._count - half + min(range(half), key=later.__getitem__) + 1
        found = self._end(stop)
        self._start = min(stop, self._last)
        return found
