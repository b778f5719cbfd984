import json
import os
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, Rejected
from signjax.data.labels import read_label_table
from signjax.data.sources import catalogue, signavatars
from signjax.data.sources.item import Item, Request
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain


def write_clip(path: Path, frames: int = 4, **changes: object) -> np.ndarray:
    smplx = np.random.default_rng(frames).normal(size=(frames, 182)).astype(np.float32)
    seen = np.arange(frames) % 2 == 0
    write_plain(path, {"smplx": smplx, "left_valid": CudaTensor(seen), "right_valid": CudaTensor(~seen)} | changes)
    return smplx


def test_a_signavatars_pickle_becomes_a_clip(tmp_path):
    smplx = write_clip(tmp_path / "a.pkl")
    (tmp_path / "labels.csv").write_text("clip,gloss,signer,group,split\na,HOUSE,anna,g1,train\n")
    (clip,) = catalogue.read("signavatars", Request(tmp_path))
    assert isinstance(clip, Clip)
    np.testing.assert_array_equal(clip.frames, smplx[:, [*range(159), *range(169, 179)]])
    assert clip.valid[:, 2].tolist() == [True, False, True, False]  # left hand
    assert clip.valid[:, 3].tolist() == [False, True, False, True]
    assert clip.valid[:, [0, 1, 4, 5]].all()
    assert (clip.signer, clip.group, clip.split, dict(clip.labels)) == ("anna", "g1", "train", {"gloss": "HOUSE"})


def test_all_arrays_may_be_tensors(tmp_path):
    smplx = write_clip(tmp_path / "a.pkl")
    write_clip(tmp_path / "a.pkl", smplx=CudaTensor(smplx))
    clip = signavatars.read_item(Item("a", str(tmp_path / "a.pkl")))
    np.testing.assert_array_equal(clip.frames[:, :159], smplx[:, :159])


def test_nothing_is_lost_without_a_reason(tmp_path):
    write_clip(tmp_path / "good.pkl")
    write_clip(tmp_path / "narrow.pkl", smplx=np.zeros((4, 10), np.float32))
    write_clip(tmp_path / "short_mask.pkl", left_valid=CudaTensor(np.ones(3, bool)))
    write_plain(tmp_path / "other.pkl", {"pose": np.zeros(3)})
    (tmp_path / "text.pkl").write_text("this is no pickle")
    names = ("good", "narrow", "short_mask", "other", "text", "gone")
    (tmp_path / "labels.csv").write_text("clip,gloss\n" + "".join(f"{name},a\n" for name in names))
    found = {item.name: getattr(item, "reason", "clip") for item in catalogue.read("signavatars", Request(tmp_path))}
    assert found == {
        "good": "clip",
        "narrow": "wrong_width",
        "short_mask": "wrong_width",
        "other": "missing_key",
        "text": "unreadable",
        "gone": "missing_file",
    }


def test_labels_that_match_no_clip_name_both_sides(tmp_path):
    write_clip(tmp_path / "a.pkl")
    (tmp_path / "labels.csv").write_text("clip,gloss\na.pkl,HOUSE\n")
    with pytest.raises(InputError, match=r"none of its 1 clips \(first: 'a.pkl'\).*without .pkl"):
        list(catalogue.read("signavatars", Request(tmp_path)))


def test_signavatars_own_label_table(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({"c1": {"type_name": "HAUS", "hamnosys": "\ue000", "video": None}}))
    assert read_label_table(path) == {"c1": {"gloss": "HAUS", "hamnosys": "\ue000"}}


@pytest.mark.parametrize(
    ("content", "message"),
    [("gloss\na\n", "column 'clip'"), ("clip,gloss\na,x\na,y\n", "line 3: clip 'a' stands in the table twice")],
)
def test_label_tables_that_cannot_be_used(tmp_path, content, message):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_label_table(tmp_path / "labels.csv")


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        list(catalogue.read("signavatars", Request(tmp_path / "absent")))
    with pytest.raises(InputError, match=r"holds no \.pkl file"):
        list(catalogue.read("signavatars", Request(tmp_path)))
    write_clip(tmp_path / "a.pkl")
    with pytest.raises(InputError, match="no label table; looked for"):
        list(catalogue.read("signavatars", Request(tmp_path)))


FRAMES = np.arange(24, dtype=np.float32).reshape(12, 2)


