"""One planted fault for each reason among a thousand good clips."""

import csv
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.dataset import Dataset
from signjax.data.preparation.prepare import prepare
from signjax.data.workers import Workers
from signjax.errors import InputError
from signjax.pickles.write import CudaTensor, write_plain
from tests.hamnosys_strings import string

GOOD = 1000


def content(rng: np.random.Generator, frames: int = 8, **changes: object) -> dict[str, object]:
    seen = np.ones(frames, bool)
    smplx = rng.normal(0, 0.3, (frames, 182)).astype(np.float32)
    return {"smplx": smplx, "left_valid": CudaTensor(seen), "right_valid": CudaTensor(seen)} | changes


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand good clips of ten glosses with a given split, and one clip per fault; `fault.csv` lists them."""
    folder = tmp_path_factory.mktemp("faults") / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for index in range(GOOD):
        made = content(rng)
        write_plain(folder / f"good{index:04d}.pkl", made)
        rows.append((f"good{index:04d}", f"sign{index % 10}", "test" if index // 10 % 5 == 0 else "train"))
    original = content(np.random.default_rng(1))
    nan = content(rng)
    nan["smplx"][3, 7] = np.nan
    unseen = CudaTensor(np.zeros(8, bool))
    faults = {
        "empty": content(rng, 0),
        "all_invalid": content(rng, left_valid=unseen, right_valid=unseen),
        "not_finite": nan,
        "missing_key": {"joints": np.zeros((8, 55, 3), np.float32)},
        "wrong_width": content(rng, smplx=np.zeros((8, 17), np.float32)),
        "too_short": content(rng, 2),
        "too_long": content(rng, 61),
        "unlabelled": content(rng),
        "duplicate": original,
        "rare_class": content(rng),
    }
    for reason, made in faults.items():
        write_plain(folder / f"{reason}.pkl", made)
        rows.append((reason, {"unlabelled": "", "rare_class": "lonely"}.get(reason, "sign0"), "train"))
    (folder / "unreadable.pkl").write_bytes(b"this is no pickle")
    rows += [("unreadable", "sign0", "train"), ("missing_file", "sign0", "train")]
    noisy = original["smplx"] + rng.normal(0, 0.002, original["smplx"].shape).astype(np.float32)
    write_plain(folder / "good_original.pkl", original | {"smplx": noisy})
    rows.append(("good_original", "sign0", "test"))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("clip", "gloss", "split"), *rows])
    return folder


def faulty(path: Path, **changes: object):
    return make_recipe(
        source="signavatars",
        path=str(path),
        **{"longest_clip": 60, "rare_classes": "leave_out", "duplicates": "drop"} | changes,
    )


@pytest.fixture(scope="module")
def prepared(clips, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """What one process makes of them."""
    return prepare(faulty(clips), tmp_path_factory.mktemp("alone") / "d", silent)


def test_each_fault_is_caught_with_its_own_reason_and_all_others_arrive(prepared):
    dataset = prepared
    with (dataset.folder / "quarantine.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["clip"], row["reason"]) for row in rows) == sorted(
        (reason, reason)
        for reason in (
            "empty", "all_invalid", "not_finite", "wrong_width", "too_short", "too_long", "unlabelled", "unreadable",
            "missing_file", "missing_key", "duplicate", "rare_class",
        )
    )  # fmt: skip
    assert dataset.info["excluded"] == {row["reason"]: 1 for row in rows}
    assert all(row["detail"] for row in rows)
    names = [clip["clip"] for clip in dataset.clips]
    assert sorted(names) == sorted([*(f"good{i:04d}" for i in range(GOOD)), "good_original"])


def test_strict_stops_and_counts_every_reason(clips, tmp_path):
    with pytest.raises(
        InputError, match=r"12 clips cannot be used \(1 all_invalid, 1 duplicate, 1 empty.*strict is set"
    ):
        prepare(faulty(clips, strict=True), tmp_path / "d", silent)
    assert not (tmp_path / "d").exists()


def test_a_near_copy_across_the_given_split_stops_and_names_both(clips, tmp_path):
    with pytest.raises(
        InputError,
        match=r"leakage: 1 pair of clips is the same recording.*'duplicate' in train and 'good_original' in test.*near",
    ):
        prepare(faulty(clips, duplicates="stop"), tmp_path / "d", silent)


def test_several_processes_make_the_same_data_as_one(clips, prepared, tmp_path):
    with Workers(2) as workers:
        assert workers.pool is not None  # there already, so so few clips are shared, too
        together = prepare(faulty(clips), tmp_path / "b", silent, workers)
    assert prepared.digest == together.digest
    for name in ("features.npy", "valid.npy", "labels.npy", "clips.csv", "quarantine.csv", "duplicates.csv"):
        assert (prepared.folder / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_two_clips_of_one_name(tmp_path):
    """A folder of files with a table cannot have duplicates: both name each clip once."""
    rng = np.random.default_rng(2)
    clips = [rng.normal(size=(8, 3)).astype(np.float32) for _ in range(41)]
    np.savez(
        tmp_path / "a.npz",
        frames=np.concatenate(clips),
        offsets=np.arange(42) * 8,
        labels=["a", "b"] * 20 + ["a"],
        clips=[*(f"c{i}" for i in range(40)), "c7"],
    )
    dataset = prepare(make_recipe(source="arrays", path=str(tmp_path / "a.npz")), tmp_path / "d", silent)
    assert dataset.info["excluded"] == {"duplicate_name": 1} and len(dataset) == 40


def test_a_string_that_does_not_parse_has_a_reason_of_its_own(tmp_path):
    rng = np.random.default_rng(3)
    hands, fingers = ("fist", "flathand"), ("extfingeru", "extfingero", "extfingerl")
    strings = [
        string(f"{hand} {finger} {palm} {way}")
        for hand in hands
        for finger in fingers
        for palm in ("palml", "palmd", "palmu")
        for way in ("moved", "moveu")
    ]
    strings.append(string("fist"))
    for index in range(len(strings)):
        write_plain(tmp_path / f"c{index}.pkl", content(rng))
    lines = [f"c{index},{text}" for index, text in enumerate(strings)]
    (tmp_path / "labels.csv").write_text("\n".join(["clip,hamnosys", *lines]), encoding="utf-8")
    dataset = prepare(
        make_recipe(
            source="signavatars",
            path=str(tmp_path),
            label_mode="attributes",
            heads=("handshape", "palm"),
            split="stratified",
        ),
        tmp_path / "d",
        silent,
    )
    assert dataset.info["excluded"] == {"unparsed_hamnosys": 1} and len(dataset) == 36
