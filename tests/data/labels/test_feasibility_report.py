import numpy as np

from signjax.data.labels.feasibility_report import feasibility, lines, with_splits


def report(names: list[str | None], group: list[int] | None = None) -> dict:
    labels = [{} if name is None else {"gloss": name} for name in names]
    return feasibility(labels, ("gloss",), np.arange(len(names)) if group is None else np.array(group))["gloss"]


def test_counts_are_those_of_the_labels():
    found = report(["a"] * 6 + ["b"] * 4 + ["c", None], [0] * 6 + [1, 1, 2, 2] + [3, 4])
    assert (found["clips"], found["classes"], found["singletons"], found["one_group"]) == (11, 3, 1, 1)
    assert found["clips_per_class"] == {"least": 1, "median": 4.0, "most": 6}
    assert found["groups_per_class"] == {"least": 1, "median": 1.0, "most": 2}
    assert found["majority"] == {"class": "a", "share": 0.6}
    assert found["left_out"]["classes"] == 1 and found["learnable"]


def test_a_class_for_each_clip_cannot_be_learned():
    found = report([f"gloss{i}" for i in range(4666)] + [f"more{i}" for i in range(452)] * 2)
    assert not found["learnable"]
    assert found["sentence"].startswith("cannot be learned as posed: 4,666 of 5,118 classes have a single clip")


def test_one_class_or_none_cannot_be_learned():
    assert report(["a"] * 9)["sentence"] == "cannot be learned: there is only one class"
    assert report([None] * 3)["sentence"] == "has no labelled clips"


def test_what_is_plain_is_said_plainly():
    assert report(["a", "b"] * 20)["sentence"] == "can be learned and tested"
    few = report(["a", "b", "c"] * 2)["sentence"]
    assert few == "can be learned and tested; 2 clips per class are few: expect low accuracy"


def test_classes_that_the_test_split_does_not_have_are_counted():
    found = {"gloss": report(["a", "b"] * 6)}
    labels = np.array([0, 1] * 6)[:, None]
    assignment = np.array([0] * 6 + [1] * 4 + [2, 0])
    split = with_splits(found, labels, assignment)["gloss"]
    assert split["classes_of_split"] == {"train": 2, "valid": 2, "test": 1}
    assert split["sentence"].endswith("1 class has no test clip")
    (line,) = lines({"gloss": split})
    assert line.startswith("feasibility: gloss can be learned and tested") and "majority 'b' 50.0%" in line
