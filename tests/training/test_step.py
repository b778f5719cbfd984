"""What the result of a training step may depend on."""

import dataclasses
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.augment import Augmentation
from signjax.data.batching.collate import collate
from signjax.errors import InputError
from signjax.model.hybrid import Hybrid
from signjax.model.input_spec import make_input_spec
from signjax.plans.hybrid import HybridSettings
from signjax.runtime.out_of_memory import explain_out_of_memory
from signjax.training.losses import LossSettings
from signjax.training.optimizer import OptimizerSettings, make_optimizer, make_schedule
from signjax.training.state import make_state_initializer
from signjax.training.step import make_train_step

CLIPS, FRAMES = 8, 64
STILL = Augmentation(**dict.fromkeys((field.name for field in dataclasses.fields(Augmentation)), 0.0))
LIVELY = Augmentation()


def one_step(dataset, frames=FRAMES, accumulate=1, augmentation=STILL, **changes):
    """The metrics and the new parameters of a first step, on one device without a mapped axis."""
    spec = make_input_spec(dataset, (frames,))
    fields = {"filters": (8, 12), "kernels": (5, 3), "depth": 1, "units": 6, "heads": 2, "dropout": 0.0}
    model = Hybrid(spec.classes, HybridSettings(**(fields | changes)))
    optimizer_settings = OptimizerSettings(1e-3, 0, 100, 0.1, 0.05, 1.0)
    optimizer = make_optimizer(optimizer_settings)
    step = make_train_step(
        model,
        optimizer,
        make_schedule(optimizer_settings),
        LossSettings(0.5, 0.5, 2.0, 0.1),
        spec,
        augmentation,
        decay=0.9,
        seed=0,
        accumulate=accumulate,
    )
    state = make_state_initializer(model, optimizer, spec.features, frames)(0)
    batch = jax.tree.map(jnp.asarray, collate(dataset, dataset.indices("train")[:CLIPS], CLIPS, frames))
    new, metrics = jax.jit(step)(state, batch)
    return jax.device_get(metrics), jax.device_get(new)


def test_a_step_is_the_same_whatever_its_batch_is_padded_to(dataset):
    """Dropout and augmentation are drawn per clip and frame, so even they are independent of the padding."""
    short = replace(dataset, offsets=np.arange(len(dataset) + 1) * 30)
    assert short.offsets[-1] <= len(dataset.features)
    first, second = (one_step(short, frames, augmentation=LIVELY, dropout=0.4)[0] for frames in (32, 64))
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=2e-4, err_msg=name)


def test_a_batch_in_parts_has_the_gradient_of_the_mean_of_the_parts(dataset):
    """Except for batch norm, which sees each part separately; with equal parts even its result is the same."""
    twice = replace(
        dataset,
        features=np.concatenate([dataset.features[: dataset.offsets[4]]] * 2),
        offsets=np.concatenate([dataset.offsets[:4], dataset.offsets[:5] + dataset.offsets[4]]),
        labels=np.concatenate([dataset.labels[:4]] * 2),
        valid=None,
        split=np.zeros(8, np.int8),
        clips=[*dataset.clips[:4]] * 2,
    )
    whole, parts = one_step(twice), one_step(twice, accumulate=2)
    for name, value in whole[0].items():
        np.testing.assert_allclose(parts[0][name], value, rtol=1e-3, err_msg=name)
    # Running statistics move once for each part.
    assert not np.allclose(
        whole[1].batch_stats["stem_norm"]["mean"], parts[1].batch_stats["stem_norm"]["mean"], rtol=1e-3
    )


def test_lack_of_memory_names_the_keys_to_turn():
    advice = r"ran out of memory \(RESOURCE_EXHAUSTED: 9 GB\).*train.accumulate=2.*model.remat=True.*model.precision=bfloat16"
    with pytest.raises(InputError, match=advice), explain_out_of_memory():
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: 9 GB")
    with pytest.raises(InputError, match="ran out of memory"), explain_out_of_memory():
        raise MemoryError
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"), explain_out_of_memory():
        raise jax.errors.JaxRuntimeError("INTERNAL: broken")
