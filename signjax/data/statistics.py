"""Mean and standard deviation of each channel, over training clips alone.

Shapes: T frames, F channels.
"""

from pathlib import Path

import numpy as np

from signjax.data import layouts
from signjax.data.store import Rows

# A channel of rotation that varies by less than this, in radians, is noise; scaling it up to unit variance would feed it in.
_ROTATION_NOISE = 0.05


def channel_statistics(
    folder: Path, offsets: np.ndarray, train: np.ndarray, layout: layouts.Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Statistics over the valid frames of clips, read one at a time.

    Args:
      folder: with `features.npy` and `valid.npy`.
      offsets: int64 (N + 1), where each clip begins.
      train: the clips to count.
      layout: what the channels are.

    Returns:
      Mean and standard deviation, float32 (F,); the deviation of a channel that never changes is given as 1.

    Source: the pairwise update of Chan et al. (1983).
    """
    features, valid = Rows(folder / "features.npy"), Rows(folder / "valid.npy")
    count = np.zeros(layout.width)
    mean = np.zeros(layout.width)
    squares = np.zeros(layout.width)  # sum of squared deviations
    for clip in train:
        rows = slice(offsets[clip], offsets[clip + 1])
        frames = features[rows].astype(np.float64)
        weight = valid[rows][:, layout.part_of_channel].astype(np.float64)
        added = weight.sum(0)
        clip_mean = (frames * weight).sum(0) / np.maximum(added, 1)
        total = count + added
        shift = np.where(added > 0, clip_mean - mean, 0.0)
        squares += (np.square(frames - clip_mean) * weight).sum(0) + shift**2 * count * added / np.maximum(total, 1)
        mean += shift * added / np.maximum(total, 1)
        count = total
    std = np.sqrt(squares / np.maximum(count, 1))
    rotation = np.array([part.kind in layouts.ROTATIONS for part in layout.parts])[layout.part_of_channel]
    std = np.where(rotation, np.maximum(std, _ROTATION_NOISE), std)
    return mean.astype(np.float32), np.where(std < 1e-8, 1.0, std).astype(np.float32)
