"""The baselines that a model has to beat: the majority class, the nearest neighbour, and a random-convolution classifier.

Shapes: N clips, F channels.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from signjax.data.batching.excerpts import frame_indices
from signjax.data.dataset import Dataset
from signjax.evaluation.metrics import top_k, true_class_rank
from signjax.evaluation.random_convolution import random_convolution, standardised

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


def baselines(dataset: Dataset, train: np.ndarray, asked: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """The baselines of one split, as returned by `baselines_of_splits`."""
    return baselines_of_splits(dataset, {"asked": train}, {"asked": asked}, seed)["asked"]


def baselines_of_splits(
    dataset: Dataset, known: Mapping[str, np.ndarray], asked: Mapping[str, np.ndarray], seed: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Split -> head -> top-1 on its clips: of the `majority` class, `nearest_neighbour`, `random_convolution`.

    A head without labelled clips in a split is left out there. Splits with the same training clips share what those cost.

    Args:
      dataset: the dataset.
      known: split -> indices of the clips that the baselines learn from.
      asked: split -> indices of the clips that they are tested on.
      seed: of the run.
    """
    together: dict[bytes, list[str]] = {}
    for name in asked:
        together.setdefault(known[name].tobytes(), []).append(name)
    answers = {}
    for names in together.values():
        train = known[names[0]]
        train_vectors = clip_vectors(dataset, train)
        scores = random_convolution(dataset, train, np.concatenate([asked[name] for name in names]), seed)
        start = 0
        for name in names:
            own = {head: values.asked[start : start + len(asked[name])] for head, values in scores.items()}
            answers[name] = _answers(
                dataset, train, train_vectors, asked[name], clip_vectors(dataset, asked[name]), own
            )
            start += len(asked[name])
    return {name: answers[name] for name in asked}


def _answers(
    dataset: Dataset,
    train: np.ndarray,
    train_vectors: np.ndarray,
    asked: np.ndarray,
    asked_vectors: np.ndarray,
    scores: Mapping[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    results = {}
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
            "random_convolution": top_k(true_class_rank(scores[head][labelled], truth), 1),
        }
    return results
