"""What was not seen in a frame: whole parts become invalid, single points of a part that was seen are filled in.

Shapes: T frames, F channels, P parts, N points of one part, D channels of a point.
"""

from collections.abc import Callable

import numpy as np

from signjax.data.parts import COORDINATES, Layout


def mark_missing(
    frames: np.ndarray, layout: Layout, *, zeros: bool, lacking: Callable[[str], np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Finds what is missing and leaves no NaN for it.

    A point is missing where one of its channels is NaN, or where `lacking` says so; with `zeros`, all points of a part of
    coordinates are where all of them are 0, which is how most landmark files say that there was no hand. A part is valid in a
    frame where at least one of its points is there. Its missing points are interpolated between the frames in which they
    are there, and lie amid the part's other points where they never are. Where a part is invalid, its channels are 0.

    Args:
      frames: (T, F).
      layout: what the F channels are.
      zeros: whether zeros mean missing.
      lacking: part name -> bool (T, N), for sources that say it beside the numbers.

    Returns:
      (frames, valid): float32 (T, F) and bool (T, P).
    """
    frames = np.array(frames, np.float32)
    valid = np.ones((len(frames), len(layout.parts)), bool)
    for index, (part, channels) in enumerate(layout.runs()):
        points = frames[:, channels].reshape(len(frames), part.points, part.channels_per_point)
        there = ~np.isnan(points).any(2)
        if lacking is not None:
            there &= ~lacking(part.name)
        if zeros and part.kind in COORDINATES:
            there &= (points != 0).any(axis=(1, 2))[:, None]
        valid[:, index] = there.any(1)
        if there.all():
            continue
        frames[:, channels] = _filled(points, there).reshape(len(frames), -1)
        frames[~valid[:, index], channels] = 0.0
    return frames, valid


def _filled(points: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(T, N, D) with the points that are not `there` (T, N) interpolated over time, or amid the others of their frame."""
    time = np.arange(len(points))
    points = points.copy()
    seen = there.any(1)
    for point in np.flatnonzero(~there[seen].all(0)):
        known = there[:, point]
        if known.any():
            for channel in range(points.shape[2]):
                points[~known, point, channel] = np.interp(time[~known], time[known], points[known, point, channel])
        else:
            shown = np.where(there[..., None], points, 0.0).sum(1) / np.maximum(there.sum(1), 1)[:, None]
            points[:, point] = shown
    return points
