"""Whether a model's confidence matches its accuracy.

Shapes: N clips, C classes.
"""

import numpy as np

_BINS = 15


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, float64."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(-1, keepdims=True)


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean distance between confidence and accuracy over 15 equal bins of confidence, weighted by clips.

    Source: Guo et al. (2017).

    Args:
      confidence: (N,), from 0 to 1.
      right: bool (N,).
    """
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    gap = np.abs(np.bincount(bins, confidence, _BINS) - np.bincount(bins, right.astype(float), _BINS))
    return float(gap[count > 0].sum() / len(confidence))
