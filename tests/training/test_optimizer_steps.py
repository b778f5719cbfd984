"""Every optimizer, and a plateau, in the training step: on several devices, in parts, with members, and from a checkpoint."""

from functools import cache

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import some_devices
from test_golden_step import make_batch
from test_step import STILL

from signjax.layers.convolution import Convolution
from signjax.layers.pooling import mean_pool
from signjax.plans.optimizer_arguments import ARGUMENTS
from signjax.training import parallel
from signjax.training.checkpoint import Checkpoints
from signjax.training.losses import LossSettings
from signjax.training.members import step_of_members
from signjax.training.multi_step import make_multi_step
from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule
from signjax.training.state import make_state_initializer
from signjax.training.step import make_train_step

STEPS = 6
SETTINGS = {
    **{name: OptimizerSettings(1e-2, 0.0, 0.1, 0.05, 1.0, optimizer=name, total_steps=20) for name in ARGUMENTS},
    # With this rate the loss stays as it is. Windows are single steps, so four after the first show a plateau.
    "plateau": OptimizerSettings(1e-9, 0.0, 0.0, 0.0, 1.0, schedule="plateau", total_steps=20),
}


class Small(nn.Module):
    """A network with a matrix, a kernel, a scale, biases and last layers, to which a batch in parts is the same as whole."""

    classes: dict[str, int]

    @nn.compact
    def __call__(self, x, mask, row, *, training):
        self.variable("batch_stats", "unused", lambda: jnp.zeros(1))
        x = nn.gelu(nn.LayerNorm(name="norm")(nn.Dense(6, name="stem")(x)))
        pooled = mean_pool(Convolution(4, 3, name="convolution")(x), mask)
        return {head: nn.Dense(count, name=f"head_{head}")(pooled) for head, count in self.classes.items()}


class Run:
    """A case of SETTINGS with so many members, on so many devices."""

    def __init__(self, case: str, members: int = 1, devices: int = 2, accumulate: int = 2):
        spec, batch = make_batch()
        self.batch = jax.tree.map(lambda value: np.concatenate([value, *(value[-1:],) * 3]), batch)  # of 8 rows
        self.devices, settings = some_devices(devices), SETTINGS[case]
        model, optimizer = Small(spec.classes), make_optimizer(settings)
        self.fresh = make_state_initializer(model, optimizer, spec.features, spec.frames, members)(0)
        step = make_train_step(
            model, optimizer, make_schedule(settings), LossSettings(), spec, STILL, 0.9, 0, accumulate, parallel.AXIS
        )
        several = make_multi_step(step_of_members(step, members), spec.frames, 2, STEPS)
        self._program = parallel.map_train_step(several, self.devices)

    def steps(self, state, count: int):
        """The state and the metrics after so many steps; the given state can be used again."""
        state = parallel.replicate(jax.device_get(state), self.devices)
        batches = parallel.shard_steps([self.batch] * count, len(self.devices), STEPS)
        state, metrics = self._program(state, None, batches, count)
        return jax.device_get(state), {name: value[:count] for name, value in jax.device_get(metrics).items()}


@cache
def run(case: str, members: int) -> Run:
    return Run(case, members)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("case", SETTINGS)
def test_training_lowers_the_loss_and_goes_on_from_a_checkpoint_as_if_never_stopped(case, members, tmp_path):
    some_devices(2)
    whole, metrics = run(case, members).steps(run(case, members).fresh, STEPS)
    assert all(np.isfinite(value).all() for value in metrics.values())
    assert case == "plateau" or metrics["loss"][-1] < 0.99 * metrics["loss"][0]
    half, _ = run(case, members).steps(run(case, members).fresh, STEPS // 2)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(half, {"epoch": 1, "selected_step": int(half.step)})
        checkpoints.wait()
        restored, _ = checkpoints.restore(STEPS // 2, parallel.replicate(half, some_devices(2)))
    jax.tree.map(np.testing.assert_array_equal, run(case, members).steps(restored, STEPS // 2)[0], whole)


@pytest.mark.parametrize("case", ["muon", "plateau"])  # what is not done for each element by itself
def test_devices_and_parts_of_a_batch_change_nothing(case):
    some_devices(2)
    alone = Run(case, devices=1, accumulate=1)
    (one, first), (two, second) = (each.steps(each.fresh, 2) for each in (alone, run(case, 1)))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), two.params, one.params)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-3, err_msg=name)


@pytest.mark.parametrize("members", [1, 2])
def test_the_metrics_have_the_rate_that_a_plateau_leaves(members):
    some_devices(2)
    _, metrics = run("plateau", members).steps(run("plateau", members).fresh, STEPS)
    np.testing.assert_allclose(metrics["learning_rate"], [1e-9] * 4 + [1e-10] * 2, rtol=1e-5)
    assert np.all(metrics["update_norm"][4:] < 0.2 * metrics["update_norm"][:4].min())
