import numpy as np
import pytest

from signjax.data.sources.shared.frame_numbers import timeline


def test_frames_that_were_left_out_repeat_the_one_before():
    time = timeline(np.array([7, 8, 11, 12]))
    assert time.row.tolist() == [0, 1, 1, 1, 2, 3]
    assert time.there.tolist() == [True, True, False, False, True, True]


@pytest.mark.parametrize("numbers", [[3, 4, 5], [0, 0, 1], [5, 4, 7], [0, 1, 2, 10**12], [1], [0.0, 2.0]])
def test_numbers_that_leave_out_nothing_or_are_no_frame_numbers(numbers):
    assert timeline(np.array(numbers)) is None
