"""Four devices equal one, layer by layer: the shares of the devices add up to the result of one device."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from conftest import some_devices

from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock

# Clips on four devices, two each; devices hold different numbers of real frames, the last none at all.
LENGTHS = np.array([9, 2, 5, 5, 1, 8, 0, 0])
T, D = 9, 6


def gradients(module, variables, x, mask, weights):
    """Updated batch statistics, outputs, and gradients of (output * weights).sum() for the parameters and for `x`."""

    def run(variables, x, mask, weights):
        row = jnp.arange(len(x))
        extra = (row,) if isinstance(module, ResidualBlock) else ()

        def loss(params, x):
            out, updated = module.apply(
                {**variables, "params": params}, x, mask, *extra, training=True, mutable=["batch_stats"]
            )
            return (out * weights).sum(), (out, updated["batch_stats"])

        (params, inputs), (out, stats) = jax.grad(loss, argnums=(0, 1), has_aux=True)(variables["params"], x)
        if module.axis_name is not None:
            params = jax.lax.psum(params, module.axis_name)
        return stats, params, out, inputs

    if module.axis_name is None:
        return jax.jit(run)(variables, x, mask, weights)
    mapped = jax.pmap(
        run, axis_name="devices", in_axes=(None, 0, 0, 0), out_axes=(None, None, 0, 0), devices=some_devices(4)
    )
    shares = (value.reshape(4, 2, *value.shape[1:]) for value in (x, mask, weights))
    stats, params, out, inputs = mapped(variables, *shares)
    return stats, params, out.reshape(8, T, -1), inputs.reshape(8, T, -1)


def check(one, four, filters: int) -> None:
    rng = np.random.default_rng(0)
    mask = np.arange(T)[None] < LENGTHS[:, None]
    x = (3 + rng.normal(size=(8, T, D))).astype(np.float32) * mask[:, :, None]
    weights = rng.normal(size=(8, T, filters)).astype(np.float32)
    args = (jnp.arange(8),) if isinstance(one, ResidualBlock) else ()
    variables = jax.jit(partial(one.init, training=False))(jax.random.key(0), x, mask, *args)
    alone, shared = (gradients(module, variables, x, mask, weights) for module in (one, four))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-4, atol=2e-5), alone, shared)
    assert any(np.abs(value).max() > 0.01 for value in jax.tree.leaves(alone[1]))


def test_batch_norm_on_four_devices_equals_one():
    check(MaskedBatchNorm(), MaskedBatchNorm("devices"), D)


def test_a_residual_block_on_four_devices_equals_one():
    check(ResidualBlock(8, 5, 0.0), ResidualBlock(8, 5, 0.0, axis_name="devices"), 8)
