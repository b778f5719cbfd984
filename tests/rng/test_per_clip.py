import jax
import jax.numpy as jnp
import numpy as np

from signjax.rng.per_clip import hashed_bits, row_keys

ROWS = 20_000


def bits_of(words: np.ndarray) -> np.ndarray:
    """(..., words) uint32 -> (..., 32 words) of 0 and 1."""
    return np.unpackbits(np.ascontiguousarray(words)[..., None].view(np.uint8), axis=-1).reshape(*words.shape[:-1], -1)


def near_half(share: np.ndarray, of: int) -> None:
    assert (np.abs(share - 0.5) < 6 * 0.5 / np.sqrt(of)).all()


def keys_of(seed: int) -> jax.Array:
    return row_keys(jax.random.key(seed), jnp.arange(ROWS))


def test_keys_of_rows_differ_in_half_of_their_bits_from_row_to_row_and_from_layer_to_layer():
    one, other = (np.asarray(jax.random.key_data(keys_of(seed))) for seed in (0, 1))
    assert len(np.unique(one, axis=0)) == ROWS
    near_half(bits_of(one).mean(0), ROWS)
    near_half((bits_of(one[1:]) ^ bits_of(one[:-1])).mean(0), ROWS)
    near_half((bits_of(one) ^ bits_of(other)).mean(0), ROWS)
    words = one[:, 0] ^ one[:, 1]
    near_half(bits_of(words[:, None]).mean(0), ROWS)


def test_numbers_of_one_row_and_of_neighbours_have_nothing_to_do_with_each_other():
    drawn = np.asarray(jax.vmap(lambda key: hashed_bits(key, (64,)))(keys_of(0)[:2000]))
    drawn_bits = bits_of(drawn[..., None])  # (rows, indices, 32)
    near_half(drawn_bits.mean((0, 1)), drawn.size)
    near_half((drawn_bits[1:] ^ drawn_bits[:-1]).mean((0, 1)), drawn.size)
    near_half((drawn_bits[:, 1:] ^ drawn_bits[:, :-1]).mean((0, 1)), drawn.size)
    near_half((drawn_bits[1:, 1:] ^ drawn_bits[:-1, :-1]).mean((0, 1)), drawn.size)


def test_a_row_has_the_key_that_it_has_in_any_batch():
    few = row_keys(jax.random.key(0), jnp.asarray([7, 3]))
    np.testing.assert_array_equal(jax.random.key_data(few)[0], jax.random.key_data(keys_of(0))[7])
