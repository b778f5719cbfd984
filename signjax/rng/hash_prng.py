"""The random generator of every jax stream: a hash of a counter and a key of two words.

On a CPU, jax's own generator, Threefry, compiles to a separate loop for each derived key, and there are dozens of keys in a
training step and in the initial weights. This generator is a dozen operations. It is good enough for noise and initial weights, and
is used for nothing else.
"""

import math

import jax
import jax.extend.random
import jax.numpy as jnp
from jaxtyping import Array, Integer, UInt32


@jax.jit  # traced once for all derived keys
def hashed(index: UInt32[Array, "*shape"], key: UInt32[Array, "2"]) -> UInt32[Array, "*shape"]:
    """32 bits for each index.

    Source: the mixing steps are the `lowbias32` of Wellons (2018), in two rounds with one key word each.
    """
    first, second = key
    bits = index + first
    for word in (second, jnp.uint32(0)):
        bits = (bits ^ (bits >> 16)) * jnp.uint32(0x7FEB352D)
        bits = (bits ^ (bits >> 15)) * jnp.uint32(0x846CA68B)
        bits = (bits ^ (bits >> 16)) + word
    return bits


def derived(key: UInt32[Array, "2"], number: Integer[Array, "*shape"] | int) -> UInt32[Array, "*shape 2"]:
    """A key for each number.

    Each word is the sum of two hashes. XLA computes a sum once, but would compute any other expression again for every value
    drawn with the key.
    """
    first = 4 * jnp.asarray(number, jnp.uint32)[..., None, None]
    shape = (*first.shape[:-2], 2, 2)
    word, part = (jax.lax.broadcasted_iota(jnp.uint32, shape, axis) for axis in (len(shape) - 2, len(shape) - 1))
    index = first + 2 * word + part
    return hashed(index, key).sum(-1, dtype=jnp.uint32)


def _seed(seed: Array) -> UInt32[Array, "2"]:
    return derived(jnp.zeros(2, jnp.uint32), seed)


def _split(key: UInt32[Array, "2"], shape: tuple[int, ...]) -> UInt32[Array, "*shape 2"]:
    return derived(key, jnp.arange(math.prod(shape), dtype=jnp.uint32).reshape(shape))


def _bits(key: UInt32[Array, "2"], width: int, shape: tuple[int, ...]) -> UInt32[Array, "*shape"]:
    if width != 32:
        raise NotImplementedError(f"random numbers of {width} bits; this generator makes 32")
    return hashed(jnp.arange(math.prod(shape), dtype=jnp.uint32), key).reshape(shape)


# The `impl` argument for `jax.random.key`; the functions of `jax.random` then work as with any other generator.
HASHED = jax.extend.random.define_prng_impl(
    key_shape=(2,), seed=_seed, split=_split, random_bits=_bits, fold_in=derived, name="hashed", tag="hash"
)
