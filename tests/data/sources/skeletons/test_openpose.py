import json
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, Rejected, Request
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

RNG = np.random.default_rng(0)
SIZES = {"pose": 25, "face": 70, "hand_left": 21, "hand_right": 21}


def person(confidence: float = 0.8, **sizes: int) -> dict[str, np.ndarray]:
    found = {name: RNG.uniform(1, 600, (size, 3)) for name, size in (SIZES | sizes).items()}
    for points in found.values():
        points[:, 2] = confidence
    return found


def frame(*people: dict[str, np.ndarray], end: str = "_2d") -> str:
    """As OpenPose writes it."""
    told = [
        {"person_id": [-1], **{f"{name}_keypoints{end}": points.reshape(-1).tolist() for name, points in found.items()}}
        for found in people
    ]
    return json.dumps({"version": 1.3, "people": told})


def write(folder: Path, frames: list[str], name: str = "", first: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(frames, first):
        (folder / f"{name or folder.name}_{number:012d}_keypoints.json").write_text(text)


def flat(found: dict[str, np.ndarray]) -> np.ndarray:
    points = np.concatenate(list(found.values()))[:, :2].astype(np.float32)
    return points.reshape(-1)


def read(path: Path, **fields: object) -> list[Clip | Rejected]:
    return list(source_registry.read("skeletons", Request(path, **fields)))


def test_a_folder_for_each_clip(tmp_path):
    people = [person() for _ in range(6)]
    people[1]["hand_left"][:] = 0  # as OpenPose writes what it did not find
    write(tmp_path / "json" / "clip1", [frame(one) for one in people])
    write(tmp_path / "json" / "clip2", [frame(one) for one in people[:4]])
    (tmp_path / "json" / "._x.json").write_bytes(b"\0\5\26\7")
    (tmp_path / "labels.csv").write_text("clip,gloss,signer\nclip1,HOUSE,anna\nclip2,TREE,ben\n")
    first, second = read(tmp_path / "json")
    assert (first.name, dict(first.labels), first.signer) == ("clip1", {"gloss": "HOUSE"}, "anna")
    assert (first.frames.shape, second.frames.shape) == ((6, 274), (4, 274))
    np.testing.assert_array_equal(first.frames[0], flat(people[0]))
    left = slice(2 * 95, 2 * 116)
    assert np.isnan(first.frames[1, left]).all() and np.isfinite(np.delete(first.frames[1], left)).all()
    layout, reason = source_registry.layout_of("skeletons", Request(tmp_path / "json"), 274)
    assert reason == "137 points are those of OpenPose"
    assert [(part.name, part.points) for part in layout.parts] == [
        ("pose", 25), ("face", 70), ("left_hand", 21), ("right_hand", 21),
    ]  # fmt: skip
    assert layout.mirrors and layout.shoulders == (("pose", 5), ("pose", 2))


def test_nobody_and_several_people(tmp_path):
    best, other = person(0.9), person(0.4)
    write(tmp_path / "a", [frame(other, best), frame(), frame(best, other), frame(best)])
    write(tmp_path / "b", [frame(best)] * 4)
    (clip, _) = read(tmp_path, labelled=False)
    np.testing.assert_array_equal(clip.frames[[0, 2, 3]], np.stack([flat(best)] * 3))
    assert np.isnan(clip.frames[1]).all()


def test_frames_that_are_missing_are_not_seen(tmp_path):
    one = person()
    write(tmp_path / "a", [frame(one)] * 3)
    write(tmp_path / "a", [frame(one)], first=4)
    (clip,) = read(tmp_path, labelled=False)
    assert np.isnan(clip.frames).all(1).tolist() == [False, False, False, True, False]


def test_frames_of_many_clips_in_one_folder(tmp_path):
    for name in ("word-1", "word_2"):
        write(tmp_path / "json", [frame(person())] * 5, name)
    (tmp_path / "labels.csv").write_text("clip,gloss\nword-1,A\nword_2,B\n")
    found = read(tmp_path / "json", labels=str(tmp_path / "labels.csv"))
    assert [(clip.name, clip.labels["gloss"], len(clip.frames)) for clip in found] == [
        ("word-1", "A", 5),
        ("word_2", "B", 5),
    ]


def test_class_folders_and_other_names_of_frames(tmp_path):
    """As WLASL's poses are shipped: without a face, named `image_00001_keypoints.json`."""
    for split, label in (("train", "HELLO"), ("train", "BYE"), ("test", "HELLO"), ("test", "BYE")):
        write(tmp_path / split / label / f"{split}{label}", [frame(person(face=0))] * 4, "image", 1)
    listing = source_registry.listing("skeletons", Request(tmp_path))
    assert [(item.labels["gloss"], item.split) for item in listing.items] == [
        ("BYE", "test"), ("HELLO", "test"), ("BYE", "train"), ("HELLO", "train"),
    ]  # fmt: skip
    assert source_registry.read_item("skeletons", listing.items[0]).frames.shape == (4, 134)


def test_older_versions_and_fewer_points(tmp_path):
    write(tmp_path / "a", [frame(person(pose=18, face=0, hand_left=0, hand_right=0), end="")] * 4)
    (clip,) = read(tmp_path, labelled=False)
    layout = source_registry.layout_of("skeletons", Request(tmp_path), 36).layout
    assert (clip.frames.shape, layout.parts[0].points, layout.mirrors) == ((4, 36), 18, True)


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        (frame(person())[:500], "unreadable", "b_000000000002_keypoints.json: the JSON is damaged or cut short"),
        ("", "unreadable", "b_000000000002_keypoints.json: it is an empty file (0 bytes)"),
        ("version https://git-lfs.github.com/spec/v1", "unreadable", "it is a Git LFS pointer"),
        ("[1]", "unreadable", "expected an object with 'people', found a list"),
        ('{"persons": []}', "wrong_width", "expected 'people', as OpenPose writes it; found persons"),
        ('{"people": [{"pose_keypoints_2d": [1, 2]}]}', "wrong_width", "must be x, y and confidence of each point"),
        (frame(person(pose=18)), "wrong_width", "'pose_keypoints_2d' has 18 points, other frames have 25"),
    ],
)
def test_a_damaged_frame_is_named(tmp_path, text, reason, said):
    write(tmp_path / "a", [frame(person())] * 4)
    write(tmp_path / "b", [frame(person())] * 4)
    (tmp_path / "b" / "b_000000000002_keypoints.json").write_text(text)
    good, bad = read(tmp_path, labelled=False)
    assert isinstance(good, Clip)
    assert bad.reason == reason and said in bad.detail


def test_clips_in_which_nobody_is_seen(tmp_path):
    write(tmp_path / "a", [frame()] * 4)
    with pytest.raises(InputError, match="nobody is in the first frames of 1 clips"):
        read(tmp_path, labelled=False)
    file = tmp_path / "a" / "a_000000000000_keypoints.json"
    with pytest.raises(InputError, match=r"it is one frame of OpenPose; give the folder"):
        read(file, labelled=False)
