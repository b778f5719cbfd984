import numpy as np

from signjax.data import layouts
from signjax.data.sources.missing import mark_missing

HANDS = layouts.named("hands", 126)


def test_what_is_there_is_left_as_it_is():
    frames = np.random.default_rng(0).normal(size=(4, 126)).astype(np.float32)
    marked, valid = mark_missing(frames, HANDS, zeros=True)
    np.testing.assert_array_equal(marked, frames)
    assert valid.all()


def test_a_part_of_zeros_is_missing_only_where_zeros_say_so():
    frames = np.ones((3, 126), np.float32)
    frames[1, :63] = 0
    assert mark_missing(frames, HANDS, zeros=True)[1].tolist() == [[True, True], [False, True], [True, True]]
    assert mark_missing(frames, HANDS, zeros=False)[1].all()


def test_rotations_of_zero_are_a_pose():
    assert mark_missing(np.zeros((2, 169), np.float32), layouts.smplx(), zeros=True)[1].all()


def test_points_that_are_lost_for_a_while_lie_on_the_line_between():
    time = np.arange(5, dtype=np.float32)
    frames = np.repeat(time[:, None], 126, axis=1)
    frames[[0, 2, 3], 6] = np.nan  # x of the third point of the left hand: the point is missing
    marked, valid = mark_missing(frames, HANDS, zeros=False)
    assert valid.all()
    np.testing.assert_allclose(marked[:, 6:9], np.repeat([[1.0], [1], [2], [3], [4]], 3, axis=1))
    np.testing.assert_array_equal(marked[:, 9:], frames[:, 9:])


def test_a_point_that_is_never_there_lies_amid_the_others():
    frames = np.random.default_rng(0).normal(size=(3, 126)).astype(np.float32)
    frames[:, 3:6] = np.nan
    frames[1, :63] = np.nan
    marked, valid = mark_missing(frames, HANDS, zeros=False)
    assert valid[:, 0].tolist() == [True, False, True]
    others = frames[:, :63].reshape(3, 21, 3)[[0, 2]][:, [0, *range(2, 21)]].mean(1)
    np.testing.assert_allclose(marked[[0, 2], 3:6], others, rtol=1e-5)
    assert (marked[1, :63] == 0).all()


def test_a_source_may_say_which_points_it_lacks():
    frames = np.ones((2, 126), np.float32)

    def lacking(part: str) -> np.ndarray:
        return np.full((2, 21), part == "right_hand")

    assert mark_missing(frames, HANDS, zeros=False, lacking=lacking)[1].tolist() == [[True, False]] * 2
