"""The gradient of every layer, for weights and inputs, compared with finite differences in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.attention import SelfAttention
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock
from signjax.layers.pooling import Pool
from signjax.layers.recurrent.bidirectional import Recurrence

B, T, D = 3, 7, 6
LENGTHS = np.array([7, 4, 1])
ROW = np.arange(B)

# name -> (module, arguments after inputs and mask, flags)
LAYERS = {
    "lstm": (Recurrence(4, "lstm"), (), {}),
    "gru": (Recurrence(4, "gru"), (), {}),
    "attention": (SelfAttention(2), (), {}),
    "batch norm": (MaskedBatchNorm(), (), {"training": True}),
    "block": (ResidualBlock(5, 5, 0.0), (ROW,), {"training": True}),
    "block with dropout": (ResidualBlock(D, 3, 0.3), (ROW,), {"training": True}),
    "pool": (Pool(), (), {}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_equal_finite_differences(name):
    """Along random directions, each of which moves every weight and every input at once."""
    module, args, flags = LAYERS[name]
    rng = np.random.default_rng(0)
    real = np.arange(T)[None] < LENGTHS[:, None]
    clips, mask, args = rng.normal(size=(B, T, D)) * real[:, :, None], jnp.asarray(real), tuple(map(jnp.asarray, args))
    streams = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
    variables = jax.jit(partial(module.init, **flags))(streams, jnp.asarray(clips, jnp.float32), mask, *args)
    with jax.enable_x64(True):
        x = jnp.asarray(clips)
        variables = jax.tree.map(
            lambda value: jnp.asarray(np.asarray(value, np.float64) + 0.1 * rng.normal(size=value.shape)), variables
        )
        shape = jax.eval_shape(lambda: module.apply(variables, x, mask, *args, **flags, rngs=streams, mutable=True)[0])
        weights = jnp.asarray(rng.normal(size=shape.shape))

        def loss(params, x):
            moved = {**variables, "params": params}
            out, _ = module.apply(moved, x, mask, *args, **flags, rngs={"dropout": streams["dropout"]}, mutable=True)
            return (out * weights).sum()

        # Moved in NumPy: jax would compile a program for each shape.
        point = jax.device_get((variables["params"], x))
        gradient = jax.device_get(jax.jit(jax.grad(loss, argnums=(0, 1)))(*point))
        fast = jax.jit(loss)
        for _ in range(5):
            # Not on padding, where the inputs of a convolution must be zero.
            direction = jax.tree.map(lambda value: rng.normal(size=value.shape), point)
            direction = (direction[0], direction[1] * real[:, :, None])
            ahead, behind = (
                fast(*jax.tree.map(lambda value, step: value + sign * 1e-6 * step, point, direction))  # noqa: B023
                for sign in (1, -1)
            )
            products = jax.tree.map(lambda a, b: (a * b).sum(), gradient, direction)
            np.testing.assert_allclose(sum(jax.tree.leaves(products)), (ahead - behind) / 2e-6, rtol=2e-6, atol=1e-7)
