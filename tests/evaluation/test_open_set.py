import json

import numpy as np
import pytest

from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.open_set import (
    FILE,
    fit_open_set,
    largest_logit,
    read_open_set,
    score_of,
    write_open_set,
)


def answers(count: int, seed: int = 0, heads: int = 1, classes: int = 5) -> Answers:
    random = np.random.default_rng(seed)
    logits = {f"head{k}": random.normal(size=(count, classes)).astype(np.float32) for k in range(heads)}
    none = {head: np.zeros(count, np.float32) for head in logits}
    return Answers(np.arange(count), logits, none, {head: np.full(count, -1, np.int32) for head in logits})


def test_the_score_is_how_far_a_class_stands_out_whatever_is_added_to_all():
    logits = np.array([[1.0, 5.0, 0.0], [2.0, 2.0, 2.0]], np.float32)
    np.testing.assert_allclose(largest_logit(logits), [3.0, 0.0])
    np.testing.assert_allclose(largest_logit(logits + 7), [3.0, 0.0], atol=1e-6)
    both = answers(4, heads=2)
    expected = [np.mean([row.max() - row.mean() for row in rows]) for rows in zip(*both.logits.values(), strict=True)]
    np.testing.assert_allclose(score_of(both), expected, rtol=1e-6)


@pytest.mark.parametrize(("count", "rate"), [(19, 0.05), (40, 0.05), (99, 0.2), (5000, 0.05)])
def test_at_most_the_stated_share_of_known_clips_is_rejected(count, rate):
    shares = []
    for seed in range(150):
        found = fit_open_set(answers(count, seed))
        shares.append(float((found.familiarity(answers(400, 1000 + seed)) <= rate).mean()))
    assert 0.5 * rate < np.mean(shares) < 1.3 * rate


def test_too_few_clips_reject_nothing():
    found = fit_open_set(answers(18))
    assert found.threshold(0.05) == -np.inf and found.familiarity(answers(1000, 1)).min() > 0.05


@pytest.mark.parametrize("count", [1, 30, 400, 3000])
def test_the_threshold_is_where_familiarity_passes_the_rate(count):
    found, others = fit_open_set(answers(count)), answers(2000, 1)
    for rate in (0.05, 0.3):
        below = score_of(others) < found.threshold(rate)
        differ = below != (found.familiarity(others) <= rate)
        assert differ.mean() <= (0 if count <= 1001 else 0.002)  # of many clips, not all scores are kept


def test_what_is_written_is_read_again(tmp_path):
    found = fit_open_set(answers(300))
    write_open_set(tmp_path, found)
    again = read_open_set(tmp_path)
    assert again is not None and again.clips == 300
    np.testing.assert_array_equal(again.scores, found.scores)
    content = json.loads((tmp_path / FILE).read_text())
    assert content["threshold"] == found.threshold(0.05) == found.scores[14] and content["false_rejection"] == 0.05
    write_open_set(tmp_path, None)
    assert read_open_set(tmp_path) is None


@pytest.mark.parametrize("change", [{"scores": [2, 1]}, {"format_version": 0}, {"clips": None}, {"scores": "x"}])
def test_a_damaged_file_is_named(tmp_path, change):
    write_open_set(tmp_path, fit_open_set(answers(30)))
    path = tmp_path / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=r"open_set\.json: the file cannot be used.*--mode=evaluate"):
        read_open_set(tmp_path)
