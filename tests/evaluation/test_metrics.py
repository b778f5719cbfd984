import numpy as np
import pytest

from signjax.evaluation import metrics
from signjax.evaluation.calibration import expected_calibration_error, probabilities


def test_ranks_and_top_k_of_a_worked_example():
    logits = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [0.0, 5.0, 1.0]])
    rank = metrics.true_class_rank(logits, np.array([0, 2, 1, 1]))
    assert rank.tolist() == [0, 2, 1, 0]
    assert metrics.top_k(rank, 1) == 0.5
    assert metrics.top_k(rank, 2) == 0.75
    assert metrics.top_k(rank, 3) == 1.0


def test_top_k_equals_sorting():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(200, 9)), rng.integers(0, 9, 200)
    rank = metrics.true_class_rank(logits, labels)
    for k in (1, 3, 5):
        best = np.argsort(-logits, axis=1)[:, :k]
        assert metrics.top_k(rank, k) == np.mean([label in row for label, row in zip(labels, best, strict=True)])


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_model_that_says_the_same_of_every_class_is_never_right(value):
    logits = np.full((5, 4), value)
    assert metrics.top_k(metrics.true_class_rank(logits, np.arange(5) % 4), 3) == 0.0


def test_macro_top1_weighs_classes_alike():
    rank, labels = np.array([0, 0, 0, 1]), np.array([2, 2, 2, 0])
    assert metrics.top_k(rank, 1) == 0.75
    assert metrics.macro_top1(rank, labels) == 0.5


def test_wilson_interval_as_published():
    # Newcombe (1998), table I: 81 of 263.
    np.testing.assert_allclose(metrics.wilson_interval(81, 263), (0.2553, 0.3662), atol=1e-4)
    np.testing.assert_allclose(metrics.wilson_interval(0, 20), (0.0, 0.1611), atol=1e-4)
    assert metrics.wilson_interval(20, 20)[1] == 1.0


def test_unlabelled_clips_do_not_count():
    logits, losses = np.eye(3), np.array([1.0, 2.0, 9.0])
    scored = metrics.score(logits, np.array([0, 0, -1]), losses)
    assert (scored["clips"], scored["top1"], scored["loss"]) == (2, 0.5, 1.5)
    assert metrics.score(logits, np.full(3, -1), losses) == {"clips": 0}


def test_calibration_of_a_model_that_is_too_sure():
    confidence, right = np.full(100, 0.9), np.arange(100) < 60
    np.testing.assert_allclose(expected_calibration_error(confidence, right), 0.3)
    assert expected_calibration_error(np.ones(5), np.ones(5, bool)) == 0.0


def test_probabilities_do_not_overflow():
    np.testing.assert_allclose(probabilities(np.array([[1e4, 1e4]], np.float32)), [[0.5, 0.5]])
