"""Pooling over the real frames of a clip.

Shapes: B clips, T frames, D features.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.precision import carried


def mean_pool(x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b d"]:
    """Mean over real frames; zeros for a clip without real frames."""
    weight = mask.astype(x.dtype)[:, :, None]
    return (x * weight).sum(1) / jnp.maximum(weight.sum(1), 1.0)


def max_pool(x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b d"]:
    """Maximum over real frames; zeros for a clip without real frames."""
    highest = jnp.where(mask[:, :, None], x, -jnp.inf).max(1)
    return jnp.where(mask.any(1)[:, None], highest, 0.0)


def attention_pool(
    x: Float[Array, "b t d"], scores: Float[Array, "b t"], mask: Bool[Array, "b t"]
) -> Float[Array, "b d"]:
    """Mean over real frames, weighted by the softmax of their scores; zeros for a clip without real frames."""
    weights = jax.nn.softmax(jnp.where(mask, scores, -1e9).astype(carried(scores.dtype)), axis=1).astype(x.dtype)
    return jnp.einsum("bt,btd->bd", jnp.where(mask, weights, 0.0), x)


class Pool(nn.Module):
    """Mean, maximum and attention pooling, concatenated, in at least float32."""

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b 3*d"]:
        """Returns one vector per clip."""
        x = x.astype(carried(x.dtype))
        scores = nn.Dense(1, name="score")(x)[:, :, 0]
        return jnp.concatenate([mean_pool(x, mask), max_pool(x, mask), attention_pool(x, scores, mask)], axis=-1)
