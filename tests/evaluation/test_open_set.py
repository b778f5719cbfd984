import dataclasses
import json

import numpy as np
import pytest

from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.open_set import (
    FILE,
    class_centres,
    fit_open_set,
    read_open_set,
    score_of,
    similarity,
    write_open_set,
)


def answers(count: int, seed: int = 0, heads: int = 1, classes: int = 5) -> Answers:
    random = np.random.default_rng(seed)
    logits = {f"head{k}": random.normal(size=(count, classes)).astype(np.float32) for k in range(heads)}
    none = {head: np.zeros(count, np.float32) for head in logits}
    return Answers(np.arange(count), logits, none, {head: np.arange(count) % classes for head in logits})


CENTRES = class_centres(answers(100, seed=7))


def test_centres_are_means_of_classes():
    some = answers(6, heads=2, classes=3)
    labels = {"head0": np.array([0, 0, 2, -1, 2, 0], np.int32), "head1": np.full(6, -1, np.int32)}
    found = class_centres(dataclasses.replace(some, labels=labels))
    np.testing.assert_allclose(found["head0"][0], some.logits["head0"][[0, 1, 5]].mean(0), rtol=1e-6)
    np.testing.assert_allclose(found["head0"][2], some.logits["head0"][[2, 4]].mean(0), rtol=1e-6)
    assert np.isnan(found["head0"][1]).all() and np.isnan(found["head1"]).all()


def test_the_score_is_the_cosine_with_the_nearest_centre():
    centres = np.array([[1.0, 0, 0], [0, 2, 0], [np.nan] * 3], np.float32)
    logits = np.array([[5.0, 0, 0], [0, 0.1, 0], [3, 3, 0], [0, 0, 1], [-1, -1, 0], [0, 0, 0]], np.float32)
    # Without the mean, both centres are corners of a triangle.
    np.testing.assert_allclose(similarity(logits, centres), [1, 1, 0.5, -0.5, -0.5, 0], atol=1e-6)
    np.testing.assert_allclose(similarity(9 * logits + 4, centres), similarity(logits, centres), atol=1e-6)
    assert not similarity(logits, np.full((3, 3), np.nan, np.float32)).any()
    both = answers(4, heads=2)
    two = class_centres(answers(50, 1, heads=2))
    expected = np.mean([similarity(logits, two[head]) for head, logits in both.logits.items()], axis=0)
    np.testing.assert_array_equal(score_of(both, two), expected)


def test_the_other_classifier_is_asked_too():
    network, centres = answers(3, classes=3), class_centres(answers(50, 1, classes=3))
    other = {"head0": np.log(np.array([[0.98, 0.01, 0.01], [0.495, 0.495, 0.01], [1 / 3] * 3], np.float32))}
    added = score_of(network, centres, other) - score_of(network, centres)
    np.testing.assert_allclose(added, [1, 0.5, 0], atol=1e-3)


def test_with_the_other_classifier_known_clips_are_rejected_as_often():
    def opinions(count: int, seed: int):
        return answers(count, seed), answers(count, seed + 10_000).logits

    shares = []
    for seed in range(150):
        (valid, other), (tested, of_tested) = opinions(40, seed), opinions(400, 1000 + seed)
        found = fit_open_set(valid, CENTRES, other=other)
        shares.append(float((found.familiarity(tested, of_tested) <= 0.05).mean()))
        alone = dataclasses.replace(found, fused=False)
        assert not np.array_equal(alone.familiarity(tested, of_tested), found.familiarity(tested, of_tested))
    assert 0.025 < np.mean(shares) < 0.065


@pytest.mark.parametrize(("count", "rate"), [(19, 0.05), (40, 0.05), (99, 0.2), (5000, 0.05)])
def test_at_most_the_stated_share_of_known_clips_is_rejected(count, rate):
    shares = []
    for seed in range(150):
        found = fit_open_set(answers(count, seed), CENTRES)
        shares.append(float((found.familiarity(answers(400, 1000 + seed), None) <= rate).mean()))
    assert 0.5 * rate < np.mean(shares) < 1.3 * rate


def test_the_model_that_predicts_has_its_own_centres():
    other = class_centres(answers(100, seed=8))
    found = fit_open_set(answers(30), CENTRES, other)
    assert found.centres is other
    np.testing.assert_array_equal(found.scores, fit_open_set(answers(30), CENTRES).scores)


def test_too_few_clips_reject_nothing():
    found = fit_open_set(answers(18), CENTRES)
    assert found.threshold(0.05) == -np.inf and found.familiarity(answers(1000, 1), None).min() > 0.05


@pytest.mark.parametrize("count", [1, 30, 400, 3000])
def test_the_threshold_is_where_familiarity_passes_the_rate(count):
    found, others = fit_open_set(answers(count), CENTRES), answers(2000, 1)
    for rate in (0.05, 0.3):
        below = score_of(others, CENTRES) < found.threshold(rate)
        differ = below != (found.familiarity(others, None) <= rate)
        assert differ.mean() <= (0 if count <= 1001 else 0.002)  # of many clips, not all scores are kept


def test_what_is_written_is_read_again(tmp_path):
    found = fit_open_set(answers(300), CENTRES)
    write_open_set(tmp_path, found)
    again = read_open_set(tmp_path)
    assert again is not None and again.clips == 300
    np.testing.assert_array_equal(again.scores, found.scores)
    np.testing.assert_array_equal(again.centres["head0"], found.centres["head0"])
    content = json.loads((tmp_path / FILE).read_text())
    assert content["threshold"] == found.threshold(0.05) == found.scores[14] and content["false_rejection"] == 0.05
    write_open_set(tmp_path, None)
    assert read_open_set(tmp_path) is None


@pytest.mark.parametrize(
    "change",
    [
        {"scores": [2, 1]},
        {"format_version": 0},
        {"clips": None},
        {"scores": "x"},
        {"centres": {"a": [[1]], "b": [[1, 2]]}},
    ],
)
def test_a_damaged_file_is_named(tmp_path, change):
    write_open_set(tmp_path, fit_open_set(answers(30), CENTRES))
    path = tmp_path / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=r"open_set\.json: the file cannot be used.*--mode=evaluate"):
        read_open_set(tmp_path)
