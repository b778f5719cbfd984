import os
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.clip import Rejected, Request
from signjax.data.preparation.prepare import prepare
from signjax.data.sources import arrays
from signjax.data.sources import registry as source_registry
from signjax.data.sources.shared import npy
from signjax.errors import InputError

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
    first, second = source_registry.read("arrays", Request(path))
    assert (first.name, first.labels, first.signer, first.split) == ("p", {"gloss": "yes"}, "anna", "train")
    assert (second.labels, second.signer) == ({}, None)
    np.testing.assert_array_equal(second.frames, FRAMES[5:])


def test_names_that_repeat_over_splits_are_told_apart(tmp_path):
    content = {"frames": FRAMES, "offsets": [0, 5, 12], "labels": [1, 0], "clips": ["a/0", "a/0"]}
    assert [
        clip.name for clip in source_registry.read("arrays", Request(npz(tmp_path, **content, split=["train", "test"])))
    ] == [
        "train/a/0",
        "test/a/0",
    ]
    assert [clip.name for clip in source_registry.read("arrays", Request(npz(tmp_path, **content)))] == ["a/0", "a/0"]


@pytest.mark.parametrize("labels", [[2, 0, 1], [[0, 0, 1], [1, 0, 0], [0, 1, 0]]])
def test_a_folder_of_dense_features_with_numbers_or_one_hot(tmp_path, labels):
    np.save(tmp_path / "features.npy", FRAMES.reshape(3, 4, 2).astype(np.float64))
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "lengths.npy", [4, 2, 3])
    clips = list(source_registry.read("arrays", Request(tmp_path)))
    assert [clip.labels["gloss"] for clip in clips] == ["class 2", "class 0", "class 1"]
    assert [len(clip.frames) for clip in clips] == [4, 2, 3]
    assert clips[1].frames.dtype == np.float32
    np.testing.assert_array_equal(clips[1].frames, FRAMES[4:6])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"X": FRAMES, "y": [0]}, r"no array 'frames' \(or 'features'\); the file has X, y\. Call the clips 'frames'"),
        ({"frames": FRAMES, "labels": [0]}, "require 'offsets'"),
        ({"frames": FRAMES, "offsets": [0, 13], "labels": [0]}, "must be the number of frames, 12; it is 13"),
        (
            {"frames": FRAMES, "offsets": [0, 4, 8], "labels": [0] * 3},
            r"3 entries for 3 clips.*np\.append\(offsets, 12\)",
        ),
        ({"frames": FRAMES, "offsets": [0, 8, 4, 12], "labels": [0] * 3}, "must increase"),
        (
            {"frames": FRAMES, "offsets": [0, 12], "labels": [0, 1]},
            "'labels' must have one entry for each of 1 clips; it has 2",
        ),
        ({"frames": FRAMES, "offsets": [0, 12], "labels": [3], "classes": ["a"]}, "label 3 has no name"),
        ({"frames": FRAMES, "offsets": [0, 12], "labels": [0.5]}, r"integers or text; they are float64.*astype\(int\)"),
        ({"frames": FRAMES, "offsets": [0, 12]}, "no labels"),
        ({"frames": FRAMES.reshape(3, 4, 2), "labels": [0] * 3, "lengths": [4, 5, 1]}, "from 0 to 4"),
        ({"frames": FRAMES.reshape(3, 4, 2), "labels": np.ones((3, 2))}, "one-hot, but 3 rows"),
        (
            {"frames": np.array([{"x": 1}, None], object), "labels": [0, 1]},
            r"array 'frames' holds Python objects.*offsets=np\.cumsum",
        ),
        (
            {"frames": FRAMES, "offsets": [0, 12], "labels": np.array([("a", None)], object)},
            r"array 'labels' holds Python objects.*np\.array",
        ),
    ],
)
def test_arrays_that_cannot_be_used_say_why(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        list(source_registry.read("arrays", Request(npz(tmp_path, **content))))


def test_arrays_of_objects_are_read_without_running_anything(tmp_path):
    """Clips of different lengths, names and labels as objects, and the dictionary that `np.save` was given."""
    clips = np.empty(2, object)
    clips[:] = [FRAMES, FRAMES[:3] + 1]
    content = {"frames": clips, "labels": np.array(["yes", "no"], object), "clips": np.array(["p", "q"], object)}
    np.save(tmp_path / "all.npy", content, allow_pickle=True)
    for path in (npz(tmp_path, **content), tmp_path / "all.npy"):
        first, second = source_registry.read("arrays", Request(path))
        assert (first.name, first.labels, second.labels) == ("p", {"gloss": "yes"}, {"gloss": "no"})
        np.testing.assert_array_equal(first.frames, FRAMES)
        np.testing.assert_array_equal(second.frames, FRAMES[:3] + 1)


def test_numpys_sentence_about_unsafe_loading_reaches_nobody(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x80\x04cos\nsystem\n.")
    np.save(tmp_path / "b.npy", np.array([object()]), allow_pickle=True)
    np.savez(tmp_path / "c.npz", frames=np.array([object()]))
    reasons = {item.name: item.detail for item in source_registry.read("arrays", Request(tmp_path, labelled=False))}
    assert reasons["a"].endswith("not a NumPy array (.npy): it is a pickle; give it the suffix .pkl")
    assert all("allow_pickle" not in reason and "trust" not in reason for reason in reasons.values())
    assert "builtins.object" in reasons["b"] and "Nothing in the file was run" in reasons["c"]


def test_a_single_array_is_told_where_labels_go(tmp_path):
    np.save(tmp_path / "single.npy", FRAMES)
    with pytest.raises(
        InputError, match=r"single\.npy: a single \.npy file holds no labels\. Save it as features\.npy in a folder"
    ):
        list(source_registry.read("arrays", Request(tmp_path / "single.npy")))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_frames_are_mapped_where_they_are_not_compressed(tmp_path, save):
    save(tmp_path / "a.npz", frames=np.asfortranarray(FRAMES), offsets=[0, 5, 12], labels=[1, 0])
    clips = list(source_registry.read("arrays", Request(tmp_path / "a.npz")))
    np.testing.assert_array_equal(np.concatenate([clip.frames for clip in clips]), FRAMES)
    read = npy.read_arrays(tmp_path / "a.npz")["frames"]
    np.testing.assert_array_equal(read, FRAMES)
    assert isinstance(read, np.memmap) == (save is np.savez)


def test_a_changed_file_is_read_anew(tmp_path):
    content = {"offsets": [0, 12], "labels": [1]}
    list(source_registry.read("arrays", Request(npz(tmp_path, frames=FRAMES, **content))))
    path = npz(tmp_path, frames=FRAMES + 1, **content)
    os.utime(path, ns=(1, 1))
    (after,) = source_registry.read("arrays", Request(path))
    np.testing.assert_array_equal(after.frames, FRAMES + 1)


def test_a_label_table_says_more_than_the_arrays(tmp_path):
    path = npz(tmp_path, frames=FRAMES, offsets=[0, 5, 12], labels=["x", "y"], clips=["p", "q"], signers=["s", "t"])
    (tmp_path / "t.csv").write_text("clip,gloss,hands,signer,dominant_hand\nq,z,two,,left\ngone,z,one,,\n")
    first, second, lost = source_registry.read("arrays", Request(path, str(tmp_path / "t.csv")))
    assert (first.labels, first.signer) == ({"gloss": "x"}, "s")
    assert (second.labels, second.signer, second.dominant_hand) == ({"gloss": "z", "hands": "two"}, "t", "left")
    assert (lost.name, lost.reason) == ("gone", "missing_file")
    (tmp_path / "t.csv").write_text("clip,file,start,end\nq1,q,0,3\nq2,q,3,\nq3,q,5,8\n")
    _, q1, q2, q3 = source_registry.read("arrays", Request(path, str(tmp_path / "t.csv")))
    np.testing.assert_array_equal(q1.frames, FRAMES[5:8])
    np.testing.assert_array_equal(q2.frames, FRAMES[8:])
    assert q3.detail.endswith("frames 5 to 8 of a clip with 7")
    (tmp_path / "t.csv").write_text("clip,gloss\nother,z\n")
    with pytest.raises(
        InputError, match=r"none of its 1 clips \(first: 'other'\) is one of the source's \(first: p, q\)"
    ):
        list(source_registry.read("arrays", Request(path, str(tmp_path / "t.csv"))))


def test_one_file_a_clip(tmp_path):
    clips = tmp_path / "clips"
    (clips / "deep").mkdir(parents=True)
    np.save(clips / "a.npy", FRAMES)
    np.save(clips / "points.npy", FRAMES.reshape(4, 3, 2))
    np.savez(clips / "deep" / "b.npz", frames=FRAMES[:5], fps=25)
    np.savez(clips / "lone.npz", anything=FRAMES[:3])
    np.savez(clips / "several.npz", x=FRAMES, y=FRAMES)
    np.save(clips / "objects.npy", np.array([object()]), allow_pickle=True)
    (clips / "text.npz").write_text("hello")
    np.save(clips / "words.npy", np.array(["a"]))
    names = ("a", "points", "deep/b", "lone", "several", "objects", "text", "words", "gone")
    (clips / "labels.csv").write_text("clip,gloss\n" + "".join(f"{name},G\n" for name in names))
    found = {item.name: item for item in source_registry.read("arrays", Request(clips))}
    np.testing.assert_array_equal(found["a"].frames, FRAMES)
    np.testing.assert_array_equal(found["points"].frames, FRAMES.reshape(4, 6))
    np.testing.assert_array_equal(found["deep/b"].frames, FRAMES[:5])
    np.testing.assert_array_equal(found["lone"].frames, FRAMES[:3])
    reasons = {name: item.reason for name, item in found.items() if isinstance(item, Rejected)}
    assert reasons == {
        "several": "missing_key",
        "objects": "unreadable",
        "text": "unreadable",
        "words": "wrong_width",
        "gone": "missing_file",
    }
    assert set(arrays.source_files(Request(clips))) == {*clips.rglob("*.np[yz]"), clips / "labels.csv"}


def test_a_file_that_is_no_array(tmp_path):
    (tmp_path / "a.npz").write_text("hello")
    with pytest.raises(InputError, match="expected NumPy arrays"):
        list(source_registry.read("arrays", Request(tmp_path / "a.npz")))


@pytest.mark.parametrize(("name", "clips", "width"), [("auslan", 6648, 8), ("asl16", 800, 158), ("libras", 330, 2)])
def test_real_recordings(name, clips, width):
    if "SIGNJAX_DATA" not in os.environ:
        pytest.skip("SIGNJAX_DATA does not name a folder of recordings")
    read = list(source_registry.read("arrays", Request(Path(os.environ["SIGNJAX_DATA"]) / name / f"{name}.npz")))
    assert len(read) == clips
    assert not any(isinstance(clip, Rejected) for clip in read)
    assert len({clip.name for clip in read}) == clips
    assert {clip.frames.shape[1] for clip in read} == {width}


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (FRAMES.astype(np.float16), FRAMES),
        (FRAMES.astype(">f8"), FRAMES),
        (FRAMES.astype(np.longdouble), FRAMES),
        (np.asfortranarray(FRAMES), FRAMES),
        (FRAMES.astype(np.int8), FRAMES),
        (FRAMES.astype(">u2"), FRAMES),
        (FRAMES[::-1, ::-1], FRAMES[::-1, ::-1]),
        (np.array([[1e300, 1.0]]), np.array([[np.inf, 1.0]])),
        (FRAMES > 3, "wrong_width: expected numbers of shape (T, F) or (T, N, D), found bool (12, 2)"),
        (FRAMES + 1j, "wrong_width: expected numbers of shape (T, F) or (T, N, D), found complex64 (12, 2)"),
        (np.float32(3), "wrong_width: expected numbers of shape (T, F) or (T, N, D), found float32 ()"),
        (
            np.ones((2, 2, 2, 2)),
            "wrong_width: expected numbers of shape (T, F) or (T, N, D), found float64 (2, 2, 2, 2)",
        ),
        (np.ones(5), "wrong_width: expected numbers of shape (T, F) or (T, N, D), found float64 (5,)"),
        (np.ones((5, 0)), "wrong_width: its frames have no values"),
        (np.ones((0, 7)), "empty: the file has no frames: its array is float64 (0, 7)"),
        (np.ones(0), "empty: the file has no frames: its array is float64 (0,)"),
        (np.ones((0, 3, 2)), "empty: the file has no frames: its array is float64 (0, 3, 2)"),
        (np.ones((0, 0)), "empty: the file has no frames: its array is float64 (0, 0)"),
        (np.zeros(3, "f4,i4"), "wrong_width: expected numbers of shape (T, F) or (T, N, D), found [('f0'"),
        (
            np.array([[1], [2, 3]], object),
            "unreadable: expected NumPy arrays of numbers: array '",
        ),
    ],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".NPY"])
