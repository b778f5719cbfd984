"""How much a signer moves, measured frame by frame.

Shapes: F channels of the source, M channels of what moves in signing, P parts.
"""

from collections import deque

import numpy as np

from signjax.data.cleaning.trimming import HANDS
from signjax.data.layout.parts import COORDINATES, ROTATIONS, Layout

# Movement is what changes within this many frames, so that tracker jitter does not count; as in `cleaning.trimming`.
SPAN = 4
# Of a new frame, in the moving average of the distance between the shoulders.
_SHARE = 0.1


class Motion:
    """The root mean square change of channels within 4 frames, relative to that of training clips: 1 is as much as in those.

    Hands and arms count, or the whole body in layouts without hands. A value that is missing at either end of the 4 frames counts
    as unchanged.
    """

    def __init__(self, layout: Layout, cleaned: Layout, speed: np.ndarray, *, centred: bool):
        """Begins with the first frame of a stream.

        Args:
          layout: the layout of the frames, in order.
          cleaned: the layout of cleaned clips.
          speed: float32, of each channel of cleaned clips, as `Dataset.speed`.
          centred: whether cleaning scales coordinates by the distance of the shoulders.
        """
        names = _moving_parts(layout)
        channels = [np.arange(*layout.channels_of(name).indices(layout.width)) for name in names]
        of_cleaned = [speed[cleaned.channels_of(name)] for name in names]
        self._channels = np.concatenate(channels)
        self._part = layout.part_of_channel[self._channels]
        self._points = np.array([part.kind in COORDINATES for part in layout.parts])[self._part]
        self._usual = SPAN * float(np.sqrt(np.square(np.concatenate(of_cleaned), dtype=np.float64).mean()))
        self._centred = centred and bool(self._points.any())
        self._shoulders = [] if layout.shoulders is None else [layout.channels_at(one) for one in layout.shoulders]
        self._unit = 0.0
        self._recent: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=SPAN + 1)

    def forget(self) -> None:
        """Forgets the frames so far: what follows is not their continuation."""
        self._recent.clear()

    def add(self, frame: np.ndarray, usable: np.ndarray) -> float:
        """How much the signer moved in the 4 frames before this one; 0 where there are none.

        Args:
          frame: float32 (F,).
          usable: bool (P,), as `RecentFrames.add` returns it.
        """
        values = frame[self._channels]
        known = usable[self._part] & ~(self._points & ((values == 0) | np.isnan(values)))
        self._recent.append((values, known))
        if self._centred:
            self._measure(frame, values[known & self._points])
        if len(self._recent) <= SPAN or (self._centred and not self._unit):
            return 0.0
        before, known_before = self._recent[0]
        change = (values - before)[known & known_before].astype(np.float64)
        unit = self._unit if self._centred else 1.0
        return float(np.sqrt(change @ change / len(values)) / (unit * self._usual))

    def _measure(self, frame: np.ndarray, points: np.ndarray) -> None:
        """Updates the unit of length: the distance between the shoulders, or else how far the points spread."""
        if self._shoulders:
            left, right = (frame[channels] for channels in self._shoulders)
            missing = not (left.any() and right.any())
            found = 0.0 if missing else float(np.linalg.norm(left - right))
        else:
            found = float(points.std()) if len(points) else 0.0
        if found > 0:  # False for NaN
            self._unit = found if not self._unit else (1 - _SHARE) * self._unit + _SHARE * found


def _moving_parts(layout: Layout) -> list[str]:
    """The hands and what they hang on; in layouts without hands, all parts with positions; without these, all parts."""
    hands = [name for name in HANDS if name in layout.part_names]
    arms = [name for name, _ in layout.wrists or ()] if hands else []
    placed = [part.name for part in layout.parts if part.kind in (*COORDINATES, *ROTATIONS)]
    return list(dict.fromkeys([*hands, *arms])) or placed or list(layout.part_names)
