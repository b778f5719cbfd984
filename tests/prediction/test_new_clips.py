import numpy as np
import pytest

from signjax.data.clip import Item, Rejected, Request
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from signjax.prediction.clips import list_new_clips

WIDTH = 258
FRAMES = np.random.default_rng(0).normal(size=(5, WIDTH)).astype(np.float32)


def save_frames(folder, frames=FRAMES):
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        np.save(folder / f"{number}.npy", frame)


def save_clip(path, frames=FRAMES):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, frames)
    return path


def read(source, path, width=WIDTH, layout="auto"):
    """Name -> clip."""
    items = list_new_clips(source, Request(path, layout=layout, labelled=False), width, lambda line: None)
    clips = [item if isinstance(item, Rejected) else source_registry.read_item(source, item) for item in items]
    return {clip.name: clip for clip in clips}


def as_trained(tmp_path):
    """FRAMES as the source of the training data gives them."""
    save_frames(tmp_path / "trained" / "hello" / "0")
    (clip,) = source_registry.read("mediapipe", Request(tmp_path / "trained"))
    return clip.frames


def test_landmarks_are_found_whatever_folders_they_are_in(tmp_path):
    expected, folder = as_trained(tmp_path), tmp_path / "new"
    save_frames(folder / "frames")
    save_clip(folder / "whole.npy")
    save_clip(folder / "deep" / "er" / "clip_10.npy")
    save_clip(folder / "deep" / "er" / "clip_9.npy")
    save_frames(folder / "hello" / "3")
    (folder / "._whole.npy").write_bytes(b"macOS")
    (folder / "__MACOSX").mkdir()
    save_clip(folder / "__MACOSX" / "whole.npy")
    clips = read("mediapipe", folder)
    assert list(clips) == ["whole", "deep/er/clip_9", "deep/er/clip_10", "frames", "hello/3"]
    for clip in clips.values():
        np.testing.assert_array_equal(clip.frames, expected)
        assert not clip.labels


@pytest.mark.parametrize("kind", ["file", "frames"])
def test_one_clip_is_named_after_its_file_or_folder(kind, tmp_path):
    expected = as_trained(tmp_path)
    if kind == "file":
        path = save_clip(tmp_path / "mine.npy")
    else:
        path = tmp_path / "mine"
        save_frames(path)
    clips = read("mediapipe", path)
    assert list(clips) == ["mine"]
    np.testing.assert_array_equal(clips["mine"].frames, expected)


def test_folders_of_splits_are_left_out_of_names_as_in_training(tmp_path):
    for name in ("train/hello/0", "test/hello/1"):
        save_frames(tmp_path / name)
    assert list(read("mediapipe", tmp_path)) == ["hello/1", "hello/0"]
    save_frames(tmp_path / "test/hello/0")
    assert list(read("mediapipe", tmp_path)) == ["test/hello/0", "test/hello/1", "train/hello/0"]


def test_a_class_called_train_stays_in_the_name(tmp_path):
    save_frames(tmp_path / "train/0")
    assert list(read("mediapipe", tmp_path)) == ["train/0"]


def test_a_damaged_clip_among_others_is_left_out_with_a_reason(tmp_path):
    save_clip(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(b"no array")
    save_clip(tmp_path / "c.npy", FRAMES[:, :100])
    clips = read("mediapipe", tmp_path)
    assert [getattr(clip, "reason", "") for clip in clips.values()] == ["", "unreadable", "wrong_width"]


def test_frames_with_more_landmarks_than_the_model_needs_are_reduced_to_its_own(tmp_path):
    whole = np.random.default_rng(1).normal(size=(5, 1662)).astype(np.float32)
    needed = np.concatenate([whole[:, :132], whole[:, -126:]], axis=1)  # without the face
    save_clip(tmp_path / "whole.npy", whole)
    save_clip(tmp_path / "needed.npy", needed)
    clips = read("mediapipe", tmp_path, layout="pose_hands_258")
    np.testing.assert_array_equal(clips["whole"].frames, clips["needed"].frames)
    np.testing.assert_array_equal(clips["needed"].frames, read("mediapipe", tmp_path)["needed"].frames)


def test_without_any_landmarks_the_message_says_what_is_needed(tmp_path):
    with pytest.raises(InputError, match=r"there are no \.npy files"):
        read("mediapipe", tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read("mediapipe", tmp_path / "absent")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("shape", [(5, 12), (5, 4, 3)])
def test_a_single_array_is_one_clip(suffix, shape, tmp_path):
    array, path = np.arange(60, dtype=np.float32).reshape(shape), tmp_path / f"mine{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, array)
    clips = read("arrays", path, 12)
    assert list(clips) == ["mine"]
    np.testing.assert_array_equal(clips["mine"].frames, array.reshape(5, 12))


def test_arrays_that_say_where_clips_begin_hold_many(tmp_path):
    np.savez(tmp_path / "a.npz", frames=np.zeros((10, 12)), offsets=[0, 4, 10])
    np.savez(tmp_path / "b.npz", frames=np.zeros((3, 5, 12)))
    assert len(read("arrays", tmp_path / "a.npz", 12)) == 2
    assert len(read("arrays", tmp_path / "b.npz", 12)) == 3


def test_a_folder_of_arrays_needs_no_table(tmp_path):
    save_clip(tmp_path / "a" / "x.npy")
    save_clip(tmp_path / "b.npy")
    assert sorted(read("arrays", tmp_path)) == ["b", "x"]


def test_a_single_landmark_file_of_kaggle_is_one_clip(tmp_path):
    path = tmp_path / "7.parquet"
    path.touch()
    (item,) = list_new_clips("gislr", Request(path, labelled=False), 1629, print)
    assert isinstance(item, Item) and (item.name, item.file, item.how) == ("7", str(path), "auto")
