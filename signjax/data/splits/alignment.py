"""How far one clip is from being a copy of another, regardless of tempo and of cuts at its ends.

Long clips are compared a few frames at a time, so that memory grows with their length and not with its square. A comparison ends as
soon as the distance must exceed a limit, which few frames of two different recordings show; copies are compared to their ends.

Shapes: T and U frames of two clips, F channels, each divided by its standard deviation over the corpus; S = T - 1 line segments.
"""

from typing import NamedTuple

import numpy as np

# A frame may be earlier or later by this share of a clip than a uniform change of tempo would place it.
_BAND = 0.15

# Motion with a smaller root mean square over frames and channels, in standard deviations of the corpus, counts as none: the noise
# in a clip without movement must not look like a difference between two recordings.
_STILL = 0.35

# Frames whose costs are computed together.
_ROWS_AT_ONCE = 32
# Neighbouring frames that are matched regardless of their order before all are, and at how many places in a clip. The places are
# tried in steps, which must have no divisor in common with their number: alike beginnings of clips say little.
_RUN, _RUNS, _STEP = 8, 32, 13


class Polyline(NamedTuple):
    """The line through the frames of a clip, with what every comparison needs of it.

    Attributes:
      points: float64 (T, F), the frames.
      squares: float64 (T,), their squared lengths as vectors.
      lengths: float64 (S,), the squared length of each segment, at least 1e-12.
      offsets: float64 (S,), the product of the vector from each segment's start to its end with its start.
      motion: sum over channels of the variance of the frames; for hardly any motion, what counts as none.
    """

    points: np.ndarray
    squares: np.ndarray
    lengths: np.ndarray
    offsets: np.ndarray
    motion: float

    @property
    def nbytes(self) -> int:
        """The memory of the arrays."""
        return sum(array.nbytes for array in self[:4])


def polyline(frames: np.ndarray) -> Polyline:
    """The line through frames (T, F), at least two."""
    points = np.ascontiguousarray(frames, np.float64)
    steps = np.diff(points, axis=0)
    return Polyline(
        points,
        _products(points, points),
        np.maximum(_products(steps, steps), 1e-12),
        _products(points[:-1], steps),
        max(float(points.var(0).sum()), _STILL**2 * points.shape[1]),
    )


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("tf,tf->t", a, b)


def residual(path: Polyline, frames: Polyline, limit: float = np.inf) -> float:
    """Mean squared distance of frames from a path, each matched to a point of it, in order.

    A resampled copy, by nearest frame or by interpolation, lies on the path, so what remains is noise. Another take of the same
    sign does not lie on it.

    Args:
      path: of T frames.
      frames: U frames, the points of the other clip.
      limit: the comparison ends when the result is known to be greater.

    Returns:
      The mean over frames of the sum over channels; infinite if it is greater than the limit.

    Source: dynamic time warping with the band of Sakoe and Chiba (1978), between points and line segments, with free ends.
    """
    count = len(frames.points)
    most = limit * count * (1 + 1e-9)  # rounding must not reject what lies exactly on the limit
    if np.isfinite(most) and _must_exceed(path, frames, most):
        return np.inf
    first, last = 0, len(path.lengths)
    # The least total with which a match of the frames so far ends at each segment, or before it.
    reached = np.zeros(last)
    for start in range(0, count, _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, count))
        before, until = first, last
        first, last = _band(path, rows / (count - 1))
        reached = reached[np.minimum(np.arange(first, last), until - 1) - before]
        for cost in _costs(path, frames, rows, first, last):
            reached = np.minimum.accumulate(reached + cost)  # the matched segments never go backwards
        if reached[-1] > most:
            return np.inf
    return float(reached[-1]) / count


def _must_exceed(path: Polyline, frames: Polyline, most: float) -> bool:
    """Whether some frames alone, each at its nearest point of the path within the band, add up to more than `most`."""
    count = len(frames.points)
    if count < 2 * _RUN * _RUNS:  # all frames are few
        return False
    total = 0.0
    for run in range(_RUNS):
        start = run * _STEP % _RUNS * (count - _RUN) // (_RUNS - 1)
        rows = np.arange(start, start + _RUN)
        total += float(_costs(path, frames, rows, *_band(path, rows / (count - 1))).min(1).sum())
        if total > most:
            return True
    return False


def _band(path: Polyline, when: np.ndarray) -> tuple[int, int]:
    """The first segment that any of the frames may match, and the one after the last; `when` are their ascending times, 0 to 1."""
    segments = len(path.lengths)
    first = int((when[0] - _BAND) * segments) - 2
    last = int((when[-1] + _BAND) * segments) + 2
    return max(first, 0), min(last, segments)


def _costs(path: Polyline, frames: Polyline, rows: np.ndarray, first: int, last: int) -> np.ndarray:
    """float64 (R, last - first): the squared distance of frames `rows` from segments of the path, infinite outside the band."""
    products = frames.points[rows] @ path.points[first : last + 1].T
    lengths, segments = path.lengths[first:last], len(path.lengths)
    along = np.diff(products, axis=1)
    along -= path.offsets[first:last]
    share = along / lengths
    np.clip(share, 0.0, 1.0, out=share)
    cost = path.squares[first:last] - 2 * products[:, :-1]
    cost += frames.squares[rows, None]
    cost -= share * (2 * along - share * lengths)
    np.maximum(cost, 0.0, out=cost)
    when = rows[:, None] / (len(frames.points) - 1)
    middle = (np.arange(first, last) + 0.5) / segments
    cost[np.abs(when - middle) > _BAND + 0.5 / segments] = np.inf
    return cost


def relative_distance(a: Polyline, b: Polyline, limit: float = np.inf) -> float:
    """The distance of two clips as a share of their motion: 0 for a copy, even if resampled or cut at its ends.

    Args:
      a, b: the clips.
      limit: the comparison ends when the result is known to be greater.

    Returns:
      The root mean square of one clip's residual after alignment, divided by that of its motion about its mean; infinite if it
      is greater than the limit.
    """
    least = limit**2
    # A clip that was cut lies on the line of the whole clip, but not the other way round.
    shares = []
    for path, frames in ((a, b), (b, a)):
        shares.append(residual(path, frames, least * frames.motion) / frames.motion)
        least = min(least, shares[-1])
    return float(np.sqrt(min(shares)))
