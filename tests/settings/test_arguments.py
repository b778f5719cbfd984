"""Settings that are arguments of the compiled programs: their values are, whether they are 0 is not."""

from dataclasses import fields, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.base import get_config
from signjax.augment import Channels, augment_clip
from signjax.data.layout import registry as layout_registry
from signjax.plans.augmentation import Augmentation
from signjax.plans.training import LossSettings, OptimizerSettings
from signjax.settings.arguments import arguments_of, loss_arguments, with_arguments
from signjax.settings.plans import TrainingPlans, take_apart
from signjax.trainer import Trainer
from signjax.training.losses import clip_losses
from signjax.training.optimizer import make_schedule


def plans(**settings: object) -> TrainingPlans:
    config = get_config()
    config.update_from_flattened_dict(
        {"model.filters": (4, 4), "model.units": 2, "model.heads": 1, "model.depth": 1, "train.batch_size": 4}
        | {"train.buckets": 1, "train.epochs": 1}
        | settings
    )
    return take_apart(config).training


def lowered(dataset, **settings: object) -> str:
    trainer = Trainer(plans(**settings), dataset)
    frames, batches, count = next(trainer.epochs_of().dispatches(1))
    program = trainer.program(frames)
    return program.lower(trainer.shapes, trainer.resident, batches, count).as_text()


def test_other_values_run_the_same_program(dataset):
    others = {
        "seed": 7, "train.learning_rate": 3e-4, "train.weight_decay": 0.2, "train.clip_norm": 0.3, "train.average_decay": 0.9,
        "loss.cross_entropy_weight": 0.25, "loss.focal_weight": 0.75, "loss.focal_gamma": 1.5, "loss.label_smoothing": 0.2,
        "augment.mirror": 0.25, "augment.rotation": 3.0, "augment.turn": 5.0, "augment.scale": 0.2, "augment.stretch": 0.3,
        "augment.posture": 0.1, "augment.noise": 0.2, "augment.part_dropout": 0.1, "augment.frame_dropout": 0.2,
    }  # fmt: skip
    assert lowered(dataset, **others) == lowered(dataset)


def test_every_value_reaches_the_plans():
    asked = plans(**{"seed": 3, "augment.noise": 0.0})
    given = arguments_of(asked)
    assert given["seed"] == 3
    assert "noise" not in given["augmentation"]
    assert set(given["augmentation"]) == {field.name for field in fields(Augmentation)} - {"noise"}
    assert with_arguments(replace(asked, losses=LossSettings(1.0, 1.0, 1.0, 0.5)), given) == asked


@pytest.mark.parametrize("losses", [LossSettings(), LossSettings(1.0, 0.5, 1.5, 0.2), LossSettings(0.0, 1.0, 0.0, 0.0)])
def test_a_loss_with_arguments_is_the_loss(losses):
    logits, labels = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)), jnp.float32), jnp.array([0, 1, 2, -1, 0])
    found = jax.jit(lambda values: clip_losses(logits, labels, replace(losses, **values)))(loss_arguments(losses))
    np.testing.assert_allclose(found, clip_losses(logits, labels, losses), rtol=1e-6)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "step", "plateau", "constant"])
def test_a_schedule_with_an_argument_is_the_schedule(schedule):
    settings = OptimizerSettings(schedule=schedule, learning_rate=3e-4, total_steps=100)
    steps = np.arange(100, dtype=np.float32)
    found = jax.jit(lambda rate: jax.vmap(make_schedule(replace(settings, learning_rate=rate)))(steps))(3e-4)
    np.testing.assert_allclose(found, [make_schedule(settings)(step) for step in steps], rtol=1e-6)


def test_an_augmentation_with_arguments_is_the_augmentation():
    layout = layout_registry.generic(4)
    channels = Channels(layout, np.ones(4, np.float32), np.ones(4, np.float32), False)
    clip = (
        jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)), jnp.float32),
        jnp.array(5),
        jnp.ones((6, 1), bool),
    )
    settings = replace(Augmentation(), scale=0.0)
    values = arguments_of(replace(plans(), augmentation=settings))["augmentation"]
    key = jax.random.key(0)
    found = jax.jit(lambda values: augment_clip(clip, key, replace(settings, **values), channels))(values)
    for one, expected in zip(found, augment_clip(clip, key, settings, channels), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-5, atol=1e-6)
