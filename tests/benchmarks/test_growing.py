"""What the comparisons of growing models learn from and score."""

import numpy as np
import pytest

from benchmarks.class_weights import long_tailed
from benchmarks.few_shot import drawn, table
from benchmarks.subsets import classes_and_splits, write_subset


def test_no_clip_is_both_calibrated_with_and_scored():
    labels = np.array([0, 1, 2, -1] * 6)
    first, scored = drawn(labels, 4, np.random.default_rng(0))
    used = np.concatenate(first)
    assert [labels[clips].tolist() for clips in first] == [[code] * 4 for code in range(3)]
    assert sorted([*used, *scored]) == np.flatnonzero(labels >= 0).tolist()
    with pytest.raises(SystemExit, match="6 clips; 7 are needed"):
        drawn(labels, 6, np.random.default_rng(0))


def test_a_table_has_a_row_for_each_signer_and_one_for_all():
    found = [
        {"signer": signer, "prior": 0.1, "count": count, "draw": draw, "model": "fused", "top1": top1 + draw / 50}
        for signer, top1 in (("Ana", 0.5), ("Ben", 0.7)) for count in (0, 1) for draw in (0, 1)
    ]  # fmt: skip
    assert table(found, (0, 1), 0.1, "fused")[2:] == [
        "| Ana | 51.0 ± 1.4 | 51.0 ± 1.4 |",
        "| Ben | 71.0 ± 1.4 | 71.0 ± 1.4 |",
        "| all 2 signers | 61.0 ± 14.1 | 61.0 ± 14.1 |",
    ]


def test_a_subset_keeps_whole_clips_and_a_tail_only_thins_training(tmp_path):
    lengths, labels = np.array([2, 3, 1, 4]), np.array([0, 1, 1, 0], np.int32)
    frames = np.repeat(np.arange(4.0, dtype=np.float32), lengths)[:, None]
    arrays = {"frames": frames, "offsets": np.cumsum([0, *lengths]), "labels": labels, "classes": np.array(["a", "b"])}
    np.savez(tmp_path / "all.npz", **arrays, split=np.array(["train", "train", "test", "test"]))
    path = write_subset(tmp_path / "all.npz", np.array([True, False, True, True]), tmp_path / "new" / "some.npz")
    with np.load(path) as some:
        assert some["frames"][:, 0].tolist() == [0, 0, 2, 3, 3, 3, 3] and some["offsets"].tolist() == [0, 2, 3, 7]
        assert some["classes"].tolist() == ["a", "b"]
    assert [values.tolist() for values in classes_and_splits(path)] == [["a", "b", "a"], ["train", "test", "test"]]
    many, split = np.repeat([0, 1, 2], 20), np.array((["train"] * 15 + ["test"] * 5) * 3)
    kept = long_tailed(many, split, 0.1)
    assert np.bincount(many[kept & (split == "train")]).tolist() == [15, 5, 2] and kept[split == "test"].all()
