from dataclasses import replace

import jax
import pytest
from conftest import some_devices

from configs.base import get_config
from signjax.settings import training_plan as training_settings
from signjax.settings.plans import take_apart
from signjax.trainer import Trainer


@pytest.mark.parametrize(
    ("batch_size", "cores", "shares"),
    [(16, 1, 1), (16, 2, 2), (16, 64, 2), (64, 6, 4), (64, 8, 8), (4, 8, 1), (15, 2, 1)],
)
def test_a_core_gets_an_equal_share_of_at_least_eight_clips(batch_size, cores, shares):
    assert training_settings.cpu_devices(batch_size, cores) == shares


def test_the_memory_of_a_step_is_about_what_xla_asks_for(dataset):
    config = get_config()
    config.train.batch_size, config.train.buckets = 32, 1
    some_devices(training_settings.cpu_devices(32, 4))
    plans = take_apart(config).training
    trainer = Trainer(plans, dataset)
    frames, batches, steps = next(iter(trainer.dispatches_of(1)))
    plans = replace(plans, batches=replace(plans.batches, max_frames=frames))
    program = trainer.program(frames).lower(trainer.fresh_state(), trainer.data, batches, steps).compile()
    wanted = program.memory_analysis().temp_size_in_bytes
    assert 0.7 * wanted < training_settings.step_bytes(plans, len(jax.local_devices())) < 1.4 * wanted
