"""Multi-head self-attention with a padding mask.

Shapes: B clips, T frames, D features, N heads, H features per head.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from signjax.layers.linear import Projection
from signjax.layers.precision import carried

# Low enough that a padded frame's weight underflows to exactly 0 in float32, and still finite.
_MASKED_SCORE = -1e9


def attention_weights(
    query: Float[Array, "b t n h"], key: Float[Array, "b t n h"], mask: Bool[Array, "b t"]
) -> Float[Array, "b n t t"]:
    """How much each frame (third axis) attends to each other (last axis): 0 for padding, and 1 in total.

    The softmax runs in at least float32.
    """
    scores = jnp.einsum(
        "bqnh,bknh->bnqk", query * query.shape[-1] ** -0.5, key, preferred_element_type=carried(query.dtype)
    )
    return jax.nn.softmax(scores + jnp.where(mask, 0.0, _MASKED_SCORE)[:, None, None, :], axis=-1)


def self_attention(
    query: Float[Array, "b t n h"],
    key: Float[Array, "b t n h"],
    value: Float[Array, "b t n h"],
    mask: Bool[Array, "b t"],
) -> Float[Array, "b t n h"]:
    """Scaled dot-product attention among the real frames of each clip.

    Source: Vaswani et al. (2017).
    """
    return jnp.einsum("bnqk,bknh->bqnh", attention_weights(query, key, mask).astype(value.dtype), value)


def positions(frames: int, features: int) -> Float[Array, "t d"]:
    """Sinusoidal position embeddings, to be added to the features.

    Wavelengths range from 2 pi to 2000 pi frames.

    Source: Vaswani et al. (2017), with shorter wavelengths, for clips of at most a few hundred frames.
    """
    half = features // 2
    frequency = jnp.exp(-jnp.log(1000.0) * jnp.arange(half, dtype=float) / max(half - 1, 1))
    angle = jnp.arange(frames, dtype=float)[:, None] * frequency[None, :]
    waves = jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=1)
    return jnp.pad(waves, ((0, 0), (0, features - 2 * half)))


class SelfAttention(nn.Module):
    """Layer norm, positions, and multi-head self-attention.

    Attributes:
      heads: number of heads; must divide the number of features.
      dtype: precision of the products; None uses that of inputs and weights.
    """

    heads: int
    dtype: jnp.dtype | None = None

    @nn.compact
    def __call__(self, x: Float[Array, "b t d"], mask: Bool[Array, "b t"]) -> Float[Array, "b t d"]:
        """Returns the residual to add to `x`; zeros on padding.

        Where the collection `intermediates` is asked for, it has `attention_weights`, (B, T, T): how much each frame attends to
        each other, the mean over heads; zeros for padding. Otherwise they are not kept.
        """
        features = x.shape[-1]
        if features % self.heads:
            raise ValueError(f"attention: {self.heads} heads do not divide {features} features")
        with jax.numpy_dtype_promotion("standard"):  # flax promotes bfloat16 by itself, which strict promotion refuses
            y = nn.LayerNorm(dtype=self.dtype, name="norm")(x)
        y += positions(x.shape[1], features)[None].astype(y.dtype)
        # One projection for query, key and value is measurably faster than three.
        projected = Projection(3 * features, use_bias=False, dtype=self.dtype, name="query_key_value")(y)
        query, key, value = jnp.split(projected.reshape(*x.shape[:2], 3 * self.heads, -1), 3, axis=2)
        attended = self_attention(query, key, value, mask).reshape(x.shape)
        if self.is_mutable_collection("intermediates"):
            weights = attention_weights(query, key, mask).mean(1)
            self.sow("intermediates", "attention_weights", jnp.where(mask[:, :, None], weights, 0.0))
        out = Projection(features, dtype=self.dtype, name="out")(attended)
        return jnp.where(mask[:, :, None], out, jnp.zeros_like(out))
