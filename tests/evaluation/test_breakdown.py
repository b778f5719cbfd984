import numpy as np

from signjax.evaluation.breakdown import breakdown, by_name, by_quarters, takes_of
from signjax.evaluation.embedding import project
from signjax.evaluation.evaluate import Answers


def test_quarters_hold_every_clip_once_and_have_about_the_same_size():
    values = np.arange(40)
    groups = by_quarters(values, values < 10, " %")
    assert [(group["name"], group["clips"], group["top1"]) for group in groups] == [
        ("0 to 9 %", 10, 1.0), ("10 to 19 %", 10, 0.0), ("20 to 29 %", 10, 0.0), ("30 to 39 %", 10, 0.0),
    ]  # fmt: skip
    assert [group["name"] for group in by_quarters(np.full(9, 100), np.ones(9, bool), "")] == ["100"]
    many = by_quarters(np.array([1] * 90 + [2] * 10), np.ones(100, bool), "")
    assert [(group["name"], group["clips"]) for group in many] == [("1", 90), ("2", 10)]
    assert by_quarters(np.zeros(0, int), np.zeros(0, bool), "") == []


def test_groups_by_name_have_intervals_and_leave_out_the_unnamed():
    (group,) = by_name(["ann", "", "ann"], np.array([True, True, False]))
    assert (group["name"], group["clips"], group["top1"]) == ("ann", 2, 0.5)
    assert group["interval"][0] < 0.5 < group["interval"][1]


def test_takes_are_numbered_for_each_sign_of_each_signer():
    signers, labels = ["ann", "ann", "ann", "bob", "", "ann"], [0, 0, 0, 0, 0, -1]
    assert takes_of(signers, labels, ["t10", "t2", "t1", "t1", "t1", "t3"]) == {2: 1, 1: 2, 0: 3, 3: 1}


def test_the_test_clips_of_a_dataset_are_divided(dataset):
    clips = dataset.indices("test")
    logits = np.zeros((len(clips), 4), np.float32)
    labels = dataset.labels[clips, 0].copy()
    logits[np.arange(len(clips)), labels] = 1
    logits[0] *= -1
    labels[1] = -1
    test = Answers(clips, {"gloss": logits}, {"gloss": np.zeros(len(clips))}, {"gloss": labels})
    found = {way["by"].split()[0].strip(","): way for way in breakdown(dataset, test, "gloss")}
    assert "signer" not in found  # one signer is tested
    for way in found.values():
        assert sum(group["clips"] for group in way["groups"]) == len(clips) - 1 and way["more"] == 0
        assert sum(group["clips"] * group["top1"] for group in way["groups"]) == len(clips) - 2
    assert [group["name"] for group in found["take"]["groups"]] == ["1", "2"]


def test_clips_with_like_answers_are_close_and_constants_do_not_matter():
    rng = np.random.default_rng(0)
    logits = 5 * np.eye(3)[np.arange(60) % 3] + rng.normal(0, 0.1, (60, 3))
    points = project(logits)
    np.testing.assert_allclose(points, project(logits + rng.normal(size=(60, 1))), atol=1e-9)
    middles = np.array([points[k::3].mean(0) for k in range(3)])
    assert max(points[k::3].std() for k in range(3)) < 5  # within a class, both axes together
    assert np.linalg.norm(points - middles[np.arange(60) % 3], axis=1).max() < 1
    assert min(np.linalg.norm(middles[k] - middles[k - 1]) for k in range(3)) > 4
    assert project(np.zeros((0, 3))).shape == (0, 2) and not project(np.ones((4, 1))).any()
    assert np.isfinite(project(np.array([[np.nan, np.inf], [0, -np.inf]]))).all()
