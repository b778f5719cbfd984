"""Clips of one signer whose answers are settled together."""

import dataclasses

import numpy as np
import pytest

from signjax.evaluation.evaluate import Answers
from signjax.random_convolution import classifier as random_convolution
from signjax.random_convolution.classifier import fit_random_convolution, log_softmax
from signjax.transfer import neighbours as subject
from signjax.transfer.neighbours import neighbours, settle, settle_signers


def groups(of_each: list[int], seed: int = 0, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, 12) of clips that lie about one point for each class, and their classes (N,)."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(of_each)), of_each)
    places = rng.normal(size=(len(of_each), 12))
    return (places[labels] + spread * rng.normal(size=(len(labels), 12))).astype(np.float32), labels


def unsure(labels: np.ndarray, classes: int, seed: int = 1, favoured: float = 0.0, sureness: float = 1.5) -> np.ndarray:
    """Log-probabilities (N, C), greater by `sureness` for the class of a clip, and by `favoured` for the first class."""
    scores = np.random.default_rng(seed).normal(size=(len(labels), classes))
    scores[np.arange(len(labels)), labels] += sureness
    scores[:, 0] += favoured
    return log_softmax(scores)


def right(answers: np.ndarray, labels: np.ndarray) -> float:
    return float((answers.argmax(1) == labels).mean())


def near(features: np.ndarray, kinds: tuple[int, ...]) -> np.ndarray:
    """bool (N, N), which clips are neighbours."""
    found = np.zeros((len(features), len(features)), bool)
    found[neighbours(features, kinds)] = True
    return found


def test_neighbours_are_the_three_nearest_and_those_of_whom_one_is():
    features, _ = groups([5, 6, 7])
    found = near(features, (12,))
    standard = (features - features.mean(0)) / features.std(0)
    distances = np.linalg.norm(standard[:, None] - standard[None], axis=2)
    for clip in range(18):
        nearest = [other for other in np.argsort(distances[clip]) if other != clip][:3]
        others = [other for other in range(18) if clip in np.argsort(distances[other])[1:4]]
        assert set(np.flatnonzero(found[clip])) == {*nearest, *others}


def test_each_kind_of_features_counts_alike_whatever_its_scale_and_number():
    rng = np.random.default_rng(0)
    one, many = rng.normal(size=(20, 1)), np.tile(rng.normal(size=(20, 1)), (1, 50))
    near = neighbours(np.concatenate([one, many], axis=1).astype(np.float32), (1, 50))
    np.testing.assert_array_equal(
        near, neighbours(np.concatenate([1e3 * one, many], axis=1).astype(np.float32), (1, 50))
    )
    np.testing.assert_array_equal(
        near, neighbours(np.concatenate([one, many[:, :1]], axis=1).astype(np.float32), (1, 1))
    )


def test_neighbours_are_the_same_however_many_rows_are_compared_at_once(monkeypatch):
    features, _ = groups([9, 8, 7])
    found = near(features, (12,))
    monkeypatch.setattr(subject, "_CLIPS_AT_ONCE", 5)
    np.testing.assert_array_equal(near(features, (12,)), found)


@pytest.mark.parametrize("count", [2, 3])
def test_few_clips_have_few_neighbours(count):
    features = np.arange(count, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(near(features, (1,)), ~np.eye(count, dtype=bool))
    assert np.isfinite(settle(log_softmax(np.zeros((count, 4))), neighbours(features, (1,)), np.full(4, 0.25))).all()


@pytest.mark.parametrize("of_each", [[10] * 8, [2, 4, 6, 8, 10, 12, 14, 16], [16, 16, 16, 16, 0, 0, 0, 0]])
def test_clips_are_named_better_together_even_where_classes_are_not_as_frequent_as_expected(of_each):
    features, labels = groups(of_each)
    before = unsure(labels, 8)
    after = settle(before, neighbours(features, (12,)), np.full(8, 1 / 8))
    np.testing.assert_allclose(np.exp(after).sum(1), 1, rtol=1e-5)
    assert right(after, labels) > right(before, labels) + 0.1


@pytest.mark.parametrize("shown", [{0: 60}, {3: 60}, {2: 100, 5: 100}])
def test_a_signer_who_shows_few_of_the_signs_loses_nothing(shown):
    features, labels = groups([shown.get(sign, 0) for sign in range(30)])
    before = unsure(labels, 30, sureness=3.0)
    after = settle(before, neighbours(features, (12,)), np.full(30, 1 / 30))
    assert right(after, labels) >= right(before, labels) > 0.6


def test_neighbours_are_averaged_round_after_round_beside_the_own_scores():
    features, labels = groups([3, 3])
    before, pairs = unsure(labels, 2), neighbours(features, (12,))
    expected = found = before
    share = near(features, (12,)) / near(features, (12,)).sum(1, keepdims=True)
    for _ in range(10):
        found = expected + 4 * share @ np.exp(log_softmax(found))
    even = np.exp(before).mean(0)  # frequencies as they are, so that none is changed
    np.testing.assert_allclose(settle(before, pairs, even), log_softmax(found), atol=1e-4)


def test_what_a_model_favours_counts_less_unless_it_is_expected_to_be_frequent():
    features, labels = groups([20] * 6)
    before, pairs = unsure(labels, 6, favoured=1.0), neighbours(features, (12,))
    even = settle(before, pairs, np.full(6, 1 / 6))
    assert (before.argmax(1) == 0).mean() > 0.3 and (even.argmax(1) == 0).mean() < 0.2
    assert right(even, labels) > right(before, labels) + 0.3
    frequent = settle(before, pairs, np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
    assert np.exp(frequent).mean(0)[0] > np.exp(even).mean(0)[0] + 0.1


def test_answers_that_are_sure_stay():
    features, labels = groups([6] * 5, spread=5.0)
    sure = log_softmax(60.0 * np.eye(5)[labels])
    np.testing.assert_array_equal(settle(sure, neighbours(features, (12,)), np.full(5, 0.2)).argmax(1), labels)


def test_each_signer_has_neighbours_of_its_own_and_labels_are_not_used(dataset, monkeypatch):
    monkeypatch.setattr(random_convolution, "_FEATURES", 840)
    classifier = fit_random_convolution(dataset, dataset.indices("train"), seed=0)
    clips = np.concatenate([dataset.indices("train"), dataset.indices("test")])[::-1]
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(len(clips), len(dataset.heads["gloss"]))).astype(np.float32)
    none = np.full(len(clips), -1, np.int32)
    answers = Answers(clips, {"gloss": logits}, {"gloss": np.zeros(len(clips), np.float32)}, {"gloss": none})
    signers = [np.sort(clips[:9]), clips[9:]]
    found = settle_signers(answers, dataset, classifier, signers)
    np.testing.assert_array_equal(found.clips, clips)
    assert classifier.kinds == (840, len(classifier.quantiles)) and len(classifier.quantiles)
    for own in signers:
        rows = [clips.tolist().index(clip) for clip in own]
        pairs = neighbours(classifier.features(dataset, own), classifier.kinds)
        expected = settle(log_softmax(logits[rows]), pairs, classifier.heads["gloss"].frequencies)
        np.testing.assert_array_equal(found.logits["gloss"][rows], expected)
    unlabelled = dataclasses.replace(dataset, labels=np.full_like(dataset.labels, -1))
    np.testing.assert_array_equal(
        settle_signers(answers, unlabelled, classifier, signers).logits["gloss"], found.logits["gloss"]
    )
