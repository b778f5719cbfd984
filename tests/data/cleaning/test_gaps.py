import numpy as np
import pytest

from signjax.data.cleaning.gaps import fill, seen_parts, short_gaps
from signjax.data.geometry.rotations import axis_angle_to_matrix
from signjax.data.layout import registry as layout_registry


def test_short_gaps_have_seen_frames_on_both_sides():
    seen = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0], bool)
    assert np.flatnonzero(short_gaps(seen, 2)).tolist() == [2, 3]
    assert np.flatnonzero(short_gaps(seen, 3)).tolist() == [2, 3, 5, 6, 7]
    assert not short_gaps(seen, 0).any()


def test_coordinates_are_interpolated_over_short_gaps_and_zero_over_long_ones():
    layout = layout_registry.BUILT_IN["hands_xy"]
    truth = np.linspace(1, 2, 30)[:, None] * np.arange(1, 85, dtype=np.float32)
    frames, valid = truth.astype(np.float32), np.ones((30, 2), bool)
    valid[5:8, 0] = valid[12:22, 0] = valid[0, 1] = False
    frames[~valid[:, 0], :42] = 0
    filled, seen = fill(frames, valid, layout, 3)
    np.testing.assert_allclose(filled[5:8], truth[5:8], rtol=1e-5)
    assert seen[5:8].all() and not seen[12:22, 0].any() and not seen[0, 1]
    assert (filled[12:22, :42] == 0).all() and (filled[0, 42:] == 0).all()
    np.testing.assert_array_equal(filled[12:22, 42:], frames[12:22, 42:])
    assert not valid[5, 0]  # what was given is left as it was


@pytest.mark.parametrize("name", ["smplx", "smplx_6d"])
def test_rotations_are_interpolated_as_rotations(name):
    """Two rotation vectors near pi with opposite signs are nearly the same rotation; their mean would be no rotation."""
    layout = layout_registry.BUILT_IN["smplx"]
    frames = np.zeros((3, layout.width), np.float32)
    hand = layout.channels_of("left_hand")
    frames[0, hand.start] = np.pi - 0.1
    frames[2, hand.start] = -np.pi + 0.1
    if name == "smplx_6d":
        from signjax.data.cleaning.clean import Cleaning, clean
        from signjax.data.clip import Clip, ClipInfo

        plain = Cleaning(shortest_clip=1, rotations="6d", longest_gap=0, trim=False)
        frames = clean(Clip(ClipInfo("a"), frames), layout, plain).clip.frames
        layout = layout_registry.BUILT_IN[name]
        hand = layout.channels_of("left_hand")
    valid = np.ones((3, len(layout.parts)), bool)
    valid[1, 2] = False
    filled, seen = fill(frames, valid, layout, 1)
    assert seen.all()
    if name == "smplx":
        between = axis_angle_to_matrix(filled[1, hand][:3])
        np.testing.assert_allclose(between, axis_angle_to_matrix(np.array([np.pi, 0.0, 0.0])), atol=4e-4)
    else:
        np.testing.assert_allclose(filled[1, hand][:6], [1, 0, 0, 0, -1, 0], atol=1e-5)


def test_coordinates_that_are_nan_or_all_zero_were_not_seen():
    layout = layout_registry.BUILT_IN["hands_xy"]
    frames = np.random.default_rng(0).normal(size=(10, 84)).astype(np.float32)
    frames[2:4, :42] = 0  # the left hand was not found
    frames[5, 42:] = np.nan  # nor the right one
    frames[7, 0:2] = np.nan  # one point of the left hand was not
    frames[8, 4:6] = 0
    seen = seen_parts(frames, None, layout)
    assert np.argwhere(~seen).tolist() == [[2, 0], [3, 0], [5, 1]]
    filled, valid = fill(frames, seen, layout, 0)
    np.testing.assert_array_equal(valid, seen)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled[8, 4:6], (frames[7, 4:6] + frames[9, 4:6]) / 2, rtol=1e-5)
    np.testing.assert_allclose(filled[7, :2], (frames[6, :2] + frames[8, :2]) / 2, rtol=1e-5)
    np.testing.assert_array_equal(filled[7, 2:42], frames[7, 2:42])


def test_numbers_of_unknown_meaning_are_not_taken_for_missing():
    assert seen_parts(np.zeros((5, 3), np.float32), None, layout_registry.generic(3)).all()
