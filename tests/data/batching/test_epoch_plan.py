"""The order of clips: each epoch is a permutation, sorted into buckets, and depends only on seed and epoch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signjax.data.batching.epoch_plan import (
    RUN,
    assign_buckets,
    choose_buckets,
    group_runs,
    padded_frames,
    plan_epoch,
    plan_evaluation,
    steps_per_epoch,
)

SIZES = st.lists(st.sampled_from([16, 32, 64]), min_size=1, max_size=90).map(np.array)


@given(SIZES, st.integers(1, 20), st.integers(0, 3))
def test_an_epoch_takes_no_clip_twice_and_cuts_none_short(sizes, batch_size, epoch):
    planned = plan_epoch(epoch, sizes, batch_size, seed=0)
    assert len(planned) == steps_per_epoch(len(sizes), batch_size)
    taken = np.concatenate([batch.clips for batch in planned])
    assert len(set(taken.tolist())) == len(taken) == min(len(sizes), len(planned) * batch_size)
    assert all(batch.frames == sizes[batch.clips].max() for batch in planned)


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(epoch, seed):
        planned = plan_epoch(epoch, np.repeat([32, 64], 32), 16, seed)
        return np.concatenate([batch.clips for batch in planned]).tolist()

    assert order(2, 7) == order(2, 7)
    assert order(2, 7) != order(3, 7)
    assert order(2, 7) != order(2, 8)


def test_sizes_alternate_within_an_epoch_in_runs_that_are_not_too_long():
    planned = plan_epoch(0, np.repeat([32, 64], 400), 4, seed=0)
    found = group_runs(planned, 1000)
    assert len(found) > 4  # not all short clips first
    assert max(map(len, group_runs(planned, RUN))) <= RUN


@given(SIZES, st.integers(1, 20))
def test_evaluation_takes_every_clip_once(sizes, batch_size):
    taken = np.concatenate([batch.clips for batch in plan_evaluation(sizes, batch_size)])
    assert sorted(taken.tolist()) == list(range(len(sizes)))


def brute_force(lengths, max_frames, most, least):
    """The smallest number of padded frames over all choices of buckets."""
    from itertools import combinations

    sizes = sorted({padded_frames(int(length), max_frames) for length in lengths})
    costs = []
    for count in range(1, most + 1):
        for chosen in combinations(sizes, count):
            if chosen[-1] != sizes[-1]:
                continue
            held = assign_buckets(lengths, chosen)
            enough = all((held == size).sum() >= least for size in chosen)
            if enough or count == 1:
                costs.append(int(held.sum()))
    return min(costs)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=60).map(np.array), st.integers(1, 4), st.integers(1, 12))
def test_buckets_leave_nearly_the_least_padding(lengths, most, least):
    chosen = choose_buckets(lengths, 128, most, least)
    held = assign_buckets(lengths, chosen)
    assert len(chosen) <= most and chosen[-1] == padded_frames(int(lengths.max()), 128)
    assert (held >= np.minimum(lengths, 128)).all()
    if len(chosen) > 1:
        assert all((held == size).sum() >= least for size in chosen)
    # Each bucket that was not added would have saved less than a twentieth.
    assert (
        brute_force(lengths, 128, most, least) >= held.sum() * 0.95 ** (most - len(chosen)) - 1e-9 or len(chosen) == 1
    )


def test_clips_of_one_length_are_one_bucket():
    assert choose_buckets(np.full(100, 60), 128, 3, 8) == (64,)


@pytest.mark.parametrize("batch_size", [4, 7])
def test_every_epoch_has_every_size(batch_size):
    lengths = np.concatenate(
        [np.full(4 * batch_size, 20), np.full(4 * batch_size, 60), np.full(2 * batch_size + 3, 120)]
    )
    buckets = choose_buckets(lengths, 128, 3, 2 * batch_size)
    assert buckets == (32, 64, 128)
    for epoch in range(20):
        planned = plan_epoch(epoch, assign_buckets(lengths, buckets), batch_size, seed=1)
        assert {batch.frames for batch in planned} == set(buckets)
