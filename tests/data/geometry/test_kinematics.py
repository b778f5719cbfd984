import numpy as np
import pytest

from signjax.data.geometry import rotations
from signjax.data.geometry.kinematics import forward_kinematics, positions
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.registry import Layout
from signjax.data.layout.smplx import OFFSETS, PARENTS


def pose(layout: Layout, seed: int = 0) -> np.ndarray:
    """(6, F) of random rotations."""
    rng = np.random.default_rng(seed)
    runs = []
    for part in layout.parts:
        vectors = rng.normal(0, 0.8, (6, part.points, 3))
        if part.kind == "rotation_6d":
            runs.append(rotations.axis_angle_to_6d(vectors).reshape(6, -1))
        else:
            runs.append(vectors.reshape(6, -1) if part.kind != "scalar" else rng.normal(size=(6, part.channels)))
    return np.concatenate(runs, axis=1)


@pytest.mark.parametrize("name", layout_registry.BUILT_IN)
def test_the_figure_of_a_mirrored_pose_is_the_mirror_of_its_figure(name):
    layout = layout_registry.BUILT_IN[name]
    frames = pose(layout)
    channel, sign, _ = layout.mirror
    mirrored = positions(frames[:, channel] * sign, layout)
    for part, places in positions(frames, layout).items():
        found = layout.part(part)
        partners = np.arange(found.points) if found.point_partners is None else np.array(found.point_partners)
        reflected = places[:, partners] * np.array([-1.0, 1.0, 1.0])[: places.shape[-1]]
        np.testing.assert_allclose(mirrored[found.partner], reflected, atol=1e-12)


def test_both_forms_of_a_rotation_give_the_same_figure():
    vectors, numbers = layout_registry.smplx(), layout_registry.smplx_6d()
    for part, places in positions(pose(vectors), vectors).items():
        np.testing.assert_allclose(positions(pose(numbers), numbers)[part], places, atol=1e-12)


def test_bones_keep_their_lengths():
    rng = np.random.default_rng(1)
    joints = forward_kinematics(rotations.axis_angle_to_matrix(rng.normal(0, 1, (5, 55, 3))))
    bones = np.linalg.norm(joints[:, 1:] - joints[:, PARENTS[1:]], axis=-1)
    np.testing.assert_allclose(bones, np.broadcast_to(np.linalg.norm(OFFSETS[1:], axis=-1), bones.shape))


def test_a_joint_moves_what_hangs_on_it_and_nothing_else():
    rest = np.tile(np.eye(3), (1, 55, 1, 1))
    bent = rest.copy()
    bent[0, 18] = rotations.axis_angle_to_matrix(np.array([0.0, np.pi / 2, 0.0]))  # the left elbow
    moved = np.abs(forward_kinematics(bent) - forward_kinematics(rest)).max((0, 2)) > 1e-9
    np.testing.assert_array_equal(np.flatnonzero(moved), [20, *range(25, 40)])


def test_the_figure_at_rest_is_that_of_a_person():
    places = positions(np.zeros((1, 169)), layout_registry.smplx())
    body, left, right = places["body"][0], places["left_hand"][0], places["right_hand"][0]
    assert body[15, 0] > 0 > body[16, 0]  # the left shoulder is at positive x
    assert body[14, 1] > body[15, 1] > 0 > body[6, 1]  # head, shoulders, pelvis, ankle from top to bottom
    assert left[:, 0].min() > body[19, 0]  # fingers are beyond the wrist
    np.testing.assert_allclose(right, left * [-1, 1, 1])
    span = left[:, 0].max() - right[:, 0].min()
    height = body[14, 1] - body[6, 1]
    assert 0.8 < span / height < 1.3


def test_coordinates_are_places_as_they_stand():
    layout = layout_registry.BUILT_IN["pose_hands_258"]
    frames = np.arange(2 * 258, dtype=np.float32).reshape(2, 258)
    places = positions(frames, layout)
    assert places.keys() == {"pose", "left_hand", "right_hand"}
    np.testing.assert_array_equal(places["left_hand"][1, 2], frames[1, layout.channels_at(("left_hand", 2))])


def test_nothing_is_known_of_generic_channels():
    assert positions(np.zeros((3, 8)), layout_registry.generic(8)) == {}
