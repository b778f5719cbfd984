"""Mean, standard deviation and plausible range of each channel, over training clips only.

Shapes: N training clips, T frames, F channels.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from signjax.data.layout import ROTATIONS, Layout

# Reads the frames (T, F) and the validity (T, P) of a clip.
Read = Callable[[int], tuple[np.ndarray, np.ndarray]]

# A rotation channel that varies by less than this, in radians, is noise; scaling it to unit variance would amplify the noise.
_ROTATION_NOISE = 0.05
_NEVER_CHANGES = 1e-8

# A value is plausible within this many times the reach of its channel: the distance from the centre that three in four clips do not
# exceed. Genuine recordings stay far inside; errors of a tracker, a unit or a disk do not.
_REACHES = 10.0
_CLIPS_INSIDE = 0.75
# For trackers that glitch once in every clip: the extreme of a clip counts as at most this many times that of its middle frames.
_MOST_SPIKY = 20.0
_MIDDLE_FRAMES = (5, 95)  # percentiles
# Clips that are sampled to find the reach, spread evenly over the training clips.
_CLIPS_FOR_RANGE = 1024
# If fewer clips than this move a channel that is constant in all others, the movement counts as an error.
_FEWEST_MOVING = 3


class Statistics(NamedTuple):
    """The statistics of each channel, (F,).

    Attributes:
      mean: float32, over frames in which its part was seen and its value is plausible.
      std: float32, likewise; safe to divide by, because it is 1 for a channel that never changes.
      low, high: float32, the plausible range; infinite if nothing is known.
      varies: bool, whether the channel ever changes.
    """

    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    varies: np.ndarray


def channel_statistics(read: Read, train: Sequence[int], layout: Layout) -> Statistics:
    """Statistics over the frames in which each part was seen, reading one clip at a time.

    A single frame at 1e4, or a clip in another unit, must not determine how all others are scaled. The plausible range is therefore
    found first, from what three in four clips do not exceed, and values outside it are ignored.

    Args:
      read: reads a clip.
      train: the clips to use.
      layout: the layout of the channels.

    Source: the pairwise update of Chan et al. (1983).
    """
    low, high = plausible_range(read, train, layout)
    count = np.zeros(layout.width)
    mean = np.zeros(layout.width)
    squares = np.zeros(layout.width)  # sum of squared deviations
    for clip in train:
        frames, valid = read(clip)
        frames = frames.astype(np.float64)
        plausible = valid[:, layout.part_of_channel] & (frames >= low) & (frames <= high)
        frames, weight = np.where(plausible, frames, 0.0), plausible.astype(np.float64)
        added = weight.sum(0)
        clip_mean = (frames * weight).sum(0) / np.maximum(added, 1)
        total = count + added
        shift = np.where(added > 0, clip_mean - mean, 0.0)
        squares += (np.square(frames - clip_mean) * weight).sum(0) + shift**2 * count * added / np.maximum(total, 1)
        mean += shift * added / np.maximum(total, 1)
        count = total
    std = np.sqrt(squares / np.maximum(count, 1))
    varies = std >= _NEVER_CHANGES
    rotation = np.array([part.kind in ROTATIONS for part in layout.parts])[layout.part_of_channel]
    std = np.where(rotation, np.maximum(std, _ROTATION_NOISE), np.where(varies, std, 1.0))
    single = np.float32
    return Statistics(mean.astype(single), std.astype(single), low.astype(single), high.astype(single), varies)


def plausible_range(read: Read, train: Sequence[int], layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """float64 (F,) twice: the least and the greatest plausible value of each channel.

    Up to a quarter of the clips may contain anything, and single frames of every clip may be faulty. For a channel that hardly any
    clip moves, the range covers the clips that move it if there are at least three, and has no width if there are fewer.
    """
    chosen = np.asarray(train)[np.unique(np.linspace(0, len(train) - 1, min(len(train), _CLIPS_FOR_RANGE)).astype(int))]
    least, middle, greatest, low_frames, high_frames = (np.full((len(chosen), layout.width), np.nan) for _ in range(5))
    for row, clip in enumerate(chosen.tolist()):
        frames, valid = read(clip)
        for index, (_, channels) in enumerate(layout.runs()):
            ranked = np.sort(frames[valid[:, index], channels], axis=0)  # a part is either seen as a whole or not
            if len(ranked):
                least[row, channels], greatest[row, channels] = ranked[0], ranked[-1]
                low_frames[row, channels], middle[row, channels], high_frames[row, channels] = ranked[
                    _ranks(len(ranked))
                ]
    low, high = np.full(layout.width, -np.inf), np.full(layout.width, np.inf)
    for channel in range(layout.width):
        there = ~np.isnan(middle[:, channel])
        if there.any():
            whole = least[there, channel], greatest[there, channel]
            most = low_frames[there, channel], high_frames[there, channel]
            low[channel], high[channel] = _range(middle[there, channel], whole, most)
    return low, high


def _ranks(count: int) -> list[int]:
    """Of `count` sorted values, the indices of the one near the low end, the middle one, and the one near the high end."""
    return [round(share / 100 * (count - 1)) for share in (_MIDDLE_FRAMES[0], 50, _MIDDLE_FRAMES[1])]


def _range(
    middle: np.ndarray, whole: tuple[np.ndarray, np.ndarray], most: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float]:
    """The plausible range of a channel.

    Args:
      middle: (N,), the median of each clip.
      whole: (N,) twice, the least and the greatest value of each clip.
      most: (N,) twice, the least and the greatest value of most of its frames.
    """
    centre = float(np.median(middle))
    inside = int(_CLIPS_INSIDE * (len(middle) - 1))  # of N sorted clips, the index of the last that counts
    away, usual = (np.maximum(greatest - centre, centre - least) for least, greatest in (whole, most))
    reach, usual_reach = (float(np.sort(values)[inside]) for values in (away, usual))
    if usual_reach > 0:
        reach = min(reach, _MOST_SPIKY * usual_reach)
    moving = away[away > 0]
    if reach == 0 and len(moving) >= _FEWEST_MOVING:
        reach = float(np.median(moving))
    return centre - _REACHES * reach, centre + _REACHES * reach
