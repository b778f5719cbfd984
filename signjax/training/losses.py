"""Focal plus cross-entropy loss, as (sum, count), to be divided once.

Shapes: B clips, C classes.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from signjax.plans.training import LossSettings


def clip_losses(
    logits: Float[Array, "b c"],
    labels: Int[Array, "b"],
    settings: LossSettings,
    weights: Float[np.ndarray, "c"] | None = None,
) -> Float[Array, "b"]:
    """The loss of each clip, times the weight of its class if there are weights; 0 where the label is -1.

    Source: focal loss, Lin et al. (2017); label smoothing, Szegedy et al. (2016).
    """
    log_probability = jax.nn.log_softmax(logits.astype(jnp.float32))
    log_true = jnp.take_along_axis(log_probability, jnp.maximum(labels, 0)[:, None], axis=1)[:, 0]
    smooth = settings.label_smoothing
    cross_entropy = -(1.0 - smooth) * log_true - smooth * log_probability.mean(1)
    # expm1 keeps 1 - p exact, and its gradient finite, for p close to 1.
    focal = -((-jnp.expm1(jnp.minimum(log_true, -1e-7))) ** settings.focal_gamma) * log_true
    loss = settings.cross_entropy_weight * cross_entropy + settings.focal_weight * focal
    if weights is not None:
        loss = loss * jnp.asarray(weights)[jnp.maximum(labels, 0)]
    return jnp.where(labels >= 0, loss, 0.0)
