"""A random-convolution classifier: up to 20,000 features of each clip, weighed by a ridge classifier.

Half of the weight is that of random convolutions, half that of quantiles.

Shapes: N clips, D features, C classes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from signjax.data.dataset import Dataset
from signjax.random_convolution.features import (
    Signals,
    choose_signals,
    common_length,
    extract_features,
    resample,
)
from signjax.random_convolution.kernels import Convolution, draw_convolutions
from signjax.random_convolution.one_clip import Together, count_exceeding_in_one, put_together
from signjax.random_convolution.quantiles import draw_quantiles, measure_quantiles
from signjax.random_convolution.ridge import fit_ridge
from signjax.rng.numpy_streams import numpy_stream

_FEATURES = 9_996  # of each kind, at most; 119 per kernel
# The ridge classifier's time grows with the cube of the lesser of clips and features, so with more clips features must be fewer. On
# auslan, 5,300 training clips, 4,200 features take 32 s of one core and 4,956 take 53 s for half a point of leave-one-out accuracy.
# There, 2,100 convolution features with as many quantiles are a point worse on new signers than 4,200 convolution features alone.
_MOST_CLIPS_FOR_ALL_FEATURES = 5_000
_FEWER_FEATURES = 4_200  # of convolutions alone; 50 per kernel
# Of few clips, copies that are faster here and slower there are learned from as well, as many as there is time for: with 3,000 rows
# the ridge classifier takes 20 s of one core, with 5,000, of which half are copies, 80 s. Where people may be mirrored, one copy of
# each clip is needed for that, and with more than 2,500 clips features are fewer so that there is time for it.
_MOST_COPIES = 4
_ROWS_WITH_COPIES, _ROWS_WITH_ONE_COPY = 3_000, 5_000
_CLIPS_TO_MIRROR = (
    25_000  # more have half of these features, so that mirror images do not double the memory (2 GB at 100,000)
)
_CLIPS_FOR_BIASES = 256
# Factors that turn scores, which differ by about 2 between classes, into logits.
_SHARPNESS = np.geomspace(0.5, 50.0, 60)


# How often a clip is expected to be mirrored. Left hands and pictures of front cameras are rare, but some recordings have nothing
# else, so they must not be ruled out.
_MIRRORED = 0.1


class HeadClassifier(NamedTuple):
    """The linear functions of one head. W is C, or 2 C where mirror images have one for each class too, after those of all classes.

    Attributes:
      weights: float32 (D, W).
      intercept: float32 (W,).
      sharpness: the factor that turns scores into logits.
      frequencies: float32 (C,), of the classes among the training clips, as if each had one clip more.
    """

    weights: np.ndarray
    intercept: np.ndarray
    sharpness: float
    frequencies: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """float32 (N, C), of clips with these features (N, D)."""
        # One row is not worth waking the threads of BLAS, which then keep a core busy for milliseconds.
        product = np.matmul if len(features) > 1 else partial(np.einsum, "nd,dc->nc")
        return either_way(self.sharpness * (product(features, self.weights) + self.intercept), len(self.frequencies))

    def changed(self, weights: np.ndarray, intercept: np.ndarray) -> "HeadClassifier":
        """With this much added to the logits of each class, for features (N, D): weights (D, C) and intercept (C,)."""
        ways = len(self.intercept) // len(self.frequencies)
        added, own = (
            np.concatenate([one] * ways, axis=-1) / np.float32(self.sharpness) for one in (weights, intercept)
        )
        return self._replace(weights=self.weights + added, intercept=self.intercept + own)


@dataclass(frozen=True)
class RandomConvolution:
    """The trained classifier.

    Attributes:
      length: frames that clips are resampled to.
      signals: what it sees of a clip.
      convolutions, quantiles: what makes the features; quantiles as `draw_quantiles` returns them.
      heads: head -> its linear functions.
    """

    length: int
    signals: Signals
    convolutions: tuple[Convolution, ...]
    quantiles: np.ndarray
    heads: Mapping[str, HeadClassifier]

    @property
    def kinds(self) -> tuple[int, int]:
        """How many features are of convolutions, and how many quantiles."""
        return sum(len(one.biases) for one in self.convolutions), len(self.quantiles)

    def log_probabilities(self, dataset: Dataset, clips: np.ndarray) -> dict[str, np.ndarray]:
        """Head -> float32 (N, C), for these clips of a dataset with the statistics of the training data."""
        features = self.features(dataset, clips)
        return {head: log_softmax(one.logits(features)) for head, one in self.heads.items()}

    def features(self, dataset: Dataset, clips: np.ndarray) -> np.ndarray:
        """float32 (N, D); those of a single clip, which somebody may be waiting for, in a twentieth of the time."""
        if len(clips) == 1:
            resampled = resample(dataset, clips, self.length, self.signals)
            counts = count_exceeding_in_one(np.ascontiguousarray(resampled[:, :, 0].T), self._together)
            return np.append(counts.astype(np.float32), measure_quantiles(resampled, self.quantiles)[0])[None]
        return extract_features(dataset, clips, self.length, self.convolutions, self.quantiles, self.signals)

    @cached_property
    def _together(self) -> Together:
        return put_together(self.convolutions)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis, (..., C)."""
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def either_way(logits: np.ndarray, classes: int) -> np.ndarray:
    """(N, C): logits of classes either way round, from (N, C), or from (N, 2 C) whose second half is of mirror images."""
    if logits.shape[1] == classes:
        return logits
    plain, mirrored = logits[:, :classes], logits[:, classes:]
    found: np.ndarray = np.logaddexp(plain + math.log1p(-_MIRRORED), mirrored + math.log(_MIRRORED)).astype(
        logits.dtype
    )
    return found


