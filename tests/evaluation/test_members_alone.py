import numpy as np
import pytest

from signjax.evaluation.evaluate import Answers, answers_for
from signjax.evaluation.members_alone import members_alone, members_line

LABELS = {"gloss": np.array([0, 1, -1, 2, 0]), "hands": np.array([-1, -1, -1, 1, 0]), "none": np.full(5, -1)}
RIGHT = {
    "gloss": np.array([[1, 0], [1, 1], [1, 1], [0, 0], [1, 0]], bool),
    "hands": np.array([[1, 1], [1, 1], [1, 1], [1, 0], [1, 1]], bool),
    "none": np.ones((5, 2), bool),
}


def some_answers(heads, members) -> Answers:
    labels = {head: LABELS[head].astype(np.int32) for head in heads}
    nothing = {head: np.zeros((5, 3), np.float32) for head in heads}
    return Answers(np.arange(5), nothing, {head: np.zeros(5, np.float32) for head in heads}, labels, members)


def test_the_accuracy_of_each_member_counts_labelled_clips():
    found = members_alone(some_answers(RIGHT, RIGHT))
    assert list(found) == ["gloss", "hands"]
    assert found["gloss"] == {"top1": [0.75, 0.25], "mean": 0.5, "std": pytest.approx(0.25 * 2**0.5)}
    assert found["hands"]["top1"] == [1.0, 0.5]
    assert members_alone(some_answers(RIGHT, {})) == {}


def test_the_line_has_the_members_alone_and_together():
    found = members_alone(some_answers(RIGHT, RIGHT))
    scores = {"gloss": {"clips": 4, "top1": 0.75}, "hands": {"clips": 2, "top1": 1.0}, "none": {"clips": 0}}
    assert members_line(found, scores) == ("members: top-1 62.5 ± 35.4 % alone, 87.5 % together, means over 2 heads")
    one = {"gloss": found["gloss"]}
    assert members_line(one, {"gloss": scores["gloss"]}) == "members: top-1 50.0 ± 35.4 % alone, 75.0 % together"


def test_answers_of_members_are_in_the_order_of_the_clips(dataset):
    clips = dataset.indices("test")[::-1]

    def answer(batch):
        right = np.stack([batch.labels[:, 0] == 0, batch.labels[:, 0] == 1], axis=1)
        logits = np.zeros((len(right), len(dataset.heads["gloss"])), np.float32)
        return {"gloss": {"logits": logits, "loss": np.zeros(len(right), np.float32), "members": right}}

    found = answers_for(dataset, clips, answer, 4, (32, 64))
    labels = dataset.labels[clips, 0]
    np.testing.assert_array_equal(found.members["gloss"], np.stack([labels == 0, labels == 1], axis=1))