def test_every_kind_of_array_is_read_right_or_says_why(tmp_path, array, expected, suffix):
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        np.savez(file, frames=array) if suffix == ".npz" else np.save(file, array)
    (found,) = source_registry.read("arrays", Request(tmp_path, labelled=False))
    if isinstance(expected, str):
        assert f"{found.reason}: {found.detail}".startswith(expected)
    else:
        np.testing.assert_array_equal(found.frames, expected)
        assert found.frames.flags.c_contiguous and found.frames.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, ">f8", np.int32])
def test_packed_arrays_of_any_numbers(tmp_path, dtype):
    path = npz(
        tmp_path,
        frames=np.asfortranarray(FRAMES).astype(dtype),
        offsets=np.array([0, 5, 5, 12], ">f4"),
        labels=np.array(["ağaç".encode(), b"x", b"y"]),
        clips=np.array([3, 1, 2]),
    )
    first, second, third = source_registry.read("arrays", Request(path))
    np.testing.assert_array_equal(first.frames, FRAMES[:5])
    np.testing.assert_array_equal(third.frames, FRAMES[5:])
    assert (first.name, first.labels, second.reason) == ("3", {"gloss": "ağaç"}, "empty")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"labels": np.int64(3)}, "'labels' must have one entry for each of 1 clips; it has no"),
        ({"labels": np.ones((1, 0))}, r"labels must have shape \(N,\), or \(N, C\)"),
        ({"labels": [["a", "b"]]}, "be one-hot numbers"),
        ({"labels": [0], "classes": np.array("a")}, r"'classes' must be text of shape \(N,\)"),
        ({"labels": [0], "clips": [["a", "b"]]}, r"'clips' must be text of shape \(N,\)"),
        ({"labels": [0], "signers": "anna"}, "'signers' must have one entry for each of 1 clips; it has no"),
        ({"labels": [0], "offsets": [0.5, 12]}, "'offsets' must be whole numbers"),
        ({"labels": [0], "offsets": ["0", "12"]}, "'offsets' must be whole numbers"),
        ({"labels": [0], "offsets": [0, np.nan]}, "'offsets' must be whole numbers"),
        ({"labels": [0], "frames": np.ones((12, 0))}, "a frame must have at least one value"),
        ({"labels": [0], "frames": FRAMES > 1}, "frames must be numbers"),
        ({"labels": [0], "frames": FRAMES + 1j}, "frames must be numbers"),
        ({"labels": [0], "frames": np.float32(1)}, "frames must be numbers"),
        ({"labels": [0] * 3, "frames": FRAMES.reshape(3, 4, 2), "lengths": [1.5, 2, 3]}, "'lengths' must be whole"),
    ],
)
def test_packed_arrays_of_other_kinds_say_why(tmp_path, content, message):
    fields = {"frames": FRAMES, **({} if "lengths" in content else {"offsets": [0, 12]}), **content}
    with pytest.raises(InputError, match=message):
        list(source_registry.read("arrays", Request(npz(tmp_path, **fields))))


