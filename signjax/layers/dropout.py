"""Dropout and stochastic depth, whose masks are functions of the clip's own stream.

`flax.linen.Dropout` draws one mask for the batch, so a clip's mask would depend on its place on the device and a run on four
devices would differ from a run on one.

Shapes: B clips, ... any.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from signjax.rng.per_clip import hashed_bernoulli, row_keys


def dropout(x: Float[Array, "b *rest"], keys: Key[Array, "b"], rate: float) -> Float[Array, "b *rest"]:
    """Zeroes a share `rate` of the values and scales the rest so that the mean stays.

    Source: Srivastava et al. (2014).
    """
    keep = jax.vmap(lambda key: hashed_bernoulli(key, 1.0 - rate, x.shape[1:]))(keys)
    return jnp.where(keep, x * jnp.asarray(1.0 / (1.0 - rate), x.dtype), jnp.zeros_like(x))


def stochastic_depth(branch: Float[Array, "b *rest"], keys: Key[Array, "b"], rate: float) -> Float[Array, "b *rest"]:
    """Zeroes the whole branch of a share `rate` of the clips and scales the others so that the mean stays.

    Source: Huang et al. (2016).
    """
    keep = jax.vmap(lambda key: hashed_bernoulli(key, 1.0 - rate, (1,) * (branch.ndim - 1)))(keys)
    return jnp.where(keep, branch * jnp.asarray(1.0 / (1.0 - rate), branch.dtype), jnp.zeros_like(branch))


class Dropout(nn.Module):
    """Dropout with a key a clip; the stream `dropout` gives the layer its own key.

    Attributes:
      rate: share of values that are zeroed, from 0 to less than 1.
      whole_branch: zeroes all values of a clip together: stochastic depth.
    """

    rate: float
    whole_branch: bool = False

    @nn.compact
    def __call__(
        self, x: Shaped[Array, "b *rest"], row: Int[Array, "b"], *, training: bool
    ) -> Shaped[Array, "b *rest"]:
        """Drops in training; the identity otherwise."""
        if not training or self.rate == 0.0:
            return x
        drop = stochastic_depth if self.whole_branch else dropout
        return drop(x, row_keys(self.make_rng("dropout"), row), self.rate)
