"""Converting folders: where outputs go, what is converted again, and what is never touched."""

import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles.__main__ import main
from signjax.pickles.conversion import npz
from signjax.pickles.conversion.jobs import Job, portions
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


def test_names_are_kept_apart(tmp_path: Path) -> None:
    """Keys are data: no key leads out of a folder or is mistaken for an argument, and no two keys become one."""
    source = tmp_path / "in"
    source.mkdir()
    keys = ["file", "allow_pickle", "../../x", "..", "", "a/b", "a", 1, "1", "%", "%(1)", "x.npy", "ä ö"]
    tree = {key: np.array([i]) for i, key in enumerate(keys)}
    write_plain(
        source / "a.pkl", {**tree, "a": {"b": np.array([99]), "none": None, "text": "hé", "list": [], "big": 2**80}}
    )
    assert convert(source, tmp_path / "out") == 0
    found = np.load(tmp_path / "out" / "a.pkl.npz")
    names = ["file", "allow_pickle", "..%2F..%2Fx", "%2E%2E", "%", "a%2Fb"]
    names += [None, "%(1)", "1", "%25", "%25(1)", "x.npy", "ä ö"]
    for i, name in enumerate(names):
        if name is not None:
            np.testing.assert_array_equal(found[name], [i])
    np.testing.assert_array_equal(found["a/b"], [99])
    assert found["a/text"] == "hé" and found["a/none"] == "None" and int(str(found["a/big"]), 16) == 2**80
    record = account(tmp_path / "out")["a.pkl"]
    assert set(record["notes"]) == {"a/none", "a/list", "a/big"} and record["empty"] == ["a/list"]


def test_nan_and_empty_arrays_are_reported_not_dropped(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    numbers = np.ones((2, 3), np.float32)
    numbers[1, :2] = np.nan
    tensor = CudaTensor(numbers.T.astype(np.float16))
    write_plain(source / "a.pkl", {"x": numbers, "t": tensor, "e": np.zeros((0, 4)), "i": np.arange(3)})
    assert convert(source, tmp_path / "out") == 0
    record = account(tmp_path / "out")["a.pkl"]
    assert record["nan"] == {"x": 2, "t": 2} and record["empty"] == ["e"]
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "a.pkl.npz")["x"], numbers)


def test_links_out_of_the_source_are_refused_and_others_followed(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    write_plain(source / "a.pkl", clip())
    write_plain(tmp_path / "secret.pkl", clip())
    (source / "inside.pkl").symlink_to("a.pkl")
    (source / "outside.pkl").symlink_to(tmp_path / "secret.pkl")
    (source / "nowhere.pkl").symlink_to("missing.pkl")
    (source / "sub" / "loop").symlink_to(source)
    assert convert(source, tmp_path / "out", "--recursive") == 1
    records = account(tmp_path / "out")
    assert {name: record["status"] for name, record in records.items()} == {
        "a.pkl": "converted",
        "inside.pkl": "converted",
        "outside.pkl": "refused",
        "nowhere.pkl": "refused",
    }
    assert "out of the source" in records["outside.pkl"]["reason"]


def test_two_files_for_one_output_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that treats `A` and `a` as the same name, which this test simulates."""
    source = tmp_path / "in"
    source.mkdir()
    for name in ("Clip.pkl", "clip.pkl", "other.pkl"):
        write_plain(source / name, clip())
    monkeypatch.setattr("signjax.pickles.conversion.jobs._folds_case", lambda folder: True)
    assert convert(source, tmp_path / "out") == 1
    records = account(tmp_path / "out")
    assert records["other.pkl"]["status"] == "converted"
    assert records["clip.pkl"]["reason"] == "would be written to the same file as Clip.pkl"
    assert records["Clip.pkl"]["status"] == "refused"


def test_long_names_are_cut_and_kept_apart(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for end in "ab":
        write_plain(source / ("ä" * 124 + end + ".pkl"), clip())
    assert convert(source, tmp_path / "out") == 0
    outputs = [name for record in account(tmp_path / "out").values() for name in record["outputs"]]
    assert len(set(outputs)) == 2 and all((tmp_path / "out" / name).is_file() for name in outputs)


@pytest.mark.parametrize("when", ["written", "flushed"])
def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    write_plain(source / "a.pkl", clip())
    assert convert(source, destination) == 0
    before = (destination / "a.pkl.npz").read_bytes()
    write_plain(source / "a.pkl", clip(seed=3))
    write_plain(source / "b.pkl", clip(seed=4))
    write, flush = os.writev, os.fsync

    def full(descriptor: int, parts: Any) -> int:
        if b"NUMPY" in b"".join(parts):
            write(descriptor, parts[:1])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, parts)

    def late(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith(".npz.partial"):
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    if when == "written":
        monkeypatch.setattr(os, "writev", full)
    else:
        monkeypatch.setattr(os, "fsync", late)
    assert convert(source, destination) == 2
    assert sorted(path.name for path in destination.iterdir()) == ["a.pkl.npz", "manifest.jsonl"]
    assert (destination / "a.pkl.npz").read_bytes() == before
    assert account(destination)["a.pkl"]["reason"] == "no space left on the device"


def test_one_file_that_cannot_be_flushed_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "abc":
        write_plain(source / f"{name}.pkl", clip())
    flush = os.fsync

    def broken(descriptor: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}").endswith("/.b.pkl.npz.partial"):
            raise OSError(errno.EIO, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", broken)
    assert convert(source, destination) == 1
    assert sorted(path.name for path in destination.iterdir()) == ["a.pkl.npz", "c.pkl.npz", "manifest.jsonl"]
    records = account(destination)
    assert {name: record["status"] for name, record in records.items()} == {
        "a.pkl": "converted",
        "b.pkl": "refused",
        "c.pkl": "converted",
    }
    assert records["b.pkl"]["outputs"] == []


def test_an_interrupted_run_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that wait to be flushed together are removed."""
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "abc":
        write_plain(source / f"{name}.pkl", clip())
    member = npz.member

    def interrupted(entry: Any) -> npz.Member:
        if list(destination.glob(".b.pkl*")):
            raise KeyboardInterrupt
        return member(entry)

    monkeypatch.setattr(npz, "member", interrupted)
    assert convert(source, destination) == 2
    assert not list(destination.glob("*.npz")) and not list(destination.glob(".*.partial"))
    monkeypatch.setattr(npz, "member", member)
    assert convert(source, destination) == 0


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_portions_hold_every_file_once_and_grow_smaller(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"x")
    jobs = [Job(f"{i}.pkl", str(path), f"{i}.pkl.npz") for i in range(1000)]
    found = list(portions(jobs, workers))
    assert [job for portion in found for job in portion] == jobs
    sizes = list(map(len, found))
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] <= 16 <= sizes[0] <= 128
    assert len(found) >= workers


