"""The fused recurrences compared with the scans: on a GPU if the tests run on one, otherwise interpreted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.recurrent.bidirectional import (
    GATES,
    Direction,
    fused_directions,
    scan_direction,
)

INTERPRET = jax.default_backend() != "gpu"


def random_ways(cell: str, frames: int, clips: int, units: int, dtype: str) -> tuple[Direction, ...]:
    rng = np.random.default_rng(units)

    def normal(*shape: int) -> jax.Array:
        return jnp.asarray(rng.normal(size=shape), jnp.float32)

    width = GATES[cell] * units
    return tuple(
        Direction(
            normal(frames, clips, width).astype(dtype),
            normal(units, width) / units**0.5,
            normal(width),
            normal(units) if cell == "gru" else None,
        )
        for _ in range(2)
    )


# Sizes that must be padded, and units in one piece and in two.
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(
    ("frames", "clips", "units", "dtype"),
    [
        (5, 3, 12, "float32"),
        (4, 18, 96, "float32"),
        (3, 16, 160, "float32"),
        (5, 3, 12, "bfloat16"),
    ],
)
def test_a_fused_recurrence_equals_two_scans(cell, frames, clips, units, dtype):
    ways = random_ways(cell, frames, clips, units, dtype)
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, frames + 1, clips)  # a clip may have no real frame
    mask = jnp.asarray(np.arange(frames)[:, None] < lengths[None])
    weights = jnp.asarray(rng.normal(size=(2, frames, clips, units)), jnp.float32)

    def fused(ways):
        states = fused_directions(cell, ways, mask, interpret=INTERPRET)
        return (jnp.stack(states).astype(jnp.float32) * weights).sum(), states

    def scanned(ways):
        states = [scan_direction(cell, way, mask, reverse=bool(number)) for number, way in enumerate(ways)]
        return (jnp.stack(states).astype(jnp.float32) * weights).sum(), states

    found, expected = (jax.jit(jax.value_and_grad(f, has_aux=True))(ways) for f in (fused, scanned))
    tolerance = 2e-5 if dtype == "float32" else 3e-2
    for (path, value), wanted in zip(
        jax.tree.leaves_with_path((found[0][1], found[1])), jax.tree.leaves((expected[0][1], expected[1])), strict=True
    ):
        assert value.dtype == wanted.dtype
        scale = float(jnp.abs(wanted.astype(jnp.float32)).max())
        assert scale > 0.0
        np.testing.assert_allclose(
            value.astype(jnp.float32),
            wanted.astype(jnp.float32),
            atol=tolerance * scale,
            rtol=0,
            err_msg=jax.tree_util.keystr(path),
        )


def test_padding_stays_zero():
    ways = random_ways("lstm", 5, 3, 12, "float32")
    mask = jnp.arange(5)[:, None] < jnp.array([5, 2, 0])[None]
    for states in fused_directions("lstm", ways, mask, interpret=INTERPRET):
        assert not np.asarray(states)[~np.asarray(mask)].any()
        assert np.asarray(states)[np.asarray(mask)].all()
