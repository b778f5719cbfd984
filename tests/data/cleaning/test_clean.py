import dataclasses

import numpy as np
import pytest

from signjax.data.cleaning.body_frame import add_hand_shapes, centred, with_hand_shapes
from signjax.data.cleaning.clean import (
    Cleaned,
    Cleaning,
    check_cleaning,
    clean,
    cleaned_layout,
)
from signjax.data.cleaning.handedness import Cause, Mirroring, mirrored
from signjax.data.cleaning.trimming import active_frames
from signjax.data.clip import Clip, ClipInfo, Rejected
from signjax.data.geometry.rotations import axis_angle_from_6d
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout, Part
from signjax.data.synthetic.signing import make_signer, sign_clip, vocabulary
from signjax.errors import InputError

LAYOUT = layout_registry.BUILT_IN["pose_hands_xy"]


def landmark_clip(seed: int = 0, frames: int = 40) -> Clip:
    """Pixels: a still body, and hands that move from frame 12 to 27."""
    rng = np.random.default_rng(seed)
    points = np.tile(rng.uniform(200, 400, (1, LAYOUT.width)), (frames, 1))
    way = np.clip(np.arange(frames) - 12, 0, 15)[:, None] * 8.0
    for hand in ("left_hand", "right_hand"):
        points[:, LAYOUT.channels_of(hand)] += way
    return Clip(ClipInfo("a"), points.astype(np.float32), np.ones((frames, len(LAYOUT.parts)), bool))


def cleaned(clip: Clip, **changes: object) -> Cleaned:
    found = clean(clip, LAYOUT, Cleaning(**changes))
    assert isinstance(found, Cleaned)
    return found


