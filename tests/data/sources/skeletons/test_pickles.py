"""Pickles of skeletons as other projects write them."""

import gzip
import pickle
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, Rejected, Request
from signjax.data.layout.registry import BUILT_IN
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain

T = 6
RNG = np.random.default_rng(0)


def dump(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, 4))
    return path


def read(path: Path, **fields: object) -> list[Clip | Rejected]:
    return list(source_registry.read("skeletons", Request(path, **fields)))


def chosen(path: Path, width: int, **fields: object):
    return source_registry.layout_of("skeletons", Request(path, **fields), width)


def annotation(name: str, label: int, points: int = 17, people: int = 1, frames: int = T) -> dict[str, object]:
    """As pyskl and mmaction2 write it: pixels of 2-D points in half precision, with confidences."""
    return {
        "frame_dir": name,
        "label": label,
        "img_shape": (480, 640),
        "original_shape": (480, 640),
        "total_frames": frames,
        "keypoint": RNG.uniform(1, 400, (people, frames, points, 2)).astype(np.float16),
        "keypoint_score": RNG.uniform(0.3, 1, (people, frames, points)).astype(np.float16),
    }


def test_the_annotations_of_pyskl(tmp_path):
    annotations = [annotation(f"S{number:03d}", number % 2, people=2) for number in range(4)]
    annotations[1]["keypoint_score"][0] = 0.1  # of two people, the second is seen better
    annotations[1]["keypoint_score"][1, 2, 9] = 0
    split = {"train": ["S000", "S003"], "val": ["S001", "S002"]}
    path = dump(tmp_path / "wlasl.pkl", {"split": split, "annotations": annotations})
    listing = source_registry.listing("skeletons", Request(path))
    assert [(i.name, dict(i.labels), i.split) for i in listing.items] == [
        ("S000", {"gloss": "class 0"}, "train"),
        ("S001", {"gloss": "class 1"}, "test"),
        ("S002", {"gloss": "class 0"}, "test"),
        ("S003", {"gloss": "class 1"}, "train"),
    ]
    assert any("the latter are kept for testing" in remark for remark in listing.remarks)
    clip = source_registry.read_item("skeletons", listing.items[1])
    expected = annotations[1]["keypoint"][1].astype(np.float32)
    expected[2, 9] = np.nan
    np.testing.assert_array_equal(clip.frames, expected.reshape(T, 34))
    layout, reason = chosen(path, 34)
    assert reason == "17 points are those of COCO"
    assert (layout.mirrors, layout.shoulders, layout.head) == (True, (("pose", 5), ("pose", 6)), ("pose", 0))
    assert layout.part("pose").point_partners[9:11] == (10, 9)  # the wrists


def test_one_of_several_ways_to_split_is_used(tmp_path):
    annotations = [annotation(f"S{number}", 0) for number in range(4)]
    split = {
        "xsub_train": ["S0", "S1"], "xsub_val": ["S2"], "xsub_test": ["S3"], "xview_train": ["S3"], "xview_val": ["S0"],
    }  # fmt: skip
    path = dump(tmp_path / "ntu.pkl", {"split": split, "annotations": annotations})
    listing = source_registry.listing("skeletons", Request(path))
    assert [item.split for item in listing.items] == ["train", "train", "valid", "test"]
    assert "those of 'xsub' are used" in listing.remarks[0]


def test_lists_of_annotations_in_a_file_for_each_split(tmp_path):
    for split in ("train", "val", "test"):
        dump(tmp_path / f"autsl_{split}.pkl", [annotation("clip1", 10), annotation("clip2", 3)])
    items = source_registry.list_items("skeletons", Request(tmp_path))
    assert [(item.name, item.split, item.labels["gloss"]) for item in items[2:]] == [
        ("train/clip1", "train", "class 10"),
        ("train/clip2", "train", "class 03"),
        ("valid/clip1", "valid", "class 10"),
        ("valid/clip2", "valid", "class 03"),
    ]


