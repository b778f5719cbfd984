"""Fuses the answers of the network with those of a random-convolution classifier.

The two err differently: the network knows what features to look for, but learns them from few clips; the other knows thousands of
features that nobody chose for the signs, and weighs them in one step. Fused log-probabilities are a weighted sum of both
(logarithmic opinion pool), with one pair of weights per head, fitted on validation clips that neither has seen.

Shapes: N clips, C classes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np

from signjax.data.dataset import Dataset
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers
from signjax.pickles.atomic import replacing
from signjax.random_convolution.classifier import RandomConvolution, as_arrays, from_arrays, log_softmax

FILE = "random_convolution.npz"

# Where few validation clips tell, the weights stay near these: what new signers of ISL-Kinect30 and Auslan gave, and about a
# point of accuracy from the best on each. The strength is that of some 50 clips: validation clips are often of one signer, and
# say less of others than their number suggests; on the built-in corpus they say much (docs/accuracy.md).
_USUAL = np.array([0.6, 0.45])
_STRENGTH = 50.0
_STEPS, _CLOSE = 50, 1e-6


def fit_weights(network: np.ndarray, other: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The weights of the network and of the other classifier, at least 0, with the greatest likelihood, held near the usual ones.

    Args:
      network: float (N, C), log-probabilities of the network.
      other: float (N, C), those of the other classifier.
      labels: int (N,), -1 = not labelled; there may be no labelled clip.
    """
    labelled = labels >= 0
    both = np.stack([network[labelled], other[labelled]], axis=-1).astype(np.float64)
    found = _peak(both, labels[labelled], np.array([True, True]))
    if (found < 0).any():  # a classifier that only misleads counts for nothing
        found = _peak(both, labels[labelled], found >= 0)
    own, others = np.maximum(found, 0.0)
    return (float(own), float(others)) if own + others > 0 else (1.0, 0.0)


def _peak(both: np.ndarray, labels: np.ndarray, free: np.ndarray) -> np.ndarray:
    """float64 (2,): where the penalised likelihood of the labels has its only peak, by Newton's method.

    Args:
      both: float64 (N, C, 2), log-probabilities of the two.
      labels: int (N,), at least 0.
      free: bool (2,), which weights are fitted; the other is 0.
    """
    rows = np.arange(len(both))

    def loss(weights: np.ndarray) -> float:
        likelihood = log_softmax(both @ weights)[rows, labels].sum()
        return float(0.5 * _STRENGTH * np.square(weights - _USUAL).sum() - likelihood)

    weights = np.where(free, _USUAL, 0.0)
    for _ in range(_STEPS):
        shares = np.exp(log_softmax(both @ weights))
        mean = np.einsum("nc,nci->ni", shares, both)
        slope = (mean - both[rows, labels]).sum(0) + _STRENGTH * (weights - _USUAL)
        spread = np.einsum("nc,nci,ncj->ij", shares, both, both) - mean.T @ mean + _STRENGTH * np.eye(2)
        step = np.zeros(2)
        step[free] = np.linalg.solve(spread[np.ix_(free, free)], slope[free])
        while np.abs(step).max() >= _CLOSE and not loss(weights - step) < loss(weights):
            step = step / 2  # a whole step can lead beyond the peak, and farther away
        weights = weights - step
        if np.abs(step).max() < _CLOSE:
            break
    return weights


@dataclass(frozen=True)
class Fusion:
    """A classifier beside the network, and how much each of the two counts.

    Attributes:
      classifier: trained on the same clips as the network.
      weights: head -> weight of the network, weight of the classifier.
    """

    classifier: RandomConvolution
    weights: Mapping[str, tuple[float, float]]

    def fuse(self, dataset: Dataset, answers: Answers) -> Answers:
        """The fused answers for the same clips of a dataset; losses stay those of the network."""
        return fuse(answers, self.other(dataset, answers), self.weights)

    def other(self, dataset: Dataset, answers: Answers) -> dict[str, np.ndarray]:
        """Head -> float32 (N, C): the log-probabilities of the classifier for the same clips."""
        return self.classifier.log_probabilities(dataset, answers.clips)


def weigh(network: Answers, other: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Head -> the weights that fit the labelled clips of a split which neither has seen."""
    return {
        head: fit_weights(log_softmax(logits), other[head], network.labels[head])
        for head, logits in network.logits.items()
    }


def fuse(answers: Answers, other: Mapping[str, np.ndarray], weights: Mapping[str, tuple[float, float]]) -> Answers:
    """The answers of the network, fused with the log-probabilities of another classifier for the same clips."""
    fused = {}
    for head, logits in answers.logits.items():
        own, others = weights[head]
        fused[head] = (own * log_softmax(logits) + others * other[head]).astype(np.float32)
    return replace(answers, logits=fused)


def write_fusion(folder: Path, fusion: Fusion | None) -> None:
    """Writes `random_convolution.npz` into a run folder; where the network answers alone, there is none."""
    if fusion is None:
        (folder / FILE).unlink(missing_ok=True)
        return
    arrays = as_arrays(fusion.classifier)
    arrays["fusion_weights"] = np.array([fusion.weights[head] for head in fusion.classifier.heads])
    packed = BytesIO()
    np.savez(packed, **arrays)
    with replacing(os.fspath(folder / FILE)) as file:
        file.write(packed.getvalue())


def read_fusion(folder: Path) -> Fusion | None:
    """The fusion in a run folder; None if the network answers alone.

    Raises:
      InputError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        arrays = {name: np.array(array) for name, array in read_arrays(path, verified=True).items()}
        classifier = from_arrays(arrays)
        pairs = zip(classifier.heads, arrays["fusion_weights"].tolist(), strict=True)
        return Fusion(classifier, {head: (own, others) for head, (own, others) in pairs})
    except (KeyError, *NUMPY_ERRORS) as error:
        raise InputError(
            f"{path}: the file cannot be used: {error}. --mode=evaluate writes it again, where the run has its data"
        ) from error
