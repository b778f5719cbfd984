"""Random numbers that belong to a clip, whatever batch or device it is in.

Every clip has a row number in the global batch, and its numbers depend on that alone; so a run on four devices draws what a run
on one does. A key a clip, and the many numbers that one key stands for, are a hash of their index with the words of a key. The
keys of streams and layers come from jax's own generator, which took a tenth of a training step on a CPU when it drew the many
numbers too. The hash is good enough for dropout and augmentation, and is used for nothing else.

Shapes: B clips, ... any.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt32

# The four bytes of a hash, added up: their mean and their standard deviation.
_BYTES_MEAN = 4 * 255 / 2
_BYTES_STD = math.sqrt(4 * (256**2 - 1) / 12)


def row_keys(key: Key[Array, ""], row: Int[Array, "b"]) -> Key[Array, "b"]:
    """One key a clip, by its row in the global batch."""
    index = 2 * row.astype(jnp.uint32)
    words = jnp.stack([_hashed(index, key), _hashed(index + 1, key)], axis=1)
    return jax.random.wrap_key_data(words, impl=jax.random.key_impl(key))


def _hashed(index: UInt32[Array, "*shape"], key: Key[Array, ""]) -> UInt32[Array, "*shape"]:
    """32 bits for each index: a hash, with the key's two words as constants.

    Source: the mixing steps are the `lowbias32` of Wellons (2018), in two rounds with a key word each.
    """
    first, second = jax.random.key_data(key)
    bits = index + first
    for word in (second, jnp.uint32(0)):
        bits = (bits ^ (bits >> 16)) * jnp.uint32(0x7FEB352D)
        bits = (bits ^ (bits >> 15)) * jnp.uint32(0x846CA68B)
        bits = (bits ^ (bits >> 16)) + word
    return bits


def hashed_bits(key: Key[Array, ""], shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    """32 bits for each index of `shape`."""
    return _hashed(jax.lax.iota(jnp.uint32, math.prod(shape)), key).reshape(shape)


def hashed_bernoulli(key: Key[Array, ""], probability: float, shape: tuple[int, ...]) -> Array:
    """True with `probability`, from 0 to less than 1, to within 2 ** -32."""
    return hashed_bits(key, shape) < jnp.uint32(round(probability * 2**32))


def hashed_normal(key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "*shape"]:
    """Nearly normal numbers, mean 0 and variance 1: the sum of four random bytes, so within 3.5 standard deviations."""
    bits = hashed_bits(key, shape)
    total = (bits & 255) + ((bits >> 8) & 255) + ((bits >> 16) & 255) + (bits >> 24)
    return (total.astype(jnp.float32) - _BYTES_MEAN) / _BYTES_STD
