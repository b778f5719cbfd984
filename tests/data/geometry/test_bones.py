"""Directions of bones, and the channels that they say nothing of."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.geometry.bones import bones_of, directions
from signjax.data.geometry.kinematics import forward_kinematics, joint_rotations
from signjax.data.layout import registry
from signjax.data.layout.parts import Layout, Part
from signjax.data.layout.smplx import PARENTS, smplx_with_signer

BODY, HAND = Part("body", 4, "xyz", "body"), Part("left_hand", 3, "xy", "left_hand")
LINES = (
    (("body", 0), ("body", 1)),
    (("body", 1), ("body", 2)),
    (("left_hand", 0), ("left_hand", 2)),
    (("body", 2), ("left_hand", 0)),
)
LAYOUT = Layout("some", (BODY, HAND), False, LINES, shoulders=(("body", 0), ("body", 3)))


def random_frames(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, LAYOUT.width)).astype(np.float32)


def test_a_direction_points_from_the_start_to_the_end_and_has_length_one():
    still, frames = replace(LAYOUT, shoulders=None), random_frames()
    bones = bones_of(still)
    found, both = directions(frames, np.ones(frames.shape, bool), still)
    assert bones.coordinates == found.shape[1] == 3 + 3 + 2  # the line between the kinds is none
    of_points = {
        (0, 3, 0): 3,
        (3, 6, 3): 3,
        (12, 16, 6): 2,
    }  # first channel of the start, of the end, of the direction: axes
    for (start, end, at), axes in of_points.items():
        vector = frames[:, end : end + axes] - frames[:, start : start + axes]
        expected = vector / np.linalg.norm(vector, axis=1, keepdims=True)
        np.testing.assert_allclose(found[:, at : at + axes], expected, atol=1e-5)
    assert both.all()


def test_what_was_not_seen_has_no_direction_whatever_stands_there():
    frames = random_frames()
    seen = np.ones(frames.shape, bool)
    seen[1, 3:6], seen[2, :12] = False, False
    found, both = directions(np.where(seen, frames, 1e6), seen, LAYOUT)
    assert both[:, 0].tolist() == [True, False, False, True, True] and both[:, 7].all()
    assert not found[~both].any() and found[both].all()
    points_together = directions(np.zeros_like(frames), seen, LAYOUT)[0]
    assert not points_together.any()


def test_jax_finds_the_same():
    frames, seen = random_frames(), np.random.default_rng(1).random((5, LAYOUT.width)) < 0.8
    expected, both = directions(frames, seen, LAYOUT)
    found, found_both = directions(jnp.asarray(frames), jnp.asarray(seen), LAYOUT)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found_both, both)


def test_other_channels_are_those_of_parts_without_bones_and_of_points_where_bones_begin():
    glove = Part("glove", 2, "scalar", "glove")
    layout = replace(LAYOUT, parts=(BODY, HAND, glove, replace(HAND, name="left_hand_shape")))
    # The body is where its shoulders are; the hand is joined to nothing, so where its wrist is counts.
    assert bones_of(layout).others.tolist() == [12, 13, 18, 19]
    assert bones_of(replace(layout, wrists=(("left_hand", 2), ("body", 2)))).others.tolist() == [16, 17, 18, 19]
    assert bones_of(replace(layout, skeleton=(), shoulders=None)).others.tolist() == list(range(layout.width))


def test_lines_in_space_do_not_depend_on_which_way_a_signer_faces():
    frames = random_frames(8)
    frames[:, [0, 2]] += 2.0  # the left shoulder is beside and before the right one
    space = frames[:, :12].reshape(8, 4, 3)
    seen = np.ones(frames.shape, bool)
    seen[2, :12] = False  # a frame in which no shoulder was seen has no say
    expected, _ = directions(frames, seen, LAYOUT)
    for angle in (0.5, 2.0, -2.5):
        cosine, sine = np.cos(angle), np.sin(angle)
        about_y = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
        turned = np.concatenate([(space @ about_y.T).reshape(8, 12), frames[:, 12:]], axis=1).astype(np.float32)
        np.testing.assert_allclose(directions(turned, seen, LAYOUT)[0], expected, atol=1e-4)
    across = replace(LAYOUT, skeleton=((("body", 3), ("body", 0)), *LINES))  # from the right to the left shoulder
    line = (directions(frames, seen, across)[0] * np.linalg.norm(space[:, 0] - space[:, 3], axis=1, keepdims=True))[
        :, :3
    ]
    assert line.mean(0)[0] > 0 and abs(line.mean(0)[2]) < 1e-4
    without = directions(frames, seen, replace(LAYOUT, shoulders=None))[0]
    np.testing.assert_allclose(without[:, 6:], expected[:, 6:], atol=1e-6)  # those in the plane are not turned
    assert not np.allclose(without[:, :6], expected[:, :6], atol=0.1)


def test_lines_are_not_turned_where_another_axis_is_the_vertical():
    frames = random_frames(8)
    frames[:, 1] += 20.0  # the left shoulder is far along y from the right one
    seen = np.ones(frames.shape, bool)
    still = directions(frames, seen, replace(LAYOUT, shoulders=None))[0]
    np.testing.assert_allclose(directions(frames, seen, LAYOUT)[0], still, atol=1e-6)


@pytest.mark.parametrize("name", ["smplx", "smplx_unsmoothed", "smplx_6d", "smplx_with_signer"])
def test_joints_lie_where_forward_kinematics_says_seen_from_the_chest(name):
    layout = registry.BUILT_IN.get(name) or smplx_with_signer()
    bones = bones_of(layout)
    frames = np.random.default_rng(0).normal(size=(6, layout.width)).astype(np.float32)
    frames[1] = 0.0
    found, both = directions(frames, np.ones(frames.shape, bool), layout)
    upright = frames.copy()
    still = [0.0] * 3 if "6d" not in name else [1.0, 0, 0, 0, 1, 0]
    for trunk in (("root", 0), ("body", 2), ("body", 5), ("body", 8)):
        upright[:, layout.channels_at(trunk)] = still
    places = forward_kinematics(joint_rotations(upright, layout))
    rotations = frames.any(1) if "6d" in name else np.ones(6, bool)  # six zeros do not describe a rotation
    assert bones.joints.numbers.tolist() == [*range(15, 24), *range(25, 55)]
    assert bones.coordinates == found.shape[1] == 3 * len(bones.joints.numbers) and both.all()
    for number, joint in enumerate(bones.joints.numbers):
        vector = places[:, joint] - places[:, PARENTS[joint]]
        expected = vector / np.linalg.norm(vector, axis=1, keepdims=True)
        np.testing.assert_allclose(found[rotations, 3 * number : 3 * number + 3], expected[rotations], atol=1e-4)
    np.testing.assert_allclose(bones.shares.sum(1), 1.0, rtol=1e-6)
    in_jax, _ = jax.jit(lambda values, seen: directions(values, seen, layout))(frames, np.ones(frames.shape, bool))
    np.testing.assert_allclose(in_jax, found, atol=1e-4)
    faces = [part.name for part in layout.parts if part.name in ("jaw", "expression", "shape", "camera")]
    assert bones.others.tolist() == [at for part in faces for at in range(layout.width)[layout.channels_of(part)]]


def test_lines_of_the_face_are_no_bones():
    layout = registry.BUILT_IN["holistic"]
    bones, face = bones_of(layout), layout.channels_of("face")
    assert bones.coordinates == 3 * 79 and not bones.differences[face].any() and not bones.unjoined[face].any()
    assert set(range(layout.width)[face]) <= set(bones.others)


def test_a_finger_is_not_seen_without_the_arm_that_carries_it_but_without_the_legs():
    layout = registry.BUILT_IN["smplx"]
    frames, seen = np.zeros((4, layout.width), np.float32), np.ones((4, layout.width), bool)
    seen[1, layout.channels_of("body")] = False
    seen[2, layout.channels_of("left_hand")] = False
    seen[3, layout.channels_of("root")] = False
    joints, both = bones_of(layout).joints.numbers, directions(frames, seen, layout)[1][:, ::3]
    assert both[0].all() and not both[1].any() and both[3].all()
    own_rotation = (
        (joints < 25) | (joints >= 40) | np.isin(joints, [25, 28, 31, 34, 37])
    )  # the first of a finger is turned by the wrist
    np.testing.assert_array_equal(both[2], own_rotation)


def test_a_body_without_hands_has_the_bones_of_the_arms():
    layout = Layout("body", (Part("body", 21, "axis_angle", "body"),), mirrors=False)
    frames = np.random.default_rng(0).normal(size=(4, 63)).astype(np.float32)
    found, both = directions(frames, np.ones(frames.shape, bool), layout)
    joints = bones_of(layout).joints.numbers
    assert both.all() and joints.tolist() == [
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        25,
        28,
        31,
        34,
        37,
        40,
        43,
        46,
        49,
        52,
    ]
    whole = np.zeros((4, 169), np.float32)
    whole[:, 3:66] = frames
    expected = directions(whole, np.ones(whole.shape, bool), registry.BUILT_IN["smplx"])[0].reshape(4, -1, 3)
    known = np.isin(bones_of(registry.BUILT_IN["smplx"]).joints.numbers, joints)
    np.testing.assert_allclose(found.reshape(4, -1, 3), expected[:, known], atol=1e-5)


def test_where_joints_lie_counts_for_the_rotation_that_turns_them():
    layout = registry.BUILT_IN["smplx"]
    bones = bones_of(layout)
    elbow, wrist = (3 * np.flatnonzero(bones.joints.numbers == joint)[0] for joint in (18, 20))
    assert np.flatnonzero(bones.shares[wrist]).tolist() == [*range(3 + 3 * 17, 3 + 3 * 18)]  # the elbow's rotation
    assert np.flatnonzero(bones.shares[elbow]).tolist() == [*range(3 + 3 * 15, 3 + 3 * 16)]
