"""Directions of bones, and the channels that they say nothing of."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from signjax.data.layout import registry
from signjax.data.layout.bones import bones_of, directions
from signjax.data.layout.parts import Layout, Part

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
    bones, frames = bones_of(LAYOUT), random_frames()
    found, both = directions(frames, np.ones(frames.shape, bool), bones)
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
    bones, frames = bones_of(LAYOUT), random_frames()
    seen = np.ones(frames.shape, bool)
    seen[1, 3:6], seen[2, :12] = False, False
    found, both = directions(np.where(seen, frames, 1e6), seen, bones)
    assert both[:, 0].tolist() == [True, False, False, True, True] and both[:, 7].all()
    assert not found[~both].any() and found[both].all()
    points_together = directions(np.zeros_like(frames), seen, bones)[0]
    assert not points_together.any()


def test_jax_finds_the_same():
    frames, seen = random_frames(), np.random.default_rng(1).random((5, LAYOUT.width)) < 0.8
    expected, both = directions(frames, seen, bones_of(LAYOUT))
    found, found_both = directions(jnp.asarray(frames), jnp.asarray(seen), bones_of(LAYOUT))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found_both, both)


def test_other_channels_are_those_of_parts_without_bones_and_of_points_where_bones_begin():
    glove = Part("glove", 2, "scalar", "glove")
    layout = replace(LAYOUT, parts=(BODY, HAND, glove, replace(HAND, name="left_hand_shape")))
    # The body is where its shoulders are; the hand is joined to nothing, so where its wrist is counts.
    assert bones_of(layout).others.tolist() == [12, 13, 18, 19]
    assert bones_of(replace(layout, wrists=(("left_hand", 2), ("body", 2)))).others.tolist() == [16, 17, 18, 19]
    assert bones_of(replace(layout, skeleton=(), shoulders=None)).others.tolist() == list(range(layout.width))


@pytest.mark.parametrize("name", ["smplx", "smplx_6d"])
def test_joint_rotations_are_no_lines_between_points(name):
    layout = registry.BUILT_IN[name]
    assert not bones_of(layout).coordinates and len(bones_of(layout).others) == layout.width
