from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo, Rejected, Request
from signjax.data.sources import mediapipe
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

T = 5


def tutorial_frame(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The four arrays that the tutorials flatten into one frame of 1662 values."""
    return {
        "pose": rng.uniform(0.1, 1, (33, 4)),
        "face": rng.uniform(0.1, 1, (468, 3)),
        "left_hand": rng.uniform(0.1, 1, (21, 3)),
        "right_hand": np.zeros((21, 3)),
    }


def flat(frame: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([part.flatten() for part in frame.values()])


def save(folder: Path, frames: np.ndarray, numbers: range | list[int] = range(T)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in zip(numbers, frames, strict=True):
        np.save(folder / f"{number}.npy", frame)


def read(path: Path, **fields: object) -> list[Clip | Rejected]:
    return list(source_registry.read("mediapipe", Request(path, **fields)))


def test_the_tutorials_folder(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("hello", "thanks"):
        for sequence in (0, 2, 10):
            save(tmp_path / label / str(sequence), np.stack([flat(tutorial_frame(rng)) for _ in range(12)]), range(12))
    frame = tutorial_frame(rng)
    save(tmp_path / "thanks" / "10", [flat(frame)], [11])
    clips = read(tmp_path)
    assert [clip.name for clip in clips] == [f"{c}/{s}" for c in ("hello", "thanks") for s in (0, 2, 10)]
    clip = clips[-1]
    assert (clip.frames.shape, clip.frames.dtype, dict(clip.labels)) == ((12, 1662), np.float32, {"gloss": "thanks"})
    layout = source_registry.layout_of("mediapipe", Request(tmp_path), 1662).layout
    for part, numbers in (("pose", frame["pose"][:, :3]), ("visibility", frame["pose"][:, 3]), ("face", frame["face"])):
        np.testing.assert_allclose(clip.frames[-1, layout.channels_of(part)], numbers.reshape(-1), rtol=1e-6)
    assert not clip.frames[:, layout.channels_of("right_hand")].any()
    assert len(mediapipe.source_files(Request(tmp_path))) == 6 * 12


def test_a_pose_that_was_not_found_has_no_visibility():
    frames = np.ones((3, 258), np.float32)
    frames[1, :132] = 0
    clip = mediapipe._by_width(mediapipe.Item(ClipInfo("a", "a")), frames)
    assert clip.valid[:, 1].tolist() == [True, False, True]


@pytest.mark.parametrize(("width", "layout"), mediapipe.LAYOUTS.items())
def test_every_known_width(tmp_path, width, layout):
    frames = np.random.default_rng(0).normal(size=(T, width))
    save(tmp_path / "a" / "0", frames)
    (clip,) = read(tmp_path)
    assert clip.frames.shape == (T, layout.width)
    assert source_registry.layout_of("mediapipe", Request(tmp_path), layout.width).layout.width == layout.width
    hand = next((part for part in ("right_hand", "left_hand") if part in layout.part_names), None)
    if hand:  # hands come last in every set
        count = 21 * layout.part(hand).channels_per_point
        np.testing.assert_allclose(clip.frames[:, layout.channels_of(hand)], frames[:, -count:], rtol=1e-6)


def test_points_of_the_irises_are_left_out(tmp_path):
    frames = np.arange(1692.0)[None] + np.zeros((T, 1))
    save(tmp_path / "a" / "0", frames)
    (clip,) = read(tmp_path)
    layout = mediapipe.LAYOUTS[1692]
    assert clip.frames[0, layout.channels_of("face")].tolist() == list(range(132, 132 + 1404))
    assert clip.frames[0, layout.channels_of("left_hand")].tolist() == list(range(1692 - 126, 1692 - 63))


def test_sequences_of_one_file_and_splits_above_the_classes(tmp_path):
    frames = np.random.default_rng(0).normal(size=(T, 126))
    for split in ("train", "val", "test"):
        (tmp_path / split / "eat").mkdir(parents=True)
        np.save(tmp_path / split / "eat" / "0.npy", frames)
    clips = read(tmp_path)
    assert [(clip.name, clip.split) for clip in clips] == [
        ("test/eat/0", "test"),
        ("train/eat/0", "train"),
        ("valid/eat/0", "valid"),
    ]
    np.testing.assert_allclose(clips[0].frames, frames, rtol=1e-6)
    assert [clip.labels for clip in read(tmp_path, labelled=False)] == [{}] * 3


def test_another_layout_takes_frames_as_they_stand(tmp_path):
    frames = np.random.default_rng(0).normal(size=(T, 1629))
    save(tmp_path / "a" / "0", frames)
    (clip,) = read(tmp_path, layout="holistic")
    np.testing.assert_allclose(clip.frames, frames, rtol=1e-6)


def test_whole_parts_may_be_chosen(tmp_path):
    frames = np.random.default_rng(0).normal(size=(T, 1662))
    frames[2, :132] = 0
    save(tmp_path / "a" / "0", frames)
    (clip,) = read(tmp_path, layout="pose_hands_258")
    np.testing.assert_allclose(clip.frames[:, :3], frames[:, :3], rtol=1e-6)
    np.testing.assert_allclose(clip.frames[:, 99], frames[:, 3], rtol=1e-6)  # the first visibility
    np.testing.assert_allclose(clip.frames[:, 132:], frames[:, -126:], rtol=1e-6)
    assert clip.valid.tolist() == [[True, t != 2, True, True] for t in range(T)]
    (clip,) = read(tmp_path, layout="hands_xy")
    np.testing.assert_allclose(clip.frames.reshape(T, 42, 2), frames[:, -126:].reshape(T, 42, 3)[:, :, :2], rtol=1e-6)
    (rejected,) = read(tmp_path, layout="smplx")
    assert (rejected.reason, "needs part root" in rejected.detail) == ("wrong_width", True)


def test_frames_that_are_left_out_are_not_seen(tmp_path):
    frames = np.ones((T, 126))
    save(tmp_path / "a" / "0", frames, [3, 4, 6, 8, 9])
    (clip,) = read(tmp_path)
    assert clip.frames.any(1).tolist() == [True, True, False, True, False, True, True]


def test_a_table_says_who_signs(tmp_path):
    for sequence in ("0", "1"):
        save(tmp_path / "a" / sequence, np.ones((T, 126)))
    (tmp_path / "t.csv").write_text("clip,signer,start,end\na/1,anna,1,4\n")
    first, second = read(tmp_path, labels=str(tmp_path / "t.csv"))
    assert (first.signer, second.signer, second.labels) == (None, "anna", {"gloss": "a"})
    assert (len(first.frames), len(second.frames)) == (T, 3)


def test_each_fault_names_the_frame(tmp_path):
    good = np.ones((T, 126))
    save(tmp_path / "a" / "0", good)
    save(tmp_path / "a" / "1", good[:, :100])
    save(tmp_path / "a" / "2", good)
    np.save(tmp_path / "a" / "2" / "3.npy", np.ones(7))
    save(tmp_path / "a" / "3", good)
    (tmp_path / "a" / "3" / "1.npy").write_bytes(b"\x93NUMPY")
    (tmp_path / "a" / "4").mkdir()
    save(tmp_path / "a" / "5", good, [0, 1, 2, 3, 70])
    save(tmp_path / "a" / "6", good)
    np.save(tmp_path / "a" / "6" / "last.npy", good[0])
    found = {item.name: (item.reason, item.detail) for item in read(tmp_path) if isinstance(item, Rejected)}
    assert {name: reason for name, (reason, _) in found.items()} == {
        "a/1": "wrong_width",
        "a/2": "wrong_width",
        "a/3": "unreadable",
        "a/4": "empty",
        "a/5": "missing_frames",
        "a/6": "unreadable",
    }
    assert "frames have 100 values" in found["a/1"][1] and "1662" in found["a/1"][1]
    assert "3.npy: expected 126 numbers as in 0.npy" in found["a/2"][1]
    assert "1.npy" in found["a/3"][1]
    assert "66 frames from 0.npy to 70.npy are missing; only 5 exist" in found["a/5"][1]
    assert "last.npy" in found["a/6"][1]


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match="the folder does not exist"):
        read(tmp_path / "absent")
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match=r"there is no class/sequence/frame\.npy"):
        read(tmp_path)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("convert", "reason"),
    [
        (lambda x: x.astype(np.float16), None),
        (lambda x: x.astype(">f8"), None),
        (np.asfortranarray, None),
        (lambda x: x.astype(np.int16), None),
        (lambda x: x > 0, "wrong_width"),
        (lambda x: x + 1j, "wrong_width"),
        (lambda x: x.astype(object), None),
        (lambda x: x[..., :0], "wrong_width"),
        (lambda x: np.float64(1), "wrong_width"),
    ],
)
def test_every_kind_of_array_is_read_right_or_says_why(tmp_path, convert, reason, whole):
    frames = np.arange(T * 126).reshape(T, 126)
    if whole:
        (tmp_path / "a").mkdir()
        with (tmp_path / "a" / "0.NPY").open("wb") as file:
            np.save(file, convert(frames), allow_pickle=True)
    else:
        save(tmp_path / "a" / "0", [convert(frame) for frame in frames])
    for layout in ("auto", "generic"):
        (found,) = read(tmp_path, layout=layout)
        if reason is None:
            np.testing.assert_array_equal(found.frames, frames)
        elif not isinstance(found, Clip) or whole:  # numbers without a dimension are frames of one value
            assert found.reason == reason


@pytest.mark.parametrize("values", [1659, 1106, 1434])
def test_the_irises_of_mediapipe_tasks_are_left_out(tmp_path, values):
    """553 landmarks: 33 of the pose, 478 of the face, of which the last 10 are the irises, and both hands."""
    axes = 2 if values == 1106 else 3
    frames = np.random.default_rng(0).uniform(0.1, 1, (T, values // axes, axes))
    save(tmp_path / "hello" / "0", frames)
    (tmp_path / "hello2").mkdir()
    np.save(tmp_path / "hello2" / "1.npy", frames)
    first, second = read(tmp_path)
    face = 33 if values != 1434 else 0
    expected = np.delete(frames, slice(face + 468, face + 478), axis=1).reshape(T, -1)
    np.testing.assert_allclose(first.frames, expected, rtol=1e-6)
    np.testing.assert_array_equal(second.frames, first.frames)
    layout = source_registry.layout_of("mediapipe", Request(tmp_path), expected.shape[1]).layout
    part = layout.part_names[-1]
    np.testing.assert_allclose(
        first.frames[:, layout.channels_of(part)], expected[:, layout.channels_of(part)], rtol=1e-6
    )
    assert layout.mirrors and layout.part("face").points == 468


def test_landmarks_of_pictures_are_clips_of_one_frame(tmp_path):
    points = np.random.default_rng(0).uniform(0.1, 1, (3, 21, 3))
    (tmp_path / "A").mkdir()
    np.save(tmp_path / "A" / "0.npy", points[0])
    np.save(tmp_path / "A" / "1.npy", points[1].reshape(-1))
    np.save(tmp_path / "A" / "2.npy", points[2:].reshape(1, -1))
    found = read(tmp_path)
    np.testing.assert_allclose(np.concatenate([clip.frames for clip in found]), points.reshape(3, 63), rtol=1e-6)
