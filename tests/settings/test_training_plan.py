import jax
import numpy as np
import pytest
from conftest import make_recipe, silent, some_devices

from configs.base import get_config
from signjax.data.preparation.prepare import prepare
from signjax.settings import training_plan as training_settings
from signjax.trainer import Trainer


@pytest.mark.parametrize(
    ("batch_size", "cores", "shares"),
    [(16, 1, 1), (16, 2, 2), (16, 64, 2), (64, 6, 4), (64, 8, 8), (4, 8, 1), (15, 2, 1)],
)
def test_a_core_gets_an_equal_share_of_at_least_eight_clips(batch_size, cores, shares):
    assert training_settings.cpu_devices(batch_size, cores) == shares


@pytest.mark.parametrize("centre", [True, False])
def test_coordinates_are_mirrored_in_training_only_if_they_are_centred(tmp_path, centre):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "hands.npz", frames=300 + rng.normal(size=(12, 9, 84)).cumsum(1), labels=np.arange(12) % 3)
    recipe = make_recipe(
        source="arrays", path=str(tmp_path / "hands.npz"), layout="hands_xy", split="stratified", centre=centre
    )
    inputs = training_settings.inputs(prepare(recipe, tmp_path / "data", silent))
    assert (inputs.mirror is not None) == centre


def test_the_memory_of_a_step_is_about_what_xla_asks_for(dataset):
    config = get_config()
    config.train.batch_size, config.train.buckets = 32, 1
    some_devices(training_settings.cpu_devices(32, 4))
    trainer = Trainer(config, dataset)
    frames, batches, steps = next(iter(trainer.dispatches_of(1)))
    config.data.max_frames = frames
    program = trainer.program(frames).lower(trainer.fresh_state(), trainer.data, batches, steps).compile()
    wanted = program.memory_analysis().temp_size_in_bytes
    assert 0.7 * wanted < training_settings.step_bytes(config, len(jax.local_devices())) < 1.4 * wanted


def test_rotations_need_no_centre(dataset):
    assert training_settings.inputs(dataset).mirror is not None
