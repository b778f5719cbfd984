import json
import os
import pickle
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, Request
from signjax.data.layout import registry as layout_registry
from signjax.data.sources import registry as source_registry
from signjax.data.sources import signavatars
from signjax.errors import InputError
from signjax.pickles.conversion.convert import convert
from signjax.pickles.write import CudaTensor, write_plain

T = 6


def content(frames: int = T, **changes: object) -> dict[str, object]:
    """Everything that SignAvatars stores for a clip, with the real shapes."""
    rng = np.random.default_rng(frames)
    seen = np.arange(frames) % 2 == 0

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=(frames, *shape)).astype(np.float32)

    return {
        "width": 1280,
        "height": 720,
        "focal": np.full((frames, 2), 14921.8),
        "princpt": np.full((frames, 2), 620.6),
        "2d": numbers(106, 3),
        "pred2d": numbers(106, 3),
        "total_valid_index": np.arange(frames),
        "left_valid": CudaTensor(seen),
        "right_valid": CudaTensor(~seen),
        "bb2img_trans": numbers(2, 3),
        "smplx": numbers(182),
        "unsmooth_smplx": numbers(169),
    } | changes


def write_clip(path: Path, frames: int = T, **changes: object) -> dict[str, object]:
    path.parent.mkdir(parents=True, exist_ok=True)
    clip = content(frames, **changes)
    write_plain(path, {key: value for key, value in clip.items() if value is not None})
    return clip


def table(path: Path, *names: str) -> None:
    path.write_text("clip,gloss\n" + "".join(f"{name},G\n" for name in names))


def read(path: Path, **fields: object) -> list[object]:
    return list(source_registry.read("signavatars", Request(path, **fields)))


def only(path: Path, **fields: object) -> Clip:
    (clip,) = read(path, **fields)
    assert isinstance(clip, Clip), clip
    return clip


def test_a_pickle_becomes_a_clip(tmp_path):
    smplx = write_clip(tmp_path / "a.pkl")["smplx"]
    (tmp_path / "labels.csv").write_text("clip,gloss,signer,group,split\na,HOUSE,anna,g1,train\n")
    clip = only(tmp_path)
    np.testing.assert_array_equal(clip.frames, smplx[:, [*range(159), *range(169, 179)]])
    assert clip.frames.dtype == np.float32
    assert clip.valid[:, 2].tolist() == [True, False] * 3  # left hand
    assert clip.valid[:, 3].tolist() == [False, True] * 3
    assert clip.valid[:, [0, 1, 4, 5]].all()
    assert (clip.name, clip.signer, clip.group, clip.split) == ("a", "anna", "g1", "train")
    assert dict(clip.labels) == {"gloss": "HOUSE"}


@pytest.mark.parametrize(
    ("layout", "key", "columns"),
    [
        ("smplx_unsmoothed", "unsmooth_smplx", [*range(156)]),
        ("smplx_with_signer", "smplx", [*range(159), *range(169, 179), *range(159, 169), *range(179, 182)]),
    ],
)
def test_other_parameters_are_asked_for_by_layout(tmp_path, layout, key, columns):
    values = write_clip(tmp_path / "a.pkl")[key]
    clip = only(tmp_path, layout=layout, labelled=False)
    np.testing.assert_array_equal(clip.frames, values[:, columns])
    named = layout_registry.named(layout, clip.frames.shape[1])
    assert clip.valid[:, named.part_names.index("left_hand")].tolist() == [True, False] * 3


@pytest.mark.parametrize(("key", "numbers"), [("pred2d", 3), ("pred_2d", 2)])
def test_points_in_the_picture(tmp_path, key, numbers):
    points = np.random.default_rng(0).normal(size=(T, 106, numbers)).astype(np.float32)
    write_clip(tmp_path / "a.pkl", **({"pred2d": None} | {key: points}))
    clip = only(tmp_path, layout="keypoints_106", labelled=False)
    np.testing.assert_array_equal(clip.frames.reshape(T, 106, 2), points[:, :, :2])
    assert clip.valid.tolist() == [[True, True, t % 2 == 0, t % 2 == 1] for t in range(T)]


def test_every_array_may_be_a_tensor_and_the_dict_may_be_wrapped(tmp_path):
    clip = content()
    tensors = {
        key: CudaTensor(np.asarray(value)) if not isinstance(value, CudaTensor) else value
        for key, value in clip.items()
    }
    write_plain(tmp_path / "tensors.pkl", tensors)
    write_plain(tmp_path / "phoenix.pkl", {"01April_2010_Thursday_heute-6694": clip})
    for found in read(tmp_path, labelled=False):
        np.testing.assert_array_equal(found.frames[:, :159], clip["smplx"][:, :159])
        assert found.valid[:, 2].tolist() == [True, False] * 3
    assert [found.name for found in read(tmp_path, labelled=False)] == ["phoenix", "tensors"]


