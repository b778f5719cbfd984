"""A ridge classifier that chooses its penalty by leave-one-out.

Shapes: N clips, K copies of each, D features, C classes, R components.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Penalties that are tried, in multiples of the number of features.
_PENALTIES = np.logspace(-3, 1, 9)
_CLIPS_AT_ONCE = 4_096
_FEATURES_AT_ONCE = 4_096


@dataclass(frozen=True)
class RidgeClassifier:
    """One linear function per class; the class with the highest score is the answer.

    Attributes:
      weights: float32 (D, C), for features as they come.
      intercept: float32 (C,).
      left_out: float32 (N, C), the scores of each training clip by the classifier of all the others and their copies.
      penalty: the chosen one.
    """

    weights: np.ndarray
    intercept: np.ndarray
    left_out: np.ndarray
    penalty: float

    def scores(self, features: np.ndarray) -> np.ndarray:
        """float32 (N, C), for features (N, D); a clip of the class has about 1, one of another class about -1."""
        return features.astype(np.float32) @ self.weights + self.intercept


def fit_ridge(
    features: np.ndarray, heads: Sequence[tuple[np.ndarray, int]], kinds: Sequence[int] = (), copies: int = 1
) -> list[RidgeClassifier]:
    """Fits a classifier per head to the same clips; the cost is almost all in what the heads share.

    Features are standardised, targets are 1 for the class and -1 for the others, the intercept is not penalised. A clip is left out
    of the weights together with its copies, not of the features' mean and deviation.

    Args:
      features: (K N, D), real numbers: those of the clips, then those of a copy of each, and so on.
      heads: labels, int (N,) of at least 0, or (K, N) where copies have others, and the number of classes.
      kinds: how many neighbouring features are of the same kind. Each kind counts as much as each other, whatever their numbers;
        without it, all features are of one kind.
      copies: the number K.
    """
    rows, width = features.shape
    standard = features.astype(np.float32)
    mean = standard.mean(0, dtype=np.float64).astype(np.float32)
    standard -= mean
    std = np.sqrt(np.einsum("nd,nd->d", standard, standard) / rows)
    std[std == 0] = 1.0
    if kinds:
        std /= np.repeat(np.sqrt(width / len(kinds) / np.array(kinds)), kinds).astype(np.float32)
    standard /= std
    # Both ways lead to the same weights. `basis` times `gains` times its transpose maps targets to predictions.
    dual = rows <= width
    if dual:
        products = np.zeros((rows, rows))
        for start in range(0, width, _FEATURES_AT_ONCE):
            # A small penalty leaves next to nothing of a residual, which must not be rounded away.
            exact = standard[:, start : start + _FEATURES_AT_ONCE].astype(np.float64)
            products += exact @ exact.T
        powers, basis = np.linalg.eigh(products)
    else:
        powers, directions = np.linalg.eigh((standard.T @ standard).astype(np.float64))
        directions = directions.astype(np.float32)
        basis = standard  # in place, since of 100,000 clips it is 2 GB
        for start in range(0, rows, _CLIPS_AT_ONCE):
            some = slice(start, start + _CLIPS_AT_ONCE)
            basis[some] = basis[some] @ directions
    powers = np.maximum(powers, 0.0)
    penalties = _PENALTIES * width
    shrunk = 1.0 / (powers[:, None] + penalties)  # (R, penalties)
    gains = (powers[:, None] * shrunk if dual else shrunk).astype(basis.dtype)
    own = _own_share(basis.reshape(copies, rows // copies, -1), gains)

    classifiers = []
    for labels, classes in heads:
        of_copies = np.broadcast_to(labels, (copies, rows // copies))
        targets = np.where(of_copies[..., None] == np.arange(classes), 1.0, -1.0).astype(basis.dtype)
        centre = targets.mean((0, 1))
        inner = basis.T @ (targets - centre).reshape(rows, classes)
        best, least, left_out = 0, np.inf, targets[0]
        for index in range(len(penalties)):
            predicted = (basis @ (gains[:, index, None] * inner)).reshape(targets.shape)
            residual = _without_own(targets - centre - predicted, own[..., index], targets[0])
            error = float(np.square(residual).mean())
            if error < least:
                best, least, left_out = index, error, targets[0] - residual
        scaled = shrunk[:, best, None] * inner
        weights = (standard.T @ (basis @ scaled).astype(np.float32)) if dual else directions @ scaled.astype(np.float32)
        weights /= std[:, None]
        intercept = (centre - mean @ weights).astype(np.float32)
        classifiers.append(RidgeClassifier(weights, intercept, left_out.astype(np.float32), float(penalties[best])))
    return classifiers


def _own_share(basis: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """(N, K, K, penalties): what the targets of a clip's copies have in the predictions for each of them.

    Args:
      basis: (K, N, R).
      gains: (R, penalties).
    """
    copies, clips, _ = basis.shape
    own = np.empty((clips, copies, copies, gains.shape[1]), basis.dtype)
    for first in range(copies):
        for second in range(first + 1):
            own[:, first, second] = own[:, second, first] = (basis[first] * basis[second]) @ gains
    return own + 1.0 / (copies * clips)  # the mean of the targets is of them too


def _without_own(residual: np.ndarray, own: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(N, C): the residuals of clips if neither they nor their copies were learned from.

    Args:
      residual: (K, N, C), of all copies, learned from.
      own: (N, K, K), their own share in the predictions.
      targets: (N, C).
    """
    # What is left of own targets in residuals, in its main directions.
    free, axes = np.linalg.eigh(np.eye(own.shape[1], dtype=own.dtype) - own)  # (N, K), (N, K, K)
    alone = free < 1e-9
    along = np.einsum("nki,knc->nic", axes, residual) / np.where(alone, 1.0, free)[:, :, None]
    found = np.einsum("ni,nic->nc", axes[:, 0], along)
    # A clip that nothing else says anything of, such as an only one, has scores of 0.
    return np.where(alone.any(1, keepdims=True), targets, found)
