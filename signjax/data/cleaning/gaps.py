"""Parts that were not seen in a clip: detected, interpolated over short gaps, masked over long ones.

Shapes: T frames, F channels, P parts, N points of a part, C channels of a point.
"""

import numpy as np

from signjax.data.geometry.rotations import (
    axis_angle_from_6d,
    axis_angle_to_6d,
    matrix_from_6d,
    matrix_to_6d,
)
from signjax.data.layout.parts import (
    COORDINATES,
    ROTATIONS,
    Layout,
    Part,
)


def seen_parts(frames: np.ndarray, valid: np.ndarray | None, layout: Layout) -> np.ndarray:
    """bool (T, P): the parts that the source says were seen, except those whose coordinates are all zero or NaN, which is how
    trackers write a part that they did not find.
    """
    seen = np.ones((len(frames), len(layout.parts)), bool) if valid is None else valid.copy()
    for index, (part, channels) in enumerate(layout.runs()):
        if part.kind in COORDINATES:
            seen[:, index] &= seen_points(frames[:, channels], part).any(1)
    return seen


def seen_points(channels: np.ndarray, part: Part) -> np.ndarray:
    """bool (T, N): which points of a part have coordinates that are not all zero."""
    points = channels.reshape(len(channels), part.points, part.channels_per_point)
    return np.isfinite(points).all(2) & (points != 0).any(2)


def fill(frames: np.ndarray, valid: np.ndarray, layout: Layout, longest_gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Fills gaps of at most `longest_gap` frames between frames in which the part was seen.

    Coordinates and scalars are interpolated between the frames on either side, rotations as six numbers. A single missing point
    of a part that was seen is interpolated over any gap, and takes its nearest value at the ends, so that its part can be used.
    Afterwards parts that were not seen are 0, and all values are finite.

    Args:
      frames: float32 (T, F).
      valid: bool (T, P), as `seen_parts` finds it.
      layout: the layout of the frames.
      longest_gap: in frames; 0 fills nothing.

    Returns:
      The frames, and the validity (T, P), in which filled frames count as seen.
    """
    frames, valid = frames.copy(), valid.copy()
    for index, (part, channels) in enumerate(layout.runs()):
        numbers = frames[:, channels]
        seen = valid[:, index]
        if part.kind in COORDINATES:
            numbers = _fill_points(numbers, seen, part)
        gaps = short_gaps(seen, longest_gap)
        if gaps.any():
            numbers = _between(numbers, seen, gaps, part)
            valid[gaps, index] = True
        frames[:, channels] = np.where(valid[:, index, None], numbers, 0)
    return frames, valid


def short_gaps(seen: np.ndarray, longest: int) -> np.ndarray:
    """bool (T,): frames in gaps of at most `longest` frames that have a seen frame on either side."""
    gaps = np.zeros_like(seen)
    if seen.all():
        return gaps
    known = np.flatnonzero(seen)
    step = np.diff(known)
    for index in np.flatnonzero((step > 1) & (step <= longest + 1)):
        gaps[known[index] + 1 : known[index + 1]] = True
    return gaps


def _between(numbers: np.ndarray, seen: np.ndarray, gaps: np.ndarray, part: Part) -> np.ndarray:
    """The values (T, N * C), with gaps interpolated from the frames that were seen."""
    numbers = numbers.copy()
    at, known = np.flatnonzero(gaps), np.flatnonzero(seen)
    if part.kind not in ROTATIONS:
        numbers[at] = _interpolated(at, known, numbers)
        return numbers
    rotations = numbers.reshape(len(numbers), part.points, part.channels_per_point)
    six = axis_angle_to_6d(rotations) if part.kind == "axis_angle" else rotations
    filled = _interpolated(at, known, six.reshape(len(six), -1)).reshape(len(at), part.points, 6)
    found = axis_angle_from_6d(filled) if part.kind == "axis_angle" else matrix_to_6d(matrix_from_6d(filled))
    numbers[at] = found.reshape(len(at), -1)
    return numbers


def _interpolated(at: np.ndarray, known: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Values at frames `at`, linearly interpolated between the known frames on either side."""
    after = np.clip(np.searchsorted(known, at), 1, len(known) - 1)
    first, second = known[after - 1], known[after]
    share = ((at - first) / (second - first))[:, None].astype(numbers.dtype)
    return numbers[first] * (1 - share) + numbers[second] * share


def _fill_points(numbers: np.ndarray, seen: np.ndarray, part: Part) -> np.ndarray:
    """Coordinates (T, N * C) in which single missing points are interpolated; points that were never seen are 0."""
    known = seen_points(numbers, part) & seen[:, None]
    numbers = np.where(np.isfinite(numbers), numbers, 0)
    points = numbers.reshape(len(numbers), part.points, part.channels_per_point)
    time = np.arange(len(numbers))
    for point in np.flatnonzero((known != seen[:, None]).any(0) & known.any(0)):
        there = known[:, point]
        for channel in range(part.channels_per_point):
            values = points[:, point, channel]
            values[~there] = np.interp(time[~there], time[there], values[there])
    return numbers
