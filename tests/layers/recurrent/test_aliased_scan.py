"""The scan that overwrites its inputs, compared with `jax.lax.scan`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.recurrent.aliased_scan import frame, scan_in_place

T, B = 6, 3


@pytest.mark.parametrize("reverse", [False, True])
def test_it_makes_what_a_scan_makes(reverse):
    rng = np.random.default_rng(0)
    first, second, other = (jnp.asarray(rng.normal(size=(T, B)), jnp.float32) for _ in range(3))

    def update(state, values, third):
        state = state * 0.5 + values[0] * third
        return state, (state + values[1], state * values[1])

    def step(carry, here, at):
        state, made = update(carry[0], here, frame(other, at))
        return (state,), made

    run = jax.jit(lambda arrays: scan_in_place(step, (jnp.zeros(B),), arrays, (jnp.float32,), reverse=reverse))
    written, (states,) = run((first, second))

    def scanned(state, inputs):
        state, made = update(state, inputs[:2], inputs[2])
        return state, (*made, state)

    *expected, after = jax.lax.scan(scanned, jnp.zeros(B), (first, second, other), reverse=reverse)[1]
    for found, wanted in zip(written, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_allclose(states[:-1] if reverse else states[1:], after, rtol=1e-6)
    assert not states[-1 if reverse else 0].any()
