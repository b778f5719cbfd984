"""Layouts from the names of channels: every usual spelling, whatever the order, and nothing that the names do not say."""

import numpy as np
import pytest

from signjax.data.cleaning.clean import Cleaned, Cleaning, clean, cleaned_layout
from signjax.data.clip import Clip, ClipInfo
from signjax.data.layout.parts import Layout
from signjax.data.layout.point_names import HAND_NAMES, POSE_NAMES, words_of
from signjax.data.layout.recognition import recognize
from signjax.data.layout.registry import BUILT_IN

KINECT = (
    "HipCenter", "Spine", "ShoulderCenter", "Head", "ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft", "ShoulderRight",
    "ElbowRight", "WristRight", "HandRight", "HipLeft", "KneeLeft", "AnkleLeft", "FootLeft", "HipRight", "KneeRight", "AnkleRight",
    "FootRight",
)  # fmt: skip
KINECT_2 = (
    "SpineBase", "SpineMid", "Neck", "Head", *KINECT[4:], "SpineShoulder", "HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight",
)  # fmt: skip
BODY_25 = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "MidHip", "RHip", "RKnee", "RAnkle", "LHip",
    "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar", "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
WHOLE_BODY = (
    *COCO,
    *(f"face-{number}" for number in range(68)),
    *(
        f"{side}_{point}"
        for side in ("left", "right")
        for point in ("hand_root", *(f"{finger}{joint}" for finger in FINGERS for joint in range(1, 5)))
    ),
)
SMPLX = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle", "spine3",
    "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "jaw", "left_eye_smplhf", "right_eye_smplhf",
    *(f"{side}_{finger}{joint}" for side in ("left", "right") for finger in ("index", "thumb") for joint in (1, 2, 3)),
)  # fmt: skip
SETS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}


def interleaved(points, axes="xyz", form="{}.{}"):
    return [form.format(point, axis) for point in points for axis in axes]


def numbered(*sets: str, axes: str = "xyz", form: str = "{}{}.{}") -> list[str]:
    return [form.format(name, number, axis) for name in sets for number in range(SETS[name]) for axis in axes]


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (numbered("pose", "left_hand", "right_hand"), "pose_hands"),
        (numbered("pose", "left_hand", "right_hand", axes="xy", form="{}_{}_{}"), "pose_hands_xy"),
        (numbered("face", "left_hand", "pose", "right_hand", form="{}_{}_{}"), "holistic"),
        ([f"{a}_{name}_{i}" for name in SETS for i in range(SETS[name]) for a in "xyz"], "holistic"),
        ([f"{a}_{name}_{i}" for a in "xy" for name in SETS for i in range(SETS[name])], "holistic_xy"),
        (interleaved([f"{hand}_{i}" for hand in ("lh", "rh") for i in range(21)], form="{}_{}"), "hands"),
        (interleaved([f"{hand}{i}" for hand in ("lhand", "rhand") for i in range(21)], "xy"), "hands_xy"),
        (interleaved([f"hand_{side}_{i}" for side in "rl" for i in range(1, 22)], "XY", "{}{}"), "hands_xy"),
        (
            interleaved([f"face{i}" for i in range(4)], "xy")
            + interleaved([f"pose{i}" for i in range(33)], "xy")
            + interleaved([f"{hand}{i}" for hand in ("lhand", "rhand") for i in range(21)], "xy"),
            "face4_pose_hands_xy",
        ),
        (
            interleaved(POSE_NAMES, ("x", "y", "z", "visibility"), "{}_{}")
            + interleaved([f"{side}_HAND_{name}" for side in ("LEFT", "RIGHT") for name in HAND_NAMES], form="{}_{}"),
            "pose_hands_258",
        ),
    ],
)  # fmt: skip
def test_all_points_of_a_built_in_layout_give_it(names, layout):
    for order in (names, names[::-1]):
        found = recognize(order)
        assert found.reason == f"all {len(names)} channel names match"
        assert found.layout.in_order() == BUILT_IN[layout]
        # The same name for each channel, wherever it stood.
        assert found.layout.ordered(np.array([order]))[0].tolist() == list(found.layout.names)
    assert recognize(names).layout.names == recognize(names[::-1]).layout.names


