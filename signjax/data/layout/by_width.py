"""MediaPipe landmarks without names, recognised by their number and their positions.

The number of channels alone does not prove a layout. But the wrist of each hand lies at the wrist of its arm and far from the
other arm: if the channels were in another order, it would not.

Shapes: T frames, F channels.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from signjax.data.layout.landmarks import HAND, POSE, holistic, holistic_553, visibility_last
from signjax.data.layout.parts import COORDINATES, ChosenLayout, Layout, Point
from signjax.data.layout.registry import BUILT_IN

_HANDS = ("left_hand", "right_hand")
_ARMS = (("pose", 15), ("pose", 16))
_FEWEST_FRAMES = 30  # in which a hand, the arms and the shoulders are seen
# In the median frame, the wrist of a hand is closer to the wrist of its arm than this, in shoulder widths...
_NEAR = 0.4
# ...and at least this many times closer than to the wrist of the other arm.
_NEARER = 3.0


def layout_by_width(frames: np.ndarray) -> ChosenLayout | None:
    """The only built-in layout of that width in which both hands lie at the ends of their arms; None if there is none."""
    found = [layout for layout in _candidates(frames.shape[1]) if _hands_on_arms(layout.ordered(frames), layout)]
    if len(found) != 1:
        return None
    return ChosenLayout(
        found[0], f"both hands lie at the wrists of their arms in this order of the {frames.shape[1]} channels"
    )


def _candidates(width: int) -> Iterator[Layout]:
    for kind in ("xyz", "xy"):
        for layout in (holistic(kind), holistic_553(kind)):
            if layout.width == width:
                yield from _other_orders(layout)
    yield from (layout for layout in (holistic_553(), holistic_553("xy")) if layout.width == width)
    for layout in BUILT_IN.values():
        sizes = {part.name: part.points for part in layout.parts if part.kind in COORDINATES}
        if layout.width != width or [sizes.get(name) for name in ("pose", "left_hand", "right_hand")] != [
            POSE,
            HAND,
            HAND,
        ]:
            continue
        yield layout
        if "visibility" in layout.part_names:
            columns = visibility_last(np.arange(width)[None])[0]
            yield replace(layout, columns=tuple(columns.tolist()))


def _other_orders(layout: Layout) -> Iterator[Layout]:
    """The layout of frames whose parts are in another order: the pose first, or directly after the face."""
    face = tuple(name for name in ("face", "irises") if name in layout.part_names)
    for order in (("pose", *face, *_HANDS), (*face, "pose", *_HANDS)):
        at, starts = 0, {}
        for name in order:
            starts[name] = at
            at += layout.part(name).channels
        columns = [starts[part.name] + channel for part in layout.parts for channel in range(part.channels)]
        yield replace(layout, columns=tuple(columns))


def _hands_on_arms(frames: np.ndarray, layout: Layout) -> bool:
    assert layout.shoulders is not None and layout.wrists is not None

    def place(point: Point) -> np.ndarray:
        x_and_y = frames[:, layout.channels_at(point)][:, :2].astype(np.float64)
        return np.where(np.isfinite(x_and_y).all(1, keepdims=True) & x_and_y.any(1, keepdims=True), x_and_y, np.nan)

    arms = [place(arm) for arm in _ARMS]
    left, right = (place(shoulder) for shoulder in layout.shoulders)
    shoulders = np.linalg.norm(left - right, axis=1)
    for side, wrist in enumerate(layout.wrists):
        own, other = (np.linalg.norm(place(wrist) - arms[arm], axis=1) for arm in (side, 1 - side))
        seen = np.isfinite(own) & np.isfinite(other) & (shoulders > 0)
        if seen.sum() < _FEWEST_FRAMES or np.median((own / shoulders)[seen]) > _NEAR:
            return False
        if np.median(own[seen]) * _NEARER > np.median(other[seen]):
            return False
    return True
