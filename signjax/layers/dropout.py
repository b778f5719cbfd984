"""Dropout with one random key per clip.

`flax.linen.Dropout` draws a single mask for the whole batch. A clip's mask would then depend on its position on the
device, and a run on four devices would differ from a run on one.

Shapes: B clips, then any axes.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from signjax.rng.per_clip import hashed_bernoulli, row_keys


def dropout(x: Float[Array, "b *rest"], keys: Key[Array, "b"], rate: float) -> Float[Array, "b *rest"]:
    """Zeroes a fraction `rate` of the values and scales the rest to preserve the mean.

    Source: Srivastava et al. (2014).
    """
    keep = jax.vmap(lambda key: hashed_bernoulli(key, 1.0 - rate, x.shape[1:]))(keys)
    return jnp.where(keep, x * jnp.asarray(1.0 / (1.0 - rate), x.dtype), jnp.zeros_like(x))


class Dropout(nn.Module):
    """Dropout with one key per clip, derived from the layer's key in the stream `dropout`.

    Attributes:
      rate: fraction of the values that are zeroed, at least 0 and below 1.
    """

    rate: float

    @nn.compact
    def __call__(
        self, x: Shaped[Array, "b *rest"], row: Int[Array, "b"], *, training: bool
    ) -> Shaped[Array, "b *rest"]:
        """Applies dropout in training; the identity otherwise."""
        if not training or self.rate == 0.0:
            return x
        return dropout(x, row_keys(self.make_rng("dropout"), row), self.rate)
