"""The run stops if clips read again from their source differ from the model's inputs."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data import integrity
from signjax.data.batching.collate import collate
from signjax.data.csv_table import read_table, write_table
from signjax.data.dataset import open_dataset
from signjax.data.preparation import self_check
from signjax.data.preparation.prepare import prepare
from signjax.errors import InputError


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory):
    """A dataset of two heads and the recipe that made it."""
    recipe = make_recipe(path=str(corpus), heads=("gloss", "hands"))
    folder = tmp_path_factory.mktemp("checked") / "d"
    return prepare(recipe, folder, silent), recipe


def checked(dataset, recipe):
    self_check.check_dataset(dataset, recipe, self_check.reread_clips(dataset, recipe, turn=0))


def test_what_was_prepared_passes(prepared):
    dataset, recipe = prepared
    clips = self_check.reread_clips(dataset, recipe, turn=0)
    assert len(clips) >= 4 and len({clip.index for clip in clips}) == len(clips)
    self_check.check_dataset(dataset, recipe, clips)
    given = collate(dataset, np.array([clip.index for clip in clips]), len(clips), 20)
    self_check.check_given(dataset, clips, given, 20)


def test_labels_that_were_moved_by_one_clip_are_found_even_where_all_files_agree(prepared, tmp_path):
    dataset, recipe = prepared
    folder = tmp_path / "d"
    shutil.copytree(dataset.folder, folder)
    labels = np.roll(np.load(folder / "labels.npy"), 1, axis=0)
    np.save(folder / "labels.npy", labels)
    rows = read_table(folder / "clips.csv")
    for row, codes in zip(rows, labels, strict=True):
        row |= {head: names[code] for (head, names), code in zip(dataset.heads.items(), codes, strict=True)}
    write_table(folder / "clips.csv", list(rows[0]), [list(row.values()) for row in rows])
    info = json.loads((folder / "dataset.json").read_text())
    info["files"] = {name: integrity.digest_of(folder / name) for name in info["files"]}
    (folder / "dataset.json").write_text(json.dumps(integrity.sealed(info)))
    with pytest.raises(
        InputError, match=r"self-check: \d+ of \d+ clips .* differ from their source: '.*': its gloss is"
    ) as caught:
        checked(open_dataset(folder), recipe)
    assert "Delete the dataset folder" in str(caught.value)


@pytest.mark.parametrize("fault", ["frames", "validity", "signer", "split"])
def test_whatever_else_belongs_to_another_clip_is_found(prepared, fault):
    dataset, recipe = prepared
    if fault == "frames":
        order = np.roll(np.arange(len(dataset)), 1)
        moved = np.concatenate([dataset.frames(i) for i in order])
        wrong = replace(dataset, features=moved)
    elif fault == "validity":
        assert dataset.valid is not None
        wrong = replace(dataset, valid=~dataset.valid)
    elif fault == "signer":
        wrong = replace(dataset, clips=[clip | {"signer": "somebody"} for clip in dataset.clips])
    else:
        recipe = replace(recipe, rule=replace(recipe.rule, split="column"))
        wrong = dataset  # the corpus has no split column, and some of its clips are in test
    with pytest.raises(InputError, match="self-check"):
        checked(wrong, recipe)


@pytest.mark.parametrize("fault", ["frames", "labels", "length"])
def test_a_batch_of_other_clips_is_found(prepared, fault):
    dataset, recipe = prepared
    clips = self_check.reread_clips(dataset, recipe, turn=1)
    given = collate(dataset, np.array([clip.index for clip in clips]), len(clips), 32)
    values = getattr(given, fault)
    given = given._replace(**{fault: values - 1 if fault == "length" else np.roll(values, 1, axis=0)})
    with pytest.raises(InputError, match="self-check"):
        self_check.check_given(dataset, clips, given, 32)


def test_predictions_with_other_labels_are_found(prepared, tmp_path):
    dataset, recipe = prepared
    clips = self_check.reread_clips(dataset, recipe, turn=0)
    header = ("clip", "gloss_label", "hands_label")
    right = [(clip["clip"], clip["gloss"], clip["hands"]) for clip in dataset.clips]
    write_table(tmp_path / "p.csv", header, right)
    self_check.check_predictions(tmp_path / "p.csv", dataset, clips)
    glosses = [right[-1][1], *(row[1] for row in right[:-1])]
    write_table(tmp_path / "p.csv", header, [(n, g, h) for (n, _, h), g in zip(right, glosses, strict=True)])
    with pytest.raises(InputError, match=r"p\.csv: self-check"):
        self_check.check_predictions(tmp_path / "p.csv", dataset, clips)


def test_a_clip_that_the_source_no_longer_has_is_named(prepared, corpus, tmp_path):
    dataset, recipe = prepared
    shutil.copytree(corpus, tmp_path / "less")
    rows = read_table(tmp_path / "less" / "labels.csv")[:2]
    write_table(tmp_path / "less" / "labels.csv", list(rows[0]), [list(row.values()) for row in rows])
    with pytest.raises(InputError, match="has no clip"):
        checked(dataset, replace(recipe, path=str(tmp_path / "less")))
