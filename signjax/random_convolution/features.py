"""A clip as the classifiers beside the network see it: standardised, of one length, and described by convolutions and quantiles.

Shapes: N clips, T frames, F channels, S signals, L frames of a resampled clip, K copies, D convolution features,
E quantiles.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from signjax.data.batching.excerpts import WARPING_SINES, ahead
from signjax.data.dataset import Dataset
from signjax.data.geometry.bones import bones_of, directions
from signjax.data.layout.parts import COORDINATES
from signjax.random_convolution.kernels import TAPS, Convolution, count_exceeding
from signjax.random_convolution.quantiles import measure_quantiles

LONGEST = 128  # frames: counts of them fit into a byte
_CLIPS_AT_ONCE = 512
_BONES = 3.0  # by which directions are multiplied: they then vary about as much as standardised channels
_WARP = 0.3  # deviation of the speed in a warped copy, in parts of the usual speed
# A point moves if its deviation within clips is at least this part of that of the point which moves most; one that no line joins
# must move more, since its channels also tell how signers are built.
_MOVES, _MOVES_ALONE = 1 / 8, 1 / 3


class Signals(NamedTuple):
    """What a classifier sees of a clip.

    Attributes:
      bones: int64, coordinates of the directions of bones.
      channels: int64, channels as they are, standardised.
    """

    bones: np.ndarray
    channels: np.ndarray


def standardised(dataset: Dataset, clip: int, taken: np.ndarray | slice = slice(None)) -> np.ndarray:
    """float32 (T, F): frames of a clip, all or those `taken`, as the baselines see them; parts not seen are 0."""
    return _standardised(dataset, dataset.frames(clip)[taken], dataset.validity(clip)[taken])


def _standardised(dataset: Dataset, frames: np.ndarray, valid: np.ndarray) -> np.ndarray:
    standard = (np.clip(frames, dataset.low, dataset.high) - dataset.mean) / dataset.std
    return np.where(valid[:, dataset.layout.part_of_channel], standard, np.float32(0))


def choose_signals(dataset: Dataset) -> Signals:
    """The bones that move, and the channels of which bones say nothing; all channels if the layout has no bones.

    Coordinates beside directions only add how signers are built, and so do bones that hardly move, such as legs: on new signers of
    ISL-Kinect30, directions alone were better than both, and worse with those of the legs (docs/accuracy.md).
    """
    layout = dataset.layout
    bones = bones_of(layout)
    if not bones.coordinates:
        return Signals(np.zeros(0, np.int64), np.arange(layout.width))
    lines = bones.differences.shape[1]
    moved = np.zeros(layout.width)  # of the point of each channel
    for part, channels in layout.runs():
        if part.kind in COORDINATES:
            within = dataset.within[channels].reshape(part.points, -1)
            moved[channels] = np.repeat(np.sqrt(np.square(within).sum(1)), part.channels_per_point)
    if layout.mirrors:  # what rests here moves in mirror images
        moved = np.maximum(moved, moved[layout.mirror[0]])
    most = moved[bones.differences.any(1)].max(initial=0.0)
    of_lines = (np.abs(bones.differences) * (moved >= _MOVES * most)[:, None]).any(0)
    alone = np.flatnonzero(bones.unjoined & (moved >= _MOVES_ALONE * most))
    return Signals(
        np.concatenate([np.flatnonzero(of_lines), np.arange(lines, bones.coordinates)]),
        np.sort(np.concatenate([bones.others, alone])),
    )


def signals_of(dataset: Dataset, clip: int, signals: Signals, *, mirrored: bool = False) -> np.ndarray:
    """float32 (T, S): directions, then channels, of one clip or its mirror image; parts not seen are 0."""
    frames, valid = dataset.frames(clip), dataset.validity(clip)
    if mirrored:
        channel, sign, part = dataset.layout.mirror
        frames, valid = frames[:, channel] * sign, valid[:, part]
    channels = _standardised(dataset, frames, valid)[:, signals.channels]
    if not len(signals.bones):
        return channels
    values = np.clip(frames, dataset.low, dataset.high)
    bone, _ = directions(values, valid[:, dataset.layout.part_of_channel], dataset.layout)
    return np.concatenate([_BONES * bone[:, signals.bones], channels], axis=1)


def common_length(dataset: Dataset, clips: np.ndarray) -> int:
    """The length that clips are resampled to by a classifier that learns from these."""
    return int(np.clip(np.percentile(dataset.lengths[clips], 90), TAPS, LONGEST))


def resample(
    dataset: Dataset, clips: np.ndarray, length: int, signals: Signals | None = None, *, mirrored: bool = False
) -> np.ndarray:
    """float32 (S, L, N): signals of clips, without a choice all channels, drawn out or thinned to one length; 0 where not seen.

    So a clip has the same features whatever it is batched with. Clips come last since all that is computed runs over them.
    """
    count = dataset.layout.width if signals is None else sum(map(len, signals))
    resampled = np.empty((count, length, len(clips)), np.float32)
    for column, clip in enumerate(clips):
        values = (
            standardised(dataset, int(clip))
            if signals is None
            else signals_of(dataset, int(clip), signals, mirrored=mirrored)
        )
        place = np.linspace(0, len(values) - 1, length, dtype=np.float32)
        before = place.astype(np.int64)
        after = np.minimum(before + 1, len(values) - 1)
        share = (place - before)[:, None]
        resampled[:, :, column] = (values[before] * (1 - share) + values[after] * share).T
    return resampled


def warped(resampled: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """float32 (S, L, N): clips as long as they are, but faster in one place and slower in another, each in its own way.

    The deviation of the speed of each of the sines is 0.3 of the usual speed. Between two frames, signals are interpolated.
    """
    length, clips = resampled.shape[1:]
    usual = np.linspace(0, 1, length, dtype=np.float32)
    speeds = _WARP * random.standard_normal((WARPING_SINES, clips), np.float32)
    place = np.clip(usual[:, None] + ahead(usual, speeds), 0, 1) * np.float32(length - 1)
    before = place.astype(np.int64)
    after, own = np.minimum(before + 1, length - 1), np.arange(clips)
    share = place - before.astype(np.float32)
    found: np.ndarray = resampled[:, before, own] * (1 - share) + resampled[:, after, own] * share
    return found


def extract_features(
    dataset: Dataset,
    clips: np.ndarray,
    length: int,
    convolutions: Sequence[Convolution],
    quantiles: np.ndarray,
    signals: Signals | None = None,
    copies: int = 1,
    random: np.random.Generator | None = None,
    *,
    mirror: bool = False,
) -> np.ndarray:
    """float32 (K N, D + E): in how many frames convolutions exceed their biases, and quantiles.

    Those of `copies` - 1 copies of all clips, warped at `random`, follow those of the clips. With `mirror`, the first copy and each
    second after it are mirror images.
    """
    counts = sum(len(convolution.biases) for convolution in convolutions)
    features = np.empty((copies, len(clips), counts + len(quantiles)), np.float32)
    for start in range(0, len(clips), _CLIPS_AT_ONCE):
        some = slice(start, start + _CLIPS_AT_ONCE)
        ways = [resample(dataset, clips[some], length, signals, mirrored=way) for way in (False, True)[: 1 + mirror]]
        for copy in range(copies):
            one = resampled = ways[copy % len(ways)]
            if copy:
                assert random is not None  # given with copies
                one = warped(resampled, random)
            features[copy, some, :counts] = count_exceeding(one, convolutions).T
            features[copy, some, counts:] = measure_quantiles(one, quantiles)
    return features.reshape(-1, features.shape[2])
