"""A dataset folder that was changed after it was written is not opened."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data import integrity
from signjax.data.dataset import label_columns, open_dataset
from signjax.data.preparation.prepare import Expected, data_facts, prepare
from signjax.errors import InputError


@pytest.fixture
def folder(dataset, tmp_path) -> Path:
    """A copy of a small dataset folder."""
    shutil.copytree(dataset.folder, tmp_path / "d")
    return tmp_path / "d"


@pytest.mark.parametrize(
    "name", ["features.npy", "valid.npy", "offsets.npy", "labels.npy", "clips.csv", "quarantine.csv", "dataset.json"]
)
def test_a_flipped_bit_in_any_file_is_found(folder, name):
    open_dataset(folder)  # finds it whole, and remembers that
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=str(folder)) as caught:
        open_dataset(folder)
    assert "prepare" in str(caught.value)


def test_files_that_did_not_change_are_not_read_again(folder, monkeypatch):
    open_dataset(folder)
    monkeypatch.setattr(integrity, "digest_of", lambda path: pytest.fail(f"{path} was read again"))
    open_dataset(folder)


def test_a_folder_without_a_writable_parent_is_checked_each_time(folder, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(integrity, "write_json", refuse)
    read = []
    digest_of = integrity.digest_of
    monkeypatch.setattr(integrity, "digest_of", lambda path: read.append(path) or digest_of(path))
    open_dataset(folder)
    open_dataset(folder)
    assert len(read) == 2 * len({path.name for path in read})


def sealed_again(folder: Path, **changes: object) -> None:
    """Corrects the digests, as if a faulty program had written the dataset."""
    info = json.loads((folder / "dataset.json").read_text()) | changes
    info["files"] = {name: integrity.digest_of(folder / name) for name in info["files"]}
    (folder / "dataset.json").write_text(json.dumps(integrity.sealed(info)))


def test_labels_outside_of_the_classes_are_found_whatever_the_digests_say(folder):
    labels = np.load(folder / "labels.npy")
    labels[3, 0] = 249
    np.save(folder / "labels.npy", labels)
    sealed_again(folder)
    with pytest.raises(InputError, match="249 for head 'gloss', which has 4 classes"):
        open_dataset(folder)


def test_labels_that_belong_to_other_clips_are_found_whatever_the_digests_say(folder):
    np.save(folder / "labels.npy", np.roll(np.load(folder / "labels.npy"), 1, axis=0))
    sealed_again(folder)
    with pytest.raises(InputError, match=r"clips\.csv and labels\.npy have different classes for head 'gloss'"):
        open_dataset(folder)


@pytest.mark.parametrize("fault", ["falls", "short", "lengths", "type"])
def test_offsets_that_do_not_fit_are_found(folder, fault):
    offsets = np.load(folder / "offsets.npy")
    if fault == "falls":
        offsets[5] = offsets[4]
    elif fault == "short":
        offsets[-1] -= 1
    elif fault == "lengths":
        offsets[5] -= 1
    else:
        offsets = offsets.astype(np.int32)
    np.save(folder / "offsets.npy", offsets)
    sealed_again(folder)
    with pytest.raises(InputError, match="are inconsistent"):
        open_dataset(folder)


def test_a_folder_may_be_moved_and_copied(folder, tmp_path):
    digest = open_dataset(folder).digest
    shutil.copytree(folder, tmp_path / "copy")
    folder.rename(tmp_path / "moved")
    assert open_dataset(tmp_path / "copy").digest == open_dataset(tmp_path / "moved").digest == digest


def test_the_digest_is_of_the_bytes_not_of_paths(corpus, tmp_path):
    shutil.copytree(corpus, tmp_path / "elsewhere")
    first = prepare(make_recipe(path=str(corpus)), tmp_path / "a", silent)
    second = prepare(make_recipe(path=str(tmp_path / "elsewhere")), tmp_path / "b", silent)
    assert first.digest == second.digest
    other = prepare(make_recipe(path=str(corpus), trim=False), tmp_path / "c", silent)
    assert other.digest != first.digest


def test_data_that_a_model_was_trained_on_are_not_replaced(corpus, tmp_path):
    recipe = make_recipe(path=str(corpus))
    first = prepare(recipe, tmp_path / "d", silent)
    before = {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()}
    expected = Expected(first.digest, tmp_path / "run", data_facts(tmp_path / "d"))
    with pytest.raises(InputError, match=r"trained on other data .*\n  cleaning: trim: True in the run, now False"):
        prepare(make_recipe(path=str(corpus), trim=False), tmp_path / "d", silent, expected=expected)
    assert {path.name: path.read_bytes() for path in (tmp_path / "d").iterdir()} == before
    assert prepare(recipe, tmp_path / "d", silent, expected=expected).digest == first.digest


def test_heads_called_like_other_columns_have_columns_of_their_own():
    assert label_columns(["gloss", "frames", "label_frames"]) == ["gloss", "label_frames", "label_label_frames"]


def test_frames_that_changed_between_reading_and_writing_stop_the_run(corpus, tmp_path, monkeypatch):
    from signjax.data.preparation import prepare as prepare_module

    def damage(*arguments: object) -> None:
        path = tmp_path / "d.partial" / "features.npy"
        content = bytearray(path.read_bytes())
        content[-9] ^= 1
        path.write_bytes(content)
        write(*arguments)

    write = prepare_module.write_dataset
    monkeypatch.setattr(prepare_module, "write_dataset", damage)
    recipe = make_recipe(path=str(corpus))
    with pytest.raises(InputError, match="have changed since they were read"):
        prepare(recipe, tmp_path / "d", silent)
    assert not (tmp_path / "d").exists()
    monkeypatch.undo()
    whole = prepare(recipe, tmp_path / "whole", silent)
    assert prepare(recipe, tmp_path / "d", silent).digest == whole.digest
