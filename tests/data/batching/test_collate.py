import subprocess
import sys

import numpy as np
import pytest

from signjax.data.batching import collate as batches
from signjax.data.batching.excerpts import Excerpts


def test_a_batch_holds_the_clips_and_zeros(dataset):
    batch = batches.collate(dataset, np.array([3, 0]), batch_size=4, frames=112)
    for row, clip in enumerate([3, 0]):
        length = int(dataset.lengths[clip])
        assert batch.length[row] == length
        np.testing.assert_array_equal(batch.frames[row, :length], dataset.frames(clip))
        assert not batch.frames[row, length:].any() and not batch.valid[row, length:].any()
    assert batch.weight.tolist() == [1, 1, 0, 0]
    assert batch.labels[2:].tolist() == [[-1], [-1]]


def test_an_excerpt_is_shown_instead_of_the_whole_clip(dataset):
    clips = np.array([3, 0])
    excerpts = Excerpts(np.array([2, 0]), np.array([9, 5]), np.array([8, 11]))
    batch = batches.collate(dataset, clips, batch_size=2, frames=16, excerpts=excerpts)
    assert batch.length.tolist() == [8, 11]
    np.testing.assert_array_equal(batch.frames[0, :8], dataset.frames(3)[2:10])
    slow = batch.frames[1, :11]
    np.testing.assert_array_equal(slow[::2], dataset.frames(0)[:6])
    assert not batch.frames[1, 11:].any()


def test_prefetching_keeps_order_and_errors():
    def items():
        yield from range(10)
        raise RuntimeError("disk on fire")

    received = []
    with pytest.raises(RuntimeError, match="disk on fire"):
        for item in batches.prefetch(items(), depth=2):
            received.append(item)
    assert received == list(range(10))


def test_leaving_early_ends_the_thread():
    import threading

    for item in batches.prefetch(range(1000), depth=2):
        if item == 3:
            break
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


@pytest.mark.parametrize("end", ["pass", "raise SystemExit('the disk is full')"])
def test_a_program_ends_though_its_loop_is_unfinished(end):
    """Python 3.12 and later run no other threads once the interpreter exits: waiting for one would hang."""
    program = (
        "from signjax.data.batching.collate import prefetch\n"
        "loop = prefetch(range(1000), depth=2)\n"
        "print(next(loop))\n"
        f"{end}"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "0\n"
    assert done.returncode == (0 if end == "pass" else 1), done.stderr