def test_three_numbers_of_a_point_in_a_picture_are_x_y_and_confidence(tmp_path):
    keypoint = RNG.uniform(1, 400, (1, T, 133, 3))
    keypoint[..., 2] = RNG.uniform(0.2, 1.04, (1, T, 133))
    keypoint[0, 0, 100, 2] = 0
    path = dump(tmp_path / "a.pkl", [{"frame_dir": "a", "label": 0, "keypoint": keypoint}])
    (clip,) = read(path)
    expected = keypoint[0, ..., :2].astype(np.float32)
    expected[0, 100] = np.nan
    np.testing.assert_array_equal(clip.frames, expected.reshape(T, 266))
    layout, reason = chosen(path, 266)
    assert reason == "133 points are those of COCO-WholeBody"
    assert [(part.name, part.points) for part in layout.parts] == [
        ("pose", 23), ("face", 68), ("left_hand", 21), ("right_hand", 21),
    ]  # fmt: skip
    assert layout.mirrors
    (hands,) = read(path, layout="hands_xy")
    np.testing.assert_array_equal(hands.frames, expected[:, 91:].reshape(T, 84))
    with pytest.raises(
        InputError, match=r"layout=pose_hands_xy needs part pose \(33 x xy\); the source has pose \(23 x xy\)"
    ):
        read(path, layout="pose_hands_xy")


def test_joints_in_space_are_those_of_kinect(tmp_path):
    points = RNG.normal(0, 1, (2, T, 25, 3))
    points[1] = 0  # no second person
    path = dump(tmp_path / "ntu.pkl", [{"frame_dir": "a", "label": 0, "keypoint": points}])
    (clip,) = read(path)
    np.testing.assert_array_equal(clip.frames, points[0].reshape(T, 75).astype(np.float32))
    layout, reason = chosen(path, 75)
    assert (reason, layout.shoulders) == ("25 points are those of Kinect", (("pose", 4), ("pose", 8)))


def test_openhands_has_a_file_for_each_clip_and_a_table(tmp_path):
    points, scores = RNG.uniform(0.1, 0.9, (T, 75, 3)), np.ones((T, 75))
    scores[3, 33:54] = 0
    dump(tmp_path / "INCLUDE/a.pkl", {"keypoints": points, "confidences": scores})
    dump(tmp_path / "INCLUDE/b.pkl", {"keypoints": points + 1, "confidences": scores})
    (tmp_path / "INCLUDE/labels.csv").write_text("clip,gloss,signer\na,LOUD,1\nb,QUIET,2\n")
    first, second = read(tmp_path / "INCLUDE")
    expected = points.astype(np.float32)
    expected[3, 33:54] = np.nan
    np.testing.assert_array_equal(first.frames, expected.reshape(T, 225))
    assert (second.name, dict(second.labels), second.signer) == ("b", {"gloss": "QUIET"}, "2")
    layout, reason = chosen(tmp_path / "INCLUDE", 225)
    assert layout.in_order() == BUILT_IN["pose_hands"]
    assert reason == "75 points are those of MediaPipe, pose and both hands"
    dump(tmp_path / "INCLUDE/c.pkl", {"keypoints": points[:, :74], "confidences": scores[:, :74]})
    (tmp_path / "INCLUDE/labels.csv").write_text("clip,gloss\na,LOUD\nb,QUIET\nc,LOUD\n")
    bad = read(tmp_path / "INCLUDE")[2]
    assert (bad.reason, bad.detail) == (
        "wrong_width",
        "its frames have shape (74, 3) (points, numbers), those of most clips (75, 3)",
    )


def test_folders_are_classes_if_nothing_else_says_what_clips_are(tmp_path):
    for split, label, name in (
        ("train", "hello", "1"),
        ("train", "thanks", "1"),
        ("test", "hello", "1"),
        ("test", "thanks", "9"),
    ):
        dump(tmp_path / split / label / f"{name}.pkl", {"keypoints": RNG.uniform(1, 2, (T, 75, 3))})
    listing = source_registry.listing("skeletons", Request(tmp_path))
    assert [(item.name, item.labels["gloss"], item.split) for item in listing.items] == [
        ("test/hello/1", "hello", "test"),
        ("test/thanks/9", "thanks", "test"),
        ("train/hello/1", "hello", "train"),
        ("train/thanks/1", "thanks", "train"),
    ]
    assert listing.remarks == ["there is no label table, so each clip is labelled with the name of its folder"]
    dump(tmp_path / "alone" / "a.pkl", {"keypoints": RNG.uniform(1, 2, (T, 75, 3))})
    with pytest.raises(
        InputError, match=r"there is no label table; looked for .*The files do not say what their clips are"
    ):
        read(tmp_path / "alone")
    assert [item.name for item in read(tmp_path / "alone", labelled=False)] == ["a"]


