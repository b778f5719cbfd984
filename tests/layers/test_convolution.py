"""The convolution's own backward pass against the one that jax derives."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.convolution import Convolution, convolve


def by_jax(x, kernel):
    return jax.lax.conv_general_dilated(x, kernel, (1,), "SAME", dimension_numbers=("NHC", "HIO", "NHC"))


@pytest.mark.parametrize("window", [1, 4, 5])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_outputs_and_gradients_are_those_of_jax(window, dtype):
    """Also in a loop, for which the backward pass is there."""
    rng = np.random.default_rng(0)
    x, target = (jnp.asarray(rng.normal(size=(3, 12, width)), dtype) for width in (6, 7))
    kernels = jnp.asarray(rng.normal(size=(2, window, 6, 7)), dtype)

    def results(convolution):
        def of(kernel):
            y, pull = jax.vjp(convolution, x, kernel)
            return y, *pull(target)

        return of

    expected = jax.vmap(results(by_jax))(kernels)
    found = jax.jit(lambda: jax.lax.map(results(convolve), kernels))()
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == dtype
        rtol = 1e-5 if dtype == jnp.float32 else 0.05
        np.testing.assert_allclose(one.astype(jnp.float32), other.astype(jnp.float32), rtol=rtol, atol=rtol)


def test_the_layer_is_that_of_flax():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 9, 4)), jnp.float32)
    flax, ours = nn.Conv(5, (3,), use_bias=False), Convolution(5, 3)
    variables = flax.init(jax.random.key(0), x)
    jax.tree.map(np.testing.assert_array_equal, ours.init(jax.random.key(0), x), variables)
    np.testing.assert_allclose(ours.apply(variables, x), flax.apply(variables, x), rtol=1e-6)