def test_position_and_size_in_the_picture_do_not_matter():
    clip = landmark_clip()
    moved = dataclasses.replace(clip, frames=clip.frames * 0.3 + np.tile([50.0, -70.0], LAYOUT.width // 2).astype("f"))
    np.testing.assert_allclose(cleaned(clip).clip.frames, cleaned(moved).clip.frames, atol=1e-3)


def test_the_shoulders_are_one_apart_about_the_origin():
    found = centred(landmark_clip().frames, landmark_clip().valid, LAYOUT)
    left, right = (found[:, LAYOUT.channels_at(point)] for point in LAYOUT.shoulders)
    np.testing.assert_allclose(np.linalg.norm(left - right, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(left + right, 0, atol=1e-5)


SPACE = Layout(
    "space",
    (
        Part("body", 4, "xyz", "body", (1, 0, 2, 3)),
        Part("score", 2, "scalar", "score"),
        Part("cursor", 1, "xy", "cursor"),
    ),
    mirrors=True,
    shoulders=(("body", 0), ("body", 1)),
)


def in_space(angle: float, *, lean: float = 0.0, facing: float = 1.0) -> np.ndarray:
    """A body of 12 frames that has turned about the vertical by this angle in degrees and is tilted in the picture."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(12, 4, 3))
    points[:, :2] = facing * np.array([[0.4, 0, 0], [-0.4, 0, 0]])
    turn, tilt = np.deg2rad([angle, lean])
    about_y = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    about_z = np.array([[np.cos(tilt), np.sin(tilt), 0], [-np.sin(tilt), np.cos(tilt), 0], [0, 0, 1]])
    points = points @ about_y @ about_z + [0.3, 1.0, 2.0]
    return np.concatenate([points.reshape(12, 12), rng.normal(size=(12, 4))], axis=1).astype(np.float32)


@pytest.mark.parametrize("facing", [1.0, -1.0])
def test_a_skeleton_in_space_is_turned_to_the_front(facing):
    seen = np.ones((12, 3), bool)
    front = centred(in_space(0, facing=facing), seen, SPACE)
    for angle in (30, -50, 80):
        turned = centred(in_space(angle, facing=facing), seen, SPACE)
        np.testing.assert_allclose(turned[:, :12], front[:, :12], atol=1e-5)  # also from behind: by the lesser turn
        np.testing.assert_allclose(turned[:, 12:14], front[:, 12:14])
        assert not np.allclose(turned[:, 14:], 0)
    one_bad_frame = in_space(30, facing=facing)
    one_bad_frame[3, :3] += [0, 0, 50]
    found = centred(one_bad_frame, seen, SPACE)
    np.testing.assert_allclose(np.delete(found, 3, axis=0)[:, :12], np.delete(front, 3, axis=0)[:, :12], atol=0.02)


def test_a_skeleton_whose_shoulders_stand_one_above_the_other_is_not_turned():
    seen, lying = np.ones((12, 3), bool), in_space(40, lean=80)
    points = centred(lying, seen, SPACE)[:, :12].reshape(-1, 3)
    original = lying[:, :12].reshape(-1, 3) - np.median(lying[:, :6].reshape(12, 2, 3).mean(1), axis=0)
    np.testing.assert_allclose(points, original / 0.8, atol=1e-4)


def test_shoulders_lost_in_some_frames_or_all_still_give_a_frame_of_reference():
    clip = landmark_clip()
    lost = dataclasses.replace(clip, frames=clip.frames.copy(), valid=clip.valid.copy())
    lost.frames[5:20, LAYOUT.channels_of("pose")] = 0
    lost.valid[5:20, 0] = False
    whole, partly = centred(clip.frames, clip.valid, LAYOUT), centred(lost.frames, lost.valid, LAYOUT)
    hands = LAYOUT.channels_of("left_hand")
    np.testing.assert_allclose(partly[:, hands], whole[:, hands], atol=1e-5)
    lost.valid[:, 0] = False
    without = centred(lost.frames, lost.valid, LAYOUT)
    assert np.isfinite(without).all() and np.abs(without[:, hands]).max() < 10


def test_what_was_not_seen_is_zero_and_masked():
    clip = landmark_clip()
    clip.frames[:20, LAYOUT.channels_of("left_hand")] = 0
    clip.valid[:20, 1] = False
    found = cleaned(clip, trim=False).clip
    layout = cleaned_layout(LAYOUT, Cleaning())
    for part in ("left_hand", "left_hand_shape"):
        assert (found.frames[:20, layout.channels_of(part)] == 0).all()
        assert not found.valid[:20, layout.part_names.index(part)].any()


def test_hand_shapes_do_not_know_where_the_hand_is():
    clip = landmark_clip()
    elsewhere = dataclasses.replace(clip, frames=clip.frames.copy())
    elsewhere.frames[:, LAYOUT.channels_of("right_hand")] += 33
    layout = with_hand_shapes(LAYOUT)
    a, b = (add_hand_shapes(c.frames, c.valid, LAYOUT)[0] for c in (clip, elsewhere))
    shape = layout.channels_of("right_hand_shape")
    np.testing.assert_allclose(a[:, shape], b[:, shape], atol=1e-3)
    assert not np.allclose(a[:, layout.channels_of("right_hand")], b[:, layout.channels_of("right_hand")])
    assert a.shape[1] == layout.width


def test_a_clip_and_its_mirror_image_are_cleaned_to_mirror_images():
    layout = cleaned_layout(LAYOUT, Cleaning())
    clip = landmark_clip()
    direct = mirrored(cleaned(clip).clip, layout)
    picture = cleaned(mirrored(clip, LAYOUT)).clip
    np.testing.assert_allclose(direct.frames, picture.frames, atol=1e-5)
    np.testing.assert_array_equal(direct.valid, picture.valid)
    again = mirrored(direct, layout)
    np.testing.assert_array_equal(again.frames, cleaned(clip).clip.frames)


def test_idle_frames_are_cut_off_at_both_ends_and_counted():
    found = cleaned(landmark_clip())
    assert 6 <= found.trimmed_start <= 12 and 7 <= found.trimmed_end <= 13
    assert len(found.clip.frames) == 40 - found.trimmed_start - found.trimmed_end
    kept = cleaned(landmark_clip(), trim=False)
    assert (kept.trimmed_start, kept.trimmed_end, len(kept.clip.frames)) == (0, 0, 40)


def test_a_hand_that_is_lost_while_its_arm_moves_is_not_idle():
    clip = landmark_clip()
    arms = np.clip(np.arange(40) - 5, 0, 15)[:, None] * 8.0
    for point in (15, 16):
        clip.frames[:, LAYOUT.channels_at(("pose", point))] += arms.astype("f")
    clip.valid[:12, 1:] = False
    assert cleaned(clip).trimmed_start <= 4


def test_nothing_is_cut_from_a_clip_without_motion_or_without_hands():
    clip = landmark_clip()
    still = np.tile(clip.frames[:1], (40, 1))
    assert active_frames(still, clip.valid, LAYOUT) == slice(0, 40)
    generic = layout_registry.generic(7)
    assert active_frames(np.random.default_rng(0).normal(size=(30, 7)), np.ones((30, 1), bool), generic) == slice(0, 30)


def test_a_sign_of_the_corpus_is_not_cut_into():
    """Idle frames are cut; frames in which the dominant arm moves towards the sign or performs it are kept."""
    layout = layout_registry.smplx()
    for index in range(12):
        rng = np.random.default_rng(index)
        smplx = sign_clip(vocabulary(24)[index], make_signer(index % 3, 0), rng)["smplx"]
        frames = np.concatenate([smplx[:, :159], smplx[:, 169:179]], axis=1)
        elbow = frames[:, 3 + 18 * 3 : 3 + 19 * 3]
        raised = np.linalg.norm(elbow - np.median(elbow[:2], axis=0), axis=1) > 0.8 * np.ptp(elbow, axis=0).max()
        kept = active_frames(frames, np.ones((len(frames), len(layout.parts)), bool), layout)
        lost = raised.sum() - raised[kept].sum()
        assert lost <= 1


def test_rotations_as_six_numbers_mean_the_same():
    layout = layout_registry.smplx()
    rng = np.random.default_rng(0)
    clip = Clip(ClipInfo("a"), rng.normal(0, 0.5, (10, layout.width)).astype(np.float32))
    found = clean(clip, layout, Cleaning(rotations="6d", trim=False))
    six = cleaned_layout(layout, Cleaning(rotations="6d"))
    assert found.clip.frames.shape == (10, six.width) == (10, 328)
    hand = found.clip.frames[:, six.channels_of("right_hand")].reshape(10, 15, 6)
    back = axis_angle_from_6d(hand).reshape(10, 45)
    np.testing.assert_allclose(back, clip.frames[:, layout.channels_of("right_hand")], atol=1e-5)
    expression = six.channels_of("expression"), layout.channels_of("expression")
    np.testing.assert_array_equal(found.clip.frames[:, expression[0]], clip.frames[:, expression[1]])


def test_a_left_handed_clip_is_mirrored_where_the_table_says_so():
    clip = landmark_clip()
    assert cleaned(clip).mirroring == Mirroring()
    left = dataclasses.replace(clip, info=ClipInfo("a", dominant_hand="left"))
    found = cleaned(left)
    assert found.mirroring.cause is Cause.TABLE
    np.testing.assert_allclose(found.clip.frames, cleaned(mirrored(clip, LAYOUT)).clip.frames, atol=1e-6)
    assert cleaned(left, handedness="as_is").mirroring == Mirroring()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"frames": np.zeros((0, 150), np.float32)}, "empty"),
        ({"frames": np.zeros((9, 149), np.float32)}, "wrong_width"),
        ({"frames": np.zeros((3, 150), np.float32)}, "too_short"),
        ({"frames": np.zeros((99, 150), np.float32)}, "too_long"),
        ({"frames": np.full((9, 150), np.inf, np.float32)}, "not_finite"),
    ],
)
def test_what_cannot_be_cleaned_says_why(change, reason):
    found = clean(dataclasses.replace(landmark_clip(), **change), LAYOUT, Cleaning(longest_clip=60))
    assert isinstance(found, Rejected) and found.reason == reason


def test_a_body_without_hands_is_seen_if_its_model_has_none():
    layout = layout_registry.smplx()
    frames = np.random.default_rng(0).normal(size=(9, layout.width)).astype(np.float32)
    for parts, unseen in (("root body", False), ("root body jaw expression", True), ("", True)):
        valid = np.tile([name in parts.split() for name in layout.part_names], (9, 1))
        found = clean(Clip(ClipInfo("a"), frames * valid[:, layout.part_of_channel], valid), layout, Cleaning())
        assert isinstance(found, Cleaned) and found.unseen == unseen, parts


def test_a_clip_in_which_nothing_is_seen_is_zeros_that_count_as_unseen():
    clip = landmark_clip()
    assert not cleaned(clip).unseen
    for blank in (
        dataclasses.replace(clip, valid=np.zeros_like(clip.valid)),
        dataclasses.replace(clip, frames=np.zeros_like(clip.frames), valid=None),
        dataclasses.replace(clip, frames=np.full_like(clip.frames, np.nan), valid=None),
    ):
        found = cleaned(blank, handedness="detect")
        assert found.unseen and len(found.clip.frames) == 40
        assert not found.clip.frames.any() and not found.clip.valid.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rotations": "quaternion"}, "rotations is 'quaternion'; it must be one of axis_angle, 6d"),
        ({"handedness": "left"}, "handedness is 'left'; it must be one of as_is"),
        ({"shortest_clip": 0}, "shortest_clip is 0"),
        ({"longest_gap": -1}, "longest_gap is -1"),
    ],
)
def test_settings_that_do_not_exist_name_those_that_do(change, message):
    with pytest.raises(InputError, match=message):
        check_cleaning(Cleaning(**change))
