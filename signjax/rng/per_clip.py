"""Random numbers that belong to a clip, whatever batch or device it is in.

Every clip has a row number in the global batch, and its random numbers depend only on that, so a run on four devices draws the same
as a run on one. These functions use the generator's hash directly instead of through `jax.random`: cheap enough for every value of
a batch.

Shapes: B clips, ... any.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from signjax.rng.hash_prng import derived, hashed

# The four bytes of a hash, added up: their mean and their standard deviation.
_BYTES_MEAN = 4 * 255 / 2
_BYTES_STD = math.sqrt(4 * (256**2 - 1) / 12)

_LARGEST = 2.0**32 - 2.0**8  # the largest float32 below 2 ** 32


def row_keys(key: Key[Array, ""], row: Int[Array, "b"]) -> Key[Array, "b"]:
    """One key per clip, from its row in the global batch."""
    return jax.random.wrap_key_data(derived(jax.random.key_data(key), row), impl=jax.random.key_impl(key))


def hashed_bits(key: Key[Array, ""], shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """32 bits for each index of `shape`."""
    return hashed(jax.lax.iota(jnp.uint32, math.prod(shape)), jax.random.key_data(key)).reshape(shape)


def hashed_bernoulli(
    key: Key[Array, ""], probability: Float[Array, ""] | float, shape: tuple[int, ...]
) -> Bool[Array, "*shape"]:
    """True with `probability`, from 0 to less than 1, to within 2 ** -24, the precision of float32."""
    below = jnp.minimum(jnp.float32(probability) * 2.0**32, _LARGEST)
    return hashed_bits(key, shape) < below.astype(jnp.uint32)


def hashed_normal(key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """Nearly normal numbers, mean 0 and variance 1: the sum of four random bytes, so within 3.5 standard deviations."""
    bits = hashed_bits(key, shape)
    total = (bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + (bits >> 24)
    return (total.astype(jnp.float32) - _BYTES_MEAN) / _BYTES_STD