@pytest.mark.parametrize("name", ["phoenix14t.pami0.{}", "csl-daily.{}.pkl", "{}.pkl.gz"])
def test_the_features_of_phoenix(tmp_path, name):
    for split in ("train", "dev", "test"):
        content = [
            {
                "name": f"{split}/11August_2010_tagesschau-{number}",
                "signer": f"Signer0{number + 1}",
                "gloss": "JETZT WETTER MORGEN DONNERSTAG",
                "text": "und nun die wettervorhersage",
                "sign": CudaTensor(np.full((T + number, 1024), number, np.float32)),
            }
            for number in range(2)
        ]
        write_plain(tmp_path / "plain", content)
        (tmp_path / name.format(split)).write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    listing = source_registry.listing("skeletons", Request(tmp_path))
    first, second = listing.items[:2]
    assert (first.name, first.split) == ("dev/11August_2010_tagesschau-0", "valid")
    assert (second.signer, dict(second.labels)) == ("Signer02", {"gloss": "JETZT WETTER MORGEN DONNERSTAG"})
    assert "6 of 6 clips are labelled with sentences" in listing.remarks[0]
    clip = source_registry.read_item("skeletons", second)
    assert (clip.frames.shape, clip.frames.min(), clip.frames.max()) == ((T + 1, 1024), 1, 1)
    assert chosen(tmp_path, 1024).layout.name == "generic"


def test_the_data_pickle_of_the_tutorials_on_fingerspelling(tmp_path):
    data = RNG.uniform(0, 1, (4, 42)).tolist()
    path = dump(tmp_path / "data.pickle", {"data": [*data, [0.5] * 84], "labels": ["0", "0", "1", "1", "1"]})
    *clips, bad = read(path)
    assert [dict(clip.labels) for clip in clips] == [{"gloss": label} for label in "0011"]
    np.testing.assert_array_equal(clips[2].frames, np.array(data[2:3], np.float32))
    assert (bad.reason, bad.detail) == ("wrong_width", "its frames have shape (84,), those of most clips (42,)")
    layout, reason = chosen(path, 42)
    assert reason == "frames of 42 values: one hand of MediaPipe, not mirrored"
    assert [(part.name, part.points, part.kind) for part in layout.parts] == [("right_hand", 21, "xy")]


