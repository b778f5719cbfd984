"""The numbers of one training step of a small model, as they were when this file was last changed."""

import jax
import jax.numpy as jnp
import numpy as np

from signjax.augment import Augmentation
from signjax.data.batching.batch import Batch
from signjax.data.cleaning.clean import Cleaning
from signjax.data.layout.parts import Layout, Part
from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import InputSpec
from signjax.plans.hybrid import HybridSettings
from signjax.training.losses import LossSettings
from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule
from signjax.training.state import make_state_initializer
from signjax.training.step import make_train_step

GOLDEN = {
    "gradient_norm": 6.7921801,
    "learning_rate": 0.01,
    "loss": 1.2068934,
    "parameter_norm": 15.940545,
    "top1/gloss": 0.75,
    "top1/hands": 0.0,
    "update_norm": 0.46707305,
    "statistics_norm": 5.1125460,
    "average_sum": 120.72470,
}
# The first step of Adam is of full size wherever a gradient is nothing but rounding, as for a bias before a batch norm.
LOOSE = {"update_norm": 2e-3, "average_sum": 2e-3}

WHEN = (
    "One training step gives other numbers than before. If you meant to change the model, its initial values, the loss, the "
    "augmentation, the optimizer or a random stream, put the new numbers into GOLDEN in the same commit, and say in CHANGELOG.md "
    "that runs of earlier versions cannot be repeated exactly. If you meant to change none of these, or only their speed, the "
    "change has a mistake: do not update the numbers"
)


def make_batch() -> tuple[InputSpec, Batch]:
    """Four clips of made-up hands, one unlabelled, and a row that only fills the batch."""
    layout = Layout("hands", (Part("left", 2, "xyz", "right"), Part("right", 2, "xyz", "left")), mirrors=True)
    random, count = np.random.default_rng(0), 5
    length = np.array([16, 9, 12, 16, 0], np.int32)
    real = np.arange(16)[None] < length[:, None]
    frames = random.normal(size=(count, 16, layout.width)).cumsum(1) * real[:, :, None]
    spec = InputSpec(
        dataset="",
        layout=layout,
        source_layout=layout,
        heads={"gloss": ("a", "b", "c"), "hands": ("one", "two")},
        mean=np.full(layout.width, 0.1, np.float32),
        std=np.full(layout.width, 2.0, np.float32),
        within=np.full(layout.width, 1.5, np.float32),
        speed=np.full(layout.width, 1.0, np.float32),
        low=np.full(layout.width, -9.0, np.float32),
        high=np.full(layout.width, 9.0, np.float32),
        bones=None,
        cleaning=Cleaning(),
        no_sign=False,
        buckets=(16,),
    )
    batch = Batch(
        frames=frames.astype(np.float32),
        length=length,
        valid=(random.random((count, 16, 2)) < 0.9) & real[:, :, None],
        labels=np.array([[0, 1], [2, 0], [1, -1], [0, 1], [-1, -1]], np.int32),
        weight=np.array([1, 1, 1, 1, 0], np.float32),
        row=np.arange(count, dtype=np.int32),
    )
    return spec, batch


def test_one_step_gives_the_numbers_it_gave():
    spec, batch = make_batch()
    sizes = HybridSettings((6, 8), (5, 3), depth=1, units=4, heads=2, dropout=0.3)
    model = Hybrid(spec.classes, sizes)
    settings = OptimizerSettings(1e-2, 0.0, 0.1, 0.05, 1.0, total_steps=100)
    optimizer = make_optimizer(settings)
    step = make_train_step(
        model,
        optimizer,
        make_schedule(settings),
        LossSettings(0.5, 0.5, 2.0, 0.1),
        spec,
        Augmentation(posture=0.1, noise=0.1, part_dropout=0.1, frame_dropout=0.1),
        decay=0.9,
        seed=0,
    )
    state = make_state_initializer(model, optimizer, spec.features, spec.frames)(0)
    new, metrics = jax.jit(step)(state, jax.tree.map(jnp.asarray, batch))
    found = {name: float(value) for name, value in metrics.items()}
    found["statistics_norm"] = float(jnp.sqrt(sum((leaf**2).sum() for leaf in jax.tree.leaves(new.batch_stats))))
    found["average_sum"] = float(sum(leaf.sum() for leaf in jax.tree.leaves(new.average)))
    assert found.keys() == GOLDEN.keys(), f"{WHEN}: {found}"
    for name, value in found.items():
        assert np.isclose(value, GOLDEN[name], rtol=LOOSE.get(name, 1e-4), atol=1e-6), (
            f"{WHEN}: {name} is {value}; all: {found}"
        )
