import numpy as np
import pytest

from signjax.data import layouts
from signjax.errors import InputError


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def test_smplx_has_the_channels_of_the_format():
    layout = layouts.smplx()
    assert layout.width == 169
    assert layout.channels_of("left_hand") == slice(66, 111)
    assert layout.channels_of("right_hand") == slice(111, 156)
    assert layout.channels_of("expression") == slice(159, 169)
    assert (np.bincount(layout.part_of_channel) == [3, 63, 45, 45, 3, 10]).all()


def test_mirroring_twice_is_the_identity():
    channel, sign, part = layouts.smplx().mirror
    frames = np.random.default_rng(0).normal(size=(7, 169))
    once = frames[:, channel] * sign
    assert not np.allclose(once, frames)
    np.testing.assert_array_equal(once[:, channel] * sign, frames)
    np.testing.assert_array_equal(part[part], np.arange(6))


def test_mirrored_rotation_is_the_reflection_of_the_rotation():
    """A left joint's mirrored rotation is M R M of the right joint's, with M the reflection of x."""
    channel, sign, _ = layouts.smplx().mirror
    frames = np.random.default_rng(1).normal(size=(1, 169))
    mirrored = frames[:, channel] * sign
    reflection = np.diag([-1.0, 1.0, 1.0])
    right_wrist, left_wrist = slice(3 + 3 * 20, 3 + 3 * 21), slice(3 + 3 * 19, 3 + 3 * 20)
    expected = reflection @ rotation_matrix(frames[0, right_wrist]) @ reflection
    np.testing.assert_allclose(rotation_matrix(mirrored[0, left_wrist]), expected, atol=1e-12)


def test_mirror_swaps_the_hands_and_their_validity():
    layout = layouts.smplx()
    channel, _, part = layout.mirror
    left, right = layout.channels_of("left_hand"), layout.channels_of("right_hand")
    np.testing.assert_array_equal(channel[left], np.arange(right.start, right.stop))
    valid = np.zeros((1, 6), bool)
    valid[0, layout.part_names.index("left_hand")] = True
    assert valid[:, part][0, layout.part_names.index("right_hand")]


def test_a_width_that_does_not_fit_is_an_error_that_names_both():
    with pytest.raises(InputError, match=r"169 channels, the frames have 8"):
        layouts.named("smplx", 8)
    with pytest.raises(InputError, match="no layout 'smpl'"):
        layouts.named("smpl", 8)
