"""How far one clip is from being a copy of another, whatever the tempo and wherever it was cut.

Shapes: T and U frames of two clips, F channels, each divided by its standard deviation over the corpus.
"""

import numpy as np

# A frame may lie this share of a clip earlier or later than an even change of tempo would put it.
_BAND = 0.15

# Root mean square over frames and channels below which motion does not count as such, in standard deviations of the corpus:
# the noise of a clip that stands still must not look like a difference between two recordings.
_STILL = 0.35


def residual(path: np.ndarray, frames: np.ndarray) -> float:
    """Mean squared distance of frames from a path, each matched to a point of it, in order.

    The path is the line through the frames of the other clip. A copy that was resampled, from the nearest frame or between
    two, lies on that line, so what remains is noise. Another take of the same sign does not lie on it.

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
        total = np.minimum.accumulate(total) + row  # the matched segment never goes back
    return float(total.min()) / len(frames)


def relative_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Distance of two clips as a share of their motion: 0 for a copy, however resampled or cut at its ends.

    Args:
      a, b: float (T, F) and (U, F); at least two frames each.

    Returns:
      The root mean square of what an alignment leaves of one clip over that of its motion about its mean.
    """
    centre = a.mean(0, dtype=np.float64)
    a, b = a - centre, b - centre
    # A clip that was cut lies on the line of the whole one, not the other way round.
    shares = (
        residual(path, frames) / max(float(frames.var(0).sum()), _STILL**2 * frames.shape[1])
        for path, frames in ((a, b), (b, a))
    )
    return float(np.sqrt(min(shares)))
