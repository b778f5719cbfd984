"""How much a clip of a rare class counts."""

from dataclasses import fields

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.augment import Augmentation
from signjax.data.batching.collate import collate
from signjax.model.input_spec import make_input_spec
from signjax.plans.training import CLASS_WEIGHTS, LossSettings, OptimizerSettings
from signjax.settings.training_plan import weights_of_classes
from signjax.training.class_weights import class_weights
from signjax.training.losses import clip_losses
from signjax.training.optimizer import make_optimizer, make_schedule
from signjax.training.state import TrainState
from signjax.training.step import make_train_step

COUNTS = np.array([8, 2, 0, 4])


@pytest.mark.parametrize("kind", CLASS_WEIGHTS[1:])
def test_a_clip_counts_1_on_average_and_an_absent_class_nothing(kind):
    weights = class_weights(COUNTS, kind)
    assert weights.dtype == np.float32 and weights[2] == 0
    assert (weights * COUNTS).sum() / COUNTS.sum() == pytest.approx(1)
    assert weights[1] > weights[3] > weights[0] > 0


def test_the_weights_are_those_of_the_formulas():
    np.testing.assert_allclose(class_weights(COUNTS, "balanced"), [14 / 24, 14 / 6, 0, 14 / 12], rtol=1e-6)
    inverse = np.array([8**-0.5, 2**-0.5, 0, 4**-0.5])
    np.testing.assert_allclose(class_weights(COUNTS, "inverse_sqrt"), inverse * 14 / (inverse @ COUNTS), rtol=1e-6)
    effective = np.array([0.001 / (1 - 0.999**8), 0.001 / (1 - 0.999**2), 0, 0.001 / (1 - 0.999**4)])
    np.testing.assert_allclose(
        class_weights(COUNTS, "effective_number"), effective * 14 / (effective @ COUNTS), rtol=1e-6
    )
    many = class_weights(np.array([100_000, 10_000]), "effective_number")
    assert many[1] == pytest.approx(many[0], rel=1e-3)
    assert class_weights(COUNTS, "none") is None and class_weights(np.zeros(3, int), "balanced") is None


def test_the_loss_of_a_clip_is_multiplied_by_the_weight_of_its_class():
    logits, labels = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)), jnp.float32), jnp.array([0, 3, -1, 1])
    plain = np.asarray(clip_losses(logits, labels, LossSettings()))
    weighted = clip_losses(logits, labels, LossSettings(), np.array([0.5, 3.0, 7.0, 2.0], np.float32))
    np.testing.assert_allclose(weighted, plain * [0.5, 2.0, 0.0, 3.0], rtol=1e-6)


class Undecided:
    """A model that gives all classes the same score."""

    def __init__(self, classes):
        self.classes = classes

    def init(self, *_, **__):
        """A part of the interface that is not called."""

    def apply(self, variables, x, mask, row, **_):
        scores = {
            head: jnp.zeros((len(x), count)) + variables["params"]["bias"] for head, count in self.classes.items()
        }
        return scores, {"batch_stats": {}}


def test_the_step_weighs_the_clips_of_a_batch(dataset):
    spec = make_input_spec(dataset, (32,))
    settings, still = OptimizerSettings(), Augmentation(**{field.name: 0.0 for field in fields(Augmentation)})
    optimizer, weights = make_optimizer(settings), np.array([0.5, 1.0, 1.5, 4.0], np.float32)
    clips = dataset.indices("train")[:6]
    batch = jax.tree.map(jnp.asarray, collate(dataset, clips, 8, 32))  # two of its rows are no clips

    def loss(class_weights):
        schedule, parts = make_schedule(settings), {"bias": jnp.zeros(())}
        step = make_train_step(
            Undecided(spec.classes),
            optimizer,
            schedule,
            LossSettings(),
            spec,
            still,
            0.9,
            0,
            class_weights=class_weights,
        )
        state = TrainState(jnp.int32(0), parts, {}, optimizer.init(parts), {"params": parts, "batch_stats": {}})
        return float(jax.jit(step)(state, batch)[1]["loss"])

    assert loss({"gloss": weights}) == pytest.approx(loss({}) * weights[dataset.labels[clips, 0]].mean(), rel=1e-5)


def test_only_training_clips_are_counted(dataset):
    train = dataset.indices("train")
    some = train[dataset.labels[train, 0] != 1]  # without one class, and more than one clip of each other
    found = weights_of_classes(LossSettings(class_weights="balanced"), dataset, some)
    assert found.keys() == {"gloss"} and found["gloss"][1] == 0 and (found["gloss"][[0, 2, 3]] > 0).all()
    assert weights_of_classes(LossSettings(), dataset, some) == {}
