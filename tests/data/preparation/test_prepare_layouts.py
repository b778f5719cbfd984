"""Layouts and handedness through all of `prepare`."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.cleaning.handedness import parse_mirroring
from signjax.data.dataset import open_dataset
from signjax.data.preparation.prepare import prepare


@pytest.fixture(scope="module")
def told(corpus, tmp_path_factory):
    """The tiny corpus with a column that marks signer 3 as left-handed, and a signer whose handedness is not known."""
    folder = tmp_path_factory.mktemp("told") / "clips"
    shutil.copytree(corpus, folder)
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    hands = {"signer00": "right", "signer01": "right", "signer02": "", "signer03": "left", "signer04": "right"}
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*rows[0], "dominant_hand"])
        table.writeheader()
        table.writerows({**row, "dominant_hand": hands[row["signer"]]} for row in rows)
    return folder


def prepared(told, folder, **cleaning):
    recipe = make_recipe(source="signavatars", path=str(told), **cleaning)
    return prepare(recipe, folder, silent)


@pytest.mark.parametrize("rotations", ["axis_angle", "6d"])
def test_clips_that_the_table_calls_left_handed_are_stored_as_their_mirror_image(told, tmp_path, rotations):
    as_is = prepared(told, tmp_path / "as_is", handedness="as_is", rotations=rotations)
    table = prepared(told, tmp_path / "table", handedness="table", rotations=rotations)
    channel, sign, part = table.layout.mirror
    for index, (before, after) in enumerate(zip(as_is.clips, table.clips, strict=True)):
        assert before["clip"] == after["clip"]
        left = after["signer"] == "signer03"
        assert (before["mirrored"], after["mirrored"]) == ("", "table: the left hand leads" if left else "")
        frames, valid = as_is.frames(index), as_is.validity(index)
        if left:
            frames, valid = frames[:, channel] * sign, valid[:, part]
        np.testing.assert_allclose(table.frames(index), frames, atol=1e-6)
        np.testing.assert_array_equal(table.validity(index), valid)
    assert table.info["mirrored"] == 8


def test_detection_leaves_to_the_table_what_it_knows(told, tmp_path):
    found = prepared(told, tmp_path / "detect", handedness="detect")
    for clip in found.clips:
        assert parse_mirroring(clip["mirrored"]).done or clip["signer"] != "signer03"
        assert not clip["mirrored"] or clip["signer"] in ("signer02", "signer03")


def test_a_dataset_keeps_a_layout_of_ones_own_and_is_made_again_when_it_changes(tmp_path):
    layout = {
        "parts": [{"landmarks": hand, "kind": "xy", "indices": [0, 4, 8]} for hand in ("left_hand", "right_hand")]
    }
    file, clips = tmp_path / "tips.json", tmp_path / "clips.npz"
    file.write_text(json.dumps(layout))
    frames = np.random.default_rng(0).normal(size=(12, 9, 12)).cumsum(1)
    np.savez(clips, frames=frames, labels=np.arange(12) % 3)
    recipe = make_recipe(source="arrays", path=str(clips), layout=str(file), split="stratified")
    first = prepare(recipe, tmp_path / "data", silent)
    assert first.layout.mirrors
    assert first.layout.part_names[:2] == ("left_hand", "right_hand")
    said: list[str] = []
    prepare(recipe, tmp_path / "data", said.append)
    assert not any("again" in line for line in said)
    file.write_text(json.dumps({"parts": [{**part, "indices": [0, 12, 16]} for part in layout["parts"]]}))
    prepare(recipe, tmp_path / "data", said.append)
    assert any("making it again" in line for line in said)
    file.unlink()
    assert dataclasses.asdict(open_dataset(tmp_path / "data").layout) == dataclasses.asdict(first.layout)
