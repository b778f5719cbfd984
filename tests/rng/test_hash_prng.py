"""The generator of the streams: spread, independence of derived keys, and equal results in all programs."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.rng.hash_prng import HASHED
from signjax.rng.per_clip import hashed_bernoulli, row_keys
from signjax.rng.streams import stream_key

MANY = 4096


def words(key) -> np.ndarray:
    return np.asarray(jax.random.key_data(key))


def test_the_numbers_are_those_of_the_hash_whatever_program_asks():
    """A run may be resumed elsewhere, so these values are part of the format of a run."""
    key = jax.random.key(7, impl=HASHED)
    assert words(key).tolist() == [1449168539, 1357793177]
    expected = words_of_hash(np.arange(8, dtype=np.uint32), words(key))
    np.testing.assert_array_equal(jax.random.bits(key, (2, 4)).ravel(), expected)
    np.testing.assert_array_equal(jax.jit(lambda k: jax.random.bits(k, (8,)))(key), expected)


def words_of_hash(index: np.ndarray, key: np.ndarray) -> np.ndarray:
    """The hash, written out in NumPy."""
    bits = index + key[0]
    for word in (key[1], np.uint32(0)):
        bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x7FEB352D)
        bits = (bits ^ (bits >> np.uint32(15))) * np.uint32(0x846CA68B)
        bits = (bits ^ (bits >> np.uint32(16))) + word
    return bits


def test_derived_keys_differ_in_half_of_their_bits():
    key = jax.random.key(0, impl=HASHED)
    ways = {
        "fold_in": jax.vmap(lambda number: jax.random.fold_in(key, number))(jnp.arange(MANY)),
        "split": jax.random.split(key, MANY),
        "seed": jax.vmap(lambda seed: jax.random.key(seed, impl=HASHED))(jnp.arange(MANY)),
        "stream": jax.vmap(lambda step: stream_key(0, step, "dropout"))(jnp.arange(MANY)),
    }
    for name, keys in ways.items():
        found = words(keys)
        assert len(np.unique(found, axis=0)) == MANY, name
        flips = np.unpackbits((found[1:] ^ found[:-1]).view(np.uint8), axis=-1).mean(0)
        assert np.abs(flips - 0.5).max() < 5 * 0.5 / np.sqrt(MANY - 1), name


def test_streams_of_a_key_do_not_resemble_one_another():
    """Normal numbers, as initial weights are: mean, spread, tails and correlations between neighbouring keys."""
    keys = jax.random.split(jax.random.key(3, impl=HASHED), 64)
    numbers = np.asarray(jax.vmap(lambda key: jax.random.normal(key, (MANY,)))(keys))
    total = numbers.size
    assert abs(numbers.mean()) < 5 / np.sqrt(total)
    assert abs(numbers.var() - 1) < 5 * np.sqrt(2 / total)
    assert abs((np.abs(numbers) > 3).mean() - 0.0027) < 5 * np.sqrt(0.0027 / total)
    assert np.abs(np.corrcoef(numbers) - np.eye(64)).max() < 6 / np.sqrt(MANY)
    along = np.array([(numbers[:, :-lag] * numbers[:, lag:]).mean() for lag in (1, 2, 3, 4, 8, 16, 64, 256)])
    assert np.abs(along).max() < 5 / np.sqrt(total - 64 * 256)


def test_it_makes_numbers_of_32_bits_alone():
    with pytest.raises(NotImplementedError, match="16 bits; this generator makes 32"):
        jax.random.bits(jax.random.key(0, impl=HASHED), (3,), jnp.uint16)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="about XLA on a CPU")
def test_a_key_is_derived_once_and_not_for_every_number_that_is_drawn():
    """XLA would fuse the derivation into the draws, and repeat it for each number."""

    def drop(key, step, x):
        keys = row_keys(jax.random.fold_in(jax.random.fold_in(key, step), 7), jnp.arange(len(x)))
        keep = jax.vmap(lambda key, row: hashed_bernoulli(key, 0.5, row.shape))(keys, x)
        return jnp.where(keep, x, 0.0)

    x = jnp.ones((32, 5000))
    program = jax.jit(drop).lower(jax.random.key(0, impl=HASHED), 3, x).compile().as_text()
    drawing = [body for body in program.split("\n\n") if re.search(r"ROOT .*f32\[32,5000\]", body)]
    assert drawing
    multiplications = max(body.count(" multiply(") for body in drawing)
    assert 4 <= multiplications < 8  # of one hash, and not of two