@pytest.mark.parametrize(
    ("names", "parts", "head"),
    [
        (interleaved(KINECT), {"pose": "xyz"}, "Head"),
        (interleaved(KINECT_2, "XYZ", "{}{}"), {"pose": "xyz"}, "Head"),
        ([f"{point}_{axis}" for axis in "xyz" for point in KINECT], {"pose": "xyz"}, "Head"),
        (interleaved(BODY_25, ("x", "y", "c"), "{}_{}"), {"pose": "xy", "confidence": "scalar"}, "Nose"),
        (interleaved(COCO, "xy", "{}.{}"), {"pose": "xy"}, "nose"),
        (interleaved([name.title() for name in COCO], "xy", "{} {}"), {"pose": "xy"}, "Nose"),
        (
            interleaved(WHOLE_BODY, "xy"),
            {"pose": "xy", "face": "xy", "left_hand": "xy", "right_hand": "xy"},
            "nose",
        ),
        (interleaved(SMPLX), {"pose": "xyz", "left_hand": "xyz", "right_hand": "xyz"}, "head"),
        (interleaved(POSE_NAMES[:25], "xy", "{}_{}"), {"pose": "xy"}, "NOSE"),
        (interleaved([f"pose_{name}" for name in POSE_NAMES[:23]], "xy", "{}_{}"), {"pose": "xy"}, "pose_NOSE"),
    ],
)  # fmt: skip
def test_other_trackers_give_parts_shoulders_and_mirror_images(names, parts, head):
    found = recognize(names)
    layout = found.layout
    assert layout.name == "named_channels" and layout.mirrors
    assert {part.name: part.kind for part in layout.parts} == parts
    assert found.reason.startswith(f"{len(names)} of {len(names)} channel names are those of body points: pose ")
    assert "not" not in found.reason
    shoulders = [words_of(layout.names[layout.channels_at(point)][0]) for point in layout.shoulders]
    assert all("shoulder" in words for words in shoulders)
    assert ["left" in words for words in shoulders] == [True, False]
    assert layout.names[layout.channels_at(layout.head)][0].startswith(head)
    assert len(layout.skeleton) >= 5
    if "left_hand" in parts:
        assert "left_hand_shape" in cleaned_layout(layout, Cleaning()).part_names


