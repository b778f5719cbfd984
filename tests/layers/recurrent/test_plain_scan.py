"""The plain scans of exported programs give what those of training give."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.recurrent.bidirectional import GATES, Direction, scan_directions


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_plain_and_unrolled_scans_equal_the_fast_ones(cell):
    frames, clips, units = 7, 3, 4
    random = np.random.default_rng(0)

    def values(*shape):
        return jnp.asarray(random.normal(size=shape), jnp.float32)

    width = GATES[cell] * units
    forward, backward = (
        Direction(
            values(frames, clips, width),
            values(units, width),
            values(width),
            values(units) if cell == "gru" else None,
        )
        for _ in range(2)
    )
    mask = jnp.arange(frames)[:, None] < jnp.asarray([7, 1, 4])[None]
    wanted, plain, unrolled = (
        jax.jit(lambda ways, mask, loops=loops: scan_directions(cell, ways, mask, loops))((forward, backward), mask)
        for loops in ("fast", "plain", "unrolled")
    )
    for one, other, third in zip(wanted, plain, unrolled, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
        np.testing.assert_allclose(one, third, atol=1e-6)
