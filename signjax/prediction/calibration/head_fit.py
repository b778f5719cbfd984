"""Fits the last layer of a classifier to a few clips, beginning with the layer it has: logistic regression with the old layer as
the prior (NumPy).

Shapes: N clips, D features, C classes, K classes with a clip.
"""

from typing import NamedTuple

import numpy as np

from signjax.random_convolution.classifier import log_softmax

# For features whose mean squared norm is 1. Chosen on a signer of ISL-Kinect30 that the model had not seen and that is in no other
# result, from 0.003 to 0.3; a third does as well, three times as much costs half a point (docs/accuracy.md).
PRIOR = 0.03
_STEPS, _CLOSE = 500, 1e-4


class HeadChange(NamedTuple):
    """What is added to a linear layer.

    Attributes:
      weights: float64 (D, C).
      intercept: float64 (C,).
    """

    weights: np.ndarray
    intercept: np.ndarray


def fit_change(features: np.ndarray, logits: np.ndarray, labels: np.ndarray, prior: float = PRIOR) -> HeadChange:
    """The change of a linear layer that makes the labels of some clips most likely, held near no change.

    Only the classes that have a clip are weighed against each other, and their mean is kept: what the layer says of the other
    classes, and of these together, stays as it was. Features count by how they differ from their mean over the clips.

    Args:
      features: (N, D), what the layer is given.
      logits: (N, C), what it says.
      labels: int (N,), at least 0; of two classes or more.
      prior: weight of the squared change against the likelihood of the clips. Larger values change less.

    Source: the bound that makes each step one product with a fixed matrix, Boehning (1992).
    """
    classes, own = np.unique(labels, return_inverse=True)
    mean = features.mean(0, dtype=np.float64)
    centred = features - mean
    scale = max(float(np.square(centred).sum(1).mean()), np.finfo(np.float32).tiny)
    kernel = centred @ centred.T / scale  # the change is a sum over clips, so only their products count
    start, target = logits[:, classes].astype(np.float64), np.eye(len(classes))[own]
    bound = np.linalg.inv(0.5 * kernel + prior * np.eye(len(kernel)))
    shares = np.zeros_like(start)
    for _ in range(_STEPS):
        slope = np.exp(log_softmax(start + kernel @ shares)) - target + prior * shares
        step = bound @ slope
        shares -= step
        if np.abs(step).max() < _CLOSE:
            break
    weights = np.zeros((features.shape[1], logits.shape[1]))
    weights[:, classes] = centred.T @ shares / scale
    return HeadChange(weights, -mean @ weights)
