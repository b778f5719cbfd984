"""Answers for many clips of one signer, settled together: clips that are much alike most likely show the same sign.

What a model gets wrong for a new signer, it often gets wrong in favour of a few signs, and a clip that it does not know lies beside
clips of the same sign that it knows. Of new signers of ISL-Kinect30, the clip most like another shows its sign 98 times of 100.

Source: Ziko et al. (2020), Laplacian regularized few-shot learning, with mean-field updates; the frequencies are matched before.

Shapes: N clips, D features, C classes.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from signjax.data.dataset import Dataset
from signjax.evaluation.evaluate import Answers
from signjax.random_convolution.classifier import RandomConvolution, log_softmax

_NEIGHBOURS = 3
_WEIGHT = 4.0  # of the mean probabilities of the neighbours, beside log-probabilities
_ROUNDS = 10
_MATCHINGS = 40
_CLIPS_AT_ONCE = 1024
_TINY = 1e-9


def settled(
    answers: Answers, dataset: Dataset, classifier: RandomConvolution, signers: Iterable[np.ndarray]
) -> Answers:
    """The answers for clips of some signers, those of each signer settled together; no label is used.

    Args:
      answers: as `fuse` returns them.
      dataset: with the clips.
      classifier: tells by its features which clips are alike, and how frequent each class is.
      signers: for each, indices of clips; every clip that was answered is among those of one signer.
    """
    rows = {clip: row for row, clip in enumerate(answers.clips.tolist())}
    logits = {head: values.copy() for head, values in answers.logits.items()}
    for clips in signers:
        own = [rows[clip] for clip in clips.tolist()]
        near = neighbours(classifier.features(dataset, clips), classifier.kinds)
        for head, one in classifier.heads.items():
            logits[head][own] = settle(log_softmax(logits[head][own]), near, one.frequencies)
    return replace(answers, logits=logits)


def settle(log_probabilities: np.ndarray, near: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """float32 (N, C): the log-probabilities of a signer's clips after each has heard its neighbours.

    First the classes are made about as frequent among all answers as they are expected to be, the more so the more clips there are
    for each class: by N / (N + C). Then each clip counts, round after round, what its neighbours show.

    Args:
      log_probabilities: float (N, C).
      near: bool (N, N), which clips are neighbours, at least one of each.
      frequencies: float (C,), of the classes, adding up to 1, none of them 0.
    """
    count, classes = log_probabilities.shape
    scores = log_probabilities.astype(np.float64)
    scores += count / (count + classes) * _offsets(scores, frequencies)
    share = near / near.sum(1, keepdims=True)
    found = scores
    for _ in range(_ROUNDS):
        found = scores + _WEIGHT * share @ np.exp(log_softmax(found))
    return log_softmax(found).astype(np.float32)


def neighbours(features: np.ndarray, kinds: tuple[int, ...]) -> np.ndarray:
    """bool (N, N), symmetric: of two clips, at least one is among the three nearest of the other.

    Args:
      features: float32 (N, D), of at least two clips of one signer; they are standardised by these clips.
      kinds: how many neighbouring features are of the same kind, D in all; each kind counts alike.
    """
    standard = _standardised(features, kinds)
    count, squares = len(standard), np.square(standard).sum(1)
    near = np.zeros((count, count), bool)
    for start in range(0, count, _CLIPS_AT_ONCE):
        rows = np.arange(start, min(start + _CLIPS_AT_ONCE, count))
        distances = squares[None] - 2 * standard[rows] @ standard.T  # less the square of the row itself
        distances[rows - start, rows] = np.inf
        closest = np.argsort(distances, axis=1, kind="stable")[:, : min(_NEIGHBOURS, count - 1)]
        near[rows[:, None], closest] = True
    found: np.ndarray = near | near.T
    return found


def _offsets(scores: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """float64 (C,): what has to be added to the scores (N, C) so that the mean probabilities are the frequencies."""
    offsets = np.zeros(len(frequencies))
    for _ in range(_MATCHINGS):
        offsets += np.log(frequencies) - np.log(np.exp(log_softmax(scores + offsets)).mean(0) + _TINY)
    return offsets


def _standardised(features: np.ndarray, kinds: tuple[int, ...]) -> np.ndarray:
    """float32 (N, D), by the mean and deviation of these clips; those of a kind are as long together as those of another."""
    deviation = features.std(0)
    varied = (features - features.mean(0)) / np.where(deviation > 0, deviation, 1)
    parts = np.split(varied, np.cumsum(kinds)[:-1], axis=1)
    return np.concatenate([part / np.sqrt(max(part.shape[1], 1)) for part in parts], axis=1).astype(np.float32)
