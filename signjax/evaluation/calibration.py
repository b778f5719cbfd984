"""Whether a model's confidence matches its accuracy, and the temperature that would make it do so.

Shapes: N clips, C classes.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from signjax.evaluation.evaluate import Answers

_BINS = 15
# With fewer labelled validation clips, no temperature is fitted.
FEWEST_TO_FIT = 10
# Where nearly all validation clips are right or wrong, the best temperature is extreme; none beyond these helps a reader.
_COLDEST, _HOTTEST = 0.1, 10.0
_HALVINGS = 40


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


def fit_temperature(logits: Float[np.ndarray, "n c"], labels: Int[np.ndarray, "n"]) -> float | None:
    """The number by which logits are divided so that the labels are most likely, from 0.1 to 10.

    Above 1, the model is too confident; below, not confident enough.

    Source: Guo et al. (2017).

    Args:
      logits: of validation clips.
      labels: -1 = not labelled.

    Returns:
      The temperature; None with fewer than 10 labelled clips, or if all of them are right: then no temperature is low enough.
    """
    labelled = labels >= 0
    if labelled.sum() < FEWEST_TO_FIT or (logits[labelled].argmax(1) == labels[labelled]).all():
        return None
    logits = logits[labelled].astype(np.float64)
    true = np.take_along_axis(logits, labels[labelled, None], axis=1)[:, 0]
    # The likelihood has one peak in the inverse temperature; its slope is the mean true logit less the expected one.
    low, high = 1 / _HOTTEST, 1 / _COLDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = (probabilities(middle * logits) * logits).sum(1)
        if (true - expected).mean() > 0:
            low = middle
        else:
            high = middle
    return 2 / (low + high)


def calibration(
    logits: Float[np.ndarray, "n c"], labels: Int[np.ndarray, "n"], temperature: float | None = None
) -> dict[str, float]:
    """How well confidence fits, over the labelled clips of a head.

    Args:
      logits: of the clips.
      labels: -1 = not labelled.
      temperature: as `fit_temperature` found it on other clips.

    Returns:
      `calibration_error` and `mean_confidence`; with a temperature also `temperature` and `calibration_error_tempered`, the
      error with it. Nothing where no clip is labelled.
    """
    labelled = labels >= 0
    if not labelled.any():
        return {}
    shares = probabilities(logits[labelled])
    right = shares.argmax(1) == labels[labelled]
    found = {
        "calibration_error": expected_calibration_error(shares.max(1), right),
        "mean_confidence": float(shares.max(1).mean()),
    }
    if temperature is not None:
        tempered = probabilities(logits[labelled].astype(np.float64) / temperature)
        found["temperature"] = temperature
        found["calibration_error_tempered"] = expected_calibration_error(tempered.max(1), right)
    return found


def calibration_of(head: str, test: Answers, valid: Answers) -> dict[str, float]:
    """`calibration` of a head on test clips, with the temperature that fits its validation clips."""
    temperature = fit_temperature(valid.logits[head], valid.labels[head])
    return calibration(test.logits[head], test.labels[head], temperature)
