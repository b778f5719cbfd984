"""SPOTER's tables, and the arrays of graph networks."""

import csv
import pickle
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, Rejected, Request
from signjax.data.sources import registry as source_registry
from signjax.data.sources.skeletons import spoter
from signjax.errors import InputError

T = 5
RNG = np.random.default_rng(0)
# In the order of SPOTER's own tables.
BODY = (
    "nose", "neck", "rightEye", "leftEye", "rightEar", "leftEar", "rightShoulder", "leftShoulder", "rightElbow", "leftElbow",
    "rightWrist", "leftWrist",
)  # fmt: skip
_FINGERS = ("index", "middle", "ring", "little")
HAND = (
    "wrist",
    *(f"{finger}{joint}" for finger in _FINGERS for joint in ("Tip", "DIP", "PIP", "MCP")),
    *(f"thumb{joint}" for joint in ("Tip", "IP", "MP", "CMC")),
)


def read(path: Path, **fields: object) -> list[Clip | Rejected]:
    return list(source_registry.read("skeletons", Request(path, **fields)))


def table(
    path: Path, rows: int = 3, sides: tuple[str, str] = ("left", "right"), **changes: str
) -> list[dict[str, np.ndarray]]:
    """Writes a table as pandas does; returns the points of each row."""
    names = [*BODY, *(f"{name}_{side}" for side in sides for name in HAND)]
    found = [{name: RNG.uniform(0.1, 0.9, (T, 2)) for name in names} for _ in range(rows)]
    cells = [
        {f"{name}_{axis}": str(points[:, at].tolist()) for name, points in row.items() for at, axis in enumerate("XY")}
        | {"labels": number % 2, "video_fps": 25.0}
        for number, row in enumerate(found)
    ]
    cells[-1] |= changes
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
    return found


def test_a_table_of_spoter(tmp_path):
    rows = table(tmp_path / "WLASL100_train_25fps.csv")
    rows[0]["nose"][2] = 0
    table(tmp_path / "WLASL100_val_25fps.csv", 1)
    text = (tmp_path / "WLASL100_train_25fps.csv").read_text().splitlines()
    (tmp_path / "WLASL100_train_25fps.csv").write_text("\n".join([*text, ",,,"]))
    found = read(tmp_path)
    assert [(c.name, c.labels["gloss"], c.split) for c in found] == [
        ("WLASL100_train_25fps_00000", "class 0", "train"),
        ("WLASL100_train_25fps_00001", "class 1", "train"),
        ("WLASL100_train_25fps_00002", "class 0", "train"),
        ("WLASL100_val_25fps_00000", "class 0", "test"),
    ]
    layout, reason = source_registry.layout_of("skeletons", Request(tmp_path), 108)
    assert reason == "54 points are those of SPOTER"
    assert [(part.name, part.points) for part in layout.parts] == [("pose", 12), ("left_hand", 21), ("right_hand", 21)]
    assert layout.mirrors and layout.wrists == (("left_hand", 0), ("right_hand", 0))
    columns = layout.ordered(found[1].frames)
    thumb_tip, little_tip = (columns[:, layout.channels_at(("right_hand", at))] for at in (4, 20))
    np.testing.assert_allclose(thumb_tip, rows[1]["thumbTip_right"], rtol=1e-6)
    np.testing.assert_allclose(little_tip, rows[1]["littleTip_right"], rtol=1e-6)
    shoulder = columns[:, layout.channels_at(layout.shoulders[0])]
    np.testing.assert_allclose(shoulder, rows[1]["leftShoulder"], rtol=1e-6)


@pytest.mark.parametrize("sides", [("0", "1"), ("Left", "Right")])
def test_other_spellings_of_the_hands(tmp_path, sides):
    rows = table(tmp_path / "a.csv", 1, sides)
    (clip,) = read(tmp_path / "a.csv")
    assert spoter.point_names(tmp_path / "a.csv")[12] == "left_hand_WRIST"
    np.testing.assert_allclose(clip.frames[:, 24:26], rows[0][f"wrist_{sides[0]}"], rtol=1e-6)


def test_cells_as_numpy_and_excel_write_them(tmp_path):
    rows = table(
        tmp_path / "a.csv", 1, neck_X="0", neck_Y="0", nose_X="[0.1 0.2\n 0.3 nan 5e-1]", nose_Y="[1, None, 1, 1, 1]"
    )
    text = (tmp_path / "a.csv").read_bytes()
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (clip,) = read(tmp_path / "a.csv")
    np.testing.assert_allclose(clip.frames[:, 0], [0.1, 0.2, 0.3, np.nan, 0.5], rtol=1e-6)
    assert np.isnan(clip.frames[1, 1])
    assert not clip.frames[:, 2:4].any()  # a neck that is always 0 is part of a body that was seen
    np.testing.assert_allclose(clip.frames[:, 4:6], rows[0]["rightEye"], rtol=1e-6)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("[0.1, 0.2]", "row 3 has 2 numbers for nose, other points have 5"),
        ("[0.1 0.2 ... 0.4 0.5]", "NumPy shortened it when the table was written"),
    ],
)
def test_a_cell_with_other_numbers(tmp_path, cell, said):
    table(tmp_path / "a.csv", nose_X=cell)
    *good, bad = read(tmp_path / "a.csv")
    assert all(isinstance(clip, Clip) for clip in good)
    assert said in bad.detail


