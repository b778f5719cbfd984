import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.layout import landmarks, point_names
from signjax.data.sources import pose, pose_layout
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

T = 6
POSE, HAND = point_names.POSE_NAMES, point_names.HAND_NAMES
# The components that pose-format writes of MediaPipe Holistic: pose first, and the pose in metres last.
HOLISTIC = {
    "POSE_LANDMARKS": POSE,
    "FACE_LANDMARKS": tuple(map(str, range(468))),
    "LEFT_HAND_LANDMARKS": HAND,
    "RIGHT_HAND_LANDMARKS": HAND,
    "POSE_WORLD_LANDMARKS": POSE,
}
FORMATS = {3: "XYZC", 2: "XYC"}


def header(components: dict[str, tuple[str, ...]], dimensions: int = 3):
    package = pytest.importorskip("pose_format", reason="pose-format is not installed: pip install pose-format")
    from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

    parts = [
        PoseHeaderComponent(name, list(points), [(0, 1)], [(255, 0, 0)], FORMATS[dimensions])
        for name, points in components.items()
    ]
    return package.PoseHeader(0.2, PoseHeaderDimensions(640, 480, 0), parts)


def write(path: Path, head, frames: int = T, people: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A file of random points, of which the first is never found; returns its data and confidence."""
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody

    rng = np.random.default_rng(frames)
    data = rng.uniform(1, 400, (frames, people, head.total_points(), head.num_dims())).astype(np.float32)
    confidence = rng.uniform(0.1, 1, data.shape[:3]).astype(np.float32)
    confidence[:, :, 0] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        Pose(head, NumPyPoseBody(25.0, data, confidence)).write(file)
    return data, confidence


def read(path: Path, **fields: object) -> list[object]:
    return list(source_registry.read("pose", Request(path, **({"labelled": False} | fields))))


def test_holistic_becomes_the_layout_of_that_name(tmp_path):
    data, _ = write(tmp_path / "a.pose", header(HOLISTIC))
    (clip,) = read(tmp_path)
    layout = source_registry.layout_of("pose", Request(tmp_path), clip.frames.shape[1]).layout
    assert layout == landmarks.holistic()
    starts = {"pose": 0, "face": 33, "left_hand": 501, "right_hand": 522}
    for part in layout.parts:
        expected = data[:, 0, starts[part.name] : starts[part.name] + part.points].copy()
        if part.name == "pose":
            expected[:, 0] = np.nan  # its confidence is 0
        np.testing.assert_array_equal(clip.frames[:, layout.channels_of(part.name)], expected.reshape(T, -1))


def test_a_reduced_holistic_keeps_partners(tmp_path):
    face = tuple(str(number) for number in (0, 7, 10, 249))  # 7 and 249 are partners
    body = ("LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_WRIST", "RIGHT_WRIST")
    data, _ = write(tmp_path / "a.pose", header({"POSE_LANDMARKS": body, "FACE_LANDMARKS": face}, 2))
    (clip,) = read(tmp_path)
    layout = source_registry.layout_of("pose", Request(tmp_path), clip.frames.shape[1]).layout
    assert [(part.name, part.points, part.kind) for part in layout.parts] == [("face", 4, "xy"), ("pose", 4, "xy")]
    assert layout.mirrors
    assert layout.part("face").point_partners == (0, 3, 2, 1)
    assert layout.shoulders == (("pose", 0), ("pose", 1))
    np.testing.assert_array_equal(clip.frames[:, :8], data[:, 0, 4:].reshape(T, -1))


def test_whole_parts_may_be_chosen(tmp_path):
    data, _ = write(tmp_path / "a.pose", header(HOLISTIC))
    (clip,) = read(tmp_path, layout="hands_xy")
    np.testing.assert_array_equal(clip.frames, data[:, 0, 501:543, :2].reshape(T, -1))
    with pytest.raises(InputError, match="layout=holistic_1662 needs part visibility"):
        read(tmp_path, layout="holistic_1662")


def test_an_openpose_file(tmp_path):
    pytest.importorskip("pose_format", reason="pose-format is not installed")
    from pose_format.pose_header import PoseHeader, PoseHeaderDimensions
    from pose_format.utils.openpose import OpenPose_Components

    write(tmp_path / "a.pose", PoseHeader(0.2, PoseHeaderDimensions(640, 480, 0), OpenPose_Components))
    (clip,) = read(tmp_path)
    layout = source_registry.layout_of("pose", Request(tmp_path), clip.frames.shape[1]).layout
    assert [(part.name, part.points) for part in layout.parts] == [
        ("body", 25),
        ("face", 70),
        ("left_hand", 21),
        ("right_hand", 21),
    ]
    assert layout.mirrors
    names = OpenPose_Components[0].points
    partners = layout.part("body").point_partners
    assert {names[a]: names[b] for a, b in enumerate(partners)}["RBigToe"] == "LBigToe"
    assert names[partners[0]] == "Nose"
    assert layout.part("face").point_partners[:17] == tuple(reversed(range(17)))
    assert layout.shoulders == (("body", names.index("LShoulder")), ("body", names.index("RShoulder")))
    assert layout.head == ("body", 0)
    assert (("body", names.index("LWrist")), ("left_hand", 0)) in layout.skeleton
    channel, sign, _ = layout.mirror
    frames = np.random.default_rng(0).normal(size=(2, layout.width))
    mirrored = frames[:, channel] * sign
    np.testing.assert_array_equal(mirrored[:, channel] * sign, frames)
    assert not np.allclose(mirrored, frames)


def test_points_of_unknown_sides_do_not_mirror():
    def layout(*points: str):
        return pose_layout.choose([pose_layout.Component("thing", points, ())], 2).layout

    assert layout("left_a", "right_a", "nose").mirrors
    assert not layout("left_a", "right_b").mirrors
    assert not layout("a", "b").mirrors
    assert not layout("LEye", "REye", "Contour0", "Contour1").mirrors
    assert layout("a", "b").part_names == ("thing",)


def test_every_partner_of_a_face_is_mutual():
    for count in (68, 70):
        partners = pose_layout._point_partners(tuple(f"face-{i}" for i in range(count)))
        assert [partners[partner] for partner in partners] == list(range(count))


def test_of_several_people_the_best_seen_is_taken(tmp_path):
    head = header({"LEFT_HAND_LANDMARKS": HAND, "RIGHT_HAND_LANDMARKS": HAND})
    from pose_format import Pose
    from pose_format.numpy import NumPyPoseBody

    data = np.random.default_rng(0).uniform(1, 2, (T, 3, 42, 3)).astype(np.float32)
    confidence = np.ones((T, 3, 42), np.float32) * np.array([0.2, 0.9, 0.0])[:, None].astype(np.float32)
    confidence[2, 1, :21] = 0
    with (tmp_path / "a.pose").open("wb") as file:
        Pose(head, NumPyPoseBody(25.0, data, confidence)).write(file)
    (clip,) = read(tmp_path)
    expected = data[:, 1].copy()
    expected[2, :21] = np.nan
    np.testing.assert_array_equal(clip.frames, expected.reshape(T, -1))


def test_segments_of_a_long_file(tmp_path):
    head = header({"LEFT_HAND_LANDMARKS": HAND, "RIGHT_HAND_LANDMARKS": HAND})
    data, _ = write(tmp_path / "video.pose", head, 20)
    (tmp_path / "labels.csv").write_text(
        "clip,file,start,end,gloss,signer\na,video,0,5,HOUSE,anna\nb,video,5,20,TREE,anna\nc,video,15,21,TREE,anna\n"
    )
    first, second, third = read(tmp_path, labelled=True)
    np.testing.assert_array_equal(second.frames[:, 3:], data[5:, 0].reshape(15, -1)[:, 3:])
    assert (first.name, first.signer, dict(first.labels), len(first.frames)) == ("a", "anna", {"gloss": "HOUSE"}, 5)
    assert (third.reason, third.detail) == ("bad_segment", "frames 15 to 21 of a file with 20 frames")


def test_nothing_is_lost_without_a_reason(tmp_path):
    hands = header({"LEFT_HAND_LANDMARKS": HAND, "RIGHT_HAND_LANDMARKS": HAND})
    write(tmp_path / "good.pose", hands)
    write(tmp_path / "nobody.pose", hands, people=0)
    write(tmp_path / "none.pose", hands, frames=0)
    write(tmp_path / "other.pose", header({"LEFT_HAND_LANDMARKS": HAND, "POSE_LANDMARKS": POSE}))
    whole = (tmp_path / "good.pose").read_bytes()
    for name, length in (("cut", len(whole) - 100), ("head", 40), ("nothing", 0)):
        (tmp_path / f"{name}.pose").write_bytes(whole[:length])
    (tmp_path / "text.pose").write_text("this is no pose file, but long enough to look like one at first sight" * 20)
    found = {item.name: item for item in read(tmp_path)}
    assert {name: getattr(item, "reason", "clip") for name, item in found.items()} == {
        "good": "clip",
        "nobody": "clip",
        "none": "unreadable",
        "other": "wrong_width",
        "cut": "unreadable",
        "head": "unreadable",
        "nothing": "unreadable",
        "text": "unreadable",
    }
    assert np.isnan(found["nobody"].frames).all()


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="it does not exist"):
        pose.source_files(Request(tmp_path / "absent"))
    with pytest.raises(InputError, match=r"has no \.pose files"):
        pose.source_files(Request(tmp_path))
    header(HOLISTIC)
    (tmp_path / "a.pose").write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.pose: not a \.pose file, or cut short; copy or convert it again \("):
        read(tmp_path)
    (tmp_path / "b.pose").write_bytes(b"pose")
    with pytest.raises(InputError, match=r"a\.pose: .*The same holds for all 2 \.pose files there"):
        read(tmp_path)


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pose_format", None)
    (tmp_path / "a.pose").touch()
    with pytest.raises(InputError, match=r"source pose needs a package .*: pip install \"pose-format>="):
        read(tmp_path)


def test_a_component_as_the_package_has_it():
    found = SimpleNamespace(name="A", points=["p", "q"], limbs=[(np.int64(0), np.int64(1))])
    assert pose_layout.component(found) == ("A", ("p", "q"), ((0, 1),))


def test_files_that_differ_only_in_points_that_are_not_used_are_alike(tmp_path):
    """MediaPipe's older versions have no irises and no pose in metres."""
    points = ("POSE_LANDMARKS", "FACE_LANDMARKS", "LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS")
    irises = tuple(map(str, range(478)))
    data, _ = write(tmp_path / "a.pose", header({name: HOLISTIC[name] for name in points}))
    others, _ = write(tmp_path / "b.pose", header(HOLISTIC | {"FACE_LANDMARKS": irises}))
    old, new = read(tmp_path)
    layout = source_registry.layout_of("pose", Request(tmp_path), old.frames.shape[1]).layout
    assert old.frames.shape == new.frames.shape == (T, 1629)
    np.testing.assert_array_equal(old.frames[:, layout.channels_of("right_hand")], data[:, 0, 522:543].reshape(T, -1))
    np.testing.assert_array_equal(new.frames[:, layout.channels_of("right_hand")], others[:, 0, 532:553].reshape(T, -1))


def test_points_outside_the_requested_layout_may_differ(tmp_path):
    hands = {"LEFT_HAND_LANDMARKS": HAND, "RIGHT_HAND_LANDMARKS": HAND}
    write(tmp_path / "a.pose", header(HOLISTIC))
    write(tmp_path / "b.pose", header(hands, 2))
    (tmp_path / "c.pose").write_bytes((tmp_path / "a.pose").read_bytes())
    write(tmp_path / "d.pose", header({"LEFT_HAND_LANDMARKS": HAND}))
    found = read(tmp_path, layout="hands_xy")
    assert [getattr(item, "reason", item.name) for item in found] == ["a", "b", "c", "wrong_width"]
    assert "its points differ from those of most files: left_hand (21 x xyz)" in found[-1].detail


def test_the_layout_of_most_files_decides(tmp_path):
    hands = header({"LEFT_HAND_LANDMARKS": HAND, "RIGHT_HAND_LANDMARKS": HAND})
    write(tmp_path / "a.pose", header({"LEFT_HAND_LANDMARKS": HAND}))
    for name in "bcd":
        write(tmp_path / f"{name}.pose", hands)
    assert [getattr(item, "reason", item.name) for item in read(tmp_path)] == ["wrong_width", "b", "c", "d"]
    chosen = source_registry.layout_of("pose", Request(tmp_path), 126)
    assert (chosen.layout.part_names, chosen.reason) == (
        ("left_hand", "right_hand"),
        "the headers of 3 of 4 files; others differ in their points",
    )
