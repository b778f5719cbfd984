import dataclasses

import numpy as np

from signjax.evaluation.baselines import baselines, clip_vectors, majority, nearest_neighbours


def test_majority_is_the_majority_of_training():
    assert majority(np.array([1, 1, 0, -1, -1, -1]), np.array([1, 0, 0, 0, -1])) == 0.25


def test_nearest_neighbour_equals_the_full_distance_matrix():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(300, 7)).astype(np.float32), rng.normal(size=(600, 7)).astype(np.float32)
    distances = np.linalg.norm(test[:, None] - train[None], axis=2)
    np.testing.assert_array_equal(nearest_neighbours(train, test), distances.argmin(1))


def test_a_clip_is_its_own_nearest_neighbour(dataset):
    everything = np.arange(len(dataset))
    found = baselines(dataset, everything, everything)["gloss"]
    assert found == {"majority": 0.25, "nearest_neighbour": 1.0}


def test_unlabelled_clips_are_not_asked(dataset):
    labels = dataset.labels.copy()
    labels[::2] = -1
    train, test = dataset.indices("train"), dataset.indices("test")
    found = baselines(dataclasses.replace(dataset, labels=labels), train, test)["gloss"]
    asked = test[labels[test, 0] >= 0]
    known = train[labels[train, 0] >= 0]
    neighbour = nearest_neighbours(clip_vectors(dataset, known), clip_vectors(dataset, asked))
    assert found["nearest_neighbour"] == np.mean(labels[known[neighbour], 0] == labels[asked, 0])
