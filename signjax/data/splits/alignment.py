"""How far one clip is from being a copy of another, regardless of tempo and of cuts at its ends.

Shapes: T and U frames of two clips, F channels, each divided by its standard deviation over the corpus.
"""

import numpy as np

# A frame may be earlier or later by this share of a clip than a uniform change of tempo would place it.
_BAND = 0.15

# Motion with a smaller root mean square over frames and channels, in standard deviations of the corpus, counts as none: the noise
# in a clip without movement must not look like a difference between two recordings.
_STILL = 0.35


def residual(path: np.ndarray, frames: np.ndarray) -> float:
    """Mean squared distance of frames from a path, each matched to a point of it, in order.

    The path is the polyline through the frames of the other clip. A resampled copy, by nearest frame or by interpolation, lies on
    that line, so what remains is noise. Another take of the same sign does not lie on it.

    Args:
      path: float (T, F), at least two frames.
      frames: float (U, F).

    Returns:
      The mean over frames of the sum over channels.

    Source: dynamic time warping with the band of Sakoe and Chiba (1978), between points and line segments, with free ends.
    """
    step = np.diff(path, axis=0)
    squares = np.maximum(np.square(step).sum(1), 1e-12)
    along = frames @ step.T - (path[:-1] * step).sum(1)
    share = np.clip(along / squares, 0.0, 1.0)
    from_start = np.square(frames).sum(1)[:, None] + np.square(path[:-1]).sum(1) - 2 * frames @ path[:-1].T
    cost = np.maximum(from_start - 2 * share * along + np.square(share) * squares, 0.0)
    when = np.arange(len(frames))[:, None] / max(len(frames) - 1, 1)
    segment = (np.arange(len(step)) + 0.5) / len(step)
    cost[np.abs(when - segment) > _BAND + 0.5 / len(step)] = np.inf
    total = cost[0]
    for row in cost[1:]:
        total = np.minimum.accumulate(total) + row  # the matched segments never go backwards
    return float(total.min()) / len(frames)


def relative_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The distance of two clips as a share of their motion: 0 for a copy, even if resampled or cut at its ends.

    Args:
      a, b: float (T, F) and (U, F); at least two frames each.

    Returns:
      The root mean square of one clip's residual after alignment, divided by that of its motion about its mean.
    """
    centre = a.mean(0, dtype=np.float64)
    a, b = a - centre, b - centre
    # A clip that was cut lies on the line of the whole clip, but not the other way round.
    shares = (
        residual(path, frames) / max(float(frames.var(0).sum()), _STILL**2 * frames.shape[1])
        for path, frames in ((a, b), (b, a))
    )
    return float(np.sqrt(min(shares)))