def test_blank_texts_say_nothing(tmp_path):
    texts = {"signers": [" ", "anna "], "groups": ["", "g"], "split": [" Train ", "DEV"], "clips": ["", "b"]}
    path = npz(tmp_path, frames=FRAMES, offsets=[0, 5, 12], labels=["  ", " x"], **texts)
    first, second = source_registry.list_items("arrays", Request(path))
    assert (first.name, first.labels, first.signer, first.group, first.split) == ("clip_0", {}, None, None, "train")
    assert (second.labels, second.signer, second.group, second.split) == ({"gloss": "x"}, "anna", "g", "valid")


def test_files_that_differ_by_their_suffix_alone(tmp_path):
    np.save(tmp_path / "a.npy", FRAMES)
    np.savez(tmp_path / "a.npz", FRAMES[:5])
    found = list(source_registry.read("arrays", Request(tmp_path, labelled=False)))
    assert [(clip.name, len(clip.frames)) for clip in found] == [("a.npy", 12), ("a.npz", 5)]
    (tmp_path / "labels.csv").write_text("clip,gloss\na.npz,B\na.npy,A\n")
    found = list(source_registry.read("arrays", Request(tmp_path)))
    assert [(clip.name, clip.labels["gloss"], len(clip.frames)) for clip in found] == [
        ("a.npy", "A", 12),
        ("a.npz", "B", 5),
    ]
    (tmp_path / "labels.csv").write_text("clip,gloss\na,A\n")
    first, second = source_registry.read("arrays", Request(tmp_path))
    assert (first.name, second.reason) == ("a", "duplicate_name")


def test_a_table_of_arrays_without_a_clip(tmp_path):
    path = npz(tmp_path, frames=np.ones((0, 3, 2)), labels=np.zeros(0, int))
    (tmp_path / "t.csv").write_text("clip,gloss\na,A\n")
    (rejected,) = source_registry.list_items("arrays", Request(path, str(tmp_path / "t.csv")))
    assert (rejected.name, rejected.reason) == ("a", "missing_file")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_flipped_bit_in_an_archive_is_found(tmp_path, save):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.npz"
    save(
        path, frames=rng.normal(size=(600, 5)).astype(np.float32), offsets=np.arange(61) * 10, labels=np.arange(60) % 3
    )
    content = bytearray(path.read_bytes())
    content[3000] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz: .*(checksum|CRC|decompress)"):
        prepare(make_recipe(source="arrays", path=str(path)), tmp_path / "d", silent)