def test_a_table_that_is_cut_short_and_one_without_points(tmp_path):
    table(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes((tmp_path / "a.csv").read_bytes()[:-3000])
    assert "it may be cut short" in read(tmp_path / "a.csv")[-1].detail
    (tmp_path / "b.csv").write_text("clip,gloss\na,b\n")
    with pytest.raises(
        InputError, match=r"no column is that of a point, such as nose_X; the first line has clip, gloss"
    ):
        read(tmp_path / "b.csv")


def graph(folder: Path, split: str, clips: int = 4, points: int = 27, people: int = 1, numbers: int = 3) -> np.ndarray:
    data = RNG.uniform(0.1, 0.9, (clips, numbers, 8, points, people)).astype(np.float32)
    data[1, :, 6:] = 0  # a shorter clip
    np.save(folder / f"{split}_data_joint.npy", data)
    names = [f"{split}_clip{number}" for number in range(clips)]
    (folder / f"{split}_label.pkl").write_bytes(pickle.dumps((names, [number % 3 for number in range(clips)])))
    return data


def test_arrays_of_graph_networks(tmp_path):
    data = graph(tmp_path, "train")
    graph(tmp_path, "val", 2)
    np.save(tmp_path / "train_data_bone.npy", data)
    np.save(tmp_path / "train_data_joint_motion.npy", data)
    found = read(tmp_path)
    assert [(clip.name, clip.labels["gloss"], clip.split) for clip in found] == [
        ("train_clip0", "class 0", "train"),
        ("train_clip1", "class 1", "train"),
        ("train_clip2", "class 2", "train"),
        ("train_clip3", "class 0", "train"),
        ("val_clip0", "class 0", "test"),
        ("val_clip1", "class 1", "test"),
    ]
    assert [len(clip.frames) for clip in found[:3]] == [8, 6, 8]
    np.testing.assert_array_equal(found[1].frames, data[1, :2, :6, :, 0].transpose(1, 2, 0).reshape(6, 54))
    layout, reason = source_registry.layout_of("skeletons", Request(tmp_path), 54)
    assert reason == "27 points are those of SL-GCN"
    assert [(part.name, part.points) for part in layout.parts] == [("pose", 7), ("left_hand", 10), ("right_hand", 10)]


def test_one_array_with_two_people(tmp_path):
    data = graph(tmp_path, "test", 2, points=18, people=2)
    data[0, ..., 0] = 0
    np.save(tmp_path / "test_data_joint.npy", data)
    first, second = read(tmp_path / "test_data_joint.npy")
    np.testing.assert_array_equal(first.frames, data[0, :2, :, :, 1].transpose(1, 2, 0).reshape(8, 36))
    assert (second.name, second.labels["gloss"]) == ("test_clip1", "class 1")
    np.save(tmp_path / "test_label.npy", [0])
    (tmp_path / "test_label.pkl").unlink()
    with pytest.raises(InputError, match=r"it holds 2 clips, but test_label\.npy has 1 labels"):
        read(tmp_path / "test_data_joint.npy")
    (tmp_path / "test_label.npy").unlink()
    with pytest.raises(InputError, match=r"there is no label table; .*The files do not say what their clips are"):
        read(tmp_path / "test_data_joint.npy")


def test_arrays_for_training_and_testing(tmp_path):
    """`NTU60_CS.npz` of CTR-GCN: two people of 25 joints, one-hot classes, zeros at the end."""
    people = RNG.normal(0, 1, (3, 8, 2, 25, 3)).astype(np.float32)
    people[:, :, 1] = 0
    people[1, 6:] = 0
    flat = people.reshape(3, 8, 150)
    np.savez(
        tmp_path / "NTU60_CS.npz",
        x_train=flat,
        y_train=np.eye(4)[[2, 0, 3]],
        x_test=flat[:1] + 1,
        y_test=np.eye(4)[[1]],
    )
    found = read(tmp_path / "NTU60_CS.npz")
    assert [(clip.name, clip.labels["gloss"], clip.split, len(clip.frames)) for clip in found] == [
        ("train_0", "class 2", "train", 8),
        ("train_1", "class 0", "train", 6),
        ("train_2", "class 3", "train", 8),
        ("test_0", "class 1", "test", 8),
    ]
    np.testing.assert_array_equal(found[1].frames, people[1, :6, 0].reshape(6, 75))
    layout = source_registry.layout_of("skeletons", Request(tmp_path / "NTU60_CS.npz"), 75)
    assert layout.reason == "25 points are those of Kinect"


def test_cells_of_any_length(tmp_path):
    long = str([0.123456789012345] * 20_000)
    names = [f"{name}_{axis}" for name in BODY for axis in "XY"]
    (tmp_path / "a.csv").write_text(",".join([*names, "labels"]) + "\n" + f'"{long}",' * len(names) + "3\n")
    (clip,) = read(tmp_path / "a.csv")
    assert (clip.frames.shape, clip.labels["gloss"]) == ((20_000, 24), "class 3")


def test_an_archive_of_data_and_labels(tmp_path):
    data = RNG.uniform(0.1, 0.9, (12, 3, 8, 27, 2)).astype(np.float32)
    data[:, 2, :, :, 1] = 0
    np.savez(tmp_path / "a.npz", data=data, label=np.arange(12) % 2)
    found = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(found[3].frames, data[3, :2, :, :, 0].transpose(1, 2, 0).reshape(8, 54))
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(data))
    with pytest.raises(
        InputError, match=r"it holds an array of shape \(12, 3, 8, 27, 2\); .*beside the pickle of their labels"
    ):
        read(tmp_path / "b.pkl")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ((["a"], [0, 1]), r"test_label\.pkl has 1 names and 2 labels"),
        (3, r"test_label\.pkl must hold the names of the clips and the numbers of their classes"),
        ([0, 1, 1], r"it holds 2 clips, but test_label\.pkl has 3 labels"),
    ],
)
def test_labels_that_do_not_fit(tmp_path, content, said):
    graph(tmp_path, "test", 2)
    (tmp_path / "test_label.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=said):
        read(tmp_path / "test_data_joint.npy")
