"""Four devices equal one, at the same global batch."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import some_devices

from signjax.augment import Augmentation
from signjax.data.batching import collate as batches
from signjax.errors import InputError
from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import make_input_spec
from signjax.plans.hybrid import HybridSettings
from signjax.training import parallel
from signjax.training.losses import LossSettings
from signjax.training.multi_step import make_multi_step
from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule
from signjax.training.state import TrainState, make_state_initializer
from signjax.training.step import make_eval_step, make_train_step

AUGMENTATION = Augmentation()
FRAMES = 32
LOSS = LossSettings(0.5, 0.5, 2.0, 0.1)


def make_steps(dataset):
    spec = make_input_spec(dataset, (FRAMES,))
    sizes = HybridSettings((8, 12), (5, 3), 1, units=6, heads=2, dropout=0.4)
    model = Hybrid(spec.classes, sizes, axis_name=parallel.AXIS)
    optimizer_settings = OptimizerSettings(1e-3, 0, 100, 0.1, 0.05, 1.0)
    optimizer = make_optimizer(optimizer_settings)
    step = make_train_step(
        model, optimizer, make_schedule(optimizer_settings), LOSS, spec, AUGMENTATION, 0.9, 0, axis_name=parallel.AXIS
    )
    return step, make_eval_step(model, LOSS, spec), make_state_initializer(model, optimizer, spec.features, FRAMES)(0)


STEPS = 3


class Run(NamedTuple):
    """The result of a number of devices for the same batches."""

    state: TrainState
    history: list[dict[str, np.ndarray]]
    first_stats: dict
    answers: dict


def run(dataset, count: int) -> Run:
    devices = some_devices(count)
    step, eval_step, state = make_steps(dataset)
    program = parallel.map_train_step(make_multi_step(step, FRAMES, len(dataset.layout.parts), steps=1), devices)
    state = parallel.replicate(state, devices)
    clips = dataset.indices("train")
    history, stats = [], []
    for at in range(STEPS):
        # 8 of the 12 rows are real: devices hold different numbers of clips and frames, one of them none at all.
        chosen = clips[np.random.default_rng(at).permutation(len(clips))[:8]]
        batch = batches.collate(dataset, chosen, 12, FRAMES)
        state, metrics = program(state, None, parallel.shard_steps([batch], count, 1), 1)
        history.append(jax.tree.map(lambda value: value[0], jax.device_get(metrics)))
        stats.append(jax.device_get(state.batch_stats))
    evaluated = parallel.map_eval_step(eval_step, devices)(state.averaged(), parallel.shard(batch, count))
    return Run(state, history, stats[0], parallel.unshard(evaluated))


def test_four_devices_train_as_one_does(dataset):
    some_devices(4)
    one, four = run(dataset, 1), run(dataset, 4)
    for first, second in zip(one.history, four.history, strict=True):
        for name, value in first.items():
            np.testing.assert_allclose(second[name], value, rtol=2e-3, atol=1e-6, err_msg=name)
    losses = [float(metrics["loss"]) for metrics in one.history]
    assert len(set(losses)) == STEPS  # the steps did something
    # After a single step Adam has not yet blown up the rounding of gradients that are almost zero.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), four.first_stats, one.first_stats)
    np.testing.assert_allclose(four.answers["gloss"]["logits"], one.answers["gloss"]["logits"], atol=2e-2)
    for value in jax.tree.leaves(four.state.params):
        copies = [np.asarray(shard.data) for shard in value.addressable_shards]
        assert len(copies) == 4
        assert all(np.array_equal(copy, copies[0]) for copy in copies)


def test_shards_keep_the_order_of_rows():
    rows = {"row": np.arange(12)}
    sharded = parallel.shard(rows, 4)
    assert sharded["row"].shape == (4, 3)
    mapped = parallel.map_eval_step(lambda _, batch: batch["row"] * 2, some_devices(4))
    np.testing.assert_array_equal(parallel.unshard(mapped(jnp.zeros(()), sharded)), np.arange(12) * 2)


def test_a_batch_that_cannot_be_shared_names_both_numbers():
    with pytest.raises(InputError, match="batch_size is 10; it must be a multiple of the 4 devices"):
        parallel.check_batch_size(10, 4)
