"""Parts that were not seen: filled in over short gaps, masked over long ones.

Shapes: T frames, F channels, P parts, N points of a part, C channels of a point.
"""

import numpy as np

from signjax.data.parts import ROTATIONS, Layout, Part
from signjax.data.rotations import axis_angle_from_6d, axis_angle_to_6d, matrix_from_6d, matrix_to_6d


def fill(frames: np.ndarray, valid: np.ndarray, layout: Layout, longest_gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Fills gaps of at most `longest_gap` frames between frames in which the part was seen.

    Coordinates and scalars are interpolated between the frames on either side, rotations as six numbers. What was not seen
    for longer is 0 afterwards.

    Args:
      frames: float32 (T, F).
      valid: bool (T, P), which parts were seen.
      layout: of the frames.
      longest_gap: frames; 0 fills nothing.

    Returns:
      The frames, and the validity (T, P) in which filled frames count as seen.
    """
    frames, valid = frames.copy(), valid.copy()
    for index, (part, channels) in enumerate(layout.runs()):
        numbers = frames[:, channels]
        seen = valid[:, index]
        gaps = short_gaps(seen, longest_gap)
        if gaps.any():
            numbers = _between(numbers, seen, gaps, part)
            valid[gaps, index] = True
        frames[:, channels] = np.where(valid[:, index, None], numbers, 0)
    return frames, valid


def short_gaps(seen: np.ndarray, longest: int) -> np.ndarray:
    """bool (T,): frames of runs that were not seen, no longer than `longest`, with a seen frame on either side."""
    gaps = np.zeros_like(seen)
    known = np.flatnonzero(seen)
    step = np.diff(known)
    for index in np.flatnonzero((step > 1) & (step <= longest + 1)):
        gaps[known[index] + 1 : known[index + 1]] = True
    return gaps


def _between(numbers: np.ndarray, seen: np.ndarray, gaps: np.ndarray, part: Part) -> np.ndarray:
    """The numbers (T, N * C), those in gaps interpolated from the frames that were seen."""
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
    """Values at frames `at`, on the line between the known frames on either side."""
    after = np.clip(np.searchsorted(known, at), 1, len(known) - 1)
    first, second = known[after - 1], known[after]
    share = ((at - first) / (second - first))[:, None].astype(numbers.dtype)
    return numbers[first] * (1 - share) + numbers[second] * share
