"""A batch gathered on the device is the batch made on the host."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.batches import collate, frame_indices
from signjax.data.order import plan_epoch
from signjax.training.feed import clip_numbers, dispatches
from signjax.training.resident import as_resident, gather, resident_bytes, thinned


@pytest.mark.parametrize("frames", [16, 48, 112])
@pytest.mark.parametrize("known", [True, False])
def test_gathering_equals_collating(dataset, frames, known):
    valid = np.random.default_rng(0).random((len(dataset.features), len(dataset.layout.parts))) < 0.8
    dataset = replace(dataset, valid=valid if known else None)
    clips = np.array([3, 0, 17, 9, 22])
    expected = collate(dataset, clips, 7, frames)
    sent = {name: jnp.asarray(value) for name, value in clip_numbers(clips, 7).items()}
    data = jax.tree.map(jnp.asarray, as_resident(dataset))
    made = gather(data, sent["clip"], sent["weight"], sent["row"], frames, len(dataset.layout.parts))
    assert made.keys() == expected.keys()
    for name, value in expected.items():
        assert made[name].dtype == value.dtype, name
        np.testing.assert_array_equal(made[name], value, err_msg=name)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 31, 100, 4494])
def test_long_clips_are_thinned_alike_on_host_and_device(length):
    taken = frame_indices(length, 16)
    np.testing.assert_array_equal(thinned(jnp.array([length]), 16)[0, : len(taken)], taken)


def test_both_ways_take_the_same_clips_in_the_same_order(dataset):
    clips = dataset.indices("train")
    planned = plan_epoch(0, np.where(np.arange(len(clips)) % 2, 32, 64), 4, seed=3)
    args = (dataset, clips, planned, 4, 2, 3)
    numbers, padded = list(dispatches(*args, resident=True)), list(dispatches(*args, resident=False))
    assert sum(count for _, count in numbers) == len(planned)
    for ((frames, sent, count), _), ((same_frames, whole, same_count), _) in zip(numbers, padded, strict=True):
        assert (frames, count) == (same_frames, same_count)
        assert sent["clip"].shape == (2, 3, 2) and whole["frames"].shape[:4] == (2, 3, 2, frames)
        np.testing.assert_array_equal(dataset.labels[sent["clip"]], whole["labels"])


def test_the_size_counts_frames_and_validity(dataset):
    assert resident_bytes(dataset) >= dataset.features.nbytes
