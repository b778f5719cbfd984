"""The baselines that a model has to beat: the majority class and the nearest neighbour.

Shapes: N clips, F channels.
"""

from collections.abc import Mapping

import numpy as np

from signjax.data.batching.excerpts import frame_indices
from signjax.data.dataset import Dataset

_FRAMES = 32
_ROWS_AT_ONCE = 256


def majority(train_labels: np.ndarray, test_labels: np.ndarray) -> float:
    """Top-1 of always predicting the most frequent training class; labels of -1 are ignored."""
    most = np.bincount(train_labels[train_labels >= 0]).argmax()
    return float((test_labels[test_labels >= 0] == most).mean())


def clip_vectors(dataset: Dataset, clips: np.ndarray) -> np.ndarray:
    """float32 (N, 32 * F): each clip as the model sees it, resampled to 32 frames; parts not seen are 0."""
    vectors = np.zeros((len(clips), _FRAMES, dataset.layout.width), np.float32)
    for row, clip in enumerate(clips):
        length = int(dataset.lengths[clip])
        taken = frame_indices(0, length - 1, min(length, _FRAMES))
        if length < _FRAMES:
            taken = np.round(np.linspace(0, length - 1, _FRAMES)).astype(np.int64)
        plausible = np.clip(dataset.frames(clip)[taken], dataset.low, dataset.high)
        standard = (plausible - dataset.mean) / dataset.std
        seen = dataset.validity(clip)[taken][:, dataset.layout.part_of_channel]
        vectors[row] = np.where(seen, standard, 0.0)
    return vectors.reshape(len(clips), _FRAMES * dataset.layout.width)


def nearest_neighbours(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """int64: for each row of `test`, the row of `train` at the least Euclidean distance."""
    squares = np.square(train).sum(1)
    nearest = [
        (squares - 2 * test[start : start + _ROWS_AT_ONCE] @ train.T).argmin(1)
        for start in range(0, len(test), _ROWS_AT_ONCE)
    ]
    return np.concatenate(nearest) if nearest else np.zeros(0, np.int64)


def baselines(dataset: Dataset, train: np.ndarray, asked: np.ndarray) -> dict[str, dict[str, float]]:
    """The baselines of one split, as returned by `baselines_of_splits`."""
    return baselines_of_splits(dataset, train, {"asked": asked})["asked"]


def baselines_of_splits(
    dataset: Dataset, train: np.ndarray, splits: Mapping[str, np.ndarray]
) -> dict[str, dict[str, dict[str, float]]]:
    """Split -> head -> top-1 on its clips of predicting the `majority` class of `train`, and of its `nearest_neighbour`.

    A head without labelled clips in a split is left out there. The vectors of training clips are computed once for all splits.

    Args:
      dataset: the dataset.
      train: indices of the clips that the baselines learn from.
      splits: name -> indices of the clips that they are tested on.
    """
    train_vectors = clip_vectors(dataset, train)
    return {
        name: _answers(dataset, train, train_vectors, asked, clip_vectors(dataset, asked))
        for name, asked in splits.items()
    }


def _answers(
    dataset: Dataset, train: np.ndarray, train_vectors: np.ndarray, asked: np.ndarray, asked_vectors: np.ndarray
) -> dict[str, dict[str, float]]:
    results = {}
    for column, head in enumerate(dataset.heads):
        known, labelled = dataset.labels[train, column] >= 0, dataset.labels[asked, column] >= 0
        if not labelled.any():
            continue
        neighbour = nearest_neighbours(train_vectors[known], asked_vectors[labelled])
        right = dataset.labels[train, column][known][neighbour] == dataset.labels[asked, column][labelled]
        results[head] = {
            "majority": majority(dataset.labels[train, column], dataset.labels[asked, column]),
            "nearest_neighbour": float(right.mean()),
        }
    return results
