from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Rejected, Request
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

T, WIDTH = 4, 126


def frame_files(folder: Path, shape: tuple[int, ...] = (WIDTH,)) -> None:
    folder.mkdir(parents=True)
    for number in range(T):
        np.save(folder / f"{number}.npy", np.ones(shape))


def sequence_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.ones((T, WIDTH)))


def listed(path: Path) -> list[tuple[str, str, str | None]]:
    clips = list(source_registry.read("mediapipe", Request(path)))
    assert not [clip for clip in clips if isinstance(clip, Rejected)]
    return [(clip.name, clip.labels["gloss"], clip.split) for clip in clips]


@pytest.mark.parametrize(
    ("train", "test"), [("train", "test"), ("Train", "Test"), ("TRAINING", " test "), ("train", "Testing")]
)
def test_splits_in_any_case_above_the_classes(tmp_path, train, test):
    frame_files(tmp_path / train / "eat" / "0")
    frame_files(tmp_path / train / "go" / "0")
    sequence_file(tmp_path / test / "eat" / "1.npy")
    assert sorted(listed(tmp_path)) == [("eat/0", "eat", "train"), ("eat/1", "eat", "test"), ("go/0", "go", "train")]


@pytest.mark.parametrize("shape", [(WIDTH,), (1, WIDTH), (42, 3)])
@pytest.mark.parametrize("others", [("HOUSE",), ()])
def test_signs_that_are_called_train_and_test(tmp_path, shape, others):
    for name in ("TRAIN", "TEST", *others):
        frame_files(tmp_path / name / "0", shape)
    assert listed(tmp_path) == [(f"{name}/0", name, None) for name in sorted(("TRAIN", "TEST", *others))]


def test_signs_that_are_called_train_and_test_with_a_file_for_each_sequence(tmp_path):
    for name in ("TRAIN", "TEST", "HOUSE"):
        sequence_file(tmp_path / name / "0.npy")
    assert {name for name, _, _ in listed(tmp_path)} == {"TRAIN/0", "TEST/0", "HOUSE/0"}


@pytest.mark.parametrize("files", [True, False])
def test_folders_beside_splits_are_named(tmp_path, files):
    for split in ("Train", "Test"):
        if files:
            sequence_file(tmp_path / split / "eat" / "0.npy")
        else:
            frame_files(tmp_path / split / "eat" / "0")
    frame_files(tmp_path / "extra" / "0")
    frame_files(tmp_path / "old" / "eat" / "0")
    with pytest.raises(InputError, match=r"'Test', 'Train' contain class folders, .*are not: 'extra', 'old'\. Move"):
        listed(tmp_path)


def test_a_split_that_holds_sequences_is_named(tmp_path):
    frame_files(tmp_path / "train" / "eat" / "0")
    frame_files(tmp_path / "test" / "0")
    with pytest.raises(InputError, match=r"'train' contain class folders.*: 'test'"):
        listed(tmp_path)


def test_two_folders_that_mean_one_split(tmp_path):
    for split in ("val", "Validation", "train"):
        sequence_file(tmp_path / split / "eat" / "0.npy")
    assert sorted(listed(tmp_path)) == [
        ("Validation/eat/0", "eat", "valid"),
        ("train/eat/0", "eat", "train"),
        ("val/eat/0", "eat", "valid"),
    ]


def test_a_split_without_classes_is_no_class(tmp_path):
    frame_files(tmp_path / "train" / "eat" / "0")
    (tmp_path / "test").mkdir()
    assert listed(tmp_path) == [("eat/0", "eat", "train")]