def test_subsets_in_folders_of_their_own(tmp_path):
    annotations = tmp_path / "annotations"
    write_clip(annotations / "hamnosys" / "pjm_9.pkl")
    write_clip(annotations / "word" / "00335.pkl", 4)
    write_clip(annotations / "language" / "00335.pkl", 5)
    table(tmp_path / "labels.csv", "pjm_9", "word/00335", "language/00335.pkl")
    assert [(clip.name, len(clip.frames)) for clip in read(annotations)] == [
        ("pjm_9", 6),
        ("language/00335", 5),
        ("word/00335", 4),
    ]
    assert [clip.name for clip in read(annotations, labelled=False)] == ["pjm_9", "language/00335", "word/00335"]
    table(tmp_path / "labels.csv", "pjm_9", "00335")
    found = read(annotations)
    assert [getattr(clip, "reason", "clip") for clip in found] == ["clip", "clip", "duplicate_name"]
    assert "language/00335.pkl has the same name" in found[2].detail


def test_one_file_of_one_clip_and_of_many(tmp_path):
    write_clip(tmp_path / "one.pkl")
    assert only(tmp_path / "one.pkl", labelled=False).name == "one"
    write_plain(tmp_path / "many.pkl", {"c1": content(4), "c2": content(5)})
    table(tmp_path / "labels.csv", "c2", "c1", "c3")
    found = read(tmp_path / "many.pkl")
    assert [(item.name, getattr(item, "reason", "clip")) for item in found] == [
        ("c1", "clip"),
        ("c2", "clip"),
        ("c3", "missing_file"),
    ]
    assert [len(item.frames) for item in found[:2]] == [4, 5]
    (rejected,) = (item for item in read(tmp_path, labelled=False) if item.name == "many")
    assert (rejected.reason, rejected.detail[:20]) == ("several_clips", "the file holds 2 cli")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_converted_folder_gives_the_same_clips(tmp_path, wrapped):
    for name, frames in (("sub/a.pkl", 4), ("b.pkl", 5)):
        clip = content(frames)
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        write_plain(tmp_path / "src" / name, {"x": clip} if wrapped else clip)
    (tmp_path / "src" / "broken.pkl").write_bytes(b"\x80\x04nonsense")
    table(tmp_path / "labels.csv", "a", "b", "broken")
    assert convert(tmp_path / "src", tmp_path / "dst", recursive=True) == 1
    direct, converted = read(tmp_path / "src"), read(tmp_path / "dst")
    assert [item.name for item in direct] == ["b", "broken", "a"]
    for name in ("a", "b"):
        one, other = (next(item for item in items if item.name == name) for items in (direct, converted))
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.valid, other.valid)
    assert {item.reason for item in converted if item.name == "broken"} == {"unreadable"}


def test_nothing_is_lost_without_a_reason(tmp_path):
    write_clip(tmp_path / "good.pkl")
    write_clip(tmp_path / "narrow.pkl", smplx=np.zeros((4, 10), np.float32))
    write_clip(tmp_path / "short_mask.pkl", left_valid=CudaTensor(np.ones(3, bool)))
    write_plain(tmp_path / "other.pkl", {"pose": np.zeros(3)})
    (tmp_path / "text.pkl").write_text("this is no pickle")
    write_clip(tmp_path / "stranger.pkl")
    table(tmp_path / "labels.csv", "good", "narrow", "short_mask", "other", "text", "gone")
    found = {item.name: getattr(item, "reason", "clip") for item in read(tmp_path)}
    assert found == {
        "good": "clip",
        "narrow": "wrong_width",
        "short_mask": "wrong_width",
        "other": "missing_key",
        "text": "unreadable",
        "gone": "missing_file",
        "stranger": "unlabelled",
    }


def test_segments_of_one_file(tmp_path):
    whole = write_clip(tmp_path / "video.pkl", 10)["smplx"]
    (tmp_path / "labels.csv").write_text(
        "clip,file,start,end,gloss\nfirst,video,0,4,A\nsecond,video.pkl,4,,B\nthird,video,8,11,C\nfourth,video,10,,D\n"
    )
    first, second, third, fourth = read(tmp_path)
    np.testing.assert_array_equal(first.frames[:, :159], whole[:4, :159])
    np.testing.assert_array_equal(second.frames[:, :159], whole[4:, :159])
    assert (first.name, dict(first.labels), len(first.valid)) == ("first", {"gloss": "A"}, 4)
    assert third.reason == fourth.reason == "bad_segment"
    assert third.detail == "frames 8 to 11 of a file with 10 frames"


def test_frames_without_a_signer_are_put_back_as_invalid(tmp_path):
    smplx = write_clip(tmp_path / "a.pkl", 4, total_valid_index=CudaTensor(np.array([7, 8, 11, 12])))["smplx"]
    clip = only(tmp_path, labelled=False)
    assert clip.frames.shape == (6, 169)
    np.testing.assert_array_equal(clip.frames[[0, 1, 4, 5], :159], smplx[:, :159])
    assert clip.valid[:, 0].tolist() == [True, True, False, False, True, True]
    assert clip.valid[:, 2].tolist() == [True, False, False, False, True, False]


