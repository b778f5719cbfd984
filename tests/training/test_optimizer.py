import inspect
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from signjax.plans.optimizer_arguments import ARGUMENTS, read_arguments
from signjax.plans.training import LoopSettings
from signjax.training.optimizer import (
    OptimizerSettings,
    applied_rate,
    heads_alone,
    heads_first,
    make_optimizer,
    make_schedule,
    with_frozen_body,
)

SETTINGS = OptimizerSettings(
    learning_rate=0.1, warmup_fraction=0.34, final_fraction=0.1, weight_decay=0.5, clip_norm=1.0, total_steps=12
)


def test_the_schedule_warms_up_and_ends_with_the_last_step():
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


# Optimizer -> arguments that differ from optax's defaults, so that a test sees whether they arrive.
GIVEN = {
    "adamw": "b1=0.8, b2=0.95, nesterov=True",
    "lion": "b1=0.8, b2=0.95",
    "sgd": "momentum=0.7, nesterov=True",
    "muon": "beta=0.9, ns_steps=4, consistent_rms=0.2, adam_b2=0.95",
}
SHAPES = {
    "dense": (4, 3),
    "convolution": (3, 2, 4),
    "head_gloss": (4, 2),
    "bias": (3,),
    "scale": (4,),
}
BY_MUON = {"dense": (0, 1), "convolution": ((0, 1), 2)}  # with the axes of rows and columns


def arrays(seed, names=tuple(SHAPES)):
    """Parameters, or gradients for them."""
    rng = np.random.default_rng(seed)
    values = {name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name, shape in SHAPES.items()}
    return {name: values[name] for name in names}


def is_decayed(params):
    return {name: name not in ("bias", "scale") for name in params}


def trained(optimizer, names=tuple(SHAPES), steps=6):
    """The parameters after each step, with gradients that do not depend on them."""
    params = arrays(0, names)
    state = optimizer.init(params)
    for step in range(1, steps + 1):
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(arrays(step, names), state, params)
        params = optax.apply_updates(params, updates)
        yield params


def by_hand(name, schedule, decay):
    """What optax has for a name in GIVEN, without clipping: parameters -> optimizer."""
    if name == "adamw":
        return {tuple(SHAPES): optax.adamw(schedule, 0.8, 0.95, weight_decay=decay, mask=is_decayed, nesterov=True)}
    if name == "lion":
        return {tuple(SHAPES): optax.lion(schedule, 0.8, 0.95, weight_decay=decay, mask=is_decayed)}
    if name == "sgd":
        decayed = optax.add_decayed_weights(decay, is_decayed)
        rate = optax.scale_by_learning_rate(schedule)
        return {tuple(SHAPES): optax.chain(optax.trace(0.7, nesterov=True), decayed, rate)}
    axes = {key: optax.contrib.MuonDimensionNumbers(*value) for key, value in BY_MUON.items()}
    muon = optax.contrib.muon(
        schedule, beta=0.9, ns_steps=4, consistent_rms=0.2, weight_decay=decay, muon_weight_dimension_numbers=axes
    )
    adam = optax.adamw(schedule, b2=0.95, weight_decay=decay, mask=is_decayed, nesterov=True)  # as Muon itself is
    return {tuple(BY_MUON): muon, tuple(SHAPES.keys() - BY_MUON.keys()): adam}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_optimizer_equals_optax_called_by_hand(name):
    settings = replace(SETTINGS, optimizer=name, optimizer_arguments=GIVEN[name], clip_norm=1e6)
    found = list(trained(make_optimizer(settings)))
    for names, optimizer in by_hand(name, make_schedule(settings), settings.weight_decay).items():
        for ours, expected in zip(found, trained(optimizer, names), strict=True):
            for key in names:
                np.testing.assert_allclose(ours[key], expected[key], rtol=1e-4, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_decay_spares_biases_and_scales(name):
    """Without a gradient, all else loses rate times decay of itself."""
    settings = replace(SETTINGS, optimizer=name, schedule="constant", warmup_fraction=0.0)
    optimizer, params = make_optimizer(settings), arrays(0)
    updates, _ = optimizer.update(jax.tree.map(jnp.zeros_like, params), optimizer.init(params), params)
    for key, value in params.items():
        expected = 0.0 if key in ("bias", "scale") else -0.1 * 0.5 * value
        np.testing.assert_allclose(updates[key], expected, rtol=1e-5, atol=1e-7, err_msg=key)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_gradients_are_clipped_before_all_else(name):
    """So that one of a thousand times the size changes nothing."""
    settings = replace(SETTINGS, optimizer=name, optimizer_arguments=GIVEN[name], clip_norm=0.1, warmup_fraction=0.0)
    optimizer, params = make_optimizer(settings), arrays(0)
    state = optimizer.init(params)
    small, large = (
        optimizer.update(jax.tree.map(lambda value, size=size: size * value, arrays(1)), state, params)[0]
        for size in (1.0, 1000.0)
    )
    for key, value in small.items():
        np.testing.assert_allclose(large[key], value, rtol=1e-3, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_optimizer_lowers_a_loss(name):
    rate = 0.2 if name == "sgd" else 0.03
    settings = replace(SETTINGS, optimizer=name, learning_rate=rate, weight_decay=0.0, total_steps=200)
    optimizer, params, target = make_optimizer(settings), arrays(0), arrays(1)

    def loss_of(params):
        return sum(((params[key] - target[key]) ** 2).sum() for key in params)

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss_of)(params), state, params)
        return optax.apply_updates(params, updates), state

    before, state = float(loss_of(params)), optimizer.init(params)
    for _ in range(200):
        params, state = step(params, state)
    assert float(loss_of(params)) < 0.05 * before