@pytest.mark.parametrize(
    "content",
    [
        {"a": {"keypoints": 1, "label": "X"}, "b": {"keypoints": 1, "label": "Y"}},
        {"X": 1, "Y": 1},
        [{"video_id": "a", "gloss": b"X", "landmarks": 1}, {"video_id": "b", "gloss": "Y", "landmarks": 1}],
        ([1, 1], ["X", "Y"]),
        {"data": [1, 1], "labels": np.array(["X", "Y"])},
    ],
    ids=["by name", "by class", "list", "pair", "side by side"],
)
def test_many_clips_in_one_file(tmp_path, content):
    points = RNG.uniform(1, 2, (T, 21, 3))

    def with_points(value: object) -> object:
        if isinstance(value, dict):
            return {key: with_points(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(with_points(item) for item in value)
        return points if isinstance(value, int) else value

    filled = with_points(content)
    if [*content] == ["X", "Y"]:
        filled = {label: [points.tolist()] for label in content}
    first, second = read(dump(tmp_path / "all.pkl", filled))
    assert (first.labels["gloss"], second.labels["gloss"]) == ("X", "Y")
    np.testing.assert_array_equal(second.frames, points.reshape(T, 63).astype(np.float32))


def test_arrays_by_name_need_a_table(tmp_path):
    points = {name: RNG.uniform(1, 2, (T, 21, 3)) for name in ("a", "b")}
    path = dump(tmp_path / "all.pkl", points)
    (tmp_path / "labels.csv").write_text("clip,gloss\nb,YES\na,NO\n")
    first, second = read(path)
    assert (first.name, first.labels["gloss"], second.name) == ("a", "NO", "b")
    np.testing.assert_array_equal(second.frames, points["b"].reshape(T, 63).astype(np.float32))


def test_points_of_an_unknown_tracker_are_kept_unmirrored(tmp_path):
    path = dump(tmp_path / "a.pkl", [{"name": "a", "label": "X", "keypoint": RNG.uniform(1, 400, (T, 46, 2))}])
    (clip,) = read(path)
    layout, reason = chosen(path, 92)
    assert (clip.frames.shape, layout.mirrors, layout.parts[0].kind) == ((T, 92), False, "xy")
    assert "46 points are kept in their order" in reason and "no tracker known to signjax has so many" in reason


def test_points_at_the_origin_were_not_found_unless_they_always_are(tmp_path):
    points = RNG.uniform(1, 2, (T, 75, 3))
    points[2, 40] = 0
    points[:, 50] = 0
    (clip,) = read(dump(tmp_path / "a.pkl", [{"name": "a", "label": "X", "keypoint": points}]))
    found = clip.frames.reshape(T, 75, 3)
    assert np.isnan(found[2, 40]).all() and np.isnan(found).sum() == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"smplx": np.zeros((3, 182))}, "it holds the parameters of a body; source signavatars reads those"),
        (
            {"model": {"weight": [1, 2]}, "epoch": 3},
            "it holds a dict with model, epoch, none of which is an array of points",
        ),
        ([1, 2, 3], "it holds a list of 3 values of type int; expected dicts with 'keypoint'"),
        ("text", "it holds values of type str"),
        ([], "it holds a list of 0 items"),
        ({"data": [[1.0] * 42] * 2, "labels": ["a"]}, "it holds 2 clips and 1 labels; each clip needs its label"),
        (
            [{"name": "a", "label": 0, "keypoint": np.zeros((3, 4, 5, 6))}],
            "'keypoint' must have 2 to 4 numbers for each point",
        ),
        (
            [{"name": "a", "label": 0, "keypoint": [[[1, 2]], [[1]]]}],
            "'keypoint' must be numbers; its people, frames or points differ",
        ),
        (
            [{"name": "a", "label": 0, "keypoint": np.ones((3, 17, 2)), "keypoint_score": np.ones((3, 16))}],
            r"the confidences must be numbers of shape \(3, 17\); they are float64 \(3, 16\)",
        ),
        ([{"name": "a", "label": 0, "keypoint": np.ones((0, 3, 17, 2))}], "'keypoint' holds nobody"),
    ],
)
def test_what_is_not_a_skeleton_is_named(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        read(dump(tmp_path / "a.pkl", content))


def test_a_file_that_cannot_be_read_among_others(tmp_path):
    for name in "abc":
        dump(tmp_path / f"{name}.pkl", {"keypoints": RNG.uniform(1, 2, (T, 75, 3))})
    (tmp_path / "b.pkl").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "._a.pkl").write_bytes(b"\0\5\26\7")
    (tmp_path / "labels.csv").write_text("clip,gloss\na,X\nb,X\nc,Y\n")
    found = read(tmp_path)
    assert [getattr(item, "reason", "clip") for item in found] == ["clip", "unreadable", "clip"]
    assert "a Git LFS pointer instead of the file" in found[1].detail


def test_a_file_of_many_clips_among_files_of_one(tmp_path):
    for name in "abcd":
        dump(tmp_path / f"{name}.pkl", {"keypoints": RNG.uniform(1, 2, (T, 75, 3))})
    dump(tmp_path / "d.pkl", [annotation("x", 0), annotation("y", 1)])
    (tmp_path / "labels.csv").write_text("clip,gloss\na,X\nb,X\nc,Y\nd,Y\n")
    assert read(tmp_path)[3].detail == "the file holds 2 clips, others hold one each; give it alone as config.data.path"


