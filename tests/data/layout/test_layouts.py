import json

import numpy as np
import pytest

from signjax.data.layout import landmarks
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import from_description
from signjax.errors import InputError

EVERY = [*layout_registry.BUILT_IN.values(), layout_registry.generic(7)]


def rotation_matrix(vector: np.ndarray) -> np.ndarray:
    angle = np.linalg.norm(vector)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def test_smplx_has_the_channels_of_the_format():
    layout = layout_registry.smplx()
    assert layout.width == 169
    assert layout.channels_of("left_hand") == slice(66, 111)
    assert layout.channels_of("right_hand") == slice(111, 156)
    assert layout.channels_of("expression") == slice(159, 169)
    assert (np.bincount(layout.part_of_channel) == [3, 63, 45, 45, 3, 10]).all()


def test_widths_are_those_of_the_formats():
    widths = {name: layout.width for name, layout in layout_registry.BUILT_IN.items()}
    assert widths == {
        "smplx": 169,
        "smplx_unsmoothed": 156,
        "smplx_with_signer": 182,
        "smplx_6d": 53 * 6 + 10,
        "smplx_unsmoothed_6d": 52 * 6,
        "holistic": 543 * 3,
        "holistic_xy": 543 * 2,
        "holistic_1662": 1662,
        "pose_hands": 225,
        "pose_hands_xy": 150,
        "pose_hands_258": 258,
        "face4_pose_hands_xy": 158,
        "hands": 126,
        "hands_xy": 84,
        "keypoints_106": 212,
    }


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
def test_mirroring_twice_is_the_identity(layout):
    channel, sign, part = layout.mirror
    frames = np.random.default_rng(0).normal(size=(7, layout.width))
    once = frames[:, channel] * sign
    assert np.allclose(once, frames) == (not layout.mirrors)
    np.testing.assert_array_equal(once[:, channel] * sign, frames)
    np.testing.assert_array_equal(part[part], np.arange(len(layout.parts)))


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
def test_the_skeleton_is_its_own_mirror_image(layout):
    def mirrored(point):
        part = layout.part(point[0])
        return part.partner, point[1] if part.point_partners is None else part.point_partners[point[1]]

    edges = {frozenset(edge) for edge in layout.skeleton}
    assert edges == {frozenset(map(mirrored, edge)) for edge in edges}
    assert len(edges) == len(layout.skeleton)
    for pair in (layout.shoulders, layout.wrists):
        assert pair is None or mirrored(pair[0]) == pair[1]
    assert layout.head is None or mirrored(layout.head) == layout.head


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
def test_a_description_survives_json(layout):
    assert from_description(json.loads(json.dumps(layout.description()))) == layout
    assert layout_registry.stored(json.loads(json.dumps(layout_registry.to_store(layout))), layout.width) == layout


def test_channels_at_a_point():
    layout = layout_registry.BUILT_IN["holistic"]
    assert layout.channels_at(("face", 2)) == slice(6, 9)
    assert layout.channels_at(("left_hand", 0)) == slice(468 * 3, 468 * 3 + 3)


def test_mirrored_rotation_is_the_reflection_of_the_rotation():
    """A left joint's mirrored rotation is M R M of the right joint's, with M the reflection of x."""
    channel, sign, _ = layout_registry.smplx().mirror
    frames = np.random.default_rng(1).normal(size=(1, 169))
    mirrored = frames[:, channel] * sign
    reflection = np.diag([-1.0, 1.0, 1.0])
    right_wrist, left_wrist = slice(3 + 3 * 20, 3 + 3 * 21), slice(3 + 3 * 19, 3 + 3 * 20)
    expected = reflection @ rotation_matrix(frames[0, right_wrist]) @ reflection
    np.testing.assert_allclose(rotation_matrix(mirrored[0, left_wrist]), expected, atol=1e-12)


def test_mirrored_columns_are_those_of_the_reflected_rotation():
    layout = layout_registry.smplx_6d()
    channel, sign, _ = layout.mirror
    matrix = rotation_matrix(np.array([0.4, -1.1, 0.7]))
    frames = np.zeros((1, layout.width))
    frames[0, layout.channels_at(("body", 20))] = matrix[:, :2].T.reshape(6)
    mirrored = (frames[:, channel] * sign)[0, layout.channels_at(("body", 19))]
    reflection = np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(mirrored, (reflection @ matrix @ reflection)[:, :2].T.reshape(6), atol=1e-12)


def test_mirror_swaps_the_hands_and_their_validity():
    layout = layout_registry.smplx()
    channel, _, part = layout.mirror
    left, right = layout.channels_of("left_hand"), layout.channels_of("right_hand")
    np.testing.assert_array_equal(channel[left], np.arange(right.start, right.stop))
    valid = np.zeros((1, 6), bool)
    valid[0, layout.part_names.index("left_hand")] = True
    assert valid[:, part][0, layout.part_names.index("right_hand")]


def test_well_known_landmarks_are_partners():
    """Right and left corner of eye and mouth, brow, temple, jaw; nose tip and chin are their own partners."""
    pairs = [(33, 263), (133, 362), (61, 291), (78, 308), (70, 300), (127, 356), (234, 454), (159, 386), (145, 374)]
    pairs += [(172, 397), (105, 334), (205, 425), (1, 1), (152, 152), (10, 10), (168, 168)]
    for right, left in pairs:
        assert landmarks.FACE_PARTNERS[right] == left
        assert landmarks.FACE_PARTNERS[left] == right
    assert landmarks.POSE_PARTNERS[15] == 16
    assert landmarks.POSE_PARTNERS[0] == 0
    assert landmarks.POSE_PARTNERS[3] == 6


def test_visibility_comes_last():
    rng = np.random.default_rng(2)
    pose, rest = rng.normal(size=(3, 33, 4)), rng.normal(size=(3, 1530))
    frames = landmarks.visibility_last(np.concatenate([pose.reshape(3, 132), rest], axis=1))
    layout = layout_registry.named("holistic_1662", frames.shape[1])
    np.testing.assert_array_equal(frames[:, layout.channels_at(("pose", 5))], pose[:, 5, :3])
    np.testing.assert_array_equal(frames[:, layout.channels_of("visibility")], pose[:, :, 3])
    np.testing.assert_array_equal(frames[:, layout.channels_of("face")], rest[:, : 468 * 3])


def test_a_width_that_does_not_fit_is_an_error_that_names_both_and_what_fits():
    with pytest.raises(
        InputError, match=r"169 channels, but the frames have 8; describe your .*JSON file.* or use .*=generic \("
    ):
        layout_registry.named("smplx", 8)
    with pytest.raises(InputError, match=r"choose --config\.data\.layout=smplx_unsmoothed, describe"):
        layout_registry.named("smplx", 156)
    with pytest.raises(InputError, match="no layout 'smpl'"):
        layout_registry.named("smpl", 8)
