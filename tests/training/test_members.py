"""Members are trained as they would be alone, and answer together."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import some_devices
from test_golden_step import make_batch

from signjax.augment import Augmentation
from signjax.errors import InputError
from signjax.evaluation.metrics import true_class_rank
from signjax.model.hybrid import Hybrid
from signjax.plans.hybrid import HybridSettings
from signjax.rng.streams import stream_key
from signjax.training import members as axis
from signjax.training import parallel
from signjax.training.checkpoint import Checkpoints
from signjax.training.losses import LossSettings, clip_losses
from signjax.training.members import pooled, right, step_of_members
from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule
from signjax.training.state import make_state_initializer
from signjax.training.step import make_eval_step, make_train_step

MEMBERS, DEVICES = 3, 2
LOSS = LossSettings(0.5, 0.5, 2.0, 0.1)
# Adam makes steps of full size of gradients that are nothing but rounding, so weights may differ by a few learning rates.
LEARNING_RATE = 1e-4


class Case:
    """A small model, its steps, and a batch for two devices, of which one holds a row more that only fills it."""

    def __init__(self):
        self.spec, batch = make_batch()
        batch = jax.tree.map(lambda value: np.concatenate([value, value[-1:]]), batch)._replace(
            row=np.arange(6, dtype=np.int32)
        )
        self.batch = parallel.shard(batch, DEVICES)
        self.model = Hybrid(
            self.spec.classes, HybridSettings((6,), (3,), depth=1, units=4, heads=2, dropout=0.3), parallel.AXIS
        )
        settings = OptimizerSettings(LEARNING_RATE, 0.0, 1.0, 0.05, 1.0, total_steps=100)
        self.optimizer = make_optimizer(settings)
        augmentation = Augmentation(0.5, 0.1, 0.1, 0.1, 0.1)
        self.step = make_train_step(
            self.model, self.optimizer, make_schedule(settings), LOSS, self.spec, augmentation, 0.9, seed=0,
            axis_name=parallel.AXIS,
        )  # fmt: skip

    @cache  # noqa: B019  (one case lives as long as the tests)
    def fresh(self, members: int):
        return make_state_initializer(self.model, self.optimizer, self.spec.features, self.spec.frames, members)(0)

    def program(self, step):
        """A mapped step of (state, number of a member); the state can be used again."""
        devices = some_devices(DEVICES)
        program = parallel.map_train_step(lambda state, _, batch, member: step(state, batch, member), devices)
        return lambda state, member=0: program(
            parallel.replicate(jax.device_get(state), devices), None, self.batch, member
        )


def member_of(state, member: int):
    """The state of one member, as an unmapped step has it."""
    return jax.tree.map(lambda value: value[member], state.replace(step=jnp.full(MEMBERS, state.step)))


def assert_close(tree, expected, **tolerance):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), tree, expected)


@pytest.fixture(scope="module")
def case():
    some_devices(DEVICES)
    return Case()


def all_members(case):
    together = step_of_members(case.step, MEMBERS)
    return case.program(lambda state, batch, _: together(state, batch))


@pytest.fixture(scope="module")
def together(case):
    """The step of all members, one after another."""
    return all_members(case)


@pytest.fixture(scope="module")
def alone(case):
    """For each member its state before, and after each of two steps by itself; and the metrics of the steps."""
    program, together, found = case.program(case.step), case.fresh(MEMBERS), []
    for member in range(MEMBERS):
        states, metrics = [member_of(together, member)], []
        for _ in range(2):
            state, measured = program(states[-1], member)
            states.append(jax.device_get(state))
            metrics.append(jax.device_get(measured))
        found.append((states, metrics))
    return found


@pytest.mark.parametrize("device", ["cpu", "accelerator"])
def test_a_member_trains_as_it_would_alone(case, alone, together, device, monkeypatch):
    """Whether members run one after another, as on a CPU, or all at once."""
    state = case.fresh(MEMBERS)
    if device == "accelerator":
        monkeypatch.setattr(axis, "_one_by_one", lambda: False)
        together = all_members(case)
    for done in (1, 2):
        state, metrics = together(state)
        assert state.step == done
        for name, value in metrics.items():
            mean = np.mean([measured[done - 1][name] for _, measured in alone])
            np.testing.assert_allclose(value, mean, rtol=2e-3, err_msg=name)
        for member, (states, _) in enumerate(alone):
            found, expected = jax.device_get(member_of(state, member)), states[done]
            assert_close(found.params, expected.params, rtol=1e-4, atol=3 * done * LEARNING_RATE)
            assert_close(found.batch_stats, expected.batch_stats, rtol=1e-3, atol=1e-4)
            assert_close(found.average, expected.average, rtol=1e-3, atol=3 * done * LEARNING_RATE)
            assert_close(found.opt_state, expected.opt_state, rtol=2e-2, atol=1e-4)
    losses = {float(measured[0]["loss"]) for _, measured in alone}
    assert len(losses) == MEMBERS


def test_members_begin_with_weights_of_their_own(case):
    state, single = case.fresh(MEMBERS), case.fresh(1)
    assert state.step.shape == single.step.shape == ()
    inputs = (jnp.zeros((1, 16, case.spec.features)), jnp.ones((1, 16), bool), jnp.zeros(1, jnp.int32))
    initialize = jax.jit(lambda key: case.model.init({"params": key}, *inputs, training=False)["params"])
    for member in range(MEMBERS):
        expected = initialize(stream_key(0, 0, "params", member))
        assert_close(member_of(state, member).params, expected, rtol=1e-5, atol=1e-6)
    kernels = [*state.params["stem"]["kernel"], single.params["stem"]["kernel"]]
    assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == MEMBERS + 1
    assert jax.tree.map(lambda value: value[0].shape, state.replace(step=jnp.zeros(1))) == jax.tree.map(
        jnp.shape, single
    )


def test_a_single_network_has_no_axis_and_draws_what_it_drew(case):
    assert case.fresh(1).params["stem"]["kernel"].ndim == 2
    calls = []
    step_of_members(lambda *arguments: calls.append(arguments) or ("state", {}), 1)("before", "batch")
    assert calls == [("before", "batch", None)]


def test_a_restored_state_trains_on_as_the_saved_one(case, together, tmp_path):
    state, _ = together(case.fresh(MEMBERS))
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state, {"epoch": 1, "selected_step": int(state.step)})
        checkpoints.wait()
        restored, _ = checkpoints.restore(1, state)
        jax.tree.map(np.testing.assert_array_equal, together(restored)[0], together(state)[0])
        for other in (1, 2):
            like = parallel.replicated_shapes(partial(case.fresh, other), devices=some_devices(DEVICES))
            with pytest.raises(InputError, match="belongs to another model"):
                checkpoints.restore(1, like)
            with pytest.raises(InputError, match="belongs to another model"):
                checkpoints.restore_average(1, like.average)


def test_members_answer_with_the_mean_of_their_log_probabilities(case):
    variables = case.fresh(MEMBERS).average
    batch = jax.tree.map(lambda value: jnp.asarray(value.reshape(-1, *value.shape[2:])), case.batch)
    single, several = (jax.jit(make_eval_step(case.model, LOSS, case.spec, members)) for members in (1, MEMBERS))
    each = [single(jax.tree.map(lambda value, m=m: value[m], variables), batch) for m in range(MEMBERS)]
    found = several(variables, batch)
    assert each[0]["gloss"].keys() == {"logits", "loss"}
    for column, head in enumerate(case.spec.heads):
        logits = np.stack([answers[head]["logits"] for answers in each]).astype(np.float64)
        log_probabilities = logits - np.log(np.exp(logits).sum(2, keepdims=True))
        np.testing.assert_allclose(found[head]["logits"], log_probabilities.mean(0), rtol=1e-4, atol=1e-5)
        labels = batch.labels[:, column]
        np.testing.assert_allclose(found[head]["loss"], clip_losses(found[head]["logits"], labels, LOSS), rtol=1e-5)
        expected = np.asarray(labels)[:, None] == logits.argmax(2).T
        known = np.asarray(labels) >= 0
        np.testing.assert_array_equal(found[head]["members"][known], expected[known])


def test_a_member_that_ties_or_diverges_is_not_right():
    logits = np.random.default_rng(0).integers(0, 3, (MEMBERS, 50, 3)).astype(np.float32)
    logits[:, -1] = np.nan
    labels = np.arange(50, dtype=np.int32) % 3
    expected = np.stack([true_class_rank(one, labels) == 0 for one in logits], axis=1)
    np.testing.assert_array_equal(right(jnp.asarray(logits), jnp.asarray(labels)), expected)
    assert 0 < expected.mean() < 0.5
    assert np.isnan(pooled(jnp.asarray(logits))[-1]).all()
