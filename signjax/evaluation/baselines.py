"""The baselines that a model has to beat: the majority class, the nearest neighbour, and a random-convolution classifier.

Shapes: N clips, F channels.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from signjax.data.batching.excerpts import frame_indices
from signjax.data.dataset import Dataset
from signjax.evaluation.metrics import top_k, true_class_rank
from signjax.random_convolution.features import standardised

# What they are called, from the hardest to beat to the easiest.
NAMES = {
    "random_convolution": "random convolution",
    "nearest_neighbour": "nearest neighbour",
    "majority": "majority class",
}
_FRAMES = 32
_ROWS_AT_ONCE = 256


def majority(train_labels: Int[np.ndarray, "n"], test_labels: Int[np.ndarray, "m"]) -> float:
    """Top-1 of always predicting the most frequent training class; labels of -1 are ignored."""
    most = np.bincount(train_labels[train_labels >= 0]).argmax()
    return float((test_labels[test_labels >= 0] == most).mean())


def clip_vectors(dataset: Dataset, clips: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n 32*{dataset.layout.width}"]:
    """Each clip as the model sees it, resampled to 32 frames; parts not seen are 0."""
    vectors = np.zeros((len(clips), _FRAMES, dataset.layout.width), np.float32)
    for row, clip in enumerate(clips):
        length = int(dataset.lengths[clip])
        taken = frame_indices(0, length - 1, min(length, _FRAMES))
        if length < _FRAMES:
            taken = np.round(np.linspace(0, length - 1, _FRAMES)).astype(np.int64)
        vectors[row] = standardised(dataset, int(clip), taken)
    return vectors.reshape(len(clips), _FRAMES * dataset.layout.width)


def nearest_neighbours(train: Float[np.ndarray, "n d"], test: Float[np.ndarray, "m d"]) -> Int[np.ndarray, "m"]:
    """For each row of `test`, the row of `train` at the least Euclidean distance."""
    squares = np.square(train).sum(1)
    nearest = [
        (squares - 2 * test[start : start + _ROWS_AT_ONCE] @ train.T).argmin(1)
        for start in range(0, len(test), _ROWS_AT_ONCE)
    ]
    return np.concatenate(nearest) if nearest else np.zeros(0, np.int64)


def baselines(
    dataset: Dataset, train: np.ndarray, asked: np.ndarray, convolution: Mapping[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Head -> top-1 of the `majority` class, `nearest_neighbour` and `random_convolution`.

    A head without labelled clips among those asked is left out.

    Args:
      dataset: the dataset.
      train: indices of the clips that the baselines learn from.
      asked: indices of the clips that they are tested on.
      convolution: head -> (N, C), what the random-convolution classifier of the clips `train` says of those asked.
    """
    results: dict[str, dict[str, float]] = {}
    if not (dataset.labels[asked] >= 0).any():
        return results
    train_vectors, asked_vectors = clip_vectors(dataset, train), clip_vectors(dataset, asked)
    for column, head in enumerate(dataset.heads):
        known, labelled = dataset.labels[train, column] >= 0, dataset.labels[asked, column] >= 0
        if not labelled.any():
            continue
        neighbour = nearest_neighbours(train_vectors[known], asked_vectors[labelled])
        truth = dataset.labels[asked, column][labelled]
        right = dataset.labels[train, column][known][neighbour] == truth
        results[head] = {
            "majority": majority(dataset.labels[train, column], dataset.labels[asked, column]),
            "nearest_neighbour": float(right.mean()),
            "random_convolution": top_k(true_class_rank(convolution[head][labelled], truth), 1),
        }
    return results
