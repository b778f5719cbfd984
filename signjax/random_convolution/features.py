"""A clip as the classifiers beside the network see it: standardised, of one length, and described by convolutions and quantiles.

Shapes: N clips, T frames, F channels, L frames of a resampled clip, D convolution features, E quantiles.
"""

from collections.abc import Sequence

import numpy as np

from signjax.data.dataset import Dataset
from signjax.random_convolution.kernels import TAPS, Convolution, count_exceeding
from signjax.random_convolution.quantiles import measure_quantiles

LONGEST = 128  # frames: counts of them fit into a byte
_CLIPS_AT_ONCE = 512


def standardised(dataset: Dataset, clip: int, taken: np.ndarray | slice = slice(None)) -> np.ndarray:
    """float32 (T, F): frames of a clip, all or those `taken`, as the baselines see them; parts not seen are 0."""
    standard = (np.clip(dataset.frames(clip)[taken], dataset.low, dataset.high) - dataset.mean) / dataset.std
    seen = dataset.validity(clip)[taken][:, dataset.layout.part_of_channel]
    return np.where(seen, standard, np.float32(0))


def common_length(dataset: Dataset, clips: np.ndarray) -> int:
    """The length that clips are resampled to by a classifier that learns from these."""
    return int(np.clip(np.percentile(dataset.lengths[clips], 90), TAPS, LONGEST))


def resample(dataset: Dataset, clips: np.ndarray, length: int) -> np.ndarray:
    """float32 (F, L, N): standardised clips, drawn out or thinned to one length; parts not seen are 0.

    So a clip has the same features whatever it is batched with. Clips come last since all that is computed runs over them.
    """
    resampled = np.empty((dataset.layout.width, length, len(clips)), np.float32)
    for column, clip in enumerate(clips):
        standard = standardised(dataset, int(clip))
        place = np.linspace(0, len(standard) - 1, length, dtype=np.float32)
        before = place.astype(np.int64)
        after = np.minimum(before + 1, len(standard) - 1)
        share = (place - before)[:, None]
        resampled[:, :, column] = (standard[before] * (1 - share) + standard[after] * share).T
    return resampled


def extract_features(
    dataset: Dataset, clips: np.ndarray, length: int, convolutions: Sequence[Convolution], quantiles: np.ndarray
) -> np.ndarray:
    """float32 (N, D + E): in how many frames a convolution exceeds a bias; and quantiles."""
    counts = sum(len(convolution.biases) for convolution in convolutions)
    features = np.empty((len(clips), counts + len(quantiles)), np.float32)
    for start in range(0, len(clips), _CLIPS_AT_ONCE):
        some = slice(start, start + _CLIPS_AT_ONCE)
        resampled = resample(dataset, clips[some], length)
        features[some, :counts] = count_exceeding(resampled, convolutions).T
        features[some, counts:] = measure_quantiles(resampled, quantiles)
    return features
