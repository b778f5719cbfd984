import numpy as np
import pytest

from signjax.data import batches


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
