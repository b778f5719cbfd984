"""Preparation that is killed or stops at an error, and then continues: every clip keeps its own frames."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from benchmarks import kill_preparation
from signjax.data.dataset import open_dataset
from signjax.data.preparation.prepare import prepare
from signjax.data.splits.split import Rule
from signjax.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
CLIPS = 200


def test_a_run_that_is_killed_ends_with_the_bytes_of_one_that_was_not(tmp_path):
    """A few of the interruptions that the benchmark tries; docs/reliability.md has the full table."""
    table = tmp_path / "table.json"
    command = [sys.executable, "-m", "benchmarks.kill_preparation", "--events=9", "--random=3", f"--json={table}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(table.read_text())
    assert len(rows) == 11 and all(row["moments"] for row in rows.values())
    assert all(row["right"] == row["moments"] for row in rows.values()), done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray], list[str]]:
    """Clips of several batches, two of which are alone in their class, with a given split that shares signers."""
    random = np.random.default_rng(0)
    clips = [random.normal(size=(random.integers(10, 30), 6)).astype("f4") + i % 8 for i in range(CLIPS)]
    labels = [f"c{i % 8}" for i in range(CLIPS)]
    labels[5], labels[90] = "single", "alone"
    path = tmp_path_factory.mktemp("example") / "rare.npz"
    np.savez(
        path,
        frames=np.concatenate(clips),
        offsets=np.cumsum([0] + [len(clip) for clip in clips]),
        labels=np.array(labels),
        signers=np.array([f"s{i % 3}" for i in range(CLIPS)]),
        split=np.array(["train"] * 150 + ["test"] * 50),
    )
    return path, clips, labels


@pytest.mark.parametrize("by_way_of", [("stop", "auto"), ("leave_out", "auto"), None])
def test_clips_keep_their_frames_whatever_stopped_the_runs_before(example, tmp_path, by_way_of):
    path, clips, labels = example
    recipe = make_recipe(source="arrays", path=str(path), rare_classes="leave_out", split="column")
    if by_way_of:
        rare, split = by_way_of
        with pytest.raises(InputError, match="signer"):
            prepare(replace(recipe, rare_classes=rare, rule=Rule(split=split)), tmp_path / "d", silent)
    dataset = prepare(recipe, tmp_path / "d", silent)
    kept = [i for i in range(CLIPS) if i not in (5, 90)]
    assert [clip["clip"] for clip in dataset.clips] == [f"clip_{i:03d}" for i in kept]
    for place, i in enumerate(kept):
        np.testing.assert_array_equal(dataset.frames(place), clips[i])
        assert dataset.label(place, "gloss") == labels[i]


def test_all_that_keeps_a_run_from_starting_is_told_at_once_with_what_accepts_it(example, tmp_path):
    path, _, _ = example
    with pytest.raises(InputError) as caught:
        prepare(make_recipe(source="arrays", path=str(path)), tmp_path / "d", silent)
    said = str(caught.value)
    assert "2 classes have only one clip" in said and "signer" in said
    assert "To continue anyway: --config.data.rare_classes=leave_out --config.data.split=column" in said
    assert caught.value.accept == {"data.rare_classes": "leave_out", "data.split": "column"}
    prepare(
        make_recipe(source="arrays", path=str(path), rare_classes="leave_out", split="column"), tmp_path / "d", silent
    )


def test_problems_behind_problems_are_told_too(tmp_path):
    kill_preparation.write_source(tmp_path / "a.npz", 48, 24, 5)
    recipe = kill_preparation.recipe_of(tmp_path / "a.npz")
    with pytest.raises(InputError) as caught:
        prepare(kill_preparation.stopping(recipe)["several of these"], tmp_path / "d", silent)
    said = str(caught.value)
    for expected in ("have only one clip", "are the same recording", "signer"):
        assert expected in said
    assert caught.value.accept == {"data.rare_classes": "leave_out", "data.duplicates": "drop", "data.split": "column"}
    prepare(recipe, tmp_path / "d", silent)


@pytest.mark.parametrize("damage", ["zeros", "flipped", "journal"])
def test_what_the_disk_lost_of_the_clips_that_were_read_is_read_again(tmp_path, damage):
    kill_preparation.write_source(tmp_path / "a.npz", 200, 24, 5)
    recipe = kill_preparation.recipe_of(tmp_path / "a.npz")
    whole = prepare(recipe, tmp_path / "whole", silent)
    with pytest.raises(InputError):
        prepare(replace(recipe, strict=True), tmp_path / "d", silent)
    path = tmp_path / "d.partial" / ("journal.jsonl" if damage == "journal" else "features.npy")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    if damage == "zeros":  # after a power cut, blocks that never reached the disk
        content[middle : middle + 4096] = bytes(4096)
    else:
        content[middle] ^= 1
    path.write_bytes(content)
    said: list[str] = []
    assert prepare(recipe, tmp_path / "d", said.append).digest == whole.digest
    assert any("of 200 clips were already read" in line for line in said)
    assert not any("200 of 200" in line for line in said)
    assert kill_preparation.content(tmp_path / "d") == kill_preparation.content(tmp_path / "whole")
    open_dataset(tmp_path / "d")
