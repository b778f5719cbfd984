"""The features of a single clip, computed for many convolutions at once.

`kernels.count_exceeding` runs over clips in its innermost loop, so that one clip costs as many calls of NumPy as there are
features. Here a call does what all convolutions of a dilation share. Every sum is added up in the same order, so the features are
equal, not only close.

Shapes: F channels, L frames of a resampled clip, D features, N convolutions, K of them in a group, E biases of each of these.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from signjax.random_convolution.kernels import TAPS, Convolution


class Group(NamedTuple):
    """Convolutions of one dilation and number of biases; the padded ones come first.

    Attributes:
      dilation: frames between taps.
      padded: how many are padded.
      sums: int64 (K,), where the sums of their channels are.
      heavy: float32 (9, K), 1 for taps of weight 2 and 0 for the others.
      biases: float32 (K, E).
      features: int64 (K, E), where the counts belong.
    """

    dilation: int
    padded: int
    sums: np.ndarray
    heavy: np.ndarray
    biases: np.ndarray
    features: np.ndarray


class Together(NamedTuple):
    """All convolutions, those with the most channels first.

    Attributes:
      channels: the channels to add in turn, each int64 (at most N,): those of the first convolutions, the others have no more.
      groups: the convolutions of each dilation.
    """

    channels: tuple[np.ndarray, ...]
    groups: tuple[Group, ...]


def put_together(convolutions: Sequence[Convolution]) -> Together:
    """The convolutions as `count_exceeding_in_one` needs them."""
    ordered = sorted(range(len(convolutions)), key=lambda number: -len(convolutions[number].channels))
    place = {number: at for at, number in enumerate(ordered)}
    most = len(convolutions[ordered[0]].channels)
    of_all = [convolutions[number].channels for number in ordered]
    channels = tuple(np.array([some[turn] for some in of_all if len(some) > turn]) for turn in range(most))
    ends = np.cumsum([len(one.biases) for one in convolutions])
    alike: dict[tuple[int, int], list[int]] = {}
    for number, one in enumerate(convolutions):
        alike.setdefault((one.dilation, len(one.biases)), []).append(number)
    groups = []
    for (dilation, biases), numbers in alike.items():
        numbers.sort(key=lambda number: not convolutions[number].padded)
        some = [convolutions[number] for number in numbers]
        groups.append(
            Group(
                dilation,
                sum(bool(one.padded) for one in some),
                np.array([place[number] for number in numbers]),
                np.array([[tap in one.heavy for one in some] for tap in range(TAPS)], np.float32),
                np.stack([one.biases for one in some]),
                np.array([np.arange(ends[number] - biases, ends[number]) for number in numbers]),
            )
        )
    return Together(channels, tuple(groups))


def count_exceeding_in_one(clip: np.ndarray, together: Together) -> np.ndarray:
    """uint8 (D,): the features of a clip (L, F), equal to those of `kernels.count_exceeding`."""
    sums = np.zeros((len(clip), len(together.channels[0])), np.float32)
    for channels in together.channels:
        sums[:, : len(channels)] += clip[:, channels]
    counts = np.empty(sum(group.features.size for group in together.groups), np.uint8)
    for group in together.groups:
        output, margin = _convolve(sums[:, group.sums], group), TAPS // 2 * group.dilation
        # Without padding only whole windows count: those are the same as with padding, without the margins.
        for some, inside in (
            (slice(None, group.padded), output),
            (slice(group.padded, None), output[margin : len(clip) - margin]),
        ):
            above = (inside[:, some, None] > group.biases[some]).reshape(len(inside), -1)
            counts[group.features[some].ravel()] = np.add.reduce(above.view(np.uint8), axis=0, dtype=np.uint8)
    return counts


def _convolve(sums: np.ndarray, group: Group) -> np.ndarray:
    """float32 (L, K): the padded outputs for the sums of their channels (L, K)."""
    length, margin = len(sums), TAPS // 2 * group.dilation
    padded = np.zeros((margin + length + margin, sums.shape[1]), np.float32)
    padded[margin : margin + length] = sums
    taps = [padded[start : start + length] for start in range(0, TAPS * group.dilation, group.dilation)]
    output = taps[0] * group.heavy[0]
    for tap, heavy in zip(taps[1:], group.heavy[1:], strict=True):
        output += tap * heavy
    output *= 3
    for tap in taps:
        output -= tap
    return output
