"""A random-convolution classifier: what can be reached in seconds, without a network.

Each clip becomes about 10,000 features, which a ridge classifier weighs. A feature is the number of frames in which a convolution
of the clip exceeds a bias. Kernels have 9 taps, three of weight 2 and six of weight -1; dilation, channels and bias are drawn.

All channels of a convolution share its kernel, so what only the order of two channels tells, such as the sense of a circle, is
lost.

Source: Dempster et al. (2021), MiniRocket; several channels as in the authors' code.

Shapes: N clips, F channels, L frames of a resampled clip, D features.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from signjax.data.dataset import Dataset
from signjax.evaluation.ridge import fit_ridge
from signjax.rng.numpy_streams import numpy_stream

_TAPS = 9
_KERNELS = tuple(combinations(range(_TAPS), 3))  # which taps have the weight 2: 84 kernels
_FEATURES = 9_996  # 119 per kernel
# The ridge classifier's time grows with the cube of the lesser of clips and features, so with more clips features must be fewer. On
# auslan, 5,300 training clips, 4,200 features take 32 s of one core and 4,956 take 53 s for half a point of leave-one-out accuracy.
_MOST_CLIPS_FOR_ALL_FEATURES = 5_000
_FEWER_FEATURES = 4_200  # 50 per kernel
_MOST_DILATIONS = 32
_MOST_CHANNELS = 9
_LONGEST = 128  # frames: counts of them fit into a byte
_CLIPS_AT_ONCE = 512
_CLIPS_FOR_BIASES = 256
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


@dataclass(frozen=True)
class Scores:
    """Of one head, a class with a higher score is likelier.

    Attributes:
      asked: float32 (N, C).
      left_out: float32 (N, C), of the training clips, each by a classifier that does not know its label.
    """

    asked: np.ndarray
    left_out: np.ndarray


def random_convolution(dataset: Dataset, train: np.ndarray, asked: np.ndarray, seed: int) -> dict[str, Scores]:
    """Head -> what the classifier says of the clips `asked`; a pure function of its arguments.

    With more than 5,000 training clips, there are 4,200 features instead of 9,996.

    Args:
      dataset: with the clips.
      train: indices of those that the classifier knows; the unlabelled ones among them change nothing.
      asked: indices of those that it is asked for.
      seed: of the run.
    """
    known = train[(dataset.labels[train] >= 0).any(1)]
    random = numpy_stream(seed, "random_convolution")
    length = int(np.clip(np.percentile(dataset.lengths[known], 90), _TAPS, _LONGEST))
    sample = random.choice(known, min(_CLIPS_FOR_BIASES, len(known)), replace=False)
    count = _FEATURES if len(known) <= _MOST_CLIPS_FOR_ALL_FEATURES else _FEWER_FEATURES
    convolutions = draw_convolutions(resample(dataset, sample, length), count, random)
    train_features = extract_features(dataset, train, length, convolutions)
    asked_features = extract_features(dataset, asked, length, convolutions)

    # Heads with the same labelled clips are fitted together.
    together: dict[bytes, list[str]] = {}
    labels = {head: dataset.labels[train, column] for column, head in enumerate(dataset.heads)}
    for head, codes in labels.items():
        together.setdefault((codes >= 0).tobytes(), []).append(head)
    scores = {}
    for heads in together.values():
        labelled = labels[heads[0]] >= 0
        wanted = [(labels[head][labelled], len(dataset.heads[head])) for head in heads]
        for head, classifier in zip(heads, fit_ridge(train_features[labelled], wanted), strict=True):
            left_out = classifier.scores(train_features)  # which an unlabelled clip had no part in
            left_out[labelled] = classifier.left_out
            scores[head] = Scores(classifier.scores(asked_features), left_out)
    return {head: scores[head] for head in dataset.heads}


def standardised(dataset: Dataset, clip: int, taken: np.ndarray | slice = slice(None)) -> np.ndarray:
    """float32 (T, F): frames of a clip, all or those `taken`, as the baselines see them; parts not seen are 0."""
    standard = (np.clip(dataset.frames(clip)[taken], dataset.low, dataset.high) - dataset.mean) / dataset.std
    seen = dataset.validity(clip)[taken][:, dataset.layout.part_of_channel]
    return np.where(seen, standard, np.float32(0))


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


def draw_convolutions(clips: np.ndarray, count: int, random: np.random.Generator) -> list[Convolution]:
    """Draws convolutions with about `count` biases, which are quantiles of the output for one of `clips` (F, L, N) each."""
    channels, length, examples = clips.shape
    per_kernel = count // len(_KERNELS)
    spread = np.logspace(0, np.log2((length - 1) / (_TAPS - 1)), min(per_kernel, _MOST_DILATIONS), base=2.0)
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


def extract_features(dataset: Dataset, clips: np.ndarray, length: int, convolutions: list[Convolution]) -> np.ndarray:
    """uint8 (N, D): in how many frames a convolution exceeds a bias."""
    features = np.empty((len(clips), sum(len(convolution.biases) for convolution in convolutions)), np.uint8)
    for start in range(0, len(clips), _CLIPS_AT_ONCE):
        some = slice(start, start + _CLIPS_AT_ONCE)
        features[some] = count_exceeding(resample(dataset, clips[some], length), convolutions).T
    return features


def count_exceeding(clips: np.ndarray, convolutions: list[Convolution]) -> np.ndarray:
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
    margin = _TAPS // 2 * convolution.dilation if convolution.padded else 0
    summed = np.zeros((margin + length + margin, count), np.float32)
    for channel in convolution.channels:
        summed[margin : margin + length] += clips[channel]
    frames = len(summed) - (_TAPS - 1) * convolution.dilation
    taps = [summed[start : start + frames] for start in range(0, len(summed) - frames + 1, convolution.dilation)]
    output = taps[convolution.heavy[0]] + taps[convolution.heavy[1]]
    output += taps[convolution.heavy[2]]
    output *= 3
    for tap in taps:
        output -= tap
    return output
