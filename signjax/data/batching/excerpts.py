"""Which frames of its clips a batch uses: all of them, or, as an augmentation, a part of them played faster or slower.

Excerpts are drawn on the host, before clips are put into buckets: a clip is padded to its drawn length, not to the longest length
possible. All arithmetic is on integers, so that a device that gathers the frames cannot round differently.

Shapes: N clips.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from signjax.plans.kinds import RATE, number
from signjax.plans.setting import setting
from signjax.rng.numpy_streams import numpy_stream

# A sign is not shortened to fewer frames than this, because its movement would be lost.
_FEWEST_FRAMES = 8
# By which a warped clip is ahead and behind.
WARPING_SINES = 3


class Excerpts(NamedTuple):
    """The frames used of N clips: `played` frames each, evenly spaced from `first` to `last`; nearest frames, never a mean of two.

    Rotation vectors cannot be averaged across the turn at pi.

    Attributes:
      first, last: int32 (N,), the first and the last frame.
      played: int32 (N,), the resulting number of frames.
    """

    first: np.ndarray
    last: np.ndarray
    played: np.ndarray

    def of(self, clips: np.ndarray) -> "Excerpts":
        """The excerpts of some clips."""
        return Excerpts(*(values[clips] for values in self))


@dataclass(frozen=True)
class Pace:
    """How clips are cut and played in training; the factor on the number of frames is log-uniformly distributed."""

    crop: float = setting(
        0.1, "Largest share of a clip that is cut off, split at random between its start and its end.", RATE
    )
    fastest: float = setting(
        0.7,
        "Smallest factor on the number of frames of a clip; at most augment.slowest. Smaller values play clips faster.",
        number(0.1, 10),
    )
    slowest: float = setting(
        1.4, "Largest factor on the number of frames of a clip. Larger values play clips more slowly.", number(0.1, 10)
    )


def whole_clips(lengths: np.ndarray, frames: int) -> Excerpts:
    """All frames of each clip; longer clips are subsampled to `frames` frames."""
    lengths = lengths.astype(np.int32)
    return Excerpts(np.zeros_like(lengths), np.maximum(lengths - 1, 0), np.minimum(lengths, frames))


def draw_excerpts(lengths: np.ndarray, pace: Pace, frames: int, seed: int, epoch: int) -> Excerpts:
    """The excerpt of each clip in an epoch: a pure function of its arguments.

    Args:
      lengths: int (N,), the number of frames of each clip.
      pace: how clips are cut and played.
      frames: the largest number of frames of an excerpt.
      seed: the seed of the run.
      epoch: its number, counted from 0.
    """
    random = numpy_stream(seed, "excerpt", epoch)
    share = 1.0 - pace.crop * random.random(len(lengths))
    start = (1.0 - share) * random.random(len(lengths))
    factor = np.exp(random.uniform(np.log(pace.fastest), np.log(pace.slowest), len(lengths)))
    end = np.maximum(lengths - 1, 0)
    # If a clip is subsampled anyway, its tempo varies around the length that a test clip is subsampled to.
    usual = np.minimum(lengths, frames)
    played = np.clip(np.round(share * factor * usual), np.minimum(_FEWEST_FRAMES, usual), frames)
    first, last = np.round(start * end), np.round((start + share) * end)
    return Excerpts(*(values.astype(np.int32) for values in (first, last, played)))


def ahead(usual: Any, speeds: Any) -> Any:
    """How far a warped clip, which is faster in one place and slower in another, is ahead of its usual pace, for NumPy and jax.

    A sum of sines of half a period, a whole one, and one and a half: the ends stay where they are. Source: time warping, Um et al.
    (2017).

    Args:
      usual: float32 (T,), places in the clip, from 0 to 1.
      speeds: float32 (3, N), of each sine: what it adds to the usual speed where it adds most.

    Returns:
      float32 (T, N).
    """
    turns = np.float32(np.pi) * np.arange(1, WARPING_SINES + 1, dtype=np.float32)
    return usual.__array_namespace__().sin(usual[:, None] * turns[None, :]) @ (speeds / turns[:, None])


def frame_indices(first: int, last: int, played: int) -> np.ndarray:
    """int64 (played,): the frames of the excerpt, from the first to the last."""
    gaps = max(played - 1, 1)
    return first + (2 * np.arange(played) * (last - first) + gaps) // (2 * gaps)