def test_an_array_for_each_clip(tmp_path):
    """As SAM-SLR writes them: (T, 133, 3) with confidences, or (M, T, V, C) of a single clip."""
    points = RNG.uniform(1, 400, (2, T, 133, 3))
    points[..., 2] = 0.7
    (tmp_path / "npy").mkdir()
    np.save(tmp_path / "npy" / "signer0_sample1.npy", points[0])
    np.save(tmp_path / "npy" / "signer0_sample2.NPY", points)
    (tmp_path / "npy" / "signer0_sample2.NPY.npy").rename(tmp_path / "npy" / "signer0_sample2.NPY")
    (tmp_path / "labels.csv").write_text("clip,gloss\nsigner0_sample1,A\nsigner0_sample2,B\n")
    first, second = read(tmp_path / "npy")
    assert (first.labels["gloss"], second.labels["gloss"]) == ("A", "B")
    for clip in (first, second):
        np.testing.assert_array_equal(clip.frames, points[0, ..., :2].reshape(T, 266).astype(np.float32))


def test_clips_of_one_split_are_split_anew(tmp_path):
    listing = source_registry.listing(
        "skeletons", Request(dump(tmp_path / "train.pkl", [annotation("x", 0), annotation("y", 1)]))
    )
    assert [item.split for item in listing.items] == [None, None]
    assert listing.remarks == ["all clips are of the split 'train', so they are split anew"]


def test_the_pictures_of_mediapipe_tasks_in_any_order(tmp_path):
    points = RNG.normal(0, 1, (60, 553, 3))
    pose, face, left, right = 0, 33, 511, 532
    points[:, pose + 11], points[:, pose + 12] = [0.5, 0, 0], [-0.5, 0, 0]
    for wrist, hand, x in ((15, left, 0.8), (16, right, -0.8)):
        points[:, wrist] = np.array([x, 1, 0]) + RNG.normal(0, 0.01, (60, 3))
        points[:, hand] = points[:, wrist]
    path = dump(tmp_path / "a.pkl", [{"name": "a", "label": "X", "keypoints": points}])
    (clip,) = read(path)
    layout = chosen(path, 553 * 3).layout
    assert layout.name == "holistic_553" and layout.mirrors
    frames = layout.ordered(clip.frames)
    np.testing.assert_array_equal(
        frames[:, layout.channels_of("right_hand")], points[:, right:].reshape(60, 63).astype(np.float32)
    )
    np.testing.assert_array_equal(
        frames[:, layout.channels_of("irises")], points[:, face + 468 : left].reshape(60, 30).astype(np.float32)
    )
    (hands,) = read(path, layout="hands")
    np.testing.assert_array_equal(hands.frames, points[:, left:].reshape(60, 126).astype(np.float32))


def test_keys_of_python_2_are_bytes(tmp_path):
    points = RNG.uniform(1, 2, (T, 75, 3))
    (clip,) = read(dump(tmp_path / "a.pkl", [{b"name": b"a", b"label": b"X", b"keypoint": points}]))
    assert (clip.name, dict(clip.labels)) == ("a", {"gloss": "X"})


@pytest.mark.parametrize(
    "array", [[{"name": "a", "label": 0, "keypoint": np.ones((4, 17, 2))}], {"a": np.ones((4, 17, 2))}]
)
def test_arrays_of_objects_are_read_or_named(tmp_path, array):
    np.save(tmp_path / "a.npy", np.array(array, object))
    try:
        (clip,) = read(tmp_path / "a.npy", labelled=False)
        assert clip.frames.shape == (4, 34)
    except InputError as error:
        assert "holds Python objects" in str(error) and "allow_pickle" not in str(error)


def test_a_list_in_which_one_item_is_no_clip(tmp_path):
    first, second = read(dump(tmp_path / "a.pkl", [annotation("x", 0), None]))
    assert (first.name, second.reason) == ("x", "wrong_width")


def test_a_folder_without_skeletons_says_what_it_has(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(
        InputError,
        match=r"there are no skeletons; .*The folder holds files 3 \.jpg: signjax reads landmarks, not pictures",
    ):
        read(tmp_path)
    with pytest.raises(InputError, match="it does not exist"):
        read(tmp_path / "absent")


def test_what_is_masked_was_not_found(tmp_path):
    points = np.ma.array(RNG.normal(size=(T, 17, 2)))
    points[3, 5] = np.ma.masked
    dump(tmp_path / "a.pkl", {"annotations": [{"frame_dir": "a", "label": 0, "keypoint": points[None]}]})
    (clip,) = read(tmp_path / "a.pkl", labelled=False)
    missing = np.isnan(clip.frames).reshape(T, 17, -1)[..., :2].all(-1)
    assert missing[3, 5] and missing.sum() == 1
