"""A clip as the classifiers beside the network see it: standardised, of one length, and described by convolutions and quantiles.

Shapes: N clips, T frames, F channels, S signals, L frames of a resampled clip, K copies, D convolution features,
E quantiles.
"""

from collections.abc import Callable, Sequence

import numpy as np

from signjax.data.dataset import Dataset
from signjax.data.geometry.bones import bones_of, directions
from signjax.random_convolution.kernels import TAPS, Convolution, count_exceeding
from signjax.random_convolution.quantiles import measure_quantiles

LONGEST = 128  # frames: counts of them fit into a byte
_CLIPS_AT_ONCE = 512
_BONES = 3.0  # by which directions are multiplied: they then vary about as much as standardised channels
_WARP = 0.3  # deviation of the speed in a warped copy, in parts of the usual speed

Signals = Callable[[Dataset, int], np.ndarray]  # of a clip: float32 (T, S)


def standardised(dataset: Dataset, clip: int, taken: np.ndarray | slice = slice(None)) -> np.ndarray:
    """float32 (T, F): frames of a clip, all or those `taken`, as the baselines see them; parts not seen are 0."""
    standard = (np.clip(dataset.frames(clip)[taken], dataset.low, dataset.high) - dataset.mean) / dataset.std
    seen = dataset.validity(clip)[taken][:, dataset.layout.part_of_channel]
    return np.where(seen, standard, np.float32(0))


def with_bones(dataset: Dataset, clip: int) -> np.ndarray:
    """float32 (T, S): the directions of bones, and the standardised channels of which they say nothing; parts not seen are 0.

    Where the layout has no bones, these are all channels. Coordinates beside the directions only add how signers are built: on new
    signers of ISL-Kinect30, directions alone were better than both (docs/accuracy.md).
    """
    bones, channels = bones_of(dataset.layout), standardised(dataset, clip)
    if not bones.coordinates:
        return channels
    values = np.clip(dataset.frames(clip), dataset.low, dataset.high)
    bone, _ = directions(values, dataset.validity(clip)[:, dataset.layout.part_of_channel], dataset.layout)
    return np.concatenate([_BONES * bone, channels[:, bones.others]], axis=1)


def common_length(dataset: Dataset, clips: np.ndarray) -> int:
    """The length that clips are resampled to by a classifier that learns from these."""
    return int(np.clip(np.percentile(dataset.lengths[clips], 90), TAPS, LONGEST))


def resample(dataset: Dataset, clips: np.ndarray, length: int, signals: Signals = with_bones) -> np.ndarray:
    """float32 (S, L, N): the signals of one clip or more, drawn out or thinned to one length; parts not seen are 0.

    So a clip has the same features whatever it is batched with. Clips come last since all that is computed runs over them.
    """
    resampled = np.empty((0, length, len(clips)), np.float32)
    for column, clip in enumerate(clips):
        values = signals(dataset, int(clip))
        if not column:
            resampled = np.empty((values.shape[1], length, len(clips)), np.float32)
        place = np.linspace(0, len(values) - 1, length, dtype=np.float32)
        before = place.astype(np.int64)
        after = np.minimum(before + 1, len(values) - 1)
        share = (place - before)[:, None]
        resampled[:, :, column] = (values[before] * (1 - share) + values[after] * share).T
    return resampled


def warped(resampled: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """float32 (S, L, N): clips as long as they are, but faster in one place and slower in another, each in its own way.

    A place of a clip is moved by a sum of three sines, of half a period, a whole one, and one and a half, which leaves its ends
    where they are; the deviation of each one's speed is 0.3 of the usual speed. Source: time warping, Um et al. (2017).
    """
    length, clips = resampled.shape[1:]
    usual = np.linspace(0, 1, length, dtype=np.float32)[:, None]
    place = np.tile(usual, (1, clips))
    for half_periods in (1, 2, 3):
        speeds = _WARP * random.standard_normal((1, clips), np.float32)
        place += speeds / (half_periods * np.pi) * np.sin(half_periods * np.pi * usual)
    place = np.clip(place, 0, 1) * (length - 1)
    before = place.astype(np.int64)
    after, own = np.minimum(before + 1, length - 1), np.arange(clips)
    share = place - before.astype(np.float32)
    found: np.ndarray = resampled[:, before, own] * (1 - share) + resampled[:, after, own] * share
    return found


def extract_features(
    dataset: Dataset, clips: np.ndarray, length: int, convolutions: Sequence[Convolution], quantiles: np.ndarray
) -> np.ndarray:
    """float32 (N, D + E): in how many frames a convolution exceeds a bias; and quantiles."""
    return extract_of_copies(dataset, clips, length, convolutions, quantiles, 1, np.random.default_rng(0))


def extract_of_copies(
    dataset: Dataset,
    clips: np.ndarray,
    length: int,
    convolutions: Sequence[Convolution],
    quantiles: np.ndarray,
    copies: int,
    random: np.random.Generator,
) -> np.ndarray:
    """float32 (K N, D + E): the features of the clips, followed by those of `copies` - 1 warped copies of all of them."""
    counts = sum(len(convolution.biases) for convolution in convolutions)
    features = np.empty((copies, len(clips), counts + len(quantiles)), np.float32)
    for start in range(0, len(clips), _CLIPS_AT_ONCE):
        some = slice(start, start + _CLIPS_AT_ONCE)
        resampled = resample(dataset, clips[some], length)
        for copy in range(copies):
            one = warped(resampled, random) if copy else resampled
            features[copy, some, :counts] = count_exceeding(one, convolutions).T
            features[copy, some, counts:] = measure_quantiles(one, quantiles)
    return features.reshape(-1, features.shape[2])