@pytest.mark.parametrize("numbers", [np.ones(T, np.int64), np.array([0, 1, 2, 3, 4, 10**12]), np.arange(3)])
def test_numbers_that_cannot_be_those_of_frames_are_not_used(tmp_path, numbers):
    write_clip(tmp_path / "a.pkl", total_valid_index=numbers)
    assert len(only(tmp_path, labelled=False).frames) == T


def test_left_handed_clips_are_listed(tmp_path):
    for name in ("pjm_1", "pjm_2", "pjm_3"):
        write_clip(tmp_path / "clips" / f"{name}.pkl")
    (tmp_path / "labels.csv").write_text("clip,gloss,dominant_hand\npjm_1,A,\npjm_2,A,\npjm_3,A,right\n")
    (tmp_path / signavatars.LEFT_HANDED).write_text(json.dumps(["pjm_2", "pjm_3", "pjm_9"]))
    assert [clip.dominant_hand for clip in read(tmp_path / "clips")] == [None, "left", "right"]
    assert tmp_path / signavatars.LEFT_HANDED in signavatars.source_files(Request(tmp_path / "clips"))
    (tmp_path / signavatars.LEFT_HANDED).write_text('{"pjm_2": true}')
    with pytest.raises(InputError, match="expected a JSON array of clip names"):
        read(tmp_path / "clips")


def test_items_can_be_sent_to_other_processes(tmp_path):
    write_clip(tmp_path / "a.pkl")
    table(tmp_path / "labels.csv", "a")
    (item,) = source_registry.list_items("signavatars", Request(tmp_path))
    assert pickle.loads(pickle.dumps(item)) == item
    assert len(pickle.dumps(item)) < 1000


def test_labels_that_match_no_clip_name_both_sides(tmp_path):
    write_clip(tmp_path / "a.pkl")
    table(tmp_path / "labels.csv", "b")
    with pytest.raises(InputError, match=r"none of its 1 clips \(first: 'b'\) has a file in .*\(first: a.pkl\)"):
        read(tmp_path)


def test_requests_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="it does not exist"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match=r"has no \.pkl files"):
        read(tmp_path, labelled=False)
    write_clip(tmp_path / "a.pkl")
    with pytest.raises(InputError, match=r"no label table; looked for labels\.csv"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"source signavatars has no layout .*; it has smplx, smplx_unsmoothed"):
        read(tmp_path, layout="holistic")


def test_files_of_real_torch(tmp_path):
    if "SIGNJAX_DATA" not in os.environ:
        pytest.skip("SIGNJAX_DATA does not name a folder of recordings")
    folder = Path(os.environ["SIGNJAX_DATA"]) / "torch_cuda"
    clips = {item.name: item for item in read(folder, labelled=False) if isinstance(item, Clip)}
    assert len(clips) == 12
    truth = np.load(folder / "signavatars_like_np2_expected.npz")
    for clip in clips.values():
        np.testing.assert_array_equal(clip.frames[:, :159], truth["smplx"][:, :159])
        np.testing.assert_array_equal(clip.valid[:, 2], truth["left_valid"])


SMPLX = np.arange(T * 182, dtype=np.float32).reshape(T, 182)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (SMPLX.astype(np.float64), None),
        (SMPLX.astype(">f4"), None),
        (np.asfortranarray(SMPLX), None),
        (SMPLX.astype(np.int32), None),
        (SMPLX.tolist(), None),
        (np.zeros((0, 182), np.float32), "empty"),
        (SMPLX + 1j, "complex64 (6, 182)"),
        (SMPLX > 3, "bool (6, 182)"),
        (np.float32(3), "float32 ()"),
        ([[1.0], [2.0, 3.0]], "object ()"),
        ([], "float64 (0,)"),
        ("a text", "<U6 ()"),
        (None, "object ()"),
    ],
)
def test_every_kind_of_value_is_read_right_or_says_why(tmp_path, values, expected):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"smplx": values}))
    (found,) = read(tmp_path, labelled=False)
    if expected is None:
        np.testing.assert_array_equal(found.frames[:, :159], SMPLX[:, :159])
    elif expected == "empty":
        assert found.reason == "empty"
    else:
        assert found.detail == f"'smplx' must be numbers of shape (T, 182); it is {expected}"


@pytest.mark.parametrize("mask", [[[1], [1, 2]], ["yes"] * T, None, 1])
def test_a_mask_that_is_none_says_so(tmp_path, mask):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"smplx": SMPLX, "left_valid": mask}))
    (found,) = read(tmp_path, labelled=False)
    assert (found.reason, "'left_valid' must be true or false, of shape (6,)" in found.detail) == ("wrong_width", True)


def test_left_handed_clips_match_in_any_unicode_form(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "ağaç") for form in ("NFC", "NFD"))
    write_clip(tmp_path / f"{decomposed}.pkl")
    table(tmp_path / "labels.csv", composed)
    (tmp_path / signavatars.LEFT_HANDED).write_text(json.dumps([composed]))
    assert only(tmp_path).dominant_hand == "left"