def npz(tmp_path: Path, **content: object) -> Path:
    np.savez(tmp_path / "a.npz", **content)
    return tmp_path / "a.npz"


def test_an_npz_of_ragged_clips(tmp_path):
    path = npz(
        tmp_path,
        frames=FRAMES,
        offsets=[0, 5, 12],
        labels=[1, -1],
        classes=["no", "yes"],
        clips=["p", "q"],
        signers=["anna", ""],
        split=["train", "test"],
    )
    first, second = catalogue.read("arrays", Request(path))
    assert (first.name, first.labels, first.signer, first.split) == ("p", {"gloss": "yes"}, "anna", "train")
    assert (second.labels, second.signer) == ({}, None)
    np.testing.assert_array_equal(second.frames, FRAMES[5:])


def test_names_that_repeat_over_splits_are_told_apart(tmp_path):
    content = {"frames": FRAMES, "offsets": [0, 5, 12], "labels": [1, 0], "clips": ["a/0", "a/0"]}
    assert [
        clip.name for clip in catalogue.read("arrays", Request(npz(tmp_path, **content, split=["train", "test"])))
    ] == [
        "train/a/0",
        "test/a/0",
    ]
    assert [clip.name for clip in catalogue.read("arrays", Request(npz(tmp_path, **content)))] == ["a/0", "a/0"]


@pytest.mark.parametrize("labels", [[2, 0, 1], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]])
def test_a_folder_of_dense_features_with_numbers_or_one_hot(tmp_path, labels):
    np.save(tmp_path / "features.npy", FRAMES.reshape(3, 4, 2).astype(np.float64))
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "lengths.npy", [4, 2, 3])
    clips = list(catalogue.read("arrays", Request(tmp_path)))
    assert [clip.labels["gloss"] for clip in clips] == ["class 2", "class 0", "class 1"]
    assert [len(clip.frames) for clip in clips] == [4, 2, 3]
    assert clips[1].frames.dtype == np.float32
    np.testing.assert_array_equal(clips[1].frames, FRAMES[4:6])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"labels": [0]}, "no key 'frames' or 'features'"),
        ({"frames": FRAMES, "labels": [0]}, "need 'offsets'"),
        ({"frames": FRAMES, "offsets": [0, 13], "labels": [0]}, "rise from 0 to the number of frames, 12"),
        ({"frames": FRAMES, "offsets": [0, 8, 4, 12], "labels": [0] * 3}, "must rise"),
        ({"frames": FRAMES, "offsets": [0, 12], "labels": [0, 1]}, "'labels' has 2 entries for 1 clips"),
        ({"frames": FRAMES, "offsets": [0, 12], "labels": [3], "classes": ["a"]}, "label 3 has no name"),
        ({"frames": FRAMES, "offsets": [0, 12], "labels": [0.5]}, "integers or text"),
        ({"frames": FRAMES, "offsets": [0, 12]}, "no labels"),
        ({"frames": FRAMES.reshape(3, 4, 2), "labels": [0] * 3, "lengths": [4, 5, 1]}, "from 0 to 4"),
        ({"frames": FRAMES.reshape(3, 4, 2), "labels": np.ones((3, 2))}, "one-hot; 3 rows"),
        ({"frames": np.array([object()]), "labels": [0]}, "without pickled objects"),
    ],
)
def test_arrays_that_cannot_be_used_say_why(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        list(catalogue.read("arrays", Request(npz(tmp_path, **content))))


def test_a_file_that_is_no_array(tmp_path):
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(InputError, match="expected NumPy arrays"):
        list(catalogue.read("arrays", Request(tmp_path / "a.npz")))


@pytest.mark.parametrize(("name", "clips", "width"), [("auslan", 6648, 8), ("asl16", 800, 158), ("libras", 330, 2)])
def test_real_recordings(name, clips, width):
    if "SIGNJAX_DATA" not in os.environ:
        pytest.skip("SIGNJAX_DATA does not name a folder of recordings")
    read = list(catalogue.read("arrays", Request(Path(os.environ["SIGNJAX_DATA"]) / name / f"{name}.npz")))
    assert len(read) == clips
    assert not any(isinstance(clip, Rejected) for clip in read)
    assert len({clip.name for clip in read}) == clips
    assert {clip.frames.shape[1] for clip in read} == {width}
