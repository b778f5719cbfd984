"""Packed arrays hold the same values."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.training.packing import MATRICES, VECTORS, pack, unpack


def tree(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    shapes = {"b": {"kernel": (3, 4), "bias": (4,)}, "a": {"kernel": (2, 3, 5), "scale": (5,)}, "single": ()}
    return jax.tree.map(
        lambda shape: jnp.asarray(rng.normal(size=shape), jnp.float32),
        shapes,
        is_leaf=lambda node: isinstance(node, tuple),
    )


def test_what_was_packed_is_unpacked():
    packed = pack(tree(0))
    assert {name: len(values) for name, values in packed.items()} == {MATRICES: 42, VECTORS: 10}
    for values in (packed, jax.device_get(packed)):
        restored = unpack(values, tree(1))
        jax.tree.map(np.testing.assert_array_equal, restored, tree(0))
        assert {type(leaf) for leaf in jax.tree.leaves(restored)} == {type(values[MATRICES])}


@pytest.mark.parametrize("kind", [MATRICES, VECTORS])
def test_a_group_without_arrays_is_left_out(kind):
    one = {"w": jnp.ones((2, 2) if kind == MATRICES else 4)}
    assert list(pack(one)) == [kind]
    jax.tree.map(np.testing.assert_array_equal, unpack(pack(one), one), one)
    assert pack({}) == {} == unpack({}, {})
