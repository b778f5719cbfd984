import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.dataset import open_dataset
from signjax.data.preparation.prepare import prepare
from signjax.data.preparation.reading import rows as store
from signjax.data.splits.split import SPLITS
from signjax.errors import InputError


def arrays_recipe(path: Path, clips: list[np.ndarray], labels: list[str], **changes: object):
    """Writes clips as an .npz and returns the recipe that prepares them."""
    extra = {key: changes.pop(key) for key in ("signers", "split_column", "names") if key in changes}
    renamed = {"split_column": "split", "names": "clips"}
    np.savez(
        path,
        frames=np.concatenate(clips),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=labels,
        **{renamed.get(key, key): value for key, value in extra.items()},
    )
    return make_recipe(source="arrays", path=str(path), **changes)


def random_clips(count: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(rng.integers(4, 9)), 3)).astype(np.float32) for _ in range(count)]


def quarantine(folder: Path) -> list[dict[str, str]]:
    with (folder / "quarantine.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_what_the_source_gave(tmp_path):
    clips = random_clips(30)
    dataset = prepare(arrays_recipe(tmp_path / "a.npz", clips, ["a", "b", "c"] * 10), tmp_path / "d", silent)
    assert len(dataset) == 30
    for index, clip in enumerate(clips):
        np.testing.assert_array_equal(dataset.frames(index), clip)
    assert dataset.labels[:, 0].tolist() == [0, 1, 2] * 10
    assert dataset.heads == {"gloss": ("a", "b", "c")}
    assert isinstance(dataset.features, np.memmap)


def test_statistics_come_from_training_clips_alone(tmp_path):
    clips = random_clips(30)
    for clip in clips:
        clip[:, 2] = 4.0  # never changes: must not be divided by zero
    given = ["train"] * 20 + ["valid"] * 5 + ["test"] * 5
    clips[29] += 1000.0
    recipe = arrays_recipe(tmp_path / "a.npz", clips, ["a", "b"] * 15, split_column=given)
    dataset = prepare(recipe, tmp_path / "d", silent)
    train = np.concatenate(clips[:20]).astype(np.float64)
    np.testing.assert_allclose(dataset.mean, train.mean(0), rtol=1e-5)
    np.testing.assert_allclose(dataset.std[:2], train.std(0)[:2], rtol=1e-5)
    assert dataset.std[2] == 1.0


def test_frames_that_were_not_seen_do_not_count_in_the_statistics(dataset):
    train = dataset.indices("train")
    left = dataset.layout.channels_of("left_hand")
    seen = [dataset.frames(i)[dataset.validity(i)[:, 2], left] for i in train]
    np.testing.assert_allclose(dataset.mean[left], np.concatenate(seen).mean(0), atol=1e-5)


def test_a_second_run_opens_what_the_first_made(tmp_path):
    recipe = arrays_recipe(tmp_path / "a.npz", random_clips(30), ["a", "b"] * 15)
    first = prepare(recipe, tmp_path / "d", silent)
    stamp = (tmp_path / "d" / "features.npy").stat().st_mtime_ns
    second = prepare(recipe, tmp_path / "d", silent)
    assert (tmp_path / "d" / "features.npy").stat().st_mtime_ns == stamp
    assert first.digest == second.digest


def test_changed_files_are_prepared_again(tmp_path):
    first = prepare(arrays_recipe(tmp_path / "a.npz", random_clips(30), ["a", "b"] * 15), tmp_path / "d", silent)
    before = first.digest
    del first
    said: list[str] = []
    recipe = arrays_recipe(tmp_path / "a.npz", random_clips(30, seed=1), ["a", "b"] * 15)
    assert prepare(recipe, tmp_path / "d", said.append).digest != before
    assert any("making it again" in line for line in said)


def test_each_fault_has_its_own_reason_and_the_other_clips_arrive(tmp_path):
    clips = random_clips(34)
    names = [f"c{i}" for i in range(34)]
    clips[30] = clips[30][:0]
    clips[31][2, 1] = np.nan
    clips[32] = np.zeros((60, 3), np.float32)
    names[33] = "c0"
    recipe = arrays_recipe(tmp_path / "a.npz", clips, ["a", "b"] * 17, names=names, longest_clip=50)
    dataset = prepare(recipe, tmp_path / "d", silent)
    reasons = {row["clip"]: row["reason"] for row in quarantine(tmp_path / "d")}
    assert reasons == {"c30": "empty", "c31": "not_finite", "c32": "too_long", "c0": "duplicate_name"}
    assert dataset.info["excluded"] == {"duplicate_name": 1, "empty": 1, "not_finite": 1, "too_long": 1}
    assert [clip["clip"] for clip in dataset.clips] == names[:30]


def test_a_class_with_one_clip_stops_the_run_or_is_left_out(tmp_path):
    clips, labels = random_clips(31), ["a", "b"] * 15 + ["lonely"]
    recipe = arrays_recipe(tmp_path / "a.npz", clips, labels)
    with pytest.raises(InputError, match=r"1 class has only one clip.*'lonely' \(gloss\).*rare_classes=leave_out"):
        prepare(recipe, tmp_path / "d", silent)
    assert not (tmp_path / "d").exists()
    recipe = arrays_recipe(tmp_path / "a.npz", clips, labels, rare_classes="leave_out")
    dataset = prepare(recipe, tmp_path / "d", silent)
    assert dataset.heads == {"gloss": ("a", "b")}
    assert [row["reason"] for row in quarantine(tmp_path / "d")] == ["rare_class"]
    for index, clip in enumerate(clips[:30]):
        np.testing.assert_array_equal(dataset.frames(index), clip)


@pytest.mark.parametrize("rare_classes", ["stop", "leave_out"])
def test_labels_that_are_names_of_clips_are_one_problem_without_useless_advice(tmp_path, rare_classes):
    recipe = arrays_recipe(tmp_path / "a.npz", random_clips(6), list("abcdef"), rare_classes=rare_classes)
    with pytest.raises(
        InputError, match=r"'gloss' has a single clip of every class, so there is nothing to learn"
    ) as caught:
        prepare(recipe, tmp_path / "d", silent)
    assert "problems" not in str(caught.value) and "leave_out" not in str(caught.value)


def test_clips_that_cannot_be_read_are_all_counted(tmp_path):
    for index in range(12):
        np.savez(tmp_path / f"c{index}.npz", x=np.zeros(3), y=np.zeros(3))
    rows = [f"c{index},{'ab'[index % 2]}" for index in range(12)]
    (tmp_path / "labels.csv").write_text("\n".join(["clip,gloss", *rows]))
    with pytest.raises(
        InputError, match=r"no clip can be used \(12 missing_key\); for example .*c0\.npz: expected 'frames'"
    ):
        prepare(make_recipe(source="arrays", path=str(tmp_path)), tmp_path / "d", silent)


def test_a_file_in_place_of_the_dataset_folder_is_left_alone(tmp_path):
    (tmp_path / "d").write_text("thesis")
    recipe = arrays_recipe(tmp_path / "a.npz", random_clips(8), ["a", "b"] * 4)
    with pytest.raises(InputError, match="it exists but is not a dataset folder"):
        prepare(recipe, tmp_path / "d", silent)
    assert (tmp_path / "d").read_text() == "thesis"


def test_exact_copies_stay_on_one_side_whatever_they_are_called(tmp_path):
    clips = random_clips(40)
    clips[20:] = [clip.copy() for clip in clips[:20]]
    dataset = prepare(arrays_recipe(tmp_path / "a.npz", clips, ["a", "b"] * 20), tmp_path / "d", silent)
    np.testing.assert_array_equal(dataset.split[:20], dataset.split[20:])
    assert dataset.info["exact_copies"] == 20
    assert {len(dataset.indices(split)) % 2 for split in SPLITS} == {0}


def test_blank_clips_carry_nothing_that_could_leak(tmp_path):
    clips = random_clips(30)
    for i in (0, 29):
        clips[i] = np.zeros((5, 3), np.float32)
    given = ["train"] * 20 + ["valid"] * 5 + ["test"] * 5
    recipe = arrays_recipe(tmp_path / "a.npz", clips, ["a", "b"] * 15, split_column=given)
    assert prepare(recipe, tmp_path / "d", silent).info["blank_clips"] == 2


def test_heads_are_columns_of_the_label_table(corpus, tmp_path):
    recipe = make_recipe(path=str(corpus), heads=("gloss", "hands"))
    dataset = prepare(recipe, tmp_path / "d", silent)
    assert dataset.labels.shape == (40, 2)
    assert dataset.heads["hands"] == ("both", "one")
    for clip, codes in zip(dataset.clips, dataset.labels, strict=True):
        assert clip["gloss"].endswith(dataset.heads["hands"][codes[1]].upper())


def test_a_head_that_no_column_has_names_the_columns(corpus, tmp_path):
    with pytest.raises(InputError, match=r"no clip has a label in column 'word'; its label columns are: gloss, hands"):
        prepare(make_recipe(path=str(corpus), heads=("word",)), tmp_path / "d", silent)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.txt").write_text("do not lose me")
    recipe = arrays_recipe(tmp_path / "a.npz", random_clips(30), ["a", "b"] * 15)
    with pytest.raises(InputError, match="not a dataset folder"):
        prepare(recipe, tmp_path / "d", silent)
    assert (tmp_path / "d" / "thesis.txt").exists()


def test_a_group_in_two_splits_of_a_prepared_folder_is_refused_when_opened(tmp_path):
    clips = random_clips(30)
    clips[1] = clips[0].copy()
    prepare(arrays_recipe(tmp_path / "a.npz", clips, ["a", "b"] * 15), tmp_path / "d", silent)
    path = tmp_path / "d" / "clips.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1]["split"] = next(split for split in SPLITS if split != rows[0]["split"])
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(InputError, match="leak"):
        open_dataset(tmp_path / "d")


def test_a_damaged_folder_says_so(tmp_path):
    prepare(arrays_recipe(tmp_path / "a.npz", random_clips(30), ["a", "b"] * 15), tmp_path / "d", silent)
    np.save(tmp_path / "d" / "labels.npy", np.zeros((29, 1), np.int32))
    with pytest.raises(InputError, match="are inconsistent"):
        open_dataset(tmp_path / "d")
    (tmp_path / "d" / "features.npy").unlink()
    with pytest.raises(InputError, match="the dataset folder is incomplete"):
        open_dataset(tmp_path / "d")
    info = json.loads((tmp_path / "d" / "dataset.json").read_text())
    (tmp_path / "d" / "dataset.json").write_text(json.dumps(info | {"format_version": 99}))
    with pytest.raises(InputError, match="format 99"):
        open_dataset(tmp_path / "d")


def test_rows_are_written_as_an_ordinary_npy_file(tmp_path):
    rows = np.random.default_rng(0).normal(size=(1000, 4)).astype(np.float32)
    pieces = [rows[start : start + 130] for start in range(0, 1000, 130)]
    digest = store.write_rows(tmp_path / "a.npy", rows.shape, rows.dtype, pieces)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), rows)
    assert digest == hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()
    read = store.Rows(tmp_path / "a.npy")
    assert read.shape == (1000, 4) and len(read) == 1000
    for start, stop in ((0, 1000), (17, 18), (990, 1200), (5, 5)):
        np.testing.assert_array_equal(read[start:stop], rows[start:stop])


def test_a_file_that_grows_is_taken_up_where_it_is_known_to_be_whole(tmp_path):
    rows = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    for done in (0, 40, 70):
        file = store.RowFile(tmp_path / "a.npy", (4,), np.float32, done)
        file.append(rows[done:])
        file.close()
        assert store.whole_rows(tmp_path / "a.npy", (4,), np.float32) == 100
        np.testing.assert_array_equal(store.Rows(tmp_path / "a.npy", 100)[0:100], rows)
