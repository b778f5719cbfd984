"""The projection compared with Flax's dense layer."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.linear import Projection, project

B, T, D = 3, 5, 6


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("features", [4, 9])
def test_values_and_gradients_are_those_of_a_dense_layer(features, use_bias):
    rng = np.random.default_rng(0)
    x, weights = (jnp.asarray(rng.normal(size=(B, T, width)), jnp.float32) for width in (D, features))
    ours, flax = Projection(features, use_bias), nn.Dense(features, use_bias)
    variables = jax.jit(flax.init)(jax.random.key(0), x)
    assert jax.tree.structure(jax.eval_shape(ours.init, jax.random.key(0), x)) == jax.tree.structure(variables)

    def gradients(module):
        loss = jax.value_and_grad(lambda values, x: (module.apply(values, x) * weights).sum(), argnums=(0, 1))
        return jax.jit(loss)(variables, x)

    for found, expected in zip(*(jax.tree.leaves(gradients(module)) for module in (ours, flax)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("width", [1, 2])
def test_the_gradient_of_a_bfloat16_kernel_is_added_up_in_float32(width):
    frames = 4096
    x, kernel = jnp.ones((1, frames, width), jnp.bfloat16), jnp.ones((width, 1), jnp.bfloat16)
    gradient = jax.grad(lambda kernel: project(x, kernel).astype(jnp.float32).sum())(kernel)
    assert gradient.dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.float32(gradient), frames)  # a bfloat16 sum of ones stops at 256
