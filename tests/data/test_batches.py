import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signjax.data import batches


@given(st.integers(1, 70), st.integers(1, 20), st.integers(0, 3))
def test_an_epoch_takes_no_clip_twice(count, batch_size, epoch):
    steps = batches.steps_per_epoch(count, batch_size)
    taken = [batches.order_at(epoch * steps + i, count, batch_size, seed=0) for i in range(steps)]
    everything = np.concatenate(taken)
    assert len(set(everything.tolist())) == len(everything) == min(count, steps * batch_size)


def test_the_order_depends_on_seed_and_epoch_alone():
    def epoch(number, seed):
        return np.concatenate([batches.order_at(number * 4 + i, 64, 16, seed) for i in range(4)]).tolist()

    assert epoch(2, 7) == epoch(2, 7)
    assert epoch(2, 7) != epoch(3, 7)
    assert epoch(2, 7) != epoch(2, 8)


def test_a_batch_holds_the_clips_and_zeros(dataset):
    batch = batches.collate(dataset, np.array([3, 0]), batch_size=4, frames=112)
    for row, clip in enumerate([3, 0]):
        length = int(dataset.lengths[clip])
        assert batch["length"][row] == length
        np.testing.assert_array_equal(batch["frames"][row, :length], dataset.frames(clip))
        assert not batch["frames"][row, length:].any() and not batch["valid"][row, length:].any()
    assert batch["weight"].tolist() == [1, 1, 0, 0]
    assert batch["labels"][2:].tolist() == [[-1], [-1]]


def test_a_long_clip_is_thinned_from_its_first_to_its_last_frame():
    taken = batches.frame_indices(100, 16)
    assert len(taken) == 16 and taken[0] == 0 and taken[-1] == 99
    assert np.ptp(np.diff(taken)) <= 1
    assert batches.frame_indices(5, 16).tolist() == [0, 1, 2, 3, 4]


def test_all_clips_come_once_and_in_order(dataset):
    clips = dataset.indices("train")
    seen = []
    for batch in batches.batches_in_order(dataset, clips, 7, 64):
        seen += batch["labels"][batch["weight"] > 0, 0].tolist()
    assert seen == dataset.labels[clips, 0].tolist()


def test_prefetching_keeps_order_and_errors():
    def items():
        yield from range(10)
        raise RuntimeError("disk on fire")

    received = []
    with pytest.raises(RuntimeError, match="disk on fire"):
        for item in batches.prefetched(items(), depth=2):
            received.append(item)
    assert received == list(range(10))


def test_leaving_early_ends_the_thread():
    import threading

    for item in batches.prefetched(range(1000), depth=2):
        if item == 3:
            break
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
