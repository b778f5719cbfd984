"""Attribution of a score to the inputs of a model: pure functions.

Shapes: K places on a path, T frames, I inputs of a frame, Q frames that self-attention sees.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

# `benchmarks/explanations.py` prints how much of the score these leave unexplained.
_PLACES = 32


class Path(NamedTuple):
    """Places on the straight line from inputs of zeros, nothing seen, to those of a clip, and how much the gradient at each counts.

    Attributes:
      places: float32 (K,), from 0 to 1. The first is 0 and the last is 1, so that the scores of both ends are always computed.
      weights: float32 (K,).
    """

    places: np.ndarray
    weights: np.ndarray


def integrated_path(count: int = _PLACES) -> Path:
    """The path of integrated gradients: the mean gradient on the way, by Gauss-Legendre quadrature at `count` places.

    Source: Sundararajan, Taly & Yan (2017).
    """
    places, weights = np.polynomial.legendre.leggauss(count)
    return Path(np.array([0, *(places + 1) / 2, 1], np.float32), np.array([0, *weights / 2, 0], np.float32))


def gradient_path(count: int = _PLACES) -> Path:
    """The path of gradient times input: the gradient at the clip itself.

    It is as long as `integrated_path`, so that one program serves both.

    Source: Shrikumar, Greenside & Kundaje (2017).
    """
    places, weights = np.linspace(0, 1, count + 2), np.zeros(count + 2)
    weights[-1] = 1
    return Path(places.astype(np.float32), weights.astype(np.float32))


class Attribution(NamedTuple):
    """What each input counts for a score.

    Attributes:
      inputs: (T, I); inputs of 0 count 0. With `integrated_path`, they add up to the score of the clip less that of zeros.
      scores: (K,), along the path.
      kept: what the score function kept, along the path.
    """

    inputs: Float[Array, "t i"]
    scores: Float[Array, "k"]
    kept: Any


def attribute(
    score: Callable[[Float[Array, "k t i"]], tuple[Float[Array, "k"], Any]],
    x: Float[Array, "t i"],
    places: Float[Array, "k"],
    weights: Float[Array, "k"],
) -> Attribution:
    """The inputs times the weighted sum of gradients along a path.

    Args:
      score: a function from K inputs to the score of each, which must not depend on the others, and anything that is to be kept.
      x: the inputs of a clip.
      places, weights: of a `Path`.
    """

    def total(along: Array) -> tuple[Array, tuple[Array, Any]]:
        scores, kept = score(along)
        return scores.sum(), (scores, kept)

    gradient, (scores, kept) = jax.grad(total, has_aux=True)(places[:, None, None] * x[None])
    return Attribution(x * jnp.einsum("k,kti->ti", weights, gradient), scores, kept)


def direction(classes: int, of: int, against: int | None) -> np.ndarray:
    """float32 (classes,): the score of a class is this times the logits.

    It is the logit of the class less the mean logit of all others, or less that of one class. Unlike a probability, it goes on
    rising where the model is sure, and unlike a logit alone, it does not change if all logits do.
    """
    signs = np.zeros(classes, np.float32)
    if against is not None:
        signs[against] = -1
    elif classes > 1:
        signs[:] = -1 / (classes - 1)
    signs[of] = 1
    return signs


def attention_received(weights: Float[Array, "q q"]) -> Float[Array, "q"]:
    """How much the real frames of a clip attend to each frame, on average; 1 in total.

    Args:
      weights: how much each frame (first axis) attends to each other; rows of padding are 0.
    """
    real = (weights.sum(1) > 0).astype(weights.dtype)
    return weights.sum(0) / jnp.maximum(real.sum(), 1)


def at_every_frame(values: np.ndarray, frames: int, padded: int) -> np.ndarray:
    """Values of Q frames as (frames,), where the model halved time, with the same total.

    Args:
      values: float (Q,), 0 on padding.
      frames: the number of real frames.
      padded: the number of frames that the model was given, padding included.
    """
    spread = np.repeat(values, -(-padded // len(values)))[:frames]
    return spread / max(float(spread.sum()), 1e-12)
