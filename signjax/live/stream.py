"""Names the signs in a stream of frames, as they come.

Shapes: T frames, F channels of the source, P parts of its layout.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import numpy as np

from signjax.live.choice import Choice
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

    Attributes:
      name: names a clip.
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
          window, hop: with a hop, the last `window` frames are looked at after every `hop` frames; without, signs are stretches of
            movement.
        """
        self._recent, self._motion = recent, motion
        self.name = name
        self._boundaries = boundaries
        self._segments = Segments(boundaries)
        self._choice: Choice[Answer] = Choice(self._between, boundaries.longest)
        self._window, self._hop = window, hop
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
          frame: (F,) or (points, coordinates), in the order of the model's layout, with NaN for what was not found; None for a
            frame that was dropped, which is treated as one in which nothing was found.

        Returns:
          The signs that have ended: mostly none, rarely more than one. Stretches of movement that are no known sign are among them,
          with `known` False; windows that are none are not.

        Raises:
          InputError: these are not F numbers; the frame is not added, and the stream can go on.
        """
        kept, usable = self._recent.add(frame)
        motion = self._motion.add(kept, usable)
        if motion >= self._boundaries.still:
            self._moved = self.frames - 1
        if self._hop is None:
            return self._divide(self._segments.add(motion))
        if self.frames - self._begun < self._window or (self.frames - self._begun - self._window) % self._hop:
            return []
        return self._look()

    def pause(self) -> list[Sign[Answer]]:
        """Says that frames are missing here, so that the sign before does not go on; returns the signs that have ended.

        Call it where a recording ends, or where a camera has stopped for longer than a sign can wait.
        """
        if self._hop is None:
            found = [*self._divide(self._segments.finish()), *self._choice.finish()]
        else:
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

    def _divide(self, stretch: tuple[int, int] | None) -> list[Sign[Answer]]:
        """The signs that are decided after a frame, with which a stretch of movement may have ended."""
        if stretch is not None:
            return self._choice.add(*stretch)
        end = self._choice.end
        waited = end is not None and not self._segments.moving and self.frames - end >= self._boundaries.patience
        return self._choice.finish() if waited else []

    def _between(self, start: int, stop: int) -> Sign[Answer] | None:
        return self.name(*self._recent.between(start, stop), start)

    def _look(self) -> list[Sign[Answer]]:
        """Looks at the last window; returns the sign that has ended."""
        start, self._seen = max(self.frames - self._window, self._begun), self.frames
        moves = self._moved >= start and self.frames - start >= self._boundaries.shortest
        window = self._between(start, self.frames) if moves else None
        return self._runs.add(window if window is not None and window.known else None)
