import jax
import jax.numpy as jnp
import numpy as np
import optax

from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule

SETTINGS = OptimizerSettings(
    learning_rate=0.1, warmup_epochs=4, decay_epochs=12, final_fraction=0.1, weight_decay=0.5, clip_norm=1.0
)


def test_the_schedule_warms_up_decays_and_stays():
    schedule = make_schedule(SETTINGS)
    found = [float(schedule(step)) for step in range(20)]
    expected = [0.1 * step / 4 for step in range(4)]
    expected += [0.1 * (0.1 + 0.9 * (1 + np.cos(np.pi * (step - 4) / 8)) / 2) for step in range(4, 12)]
    expected += [0.01] * 8
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_updates_equal_adamw_written_out_in_numpy():
    """Each step, not only the last: gradients clipped by their global norm, decay only on the matrix."""
    optimizer, schedule = make_optimizer(SETTINGS), make_schedule(SETTINGS)
    params = {"kernel": jnp.array([[1.0, -2.0]]), "bias": jnp.array([0.5])}
    state = optimizer.init(params)
    expected = {name: np.asarray(value, np.float64) for name, value in params.items()}
    first = {name: np.zeros_like(value) for name, value in expected.items()}
    second = {name: np.zeros_like(value) for name, value in expected.items()}
    rng = np.random.default_rng(0)
    for step in range(8):
        gradient = {name: rng.normal(size=value.shape) for name, value in expected.items()}
        given = {name: jnp.asarray(value, jnp.float32) for name, value in gradient.items()}
        updates, state = optimizer.update(given, state, params)
        params = optax.apply_updates(params, updates)
        norm = np.sqrt(sum((value**2).sum() for value in gradient.values()))
        rate = float(schedule(step))
        for name, value in gradient.items():
            clipped = value / max(norm, 1.0)
            first[name] = 0.9 * first[name] + 0.1 * clipped
            second[name] = 0.999 * second[name] + 0.001 * clipped**2
            adam = first[name] / (1 - 0.9 ** (step + 1)) / (np.sqrt(second[name] / (1 - 0.999 ** (step + 1))) + 1e-8)
            decay = 0.5 * expected[name] if name == "kernel" else 0.0
            expected[name] = expected[name] - rate * (adam + decay)
            np.testing.assert_allclose(params[name], expected[name], rtol=1e-4, atol=1e-5)


def test_the_state_has_the_shapes_of_the_parameters():
    params = {"layer": {"kernel": jnp.ones((3, 4)), "bias": jnp.ones(4)}}
    adam = make_optimizer(SETTINGS).init(params)[1][0]
    shapes = jax.tree.map(jnp.shape, params)
    assert jax.tree.map(jnp.shape, adam.mu) == shapes == jax.tree.map(jnp.shape, adam.nu)
