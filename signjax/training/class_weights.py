"""How much each class counts in the loss, by its number of training clips.

Shapes: C classes of a head.
"""

import numpy as np

# Source: Cui et al. (2019), for data sets of thousands of clips per class.
_BETA = 0.999


def class_weights(counts: np.ndarray, kind: str) -> np.ndarray | None:
    """The weight of each class, whose mean over the training clips is 1; None if all count alike.

    >>> class_weights(np.array([6, 2]), "balanced")
    array([0.6666667, 2.       ], dtype=float32)

    Args:
      counts: int (C,), training clips of each class; a class without one has weight 0.
      kind: a value of `loss.class_weights`.

    Returns:
      float32 (C,).

    Source: effective number of samples, Cui et al. (2019).
    """
    if kind == "none" or not counts.sum():
        return None
    clips = np.maximum(counts, 1).astype(np.float64)
    weights = {
        "balanced": 1 / clips,
        "inverse_sqrt": 1 / np.sqrt(clips),
        "effective_number": (1 - _BETA) / (1 - _BETA**clips),
    }[kind]
    weights = np.where(counts > 0, weights, 0.0)
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
