"""Multi-head self-attention with a padding mask.

Shapes: B clips, T frames, D features, N heads, H features a head.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

# Large enough that a padded frame's weight underflows to exactly 0 in float32, small enough to stay finite.
_MASKED_SCORE = -1e9


def self_attention(
    query: Float[Array, "b t n h"],
    key: Float[Array, "b t n h"],
    value: Float[Array, "b t n h"],
    mask: Bool[Array, "b t"],
) -> Float[Array, "b t n h"]:
    """Scaled dot-product attention among the real frames of each clip; the softmax is in float32.

    Source: Vaswani et al. (2017).
    """
    scores = jnp.einsum("bqnh,bknh->bnqk", query, key).astype(jnp.float32) * query.shape[-1] ** -0.5
    scores = jnp.where(mask[:, None, None, :], scores, _MASKED_SCORE)
    weights = jax.nn.softmax(scores, axis=-1).astype(value.dtype)
    return jnp.einsum("bnqk,bknh->bqnh", weights, value)


def positions(frames: int, features: int) -> Float[Array, "t d"]:
    """Sines and cosines of the frame number, wavelengths from 2 pi to 2000 pi frames.

    Source: Vaswani et al. (2017), with wavelengths for clips of at most a few hundred frames.
    """
    half = features // 2
    frequency = jnp.exp(-jnp.log(1000.0) * jnp.arange(half) / max(half - 1, 1))
    angle = jnp.arange(frames)[:, None] * frequency[None, :]
    waves = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=1)
    return jnp.pad(waves, ((0, 0), (0, features - 2 * half)))


class SelfAttention(nn.Module):
    """Layer norm, positions, and multi-head self-attention.

    Attributes:
      heads: number of heads; must divide the features.
    """

    heads: int

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t d"]:
        """What attention adds to `x`; zeros on padding."""
        features = x.shape[-1]
        if features % self.heads:
            raise ValueError(f"attention: {self.heads} heads do not divide {features} features")
        y = nn.LayerNorm(name="norm")(x) + positions(x.shape[1], features)[None]
        # One projection for query, key and value: measurably faster than three.
        projected = nn.Dense(3 * features, use_bias=False, name="query_key_value")(y)
        query, key, value = jnp.split(projected.reshape(*x.shape[:2], 3 * self.heads, -1), 3, axis=2)
        attended = self_attention(query, key, value, mask).reshape(x.shape)
        return jnp.where(mask[:, :, None], nn.Dense(features, name="out")(attended), 0.0)
