"""Random convolutions: how often they exceed a bias is what describes a clip.

Kernels have 9 taps, three of weight 2 and six of weight -1; dilation, channels and bias are drawn. All channels of a convolution
share its kernel, so what only the order of two channels tells, such as the sense of a circle, is lost.

Source: Dempster et al. (2021), MiniRocket; several channels as in the authors' code.

Shapes: N clips, F channels, L frames of a resampled clip, D features.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

TAPS = 9
_KERNELS = tuple(combinations(range(TAPS), 3))  # which taps have the weight 2: 84 kernels
_MOST_DILATIONS = 32
_MOST_CHANNELS = 9
_GOLDEN = (np.sqrt(5) + 1) / 2


class Convolution(NamedTuple):
    """A kernel with its dilation, on the sum of some channels, and the biases that its output is compared with.

    Attributes:
      heavy: the taps of weight 2.
      dilation: frames between taps.
      padded: whether zeros stand before and behind the clip; otherwise only whole windows count.
      channels: int64, those that are added up.
      biases: float32, one per feature.
    """

    heavy: tuple[int, ...]
    dilation: int
    padded: bool
    channels: np.ndarray
    biases: np.ndarray


def draw_convolutions(clips: np.ndarray, count: int, random: np.random.Generator) -> list[Convolution]:
    """Draws convolutions with about `count` biases, which are quantiles of the output for one of `clips` (F, L, N) each."""
    channels, length, examples = clips.shape
    per_kernel = count // len(_KERNELS)
    spread = np.logspace(0, np.log2((length - 1) / (TAPS - 1)), min(per_kernel, _MOST_DILATIONS), base=2.0)
    dilations, weight = np.unique(spread.astype(np.int64), return_counts=True)
    share = np.round(np.cumsum(weight) * per_kernel / weight.sum()).astype(np.int64)
    most = np.log2(min(channels, _MOST_CHANNELS) + 1)
    convolutions, drawn = [], 0
    for turn, (dilation, biases) in enumerate(zip(dilations, np.diff(share, prepend=0), strict=True)):
        for number, heavy in enumerate(_KERNELS):
            some = random.choice(channels, int(2 ** random.uniform(0, most)), replace=False)
            example = random.integers(examples)
            convolution = Convolution(heavy, int(dilation), (turn + number) % 2 == 0, some, np.zeros(0, np.float32))
            output = _convolve(clips[:, :, example : example + 1], convolution)
            # Multiples of the golden ratio, modulo 1, cover the quantiles evenly however many are taken.
            quantiles = np.arange(drawn + 1, drawn + biases + 1) * _GOLDEN % 1
            drawn += biases
            convolutions.append(convolution._replace(biases=np.quantile(output, quantiles).astype(np.float32)))
    return convolutions


def count_exceeding(clips: np.ndarray, convolutions: Sequence[Convolution]) -> np.ndarray:
    """uint8 (D, N): the features of clips (F, L, N)."""
    counts = []
    for convolution in convolutions:
        output = _convolve(clips, convolution)
        above = np.empty(output.shape, np.bool_)
        for bias in convolution.biases:
            np.greater(output, bias, out=above)
            counts.append(np.add.reduce(above.view(np.uint8), axis=0, dtype=np.uint8))
    return np.stack(counts)


def _convolve(clips: np.ndarray, convolution: Convolution) -> np.ndarray:
    """float32 (frames, N): the output for clips (F, L, N)."""
    _, length, count = clips.shape
    margin = TAPS // 2 * convolution.dilation if convolution.padded else 0
    summed = np.zeros((margin + length + margin, count), np.float32)
    for channel in convolution.channels:
        summed[margin : margin + length] += clips[channel]
    frames = len(summed) - (TAPS - 1) * convolution.dilation
    taps = [summed[start : start + frames] for start in range(0, len(summed) - frames + 1, convolution.dilation)]
    output = taps[convolution.heavy[0]] + taps[convolution.heavy[1]]
    output += taps[convolution.heavy[2]]
    output *= 3
    for tap in taps:
        output -= tap
    return output