OPTAX = {"adamw": optax.adamw, "lion": optax.lion, "sgd": optax.sgd, "muon": optax.contrib.muon}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_have_the_names_of_optax_and_values_that_can_be_its_defaults(name):
    known = inspect.signature(OPTAX[name]).parameters
    for argument, kind in ARGUMENTS[name].items():
        default = known[argument].default
        assert default is None or kind.accepts(default), argument
    assert read_arguments(name, "") == {}
    # What is left out is set elsewhere, or is neither a number nor True or False.
    assert known.keys() - ARGUMENTS[name].keys() <= {
        "learning_rate", "weight_decay", "mask", "mu_dtype", "accumulator_dtype", "adam_learning_rate", "adam_weight_decay",
        "weight_decay_mask", "ns_coeffs", "preconditioning", "muon_weight_dimension_numbers",
    }  # fmt: skip


PEAK = replace(SETTINGS, learning_rate=0.4, warmup_fraction=0.1, final_fraction=0.05, total_steps=200)
AT_HALF = 0.4 * (0.05 + 0.95 * (1 + np.cos(np.pi * 80 / 180)) / 2)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        # Steps: start, half of the warm-up, its end, middle, three quarters, last, end, beyond.
        ("cosine", {0: 0.0, 10: 0.2, 20: 0.4, 100: AT_HALF, 199: 0.02, 200: 0.02, 230: 0.02}),
        ("one_cycle", {0: 0.016, 10: 0.208, 20: 0.4, 100: AT_HALF, 199: 0.02, 200: 0.02, 230: 0.02}),
        ("step", {0: 0.0, 10: 0.2, 20: 0.4, 99: 0.4, 100: 0.04, 149: 0.04, 150: 0.004, 199: 0.004, 230: 0.004}),
        ("plateau", {0: 0.0, 10: 0.2, 20: 0.4, 100: 0.4, 199: 0.4, 230: 0.4}),
        ("constant", {0: 0.0, 10: 0.2, 20: 0.4, 100: 0.4, 199: 0.4, 230: 0.4}),
    ],
)
def test_each_schedule_at_its_start_its_peak_its_middle_and_its_end(schedule, expected):
    of_step = make_schedule(replace(PEAK, schedule=schedule))
    for step, rate in expected.items():
        for given in (step, jnp.int32(step), jnp.float32(step)):  # as optax counts, and as the training step does
            np.testing.assert_allclose(jax.jit(of_step)(given), rate, atol=1e-4)


def test_one_cycle_is_the_one_of_optax():
    ours = make_schedule(replace(PEAK, schedule="one_cycle", warmup_fraction=0.3, final_fraction=1 / 25e4))
    theirs = optax.cosine_onecycle_schedule(200, 0.4)
    with jax.numpy_dtype_promotion("standard"):
        for step in range(0, 201, 10):
            np.testing.assert_allclose(ours(step), theirs(step), rtol=1e-5)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "step", "plateau", "constant"])
def test_without_a_warm_up_a_schedule_begins_at_its_peak(schedule):
    for steps in (1, 200):
        settings = replace(PEAK, schedule=schedule, warmup_fraction=0.0, decay_at=(0.75,), total_steps=steps)
        assert float(make_schedule(settings)(0)) == pytest.approx(0.4)
    ended = make_schedule(replace(PEAK, schedule=schedule, final_fraction=0.0))(200)
    assert np.isfinite(ended) and (float(ended) == 0) == (schedule in ("cosine", "one_cycle"))


def test_two_reductions_at_one_step_are_both_made():
    settings = replace(PEAK, schedule="step", decay_at=(0.75, 0.5, 0.501), decay_factor=0.5)
    rates = [float(make_schedule(settings)(step)) for step in (99, 100, 150)]
    np.testing.assert_allclose(rates, [0.4, 0.1, 0.05])


# Windows of 5 steps; four of them without a lower loss are a tenth of all steps.
PLATEAU = replace(
    PEAK,
    optimizer="sgd",
    schedule="plateau",
    warmup_fraction=0.0,
    weight_decay=0.0,
    clip_norm=1e6,
    plateau_fraction=0.1,
)


