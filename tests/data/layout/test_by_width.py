"""MediaPipe landmarks without names: taken for what they are only where both hands lie on their own arms."""

import numpy as np
import pytest

from signjax.data.layout.by_width import layout_by_width
from signjax.data.layout.landmarks import holistic_553
from signjax.data.layout.parts import Layout
from signjax.data.layout.registry import BUILT_IN


def body(name: str, frames: int = 60, noise: float = 0.02) -> np.ndarray:
    """(T, F): points at random, shoulders 1 apart, wrists that wander, and hands about them."""
    return body_of(BUILT_IN[name], frames, noise)


def body_of(layout: Layout, frames: int = 60, noise: float = 0.02) -> np.ndarray:
    rng = np.random.default_rng(0)
    found = rng.normal(size=(frames, layout.width))

    def put(point, places):
        channels = layout.channels_at(point)
        found[:, channels] = np.pad(places, ((0, 0), (0, channels.stop - channels.start - 2)))

    put(("pose", 11), np.tile([0.5, 0.1], (frames, 1)))
    put(("pose", 12), np.tile([-0.5, 0.1], (frames, 1)))
    for wrist, hand, x in ((15, "left_hand", 0.7), (16, "right_hand", -0.7)):
        places = rng.normal([x, 0.9], 0.1, (frames, 2))
        put(("pose", wrist), places)
        put((hand, 0), places + rng.normal(0, noise, (frames, 2)))
    return found


@pytest.mark.parametrize("name", ["pose_hands", "pose_hands_xy", "holistic", "face4_pose_hands_xy", "pose_hands_258"])
def test_hands_on_their_arms_tell_the_layout(name):
    frames = body(name)
    frames[:20, BUILT_IN[name].channels_of("left_hand")] = 0  # not seen
    found = layout_by_width(frames)
    assert found is not None and found.layout == BUILT_IN[name]
    assert f"{BUILT_IN[name].width} channels" in found.reason


def test_visibility_after_each_point_as_the_tutorials_save_it():
    frames = body("pose_hands_258")
    order = np.concatenate([np.append(np.arange(3 * n, 3 * n + 3), 99 + n) for n in range(33)] + [np.arange(132, 258)])
    found = layout_by_width(frames[:, order])
    assert found is not None and found.layout.in_order() == BUILT_IN["pose_hands_258"]
    np.testing.assert_array_equal(found.layout.ordered(frames[:, order]), frames)


def test_another_order_few_frames_and_other_numbers_tell_nothing():
    layout, frames = BUILT_IN["pose_hands"], body("pose_hands")
    pose, left, right = (frames[:, layout.channels_of(name)] for name in ("pose", "left_hand", "right_hand"))
    assert layout_by_width(np.concatenate([left, right, pose], axis=1)) is None
    assert layout_by_width(np.concatenate([pose, right, left], axis=1)) is None
    assert layout_by_width(frames[:20]) is None
    assert layout_by_width(body("pose_hands", noise=1.0)) is None
    assert layout_by_width(np.random.default_rng(0).normal(size=(500, 225))) is None
    assert layout_by_width(np.zeros((500, 225))) is None
    assert layout_by_width(np.full((500, 225), np.nan)) is None
    assert layout_by_width(np.ones((500, 7))) is None


@pytest.mark.parametrize(
    "order", [("pose", "face", "irises"), ("face", "irises", "pose"), ("face", "irises", "left_hand")]
)
@pytest.mark.parametrize("irises", [True, False])
def test_pose_face_and_hands_in_any_usual_order(order, irises):
    layout = holistic_553() if irises else BUILT_IN["holistic"]
    frames = body_of(layout)
    names = [*order, *(name for name in ("left_hand", "pose", "right_hand") if name not in order)]
    columns = [np.arange(layout.width)[layout.channels_of(name)] for name in names if name in layout.part_names]
    mixed = frames[:, np.concatenate(columns)]
    found = layout_by_width(mixed)
    assert found is not None and found.layout.in_order() == layout
    np.testing.assert_array_equal(found.layout.ordered(mixed), frames)


def test_the_irises_are_each_others_mirror_image():
    channel, sign, _ = holistic_553("xy").mirror
    frames = np.random.default_rng(0).normal(size=(3, 1106))
    mirrored = frames[:, channel] * sign
    np.testing.assert_array_equal(mirrored[:, channel] * sign, frames)
    right, left = slice(2 * 468, 2 * 473), slice(2 * 473, 2 * 478)
    assert set(mirrored[0, left.start : left.stop : 2]) == set(-frames[0, right.start : right.stop : 2])
