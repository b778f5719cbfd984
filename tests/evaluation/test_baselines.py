import dataclasses

import numpy as np

from signjax.evaluation.baselines import baselines, clip_vectors, majority, nearest_neighbours
from signjax.random_convolution.classifier import fit_random_convolution


def baselines_of(dataset, train: np.ndarray, asked: np.ndarray) -> dict[str, dict[str, float]]:
    classifier = fit_random_convolution(dataset, train, 0)
    return baselines(dataset, train, asked, classifier.log_probabilities(dataset, asked))


def test_majority_is_the_majority_of_training():
    assert majority(np.array([1, 1, 0, -1, -1, -1]), np.array([1, 0, 0, 0, -1])) == 0.25


def test_nearest_neighbour_equals_the_full_distance_matrix():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 7)).astype(np.float32), rng.normal(size=(600, 7)).astype(np.float32)
    distances = np.linalg.norm(test[:, None] - train[None], axis=2)
    np.testing.assert_array_equal(nearest_neighbours(train, test), distances.argmin(1))


def test_a_clip_is_its_own_nearest_neighbour(dataset):
    everything = np.arange(len(dataset))
    found = baselines_of(dataset, everything, everything)["gloss"]
    assert found == {"majority": 0.25, "nearest_neighbour": 1.0, "random_convolution": 1.0}


def test_unlabelled_clips_are_not_asked(dataset):
    labels = dataset.labels.copy()
    labels[::2] = -1
    train, test = dataset.indices("train"), dataset.indices("test")
    found = baselines_of(dataclasses.replace(dataset, labels=labels), train, test)["gloss"]
    asked = test[labels[test, 0] >= 0]
    known = train[labels[train, 0] >= 0]
    neighbour = nearest_neighbours(clip_vectors(dataset, known), clip_vectors(dataset, asked))
    assert found["nearest_neighbour"] == np.mean(labels[known[neighbour], 0] == labels[asked, 0])


def test_a_split_without_a_labelled_clip_has_no_baseline(dataset):
    labels = dataset.labels.copy()
    valid = dataset.indices("valid")
    labels[valid] = -1
    unlabelled = dataclasses.replace(dataset, labels=labels)
    for asked in (valid, np.zeros(0, np.int64)):
        assert baselines_of(unlabelled, dataset.indices("train"), asked) == {}
