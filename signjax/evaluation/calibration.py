"""Whether a model's confidence matches its accuracy.

Shapes: N clips, C classes.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

_BINS = 15


def probabilities(logits: Float[np.ndarray, "*n c"]) -> Float[np.ndarray, "*n c"]:
    """Softmax over the last axis, float64."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(-1, keepdims=True)


def expected_calibration_error(confidence: Float[np.ndarray, "n"], right: Bool[np.ndarray, "n"]) -> float:
    """Mean distance between confidence and accuracy over 15 equal bins of confidence, weighted by clips.

    Source: Guo et al. (2017).

    Args:
      confidence: from 0 to 1.
      right: whether the most confident class is the true one.
    """
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    gap = np.abs(np.bincount(bins, confidence, _BINS) - np.bincount(bins, right.astype(float), _BINS))
    return float(gap[count > 0].sum() / len(confidence))


def calibration(logits: Float[np.ndarray, "n c"], labels: Int[np.ndarray, "n"]) -> dict[str, float]:
    """`calibration_error` over the labelled clips of a head; nothing where no clip is labelled (-1)."""
    labelled = labels >= 0
    if not labelled.any():
        return {}
    shares = probabilities(logits[labelled])
    return {"calibration_error": expected_calibration_error(shares.max(1), shares.argmax(1) == labels[labelled])}
