"""Names the signs in a stream of frames, as they come.

Shapes: T frames, F channels of the source, P parts of its layout.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from signjax.live.motion import Motion
from signjax.live.recent_frames import RecentFrames
from signjax.live.runs import Runs, Sign
from signjax.live.segments import Boundaries, Segments

Answer = TypeVar("Answer", bound=Mapping[str, Any])
# (frames float32 (T, F), usable bool (T, P), the first frame's number) -> the sign; None if these frames show none.
Namer = Callable[[np.ndarray, np.ndarray, int], Sign[Answer] | None]


class Stream(Generic[Answer]):
    """The signs of an endless stream, in constant memory.

    `push` takes frames one by one; `signs` goes through an iterable of them.
    """

    def __init__(
        self,
        name: Namer[Answer],
        recent: RecentFrames,
        motion: Motion,
        boundaries: Boundaries,
        window: int,
        hop: int | None,
    ):
        """Begins with the first frame.

        Args:
          name: names a clip.
          recent: keeps at least the frames of a window and of the longest sign.
          motion: measures movement.
          boundaries: what counts as a sign.
          window, hop: with a hop, the last `window` frames are looked at after every `hop` frames; without, signs are the stretches
            of movement between rests.
        """
        self._name, self._recent, self._motion = name, recent, motion
        self._still = boundaries.still
        self._segments = Segments(boundaries)
        self._window, self._hop = window, hop
        self._shortest = boundaries.shortest
        self._runs: Runs[Answer] = Runs(1 if hop is None else max(1, round(window / (4 * hop))))
        self._begun = 0  # the first frame after a pause
        self._seen = 0  # frames that windows have reached
        self._moved = -1  # the last frame that moved

    @property
    def frames(self) -> int:
        """The number of frames so far."""
        return self._recent.count

    def push(self, frame: np.ndarray | None) -> list[Sign[Answer]]:
        """Adds a frame.

        Args:
          frame: (F,) or (points, coordinates), in the order of the model's layout, with NaN for what was not found; None for a frame
            that was dropped, which is treated as one in which nothing was found.

        Returns:
          The signs that have ended: mostly none, rarely more than one.

        Raises:
          InputError: these are not F numbers; the frame is not added, and the stream can go on.
        """
        kept, usable = self._recent.add(frame)
        motion = self._motion.add(kept, usable)
        if motion >= self._still:
            self._moved = self.frames - 1
        if self._hop is None:
            return self._named(self._segments.add(motion))
        if self.frames - self._begun < self._window or (self.frames - self._begun - self._window) % self._hop:
            return []
        return self._look()

    def pause(self) -> list[Sign[Answer]]:
        """Says that frames are missing here, so that the sign before does not go on; returns the signs that have ended.

        Call it where a recording ends, or where a camera has stopped for longer than a sign can wait.
        """
        found = self._named(self._segments.finish())
        if self._hop is not None:
            unseen = self.frames > max(self._seen, self._begun)
            found = [*(self._look() if unseen else []), *self._runs.finish()]
        self._motion.forget()
        self._begun = self.frames
        return found

    def signs(self, frames: Iterable[np.ndarray | None]) -> Iterator[Sign[Answer]]:
        """The signs of a whole stream, each as soon as it has ended; errors as in `push`."""
        for frame in frames:
            yield from self.push(frame)
        yield from self.pause()

    def _named(self, segment: tuple[int, int] | None) -> list[Sign[Answer]]:
        """The sign between two frames, if these show one."""
        if segment is None or self._hop is not None:
            return []
        start, stop = segment
        found = self._name(*self._recent.between(start, stop), start)
        return [] if found is None else [found]

    def _look(self) -> list[Sign[Answer]]:
        """Looks at the last window; returns the sign that has ended."""
        start, self._seen = max(self.frames - self._window, self._begun), self.frames
        moves = self._moved >= start and self.frames - start >= self._shortest
        window = self._name(*self._recent.between(start, self.frames), start) if moves else None
        return self._runs.add(window if window is not None and window.known else None)
