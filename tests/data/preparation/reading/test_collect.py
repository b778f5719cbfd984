"""An interrupted run continues, and ends with the same result as an uninterrupted one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.dataset import Dataset
from signjax.data.preparation import prepare as prepare_module
from signjax.data.preparation.prepare import prepare
from signjax.data.preparation.reading.collect import read_batch
from signjax.errors import InputError

ROOT = Path(__file__).resolve().parents[4]
COUNT = 300


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of five channels; every seventh cannot be used."""
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(int(rng.integers(6, 20)), 5)).astype(np.float32) for _ in range(COUNT)]
    for index in range(3, COUNT, 7):
        clips[index] = clips[index][:2]
    path = tmp_path_factory.mktemp("source") / "a.npz"
    np.savez(
        path,
        frames=np.concatenate(clips),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=np.arange(COUNT) % 6,
    )
    return path


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """What a run makes of them that nothing interrupts."""
    return prepare(make_recipe(source="arrays", path=str(source)), tmp_path_factory.mktemp("whole") / "whole", silent)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "dataset.json"}


class Stop(Exception):
    """Interrupts a run in these tests."""


def cut_off(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Reads the given number of batches, then stops."""
    done = []

    def read(*arguments):
        if len(done) == after:
            raise Stop
        done.append(1)
        return read_batch(*arguments)

    monkeypatch.setattr("signjax.data.preparation.reading.collect.read_batch", read)


@pytest.mark.parametrize("after", [0, 1, 5, 9])
def test_a_run_that_was_cut_off_goes_on_where_it_was(source, whole, tmp_path, monkeypatch, after):
    recipe = make_recipe(source="arrays", path=str(source))
    with monkeypatch.context() as context:
        cut_off(context, after)
        with pytest.raises(Stop):
            prepare(recipe, tmp_path / "d", silent)
    assert not (tmp_path / "d").exists()
    said: list[str] = []
    resumed = prepare(recipe, tmp_path / "d", said.append)
    expected = f"{min(32 * after, COUNT)} of {COUNT} clips were already read"
    assert any(expected in line for line in said) == (after > 0)
    assert resumed.digest == whole.digest
    assert content(tmp_path / "d") == content(whole.folder)
    assert not (tmp_path / "d.partial").exists()


@pytest.mark.parametrize("lost", ["features.npy", "valid.npy", "outlines.npy", "journal.jsonl"])
def test_a_machine_that_went_down_may_have_lost_the_end_of_any_file(source, whole, tmp_path, monkeypatch, lost):
    recipe = make_recipe(source="arrays", path=str(source))
    with monkeypatch.context() as context:
        cut_off(context, 6)
        with pytest.raises(Stop):
            prepare(recipe, tmp_path / "d", silent)
    path = tmp_path / "d.partial" / lost
    os.truncate(path, int(path.stat().st_size * 0.6))
    assert prepare(recipe, tmp_path / "d", silent).digest == whole.digest
    assert content(tmp_path / "d") == content(whole.folder)


def test_other_clips_or_another_cleaning_start_anew_but_another_split_does_not(source, tmp_path, monkeypatch):
    with monkeypatch.context() as context:
        cut_off(context, 4)
        with pytest.raises(Stop):
            prepare(make_recipe(source="arrays", path=str(source)), tmp_path / "d", silent)
    said: list[str] = []
    prepare(make_recipe(source="arrays", path=str(source), longest_gap=1), tmp_path / "d", said.append)
    assert not any("already read" in line for line in said)
    with monkeypatch.context() as context:
        cut_off(context, 4)
        with pytest.raises(Stop):
            prepare(make_recipe(source="arrays", path=str(source)), tmp_path / "e", silent)
    prepare(make_recipe(source="arrays", path=str(source), split="folds", fold=2), tmp_path / "e", said.append)
    assert any("128 of 300 clips were already read" in line for line in said)


def test_what_was_read_is_kept_where_the_labels_cannot_be_used(source, tmp_path):
    arguments = {"source": "arrays", "path": str(source)}
    with pytest.raises(InputError, match="folds is 900"):
        prepare(make_recipe(**arguments, split="folds", folds=900), tmp_path / "d", silent)
    said: list[str] = []
    prepare(make_recipe(**arguments), tmp_path / "d", said.append)
    assert any("300 of 300 clips were already read" in line for line in said)


def test_two_runs_do_not_write_into_one_folder(source, tmp_path, monkeypatch):
    recipe = make_recipe(source="arrays", path=str(source))
    refused = []

    def meanwhile(*arguments):
        if not refused:
            with pytest.raises(InputError, match="another process") as caught:
                prepare(recipe, tmp_path / "d", silent)
            refused.append(caught)
        return read_batch(*arguments)

    monkeypatch.setattr("signjax.data.preparation.reading.collect.read_batch", meanwhile)
    assert len(prepare(recipe, tmp_path / "d", silent)) == COUNT - len(range(3, COUNT, 7))
    assert refused


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_killed_process_is_taken_up_by_the_next(tmp_path):
    """With workers, and killed without warning, as by an out-of-memory killer or a cluster's time limit."""
    count, frames = 4000, 40
    flat = np.random.default_rng(0).normal(size=(count * frames, 60)).astype(np.float32)
    offsets = np.arange(count + 1) * frames
    np.savez(tmp_path / "a.npz", frames=flat, offsets=offsets, labels=np.arange(count) % 6)
    command = [
        sys.executable, str(ROOT / "launch.py"), f"--config={ROOT / 'configs' / 'base.py'}", "--mode=prepare",
        f"--workdir={tmp_path / 'run'}", "--config.data.source=arrays", f"--config.data.path={tmp_path / 'a.npz'}",
        "--config.data.workers=2",
    ]  # fmt: skip
    journal = tmp_path / "run" / "dataset.partial" / "journal.jsonl"
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not journal.is_file() or journal.read_bytes().count(b"\n") < 5:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(workers) >= 2
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers outlive the process that gives out the work"
        time.sleep(0.05)
    assert not (tmp_path / "run" / "dataset").exists()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "clips were already read; continuing from there" in done.stdout
    info = json.loads((tmp_path / "run" / "dataset" / "dataset.json").read_text())
    recipe = make_recipe(source="arrays", path=str(tmp_path / "a.npz"), valid_fraction=0.15, test_fraction=0.15)
    assert prepare_module.prepare(recipe, tmp_path / "whole", silent).digest == info["digest"]
