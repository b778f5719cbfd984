"""The features of a single clip, computed for many convolutions at once.

`kernels.count_exceeding` runs over clips in its innermost loop, so that one clip costs as many calls of NumPy as there are
features. Here the order of every sum is the same, and so is every feature.

Shapes: F channels, L frames of a resampled clip, D features, K convolutions of a group, E biases of each of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from signjax.random_convolution.kernels import TAPS, Convolution


class Group(NamedTuple):
    """Convolutions of one dilation, padding and number of biases, those with the most channels first.

    Attributes:
      dilation, padded: as those of a `Convolution`.
      channels: the channels to add in turn, each int64 (at most K,): those of the first convolutions, the others have no more.
      heavy: int64 (3, K), the taps of weight 2.
      biases: float32 (K, E).
      features: int64 (K, E), where the counts belong.
    """

    dilation: int
    padded: bool
    channels: tuple[np.ndarray, ...]
    heavy: np.ndarray
    biases: np.ndarray
    features: np.ndarray


def grouped(convolutions: Sequence[Convolution]) -> tuple[Group, ...]:
    """The convolutions in groups that can be computed together."""
    ends = np.cumsum([len(one.biases) for one in convolutions])
    alike: dict[tuple[int, bool, int], list[int]] = {}
    for number, one in enumerate(convolutions):
        alike.setdefault((one.dilation, bool(one.padded), len(one.biases)), []).append(number)
    groups = []
    for (dilation, padded, biases), numbers in alike.items():
        ordered = sorted(numbers, key=lambda number: -len(convolutions[number].channels))
        some = [convolutions[number] for number in ordered]
        turns = range(len(some[0].channels))
        channels = (np.array([one.channels[turn] for one in some if len(one.channels) > turn]) for turn in turns)
        places = np.array([np.arange(ends[number] - biases, ends[number]) for number in ordered])
        heavy, thresholds = np.array([one.heavy for one in some]).T, np.stack([one.biases for one in some])
        groups.append(Group(dilation, padded, tuple(channels), heavy, thresholds, places))
    return tuple(groups)


def count_exceeding_in_one(clip: np.ndarray, groups: Sequence[Group]) -> np.ndarray:
    """uint8 (D,): the features of a clip (L, F), equal to those of `kernels.count_exceeding`."""
    counts = np.empty(sum(group.features.size for group in groups), np.uint8)
    for group in groups:
        output = _convolve(clip, group)
        above = (output[:, :, None] > group.biases).reshape(len(output), -1)
        counts[group.features.ravel()] = np.add.reduce(above.view(np.uint8), axis=0, dtype=np.uint8)
    return counts


def _convolve(clip: np.ndarray, group: Group) -> np.ndarray:
    """float32 (frames, K): the outputs of a group, each sum in the order of `kernels`."""
    count = group.heavy.shape[1]
    margin = TAPS // 2 * group.dilation if group.padded else 0
    summed = np.zeros((margin + len(clip) + margin, count), np.float32)
    for channels in group.channels:
        summed[margin : margin + len(clip), : len(channels)] += clip[:, channels]
    frames = len(summed) - (TAPS - 1) * group.dilation
    starts, column = np.arange(frames)[:, None], np.arange(count)
    first, second, third = (summed[starts + group.dilation * heavy, column] for heavy in group.heavy)
    output = first + second
    output += third
    output *= 3
    for start in range(0, TAPS * group.dilation, group.dilation):
        output -= summed[start : start + frames]
    return output
