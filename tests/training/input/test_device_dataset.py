"""A batch gathered on the device equals the batch made on the host."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.batching.batch import Batch
from signjax.data.batching.collate import collate
from signjax.data.batching.epoch_plan import plan_epoch
from signjax.data.batching.excerpts import (
    Pace,
    draw_excerpts,
    frame_indices,
    whole_clips,
)
from signjax.training.input.batch_stream import make_index_batch, stream_dispatches
from signjax.training.input.device_dataset import (
    excerpt_indices,
    gather,
    load_device_dataset,
    resident_bytes,
)


@pytest.mark.parametrize("frames", [16, 48, 112])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("pace", [None, Pace(0.3, 0.5, 2.0)])
def test_gathering_equals_collating(dataset, frames, known, pace):
    valid = np.random.default_rng(0).random((len(dataset.features), len(dataset.layout.parts))) < 0.8
    dataset = replace(dataset, valid=valid if known else None)
    clips = np.array([3, 0, 17, 9, 22])
    lengths = dataset.lengths[clips]
    excerpts = whole_clips(lengths, frames) if pace is None else draw_excerpts(lengths, pace, frames, 0, 0)
    expected = collate(dataset, clips, 7, frames, None if pace is None else excerpts)
    sent = jax.tree.map(jnp.asarray, make_index_batch(clips, excerpts, 7))
    data = jax.tree.map(jnp.asarray, load_device_dataset(dataset))
    made = gather(data, sent, frames, len(dataset.layout.parts))
    for name, value, wanted in zip(Batch._fields, made, expected, strict=True):
        assert value.dtype == wanted.dtype, name
        np.testing.assert_array_equal(value, wanted, err_msg=name)


@pytest.mark.parametrize("excerpt", [(0, 0, 1), (0, 14, 15), (0, 30, 16), (3, 99, 16), (7, 4493, 16), (5, 9, 13)])
def test_frames_are_chosen_alike_on_host_and_device(excerpt):
    taken = frame_indices(*excerpt)
    found = excerpt_indices(*(jnp.array([value]) for value in excerpt), 16)
    np.testing.assert_array_equal(found[0, : len(taken)], taken)


def test_both_ways_take_the_same_clips_in_the_same_order(dataset):
    clips = dataset.indices("train")
    planned = plan_epoch(0, np.where(np.arange(len(clips)) % 2, 32, 64), 4, seed=3)
    excerpts = draw_excerpts(dataset.lengths[clips], Pace(0.1, 0.7, 1.4), 32, 3, 0)
    args = (dataset, clips, excerpts, planned, 4, 2, 3)
    numbers, padded = list(stream_dispatches(*args, resident=True)), list(stream_dispatches(*args, resident=False))
    assert sum(work.steps for work in numbers) == len(planned)
    for (frames, sent, count), (same_frames, padded_batch, same_count) in zip(numbers, padded, strict=True):
        assert (frames, count) == (same_frames, same_count)
        assert sent.clip.shape == (2, 3, 2) and padded_batch.frames.shape[:4] == (2, 3, 2, frames)
        np.testing.assert_array_equal(dataset.labels[sent.clip], padded_batch.labels)
        np.testing.assert_array_equal(sent.played, padded_batch.length)


def test_the_size_counts_frames_and_validity(dataset):
    assert resident_bytes(dataset) >= dataset.features.nbytes
