from dataclasses import replace

import jax
import pytest
from conftest import some_devices

from configs.base import get_config
from signjax.plans.training import LoopSettings
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
    frames, batches, steps = next(trainer.epochs_of().dispatches(1))
    plans = replace(plans, batches=replace(plans.batches, max_frames=frames))
    program = trainer.program(frames).lower(trainer.fresh_state(), trainer.resident, batches, steps).compile()
    wanted = program.memory_analysis().temp_size_in_bytes
    assert 0.7 * wanted < training_settings.step_bytes(plans, len(jax.local_devices())) < 1.4 * wanted


@pytest.mark.parametrize(
    ("steps_per_epoch", "classes", "epochs"),
    [
        (1, 2, 500),
        (4, 20, 500),
        (8, 20, 250),
        (9, 2, 223),
        (80, 20, 25),
        (10_000, 300, 25),
        (80, 30, 38),
        (80, 300, 50),
    ],
)
def test_a_schedule_has_enough_steps_and_enough_passes(steps_per_epoch, classes, epochs):
    assert training_settings.epochs(LoopSettings(), steps_per_epoch, 16, classes) == epochs
    assert training_settings.epochs(LoopSettings(epochs=7), steps_per_epoch, 16, classes) == 7


@pytest.mark.parametrize(
    ("duration", "epochs"),
    [
        ({"steps": 1}, 1),
        ({"steps": 8}, 1),
        ({"steps": 9}, 2),
        ({"clips": 1}, 1),
        ({"clips": 128}, 1),
        ({"clips": 129}, 2),
    ],
)
def test_a_duration_in_steps_or_clips_is_rounded_up_to_whole_epochs(duration, epochs):
    assert training_settings.epochs(LoopSettings(**duration), 8, 16, 30) == epochs


@pytest.mark.parametrize(("patience", "labelled", "chosen"), [(0, 5000, False), (20, 99, False), (20, 100, True)])
def test_no_epoch_is_chosen_by_a_handful_of_clips(patience, labelled, chosen):
    assert training_settings.chooses(LoopSettings(patience=patience), labelled) is chosen


@pytest.mark.parametrize(
    ("refit", "patience", "expected"),
    [("auto", 0, True), ("auto", 20, False), ("yes", 0, True), ("no", 0, False), ("no", 20, False)],
)
def test_a_second_training_follows_a_schedule_that_is_run_to_its_end(refit, patience, expected):
    assert training_settings.refits(LoopSettings(refit=refit, patience=patience)) is expected
