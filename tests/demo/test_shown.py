import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo
from signjax.demo.shown import moments, so_far


@pytest.mark.parametrize(
    ("frames", "shortest", "most", "expected"),
    [
        (10, 4, 3, [4, 7, 10]),
        (10, 4, 1, [10]),
        (5, 4, 24, [4, 5]),
        (3, 4, 24, [3]),
        (1, 1, 24, [1]),
        (30, 4, 24, None),
        (2000, 4, 24, None),
    ],
)
def test_the_model_is_asked_up_to_the_whole_clip(frames, shortest, most, expected):
    found = moments(frames, shortest, most)
    assert found == (found if expected is None else expected)
    assert found[-1] == frames and found == sorted(set(found)) and len(found) <= most
    if expected is None:
        assert found[0] == shortest and len(found) == most


def test_a_part_of_a_clip_has_its_validity():
    clip = Clip(ClipInfo("a"), np.arange(12, dtype=np.float32).reshape(6, 2), np.eye(6, 1, dtype=bool))
    part = so_far(clip, 4)
    np.testing.assert_array_equal(part.frames, clip.frames[:4])
    np.testing.assert_array_equal(part.valid, clip.valid[:4])
    assert so_far(Clip(ClipInfo("a"), clip.frames), 2).valid is None
