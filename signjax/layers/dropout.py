"""Dropout whose mask is a function of the clip's own stream.

Shapes: B clips, ... any.

`flax.linen.Dropout` draws one mask for the batch, so a clip's mask would depend on its place on the device and a run on four
devices would differ from a run on one. Here every clip has a row number in the global batch, and its mask depends on that alone.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped


def row_keys(key: Key[Array, ""], row: Int[Array, "b"]) -> Key[Array, "b"]:
    """One key a clip, by its row in the global batch."""
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, row)


def dropout(x: Float[Array, "b *rest"], keys: Key[Array, "b"], rate: float) -> Float[Array, "b *rest"]:
    """Zeroes a share `rate` of the values and scales the rest so that the mean stays.

    Source: Srivastava et al. (2014).
    """
    keep = jax.vmap(lambda key: jax.random.bernoulli(key, 1.0 - rate, x.shape[1:]))(keys)
    return jnp.where(keep, x / (1.0 - rate), jnp.zeros_like(x))


class Dropout(nn.Module):
    """Dropout with a key a clip; the stream `dropout` gives the layer its own key.

    Attributes:
      rate: share of values that are zeroed, from 0 to less than 1.
    """

    rate: float

    @nn.compact
    def __call__(
        self, x: Shaped[Array, "b *rest"], row: Int[Array, "b"], *, training: bool
    ) -> Shaped[Array, "b *rest"]:
        """Drops in training; the identity otherwise."""
        if not training or self.rate == 0.0:
            return x
        return dropout(x, row_keys(self.make_rng("dropout"), row), self.rate)