def named_values(layout: Layout, frames: np.ndarray) -> dict[str, float]:
    return dict(zip(layout.names, frames[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("points", "swapped"),
    [
        (KINECT, lambda name: name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")),
        (SMPLX, lambda name: name.replace("left", "?").replace("right", "left").replace("?", "right")),
        (BODY_25, lambda name: {"L": "R", "R": "L"}.get(name[0], name[0]) + name[1:]),
    ],
)
def test_the_mirror_image_swaps_names_and_negates_x(points, swapped):
    names = [f"{point}.{axis}" for axis in "xyz" for point in points]
    layout = recognize(names).layout
    frames = np.random.default_rng(0).normal(size=(1, len(names)))
    channel, sign, _ = layout.mirror
    ordered = layout.ordered(frames)
    image, before = named_values(layout, ordered[:, channel] * sign), dict(zip(names, frames[0].tolist(), strict=True))
    for name in names:
        assert image[name] == before[swapped(name)] * (-1 if name.endswith("x") else 1)


def test_a_clip_is_cleaned_alike_in_every_order_of_its_channels():
    names = interleaved(KINECT)
    frames = np.random.default_rng(0).normal(size=(20, len(names))).astype(np.float32)
    shuffled = np.random.default_rng(1).permutation(len(names))
    shuffled = shuffled[np.argsort([names[column].split(".")[0] != "HipCenter" for column in shuffled], kind="stable")]
    layout, other = recognize(names).layout, recognize([names[column] for column in shuffled]).layout
    first = clean(Clip(ClipInfo("a"), frames), layout, Cleaning())
    second = clean(Clip(ClipInfo("a"), frames[:, shuffled]), other, Cleaning())
    assert isinstance(first, Cleaned) and isinstance(second, Cleaned)
    places = [other.names.index(name) for name in layout.names]
    np.testing.assert_allclose(second.clip.frames[:, places], first.clip.frames, atol=1e-5)
    left, right = (first.clip.frames[:, layout.channels_at(point)] for point in layout.shoulders)
    # Turned to the front, the median of points that jump about is another.
    np.testing.assert_allclose(np.median((left + right) / 2, axis=0), 0, atol=0.1)
    assert np.median(np.linalg.norm(left - right, axis=1)) == pytest.approx(1, rel=1e-4)


def test_what_is_no_point_stays_as_it_is_and_keeps_clips_from_being_mirrored():
    names = [*interleaved(COCO, "xy"), "acc_x", "left_wrist_roll", "timestamp"]
    found = recognize(names)
    assert found.layout.part("other").points == 3 and not found.layout.mirrors and found.layout.shoulders
    assert "3 channels are kept unchanged" in found.reason and "'acc_x', 'left_wrist_roll', 'timestamp'" in found.reason
    frames = np.random.default_rng(0).normal(size=(9, len(names))).astype(np.float32)
    cleaned = clean(Clip(ClipInfo("a"), frames), found.layout, Cleaning())
    np.testing.assert_array_equal(cleaned.clip.frames[:, found.layout.channels_of("other")], frames[:, -3:])


@pytest.mark.parametrize(
    ("names", "lacks"),
    [
        (interleaved([f"body{i}" for i in range(25)], "xy"), ["not mirrored", "no left and right shoulder"]),
        (interleaved([name for name in COCO if "shoulder" not in name], "xy"), ["no left and right shoulder"]),
        (interleaved([name for name in COCO if name != "left_wrist"], "xy"), ["not mirrored"]),
        (interleaved([f"hand{i}" for i in range(21)], "xy"), ["not mirrored", "no left and right shoulder"]),
        (interleaved(HAND_NAMES, "xy"), ["not mirrored", "no left and right shoulder"]),
    ],
)  # fmt: skip
def test_what_is_lacking_is_said(names, lacks):
    found = recognize(names)
    assert found.layout.name == "named_channels"
    for words in ("not mirrored", "no left and right shoulder"):
        assert (words in found.reason) == (words in lacks)
    assert found.layout.mirrors == ("not mirrored" not in lacks)
    assert (found.layout.shoulders is None) == ("no left and right shoulder" in lacks)


@pytest.mark.parametrize(
    "names",
    [
        ["x", "y", "z", "roll", "thumb", "fore", "middle", "ring"],
        ["x_0", "y_0", "x_1", "y_1", "x_2", "y_2", "x_3", "y_3", "x_4", "y_4", "x_5", "y_5"],
        ["left_hand.x", "left_hand.y", "left_hand.z", "right_hand.x", "right_hand.y", "right_hand.z"],
        ["LeftShoulder_Xrotation", "LeftShoulder_Yrotation", "LeftShoulder_Zrotation"],
        ["left_hand_pose_0", "left_hand_pose_1", "left_hand_pose_2"],
        ["gyro_x", "gyro_y", "gyro_z", "quat_x", "quat_y", "quat_z", "quat_w"],
        interleaved([f"POSE_WORLD_LANDMARKS_{i}" for i in range(33)]),
        interleaved(COCO, "xy") * 2,
        [*interleaved(COCO, "xy"), "nose.z"],  # z of one point alone
        interleaved([name.replace("_", "") for name in COCO], "xy", "{}{}"),  # where do the words of `nosex` end?
        ["", " ", "...", "0", "∂x"],
    ],
)
def test_names_that_are_not_those_of_points_give_generic_channels(names):
    found = recognize(names)
    assert found.layout.name == "generic" and found.layout.width == len(names)
    assert "nothing is centred, mirrored or masked" in found.reason and "--config.data.layout" in found.reason


def test_a_face_mirrors_where_its_numbers_are_known():
    assert recognize(numbered("face", axes="xy")).layout.mirrors
    assert recognize(interleaved([f"face{i}" for i in range(68)], "xy")).layout.mirrors
    assert not recognize(interleaved([f"face{i}" for i in range(50)], "xy")).layout.mirrors
    some = recognize(interleaved([f"face_{i}" for i in (10, 152, 234, 454, 1)], "xy"))
    assert some.layout.mirrors and some.layout.part("face").point_partners == (0, 1, 3, 2, 4)
