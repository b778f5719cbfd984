"""Which clips a draw of the ablation benchmark holds out, and what it measures."""

from argparse import Namespace

import numpy as np
import pytest

from benchmarks.ablation import draw, measures, mirrored_clip
from benchmarks.peers.finished_run import prepared_clips


def chosen(**settings):
    return Namespace(**{"data": "x.npz", "held_out": 0.25, "signers": 0, "classes": 0, "clips": 0} | settings)


def test_clips_of_the_test_split_are_in_no_draw():
    arrays = {"labels": np.repeat(np.arange(4), 20), "split": np.array((["train"] * 16 + ["test"] * 4) * 4)}
    for seed in range(3):
        parts = draw(arrays, chosen(), seed)
        assert not parts[arrays["split"] == "test"].any()
        for label in range(4):
            own = parts[(arrays["labels"] == label) & (arrays["split"] == "train")]
            assert (own == "test").sum() == 4 and (own == "train").sum() == 12
    assert (draw(arrays, chosen(), 0) == draw(arrays, chosen(), 0)).all()
    assert (draw(arrays, chosen(), 0) != draw(arrays, chosen(), 1)).any()


def test_held_out_signers_are_in_no_training_clip_and_the_first_signer_in_none():
    labels = np.tile(np.arange(3), 40)
    arrays = {"labels": labels, "signers": np.repeat(["Ana", "Ben", "Cleo", "Dora"], 30)}
    parts = draw(arrays, chosen(held_out=1, signers=1, clips=12), 0)
    signers = {part: set(arrays["signers"][parts == part]) for part in ("train", "test")}
    assert "Ana" not in signers["train"] | signers["test"] and not signers["train"] & signers["test"]
    assert [len(names) for names in signers.values()] == [1, 1]
    assert np.bincount(labels[parts == "train"]).tolist() == [4, 4, 4] and (parts == "test").sum() == 30
    assert len(np.unique(labels[draw(arrays, chosen(held_out=1, classes=2), 0) != ""])) == 2
    with pytest.raises(SystemExit, match="3 of 3 signers cannot be held out"):
        draw(arrays, chosen(held_out=3), 0)


def test_measures_are_those_of_the_held_out_clips():
    sure = np.log(np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]]))
    found = measures({"labels": np.array([0, 0, 0]), "fused": sure, "network": sure, "classifier": sure[:, ::-1]})
    assert found["fused_top1"] == pytest.approx(2 / 3) and found["classifier_top1"] == pytest.approx(2 / 3)
    assert found["fused_nll"] == pytest.approx(-np.log([0.8, 0.5, 0.1]).mean())


def test_a_mirror_image_is_that_of_the_layout(dataset):
    (clip,) = prepared_clips(dataset, dataset.indices("test")[:1])
    found = mirrored_clip(clip, dataset.layout)
    channel, sign, part = dataset.layout.mirror
    np.testing.assert_array_equal(found.frames, clip.frames[:, channel] * sign)
    np.testing.assert_array_equal(found.valid, clip.valid[:, part])
    again = mirrored_clip(found, dataset.layout)
    np.testing.assert_array_equal(again.frames, clip.frames)
    np.testing.assert_array_equal(again.valid, clip.valid)
