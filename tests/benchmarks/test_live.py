"""The measures of the benchmarks of streams and open sets."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.latency import Times, calls
from benchmarks.open_set import auroc, divide, energy, fit_temperature, largest_logit, max_probability, nearness, row
from benchmarks.streams import Recorded, Signed, distance, is_found, recordings
from signjax.live.runs import Sign


def test_the_distance_counts_what_is_added_left_out_and_mistaken():
    for said, signed, expected in (
        ("abc", "abc", 0),
        ("ab", "abc", 1),
        ("axbc", "abc", 1),
        ("", "abc", 3),
        ("bad", "abc", 3),
    ):
        assert distance(said, signed) == expected


def test_a_sign_is_found_by_name_and_time():
    sign = Signed("a", 100, 150)
    for name, start, stop, expected in (
        ("a", 90, 160, True),
        ("b", 100, 150, False),
        ("a", 100, 110, False),
        ("a", 0, 90, False),
    ):
        assert (
            is_found(sign, [Sign(start, stop, {"gloss": SimpleNamespace(name=name)}, 1.0, True)], "gloss") is expected
        )


@pytest.mark.parametrize("rests", [True, False])
def test_recordings_hold_each_clip_at_its_place(rests):
    clips = [
        Recorded(np.full((20, 2), value, np.float32), slice(3, 17), str(value), f"signer{value % 2}")
        for value in range(1, 7)
    ]
    made = list(recordings(clips, rests=rests, seed=0))
    assert len(made) == 2 and sorted(sign.name for one in made for sign in one.signs) == list("123456")
    for recording in made:
        for sign in recording.signs:
            assert sign.stop - sign.start == 14
            assert (recording.frames[sign.start : sign.stop] == float(sign.name)).all()


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    known, unknown = np.array([3.0, 2.0, 1.0, 5.0]), np.array([0.0, 2.0, 4.0])
    pairs = [(a > b) + 0.5 * (a == b) for a in known for b in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs))


def test_the_temperature_undoes_what_logits_were_multiplied_by():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 4)) * 2
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (shares.cumsum(1) < random.random((4000, 1))).sum(1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.15)
    assert fit_temperature(logits, np.full(4000, -1)) == 1.0


def test_scores_of_one_clip():
    logits = np.array([[1.0, 3.0]])
    assert max_probability(logits)[0] == pytest.approx(-np.log(1 + np.exp(-2)))
    assert energy(logits)[0] == pytest.approx(np.log(np.exp(1) + np.exp(3)))
    assert largest_logit(logits)[0] == 1
    assert nearness(logits, np.array([[1.0, 0.0], [9, 9]]))[0] == -3


def test_the_threshold_comes_from_validation_alone():
    valid = np.arange(100.0)
    made = row("score", {"valid": valid, "test": np.array([3.0, 4.0, 50]), "unknown": np.array([-1.0, 2])})
    assert (made["known_rejected"], made["unknown_rejected"], made["auroc"]) == (pytest.approx(1 / 3), 1.0, 1.0)
    few = row("score", {"valid": valid[:10], "test": valid, "unknown": -valid})
    assert few["known_rejected"] == few["unknown_rejected"] == 0


def test_held_out_classes_are_in_one_file_and_the_others_in_the_other(tmp_path):
    labels = np.repeat(np.arange(5), 4)
    arrays = {
        "labels": labels,
        "classes": np.array(list("abcde")),
        "offsets": np.arange(0, 63, 3),
        "signers": np.tile(list("xy"), 10),
    }
    np.savez(tmp_path / "all.npz", frames=np.repeat(np.arange(20.0), 3)[:, None], **arrays)
    divide(tmp_path / "all.npz", tmp_path, hold_out=2, signers=1, seed=0)
    known, unknown = (np.load(tmp_path / f"{name}.npz") for name in ("known", "unknown"))
    assert len(set(unknown["labels"])) == 2 and set(known["labels"]) | set(unknown["labels"]) == set("abcde")
    assert not set(known["labels"]) & set(unknown["labels"]) and set(known["signers"]) == {"x"}
    clips = np.concatenate([known["frames"], unknown["frames"]])[::3, 0]
    assert sorted(clips) == [i for i in range(20) if arrays["signers"][i] == "x"]


def test_times_are_those_of_each_call():
    asked = []
    made = calls("case", asked.append, [1, 2, 3])
    assert asked == [1, 2, 3] and made["calls"] == 3
    assert Times([1.0, 3.0], [0.0, 0.0]).row("case")["wall_p50"] == 2