def fit_random_convolution(
    dataset: Dataset, train: np.ndarray, seed: int, *, mirror: bool = False
) -> RandomConvolution:
    """Trains the classifier; a pure function of its arguments.

    With more than 5,000 training clips (with `mirror` 2,500), there are 4,200 features of convolutions and no quantiles; 2,100 with
    `mirror` and more than 25,000. Up to 2,500 clips are learned from together with warped copies, and none is left out without its
    copies.

    Args:
      dataset: with the clips.
      train: indices of the clips that it learns from; the unlabelled ones among them change nothing.
      seed: of the run.
      mirror: whether it learns from mirror images too, which are as good as other classes to it: a left-handed sign has features of
        its own. The layout must have left and right, and coordinates must be centred.
    """
    train = train[(dataset.labels[train] >= 0).any(1)]
    random = numpy_stream(seed, "random_convolution")
    length = common_length(dataset, train)
    sample = random.choice(train, min(_CLIPS_FOR_BIASES, len(train)), replace=False)
    many = len(train) > (_ROWS_WITH_ONE_COPY // 2 if mirror else _MOST_CLIPS_FOR_ALL_FEATURES)
    count = _FEWER_FEATURES if many else _FEATURES
    if mirror and len(train) > _CLIPS_TO_MIRROR:
        count //= 2
    signals = choose_signals(dataset)
    examples = resample(dataset, sample, length, signals)
    convolutions = tuple(draw_convolutions(examples, count, random))
    quantiles = draw_quantiles(len(examples), length, 0 if many else count, random)
    least = 2 if mirror else min(2, max(1, _ROWS_WITH_ONE_COPY // len(train)))
    copies = int(np.clip(_ROWS_WITH_COPIES // len(train), least, _MOST_COPIES))
    features = extract_features(dataset, train, length, convolutions, quantiles, signals, copies, random, mirror=mirror)
    kinds = (features.shape[1] - len(quantiles), len(quantiles)) if len(quantiles) else ()

    # Heads with the same labelled clips are fitted together.
    together: dict[bytes, list[str]] = {}
    labels = {head: dataset.labels[train, column] for column, head in enumerate(dataset.heads)}
    for head, codes in labels.items():
        together.setdefault((codes >= 0).tobytes(), []).append(head)
    fitted: dict[str, HeadClassifier] = {}
    for heads in together.values():
        labelled = labels[heads[0]] >= 0
        wanted = [
            _classes_of_copies(labels[head][labelled], len(dataset.heads[head]), copies, mirror) for head in heads
        ]
        for head, found in zip(
            heads, fit_ridge(features[np.tile(labelled, copies)], wanted, kinds, copies), strict=True
        ):
            own, classes = labels[head][labelled], len(dataset.heads[head])
            counts = 1.0 + np.bincount(own, minlength=classes)
            frequencies = (counts / counts.sum()).astype(np.float32)
            sharpness = _sharpness(found.left_out, own, classes)
            fitted[head] = HeadClassifier(found.weights, found.intercept, sharpness, frequencies)
    return RandomConvolution(length, signals, convolutions, quantiles, {head: fitted[head] for head in dataset.heads})


def _classes_of_copies(labels: np.ndarray, classes: int, copies: int, mirror: bool) -> tuple[np.ndarray, int]:
    """The classes (K, N) that copies of clips with these labels (N,) are learned as, every second a mirror image; their number."""
    mirrored = np.arange(copies) % 2 if mirror else np.zeros(copies, np.int64)
    return labels[None, :] + classes * mirrored[:, None], classes * (2 if mirror else 1)


def fit_on_splits(
    dataset: Dataset, train: Mapping[str, np.ndarray], seed: int, *, mirror: bool
) -> dict[str, RandomConvolution]:
    """Split -> the classifier that learns from the clips named for it; splits with the same clips share one."""
    fitted = {clips.tobytes(): clips for clips in train.values()}
    classifiers = {key: fit_random_convolution(dataset, clips, seed, mirror=mirror) for key, clips in fitted.items()}
    return {split: classifiers[clips.tobytes()] for split, clips in train.items()}


def _sharpness(left_out: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """The factor with which the left-out scores (N, W) give their labels (N,) the greatest likelihood.

    As if there were one clip more, of any class alike: otherwise, where all clips are right, nothing would be sharp enough.
    """
    rows, found = np.arange(len(labels)), []
    for factor in _SHARPNESS:
        log_probabilities = log_softmax(either_way(factor * left_out, classes))
        found.append(log_probabilities[rows, labels].sum() + log_probabilities.mean())
    return float(_SHARPNESS[int(np.argmax(found))])


def _alike(classes: int) -> np.ndarray:
    return np.full(classes, 1 / classes, np.float32)


def as_arrays(classifier: RandomConvolution) -> dict[str, Any]:
    """The classifier as arrays by name, from which `from_arrays` makes it again."""
    convolutions = classifier.convolutions
    arrays: dict[str, Any] = {
        "length": classifier.length,
        "bones": classifier.signals.bones,
        "channels": classifier.signals.channels,
        "heavy": [one.heavy for one in convolutions],
        "dilation": [one.dilation for one in convolutions],
        "padded": [one.padded for one in convolutions],
        "summed": np.concatenate([one.channels for one in convolutions]),
        "summed_counts": [len(one.channels) for one in convolutions],
        "biases": np.concatenate([one.biases for one in convolutions]),
        "bias_counts": [len(one.biases) for one in convolutions],
        "quantiles": classifier.quantiles,
        "heads": json.dumps(list(classifier.heads)),  # NumPy's text would lose NULs at the end
    }
    for number, one in enumerate(classifier.heads.values()):
        arrays |= {f"{name}_{number}": value for name, value in one._asdict().items()}
    return {name: np.asarray(value) for name, value in arrays.items()}


def from_arrays(arrays: Mapping[str, np.ndarray]) -> RandomConvolution:
    """The classifier that `as_arrays` took apart.

    Raises:
      KeyError, ValueError: the arrays are not those of a classifier.
    """
    summed = np.split(arrays["summed"], np.cumsum(arrays["summed_counts"])[:-1])
    biases = np.split(arrays["biases"], np.cumsum(arrays["bias_counts"])[:-1])
    described = zip(arrays["heavy"].tolist(), arrays["dilation"].tolist(), arrays["padded"].tolist(), strict=True)
    convolutions = tuple(
        Convolution(tuple(heavy), dilation, padded, some, own)
        for (heavy, dilation, padded), some, own in zip(described, summed, biases, strict=True)
    )
    heads = {
        str(head): HeadClassifier(
            arrays[f"weights_{number}"],
            arrays[f"intercept_{number}"],
            float(arrays[f"sharpness_{number}"]),
            # Earlier versions did not keep them.
            arrays.get(f"frequencies_{number}", _alike(len(arrays[f"intercept_{number}"]))),
        )
        for number, head in enumerate(json.loads(str(arrays["heads"])))
    }
    signals = Signals(arrays["bones"], arrays["channels"])
    return RandomConvolution(int(arrays["length"]), signals, convolutions, arrays["quantiles"], heads)