def rates_of(settings, losses, state=None):
    """The learning rate that each of the losses is followed by, measured by the updates, and the last state."""
    optimizer, params = make_optimizer(settings), {"bias": jnp.zeros(1)}
    update = jax.jit(lambda state, loss: optimizer.update({"bias": jnp.ones(1)}, state, params, value=loss))
    state, found = optimizer.init(params) if state is None else state, []
    for loss in losses:
        updates, state = update(state, jnp.float32(loss))
        found.append(-float(updates["bias"][0]))
        told = applied_rate(make_schedule(settings)(0), state)
        assert float(told) == pytest.approx(found[-1])
    return np.array(found), state


def test_a_plateau_lowers_the_rate_when_the_loss_stops():
    falling, noise = 2.0 - 0.01 * np.arange(50), np.resize([0.3, -0.3, 0.2, -0.2, 0.0], 50)
    assert np.all(rates_of(PLATEAU, falling + noise)[0] == np.float32(0.4))  # a mean of a window falls
    rates, _ = rates_of(PLATEAU, np.concatenate([falling + noise, np.full(70, 1.6)]))
    np.testing.assert_allclose(rates[:69], 0.4)
    np.testing.assert_allclose(rates[69:89], 0.04, rtol=1e-5)  # from the last step of the fourth window on
    np.testing.assert_allclose(rates[89:], 0.02, rtol=1e-5)  # the lowest, a twentieth of the peak


def test_a_plateau_is_seen_in_a_run_that_goes_on_with_smaller_windows():
    _, state = rates_of(PLATEAU, np.full(9, 1.0))  # 4 steps into the second window
    rates, _ = rates_of(replace(PLATEAU, total_steps=80), np.full(20, 1.0), state)
    assert rates[0] == np.float32(0.4) and rates[-1] < 0.1


def test_frozen_parameters_keep_their_values_and_have_no_state():
    params = {"stem": {"kernel": jnp.ones((2, 3))}, "head_gloss": {"kernel": jnp.ones((3, 4)), "bias": jnp.ones(4)}}
    optimizer = heads_alone(make_optimizer(OptimizerSettings()))
    gradient = jax.tree.map(jnp.ones_like, params)
    state = optimizer.init(params)
    assert not any(leaf.shape == (2, 3) for leaf in jax.tree.leaves(state))
    for _ in range(2):  # the first step of the warm-up has a rate of 0
        updates, state = optimizer.update(gradient, state, params)
    assert not np.asarray(updates["stem"]["kernel"]).any()
    assert all(np.asarray(leaf).all() for leaf in jax.tree.leaves(updates["head_gloss"]))


def test_the_body_waits_and_then_changes_as_it_would_have():
    params = {"stem": {"kernel": jnp.ones((2, 3))}, "head_gloss": {"kernel": jnp.ones((3, 4))}}
    plain, first = make_optimizer(SETTINGS), heads_first(make_optimizer(SETTINGS), 3)
    state, held = plain.init(params), first.init(params)
    of_plain, of_first = jax.jit(plain.update), jax.jit(first.update)
    rng = np.random.default_rng(0)
    for step in range(5):
        gradient = jax.tree.map(lambda value: jnp.asarray(rng.normal(size=value.shape), jnp.float32), params)
        updates, state = of_plain(gradient, state, params)
        found, held = of_first(gradient, held, params)
        np.testing.assert_array_equal(found["head_gloss"]["kernel"], updates["head_gloss"]["kernel"])
        np.testing.assert_array_equal(
            found["stem"]["kernel"], updates["stem"]["kernel"] if step >= 3 else 0 * updates["stem"]["kernel"]
        )
    assert np.asarray(updates["stem"]["kernel"]).all()


def test_what_is_trained_follows_the_settings():
    optimizer, params = make_optimizer(SETTINGS), {"stem": jnp.ones((2, 3)), "head_gloss": jnp.ones((3, 4))}
    assert with_frozen_body(optimizer, LoopSettings(), SETTINGS) is optimizer

    def steps_without_the_body(loop: LoopSettings) -> int:
        chosen = with_frozen_body(optimizer, loop, SETTINGS)
        update, state, still = jax.jit(chosen.update), chosen.init(params), 0
        for _ in range(SETTINGS.total_steps):
            updates, state = update(jax.tree.map(jnp.ones_like, params), state, params)
            still += not np.asarray(updates["stem"]).any()
        return still

    # The first step of the warm-up has a rate of 0.
    assert steps_without_the_body(LoopSettings(freeze_fraction=0.25)) == 3
    assert steps_without_the_body(LoopSettings(freeze=True, freeze_fraction=0.25)) == 12


def test_what_a_plateau_has_left_is_seen_behind_a_frozen_body():
    settings = replace(SETTINGS, schedule="plateau", plateau_fraction=0.4)
    params = {"stem": jnp.ones((2, 3)), "head_gloss": jnp.ones((3, 4))}
    optimizer = with_frozen_body(make_optimizer(settings), LoopSettings(freeze_fraction=0.25), settings)
    update, state = jax.jit(optimizer.update), optimizer.init(params)
    for _ in range(12):
        _, state = update(jax.tree.map(jnp.ones_like, params), state, params, value=jnp.float32(1.0))
    assert float(applied_rate(jnp.float32(1.0), state)) < 1.0
