import dataclasses

import numpy as np

from signjax.evaluation.baselines import baselines, baselines_of_splits, clip_vectors, majority, nearest_neighbours


def test_majority_is_the_majority_of_training():
    assert majority(np.array([1, 1, 0, -1, -1, -1]), np.array([1, 0, 0, 0, -1])) == 0.25


def test_nearest_neighbour_equals_the_full_distance_matrix():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 7)).astype(np.float32), rng.normal(size=(600, 7)).astype(np.float32)
    distances = np.linalg.norm(test[:, None] - train[None], axis=2)
    np.testing.assert_array_equal(nearest_neighbours(train, test), distances.argmin(1))


def test_a_clip_is_its_own_nearest_neighbour(dataset):
    everything = np.arange(len(dataset))
    found = baselines(dataset, everything, everything, 0)["gloss"]
    assert found == {"majority": 0.25, "nearest_neighbour": 1.0, "random_convolution": 1.0}


def test_unlabelled_clips_are_not_asked(dataset):
    labels = dataset.labels.copy()
    labels[::2] = -1
    train, test = dataset.indices("train"), dataset.indices("test")
    found = baselines(dataclasses.replace(dataset, labels=labels), train, test, 0)["gloss"]
    asked = test[labels[test, 0] >= 0]
    known = train[labels[train, 0] >= 0]
    neighbour = nearest_neighbours(clip_vectors(dataset, known), clip_vectors(dataset, asked))
    assert found["nearest_neighbour"] == np.mean(labels[known[neighbour], 0] == labels[asked, 0])


def test_both_splits_have_their_baselines_and_training_clips_are_read_once(dataset, monkeypatch):
    train, valid, test = (dataset.indices(split) for split in ("train", "valid", "test"))
    expected = {"valid": baselines(dataset, train, valid, 0), "test": baselines(dataset, train, test, 0)}
    made: list[np.ndarray] = []

    def counted(dataset, clips):
        made.append(clips)
        return clip_vectors(dataset, clips)

    monkeypatch.setattr("signjax.evaluation.baselines.clip_vectors", counted)
    assert (
        baselines_of_splits(dataset, dict.fromkeys(("valid", "test"), train), {"valid": valid, "test": test}, 0)
        == expected
    )
    np.testing.assert_array_equal(np.sort(np.concatenate(made)), np.arange(len(dataset)))


def test_a_split_without_a_labelled_clip_has_no_baseline(dataset):
    labels = dataset.labels.copy()
    valid = dataset.indices("valid")
    labels[valid] = -1
    unlabelled = dataclasses.replace(dataset, labels=labels)
    splits = {"valid": valid, "nothing": np.zeros(0, np.int64)}
    assert baselines_of_splits(unlabelled, dict.fromkeys(splits, dataset.indices("train")), splits, 0) == {
        "valid": {},
        "nothing": {},
    }
