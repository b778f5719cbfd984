"""Coordinates relative to the signer: centred between the shoulders, scaled by their distance and in space turned to the front, and
the hands also relative to their wrists.

There is one centre, one scale and one turn per clip, not per frame: leaning and turning are part of a sign, and one bad frame must
not move the clip.

Shapes: T frames, F channels, P parts.
"""

from dataclasses import replace

import numpy as np

from signjax.data.layout.parts import COORDINATES, HAND_SHAPE, Layout, Part

HANDS = ("left_hand", "right_hand")
# As a multiple of the median distance of all points from their median.
FARTHEST = 20.0
_NO_TURN = np.eye(3)
_SHAPE = {hand: hand + HAND_SHAPE for hand in HANDS}


def centred(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> np.ndarray:
    """The frames with coordinates in shoulder widths from the midpoint of the shoulders; parts that were not seen are 0.

    The centre and the width are medians over the frames in which both shoulders were seen. If there are no such frames, or the
    layout has no shoulders, the centre is the mean of all points that were seen, and the unit is their root mean square distance
    from it. Points in space are turned about the vertical, y, by at most a right angle, until the median line between the shoulders
    has no depth; not if it is steep, since y is not the vertical then.
    """
    parts = [
        (index, part, channels) for index, (part, channels) in enumerate(layout.runs()) if part.kind in COORDINATES
    ]
    if not parts or not valid[:, [index for index, _, _ in parts]].any():
        return frames
    centre, width, turn = _from_shoulders(frames, valid, layout) or (*_from_all_points(frames, valid, layout), _NO_TURN)
    frames = frames.copy()
    for index, part, channels in parts:
        size = part.channels_per_point
        relative = (frames[:, channels] - np.tile(centre[:size], part.points)) / width
        if part.kind == "xyz":
            relative = (relative.reshape(-1, 3) @ turn).reshape(relative.shape)
        frames[:, channels] = np.where(valid[:, index, None], relative, 0)
    return frames


def _from_shoulders(
    frames: np.ndarray, valid: np.ndarray, layout: Layout
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """The centre, the width, and the matrix (3, 3) that turns points to the front."""
    if layout.shoulders is None or layout.part(layout.shoulders[0][0]).kind not in COORDINATES:
        return None
    seen = np.ones(len(frames), bool)
    ends = []
    for point in layout.shoulders:
        places = frames[:, layout.channels_at(point)]
        seen &= valid[:, layout.part_names.index(point[0])] & (places != 0).any(1)
        ends.append(places)
    if not seen.any():
        return None
    left, right = (places[seen].astype(np.float64) for places in ends)
    width = float(np.median(np.linalg.norm(left - right, axis=1)))
    if not width > 0:
        return None
    return np.median((left + right) / 2, axis=0), width, _to_the_front(np.median(left - right, axis=0))


def _to_the_front(across: np.ndarray) -> np.ndarray:
    """float64 (3, 3), by which points are multiplied, given the line between the shoulders (3,)."""
    if len(across) < 3:
        return _NO_TURN
    x, y, z = across if across[0] >= 0 else -across
    length = np.hypot(x, z)
    if length < abs(y) or length == 0:
        return _NO_TURN
    cosine, sine = x / length, z / length
    return np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


def _from_all_points(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> tuple[np.ndarray, float]:
    dimensions = max(part.channels_per_point for part in layout.parts if part.kind in COORDINATES)
    places = []
    for index, (part, channels) in enumerate(layout.runs()):
        if part.kind in COORDINATES and part.channels_per_point == dimensions:
            points = frames[valid[:, index], channels].reshape(-1, dimensions).astype(np.float64)
            places.append(points[(points != 0).any(1)])
    pool = np.concatenate(places)
    if not len(pool):
        return np.zeros(dimensions), 1.0
    # One point at 1e4 would shrink the whole clip to nothing: points farther out than any body reaches are ignored.
    distance = np.linalg.norm(pool - np.median(pool, axis=0), axis=1)
    pool = pool[distance <= FARTHEST * np.median(distance)]
    centre = pool.mean(0)
    spread = float(np.sqrt(np.square(pool - centre).sum(1).mean()))
    return centre, spread if spread > 0 else 1.0


def with_hand_shapes(layout: Layout) -> Layout:
    """The layout with a copy of each hand, relative to its wrist, as additional parts at the end.

    Only if hands and wrists are coordinates of the same kind; otherwise the layout is unchanged.
    """
    if not _has_shapes(layout):
        return layout
    parts = [*layout.parts]
    for hand in HANDS:
        original = layout.part(hand)
        partner = _SHAPE.get(original.partner, _SHAPE[hand])
        parts.append(Part(_SHAPE[hand], original.points, original.kind, partner, original.point_partners))
    return replace(layout, name=f"{layout.name}_with_hand_shapes", parts=tuple(parts))


def add_hand_shapes(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Frames and validity for `with_hand_shapes(layout)`, computed from those of the layout."""
    if not _has_shapes(layout) or layout.wrists is None:
        return frames, valid
    columns, seen = [frames], [valid]
    for hand, wrist in zip(HANDS, layout.wrists, strict=True):
        part = layout.part(hand)
        both = valid[:, layout.part_names.index(hand)] & valid[:, layout.part_names.index(wrist[0])]
        relative = frames[:, layout.channels_of(hand)] - np.tile(frames[:, layout.channels_at(wrist)], part.points)
        columns.append(np.where(both[:, None], relative, 0))
        seen.append(both[:, None])
    return np.concatenate(columns, axis=1), np.concatenate(seen, axis=1)


def _has_shapes(layout: Layout) -> bool:
    if layout.wrists is None or any(hand not in layout.part_names for hand in HANDS):
        return False
    kinds = {layout.part(name).kind for name in (*HANDS, *(part for part, _ in layout.wrists))}
    return len(kinds) == 1 and kinds <= set(COORDINATES)
