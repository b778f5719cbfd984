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

# Chosen on new signers of ISL-Kinect30 and of Auslan, held out of the training clips (docs/accuracy.md).
_NEIGHBOURS = 3
_WEIGHT = 4.0  # of the mean probabilities of the neighbours, beside log-probabilities
_ROUNDS = 10
_MATCHINGS = 40
_CLIPS_AT_ONCE = 1024
_TINY = 1e-9

Pairs = tuple[np.ndarray, np.ndarray]


def settle_signers(
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
        pairs = neighbours(classifier.features(dataset, clips), classifier.kinds)
        for head, one in classifier.heads.items():
            logits[head][own] = settle(log_softmax(logits[head][own]), pairs, one.frequencies)
    return replace(answers, logits=logits)


def settle(log_probabilities: np.ndarray, pairs: Pairs, frequencies: np.ndarray) -> np.ndarray:
    """float32 (N, C): the log-probabilities of a signer's clips after averaging with their neighbours.

    In each of ten rounds, four times the mean of the neighbours' probabilities is added to a clip's own log-probabilities. This
    tells how many of the signs the signer shows. Then all is done once more, after the classes have been made more nearly as
    frequent among the answers as they are expected to be: by the share of the signs that are shown, and by N / (N + C).

    Args:
      log_probabilities: float (N, C).
      pairs: as `neighbours` returns them.
      frequencies: float (C,), of the classes, adding up to 1, none of them 0.
    """
    scores = log_probabilities.astype(np.float64)
    count, classes = scores.shape
    shown = _number(np.exp(_averaged(scores, pairs)).mean(0)) / _number(frequencies)
    share = min(shown, 1.0) * count / (count + classes)
    return _averaged(scores + share * _offsets(scores, frequencies), pairs).astype(np.float32)


def _averaged(scores: np.ndarray, pairs: Pairs) -> np.ndarray:
    """float64 (N, C): log-probabilities from scores, after all rounds."""
    first, second = pairs
    weight = _WEIGHT / np.bincount(first, minlength=len(scores))[:, None]
    found = scores
    for _ in range(_ROUNDS):
        heard = np.zeros_like(scores)
        np.add.at(heard, first, np.exp(log_softmax(found))[second])
        found = scores + weight * heard
    averaged: np.ndarray = log_softmax(found)
    return averaged


def _number(shares: np.ndarray) -> float:
    """The effective number of classes with these shares (C,): the exponential of their entropy."""
    return float(np.exp(-(shares * np.log(shares + _TINY)).sum()))


def neighbours(features: np.ndarray, kinds: tuple[int, ...]) -> Pairs:
    """Numbers of clips, (M,) and (M,): all pairs in which one is among the three nearest of the other, each both ways round.

    Args:
      features: float32 (N, D), of at least two clips of one signer; they are standardised by these clips.
      kinds: how many neighbouring features are of the same kind, D in all; each kind counts alike.
    """
    points = _scaled(features, kinds)
    count, squares = len(points), np.square(points).sum(1)
    nearest = min(_NEIGHBOURS, count - 1)
    found = np.empty((count, nearest), np.int64)
    for start in range(0, count, _CLIPS_AT_ONCE):
        rows = np.arange(start, min(start + _CLIPS_AT_ONCE, count))
        distances = squares[None] - 2 * points[rows] @ points.T  # less the square of the row itself
        distances[rows - start, rows] = np.inf
        found[rows] = np.argsort(distances, axis=1, kind="stable")[:, :nearest]
    here, there = np.repeat(np.arange(count), nearest), found.reshape(-1)
    both = np.unique(np.stack([np.append(here, there), np.append(there, here)], axis=1), axis=0)
    return both[:, 0], both[:, 1]


def _offsets(scores: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """float64 (C,): what has to be added to the scores (N, C) so that the mean probabilities are the frequencies."""
    offsets = np.zeros(len(frequencies))
    for _ in range(_MATCHINGS):
        offsets += np.log(frequencies) - np.log(np.exp(log_softmax(scores + offsets)).mean(0) + _TINY)
    return offsets


def _scaled(features: np.ndarray, kinds: tuple[int, ...]) -> np.ndarray:
    """float32 (N, D), standardised by these clips; the features of a kind weigh as much together as those of another."""
    deviation = features.std(0)
    weights = np.repeat(1 / np.sqrt(np.maximum(kinds, 1)), kinds)
    scaled: np.ndarray = (features - features.mean(0)) * (weights / np.where(deviation > 0, deviation, 1)).astype(
        np.float32
    )
    return scaled
