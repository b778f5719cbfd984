"""Converting folders: what lands where, what is done again, and what is never touched."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles.__main__ import main
from signjax.pickles.write import CudaTensor, write_plain


def clip(seed: int = 0) -> dict[str, Any]:
    numbers = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    return {"smplx": numbers, "left_valid": CudaTensor(numbers[:, 0] > 0), "height": 720}


def account(folder: Path, name: str = "manifest.jsonl") -> dict[str, dict[str, Any]]:
    return {row["source"]: row for row in map(json.loads, (folder / name).read_text().splitlines())}


def convert(source: Path, destination: Path, *more: str) -> int:
    return main(["convert", str(source), str(destination), "--workers", "1", *more])


def test_arrays_arrive_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    (source / "day1").mkdir(parents=True)
    write_plain(source / "a.pkl", clip(0))
    write_plain(source / "day1" / "a.pkl", clip(1))
    (source / "readme.txt").write_text("no pickle")
    assert convert(source, destination, "--recursive") == 0
    for name, seed in (("a.pkl", 0), ("day1/a.pkl", 1)):
        found = np.load(destination / f"{name}.npz")
        assert sorted(found.files) == ["height", "left_valid", "smplx"]
        np.testing.assert_array_equal(found["smplx"], clip(seed)["smplx"])
        np.testing.assert_array_equal(found["left_valid"], clip(seed)["left_valid"].array)
        assert found["height"] == 720
    records = account(destination)
    assert list(records) == ["a.pkl", "day1/a.pkl"]
    assert records["a.pkl"]["outputs"] == ["a.pkl.npz"]
    assert records["a.pkl"]["size"] == (source / "a.pkl").stat().st_size


def test_without_recursive_folders_are_left_alone(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "day1").mkdir(parents=True)
    write_plain(source / "a.pkl", clip())
    write_plain(source / "day1" / "a.pkl", clip())
    assert convert(source, tmp_path / "out") == 0
    assert list(account(tmp_path / "out")) == ["a.pkl"]


def test_a_refused_file_gives_status_1_and_its_reason(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    write_plain(source / "a.pkl", clip())
    (source / "b.pkl").write_bytes(b"cos\nsystem\n.")
    assert convert(source, tmp_path / "out") == 1
    record = account(tmp_path / "out")["b.pkl"]
    assert record["status"] == "refused"
    assert "os.system" in record["reason"]
    assert not (tmp_path / "out" / "b.pkl.npz").exists()


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_nothing_to_do_gives_status_2(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "in")
    assert convert(tmp_path / "in", tmp_path / "out") == 2


def test_a_second_run_does_only_what_is_missing_or_changed(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "abc":
        write_plain(source / f"{name}.pkl", clip())
    assert convert(source, destination) == 0
    before = {path.name: path.stat().st_ino for path in destination.glob("*.npz")}
    (destination / "b.pkl.npz").unlink()
    write_plain(source / "c.pkl", clip(seed=5))
    assert convert(source, destination) == 0
    after = {path.name: path.stat().st_ino for path in destination.glob("*.npz")}
    assert after.keys() == before.keys()
    assert after["a.pkl.npz"] == before["a.pkl.npz"]
    assert after["c.pkl.npz"] != before["c.pkl.npz"]
    np.testing.assert_array_equal(np.load(destination / "c.pkl.npz")["smplx"], clip(seed=5)["smplx"])
    assert convert(source, destination, "--overwrite") == 0
    assert (destination / "a.pkl.npz").stat().st_ino != before["a.pkl.npz"]


def test_files_of_others_are_never_replaced(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    destination.mkdir()
    write_plain(source / "a.pkl", clip())
    np.savez(destination / "a.pkl.npz", mine=np.arange(3))
    assert convert(source, destination, "--overwrite") == 2
    assert np.load(destination / "a.pkl.npz").files == ["mine"]
    assert "not written by a conversion" in account(destination)["a.pkl"]["reason"]


def test_a_run_without_its_manifest_knows_its_own_files(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    write_plain(source / "a.pkl", clip())
    assert convert(source, destination) == 0
    before = (destination / "a.pkl.npz").stat().st_ino
    os.unlink(destination / "manifest.jsonl")
    assert convert(source, destination) == 0
    assert (destination / "a.pkl.npz").stat().st_ino == before
    assert account(destination)["a.pkl"]["status"] == "converted"
