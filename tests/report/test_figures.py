import base64

import numpy as np
import pytest

from signjax.data.geometry.kinematics import positions
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout, Part
from signjax.report.figures import FIELD, MISSING, MOST_FRAMES, draw, stick_of

XY = layout_registry.BUILT_IN["pose_hands_xy"]


def decoded(figure, stick) -> np.ndarray:
    """(T, points, 2), NaN where nothing is drawn; the head's middle is the last point."""
    numbers = np.frombuffer(base64.b64decode(figure["data"]), "<i2").reshape(figure["frames"], -1, 2).astype(float)
    assert numbers.shape[1] == len(stick.points) + stick.head
    return np.where(numbers == MISSING, np.nan, numbers)


def drawn(frames, layout, valid=None):
    stick = stick_of(layout)
    valid = np.ones((len(frames), len(layout.parts)), bool) if valid is None else valid
    figure = draw(frames, valid, layout, stick)
    return decoded(figure, stick), stick, figure


def person(layout: Layout = XY, frames: int = 20) -> np.ndarray:
    """A person in pixels, facing the camera, with both hands next to the body."""
    made = np.zeros((frames, layout.width), np.float32)
    places = {
        11: (380, 300),
        12: (220, 300),
        13: (420, 420),
        14: (180, 420),
        15: (430, 540),
        16: (170, 540),
        0: (300, 200),
    }
    for point in range(33):
        made[:, layout.channels_at(("pose", point))] = places.get(point, (300 + point, 700))
    rng = np.random.default_rng(0)
    for hand, wrist in (("left_hand", 15), ("right_hand", 16)):
        fingers = rng.uniform(-30, 30, (21, 2))
        fingers[0] = 0
        made[:, layout.channels_of(hand)] = (fingers + places[wrist]).reshape(-1)
    return made


@pytest.mark.parametrize("name", layout_registry.BUILT_IN)
def test_each_hand_has_the_colour_of_its_side_and_both_the_same_number_of_lines(name):
    stick = stick_of(layout_registry.BUILT_IN[name])
    sides = [line[2] for line in stick.lines]
    assert sides.count("left") == sides.count("right") >= 17
    for a, b, side in stick.lines:
        for point in (stick.points[a], stick.points[b]):
            assert point[0] != ("right_hand" if side == "left" else "left_hand") or side == "right"


def test_arms_are_of_their_side_and_shoulders_of_the_body():
    stick = stick_of(XY)
    sides = {frozenset((stick.points[a], stick.points[b])): side for a, b, side in stick.lines}
    assert sides[frozenset((("pose", 11), ("pose", 13)))] == "left"
    assert sides[frozenset((("pose", 14), ("pose", 16)))] == "right"
    assert sides[frozenset((("pose", 17), ("pose", 19)))] == "left"
    assert sides[frozenset((("pose", 11), ("pose", 12)))] == "body"


def test_smplx_in_the_camera_is_seen_from_the_front_with_the_head_up():
    """The root of SignAvatars' clips is turned by -pi about x: y down, facing the camera."""
    for root in (-np.pi, 0.0):  # in the frame of the body itself y is up
        frames = np.zeros((3, 169))
        frames[:, 0] = root
        picture, stick, _ = drawn(frames, layout_registry.smplx())
        left, right = (picture[0, wrist, 0] for wrist in stick.wrists)
        assert right < FIELD / 2 < left
        head, shoulder, hip = (picture[0, stick.points.index(("body", joint)), 1] for joint in (14, 15, 0))
        assert head < shoulder < hip
        assert picture[0, -1, 1] < head


def test_the_picture_has_the_proportions_of_the_clip():
    picture, stick, _ = drawn(person(), XY)
    at = {number: picture[0, stick.points.index(("pose", number))] for number in (11, 12, 15)}
    shoulders, arm = at[11] - at[12], at[15] - at[11]
    np.testing.assert_allclose(arm / shoulders[0], [50 / 160, 240 / 160], atol=1e-3)
    assert np.nanmin(picture) >= 0
    assert np.nanmax(picture[..., 0]) <= FIELD


@pytest.mark.parametrize("how", ["zeros", "nan", "invalid"])
def test_a_hand_that_was_not_seen_is_not_drawn(how):
    frames, valid = person(), np.ones((20, 3), bool)
    if how == "invalid":
        valid[5:, 1] = False
    else:
        frames[5:, XY.channels_of("left_hand")] = 0 if how == "zeros" else np.nan
    picture, stick, _ = drawn(frames, XY, valid)
    left = [number for number, point in enumerate(stick.points) if point[0] == "left_hand"]
    assert np.isfinite(picture[:5]).all()
    assert np.isnan(picture[5:, left]).all()
    assert np.isfinite(np.delete(picture[5:], left, axis=1)).all()


def test_hands_relative_to_their_wrists_are_drawn_at_the_arms():
    frames = person()
    picture, _, _ = drawn(frames, XY)
    for hand in ("left_hand", "right_hand"):
        places = frames[:, XY.channels_of(hand)].reshape(20, 21, 2)
        frames[:, XY.channels_of(hand)] = (places - places[:, :1]).reshape(20, 42)
    np.testing.assert_allclose(drawn(frames, XY)[0], picture)


def test_hands_alone_relative_to_their_wrists_lie_side_by_side():
    layout = layout_registry.BUILT_IN["hands_xy"]
    hand = np.random.default_rng(0).uniform(-1, 1, (21, 2))
    hand[0] = 0
    picture, stick, _ = drawn(np.tile(hand.reshape(-1), (4, 2)), layout)
    of = {name: picture[0, [i for i, p in enumerate(stick.points) if p[0] == name], 0] for name in layout.part_names}
    assert of["right_hand"].max() < of["left_hand"].min()


def test_a_clip_in_which_nothing_was_seen_or_of_one_frame_can_be_drawn():
    assert np.isnan(drawn(np.zeros((4, XY.width)), XY)[0]).all()
    assert drawn(person(frames=1), XY)[2]["frames"] == 1


def test_long_clips_are_thinned_and_size_is_bounded():
    layout = layout_registry.BUILT_IN["holistic"]
    figure = drawn(np.random.default_rng(0).uniform(0, 1, (2000, layout.width)), layout)[2]
    assert figure["frames"] == MOST_FRAMES
    assert figure["radius"] == 0  # the outline of the face is drawn
    assert len(figure["data"]) < 60_000


def test_what_has_no_place_is_not_drawn():
    assert stick_of(layout_registry.generic(4)) is None
    robot = Layout("robot", (Part("arm", 3, "axis_angle", "arm"),), mirrors=False, skeleton=((("arm", 0), ("arm", 1)),))
    assert positions(np.zeros((1, 9)), robot) == {}
    assert stick_of(robot) is None