def test_portions_of_large_files_are_small(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    with open(path, "wb") as file:
        file.truncate(40 << 20)
    jobs = [Job(f"{i}.pkl", str(path), f"{i}.pkl.npz") for i in range(5)]
    gone = Job("gone.pkl", str(tmp_path / "gone.pkl"), "gone.pkl.npz")
    assert list(portions([*jobs, gone], 1)) == [jobs[:2], jobs[2:4], [jobs[4], gone]]


def test_shards_share_the_work_and_their_accounts_merge(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for i in range(12):
        write_plain(source / f"{i}.pkl", clip(i))
    for i in (1, 2, 3):
        assert convert(source, destination, "--shard", f"{i}/3") == 0
    parts = [account(destination, f"manifest.{i}-of-3.jsonl") for i in (1, 2, 3)]
    assert sum(map(len, parts)) == 12 and all(parts)
    assert main(["merge", str(destination)]) == 0
    assert account(destination) == {k: v for part in parts for k, v in part.items()}
    assert len(list(destination.iterdir())) == 13
    before = (destination / "0.pkl.npz").stat().st_ino
    assert convert(source, destination) == 0
    assert (destination / "0.pkl.npz").stat().st_ino == before


def test_a_killed_run_is_taken_up(tmp_path: Path) -> None:
    """What a killed run may leave behind: a partial file, half a line, outputs that are not in the manifest."""
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in "abc":
        write_plain(source / f"{name}.pkl", clip())
    assert convert(source, destination) == 0
    whole = {path.name: path.read_bytes() for path in destination.glob("*.npz")}
    lines = (destination / "manifest.jsonl").read_text().splitlines(keepends=True)
    (destination / "manifest.jsonl").write_text(lines[0] + lines[1][:20])
    (destination / "c.pkl.npz").rename(destination / ".c.pkl.npz.partial")
    assert convert(source, destination) == 0
    assert {path.name: path.read_bytes() for path in destination.glob("*.npz")} == whole
    assert sorted(account(destination)) == ["a.pkl", "b.pkl", "c.pkl"]
    assert not list(destination.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see the workers of another process")
def test_workers_end_with_a_killed_run(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for i in range(600):
        write_plain(source / f"{i}.pkl", clip(i))
    command = [sys.executable, "-m", "signjax.pickles", "convert", str(source), str(destination), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(destination.glob("*.npz")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    listing = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    workers = [int(child) for child in listing.split()]
    process.kill()
    process.wait()
    assert len(workers) >= 2
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline, "workers outlive the process that gives out the work"
        time.sleep(0.05)
    assert convert(source, destination) == 0
    assert len(account(destination)) == 600


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    source, destination = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    destination.mkdir()
    write_plain(source / "a.pkl", clip())
    with open(destination / "manifest.jsonl", "a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert convert(source, destination) == 2
    assert convert(source, destination) == 0


def test_worker_processes_give_the_same_files(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for i in range(40):
        write_plain(source / f"{i}.pkl", clip(i))
    assert main(["convert", str(source), str(tmp_path / "one"), "--workers", "1"]) == 0
    assert main(["convert", str(source), str(tmp_path / "two"), "--workers", "2"]) == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
