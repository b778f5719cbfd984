"""A last layer that is fitted to a few clips."""

import numpy as np
import pytest

from signjax.prediction.calibration import head_fit
from signjax.prediction.calibration.head_fit import fit_change
from signjax.random_convolution.classifier import log_softmax


@pytest.fixture
def clips():
    """Features (7, 5) and logits (7, 4) of clips of the classes 0, 1 and 3."""
    random = np.random.default_rng(0)
    return random.normal(size=(7, 5)) + 3, random.normal(size=(7, 4)), np.array([0, 3, 1, 0, 3, 1, 1])


def objective(weights, features, logits, labels):
    """What is minimised, written out; weights (D, K) of the K classes with a clip."""
    classes = np.unique(labels)
    centred = features - features.mean(0)
    scale = np.square(centred).sum(1).mean()
    scores = log_softmax(logits[:, classes] + centred @ weights)
    return -scores[np.arange(len(labels)), np.searchsorted(classes, labels)].sum() + (
        0.5 * head_fit.PRIOR * scale * np.square(weights).sum()
    )


def test_the_change_is_the_minimum(clips):
    change = fit_change(*clips)
    found = change.weights[:, [0, 1, 3]]
    least, random = objective(found, *clips), np.random.default_rng(1)
    assert least < objective(0 * found, *clips)
    for size in (1e-1, 1e-2):
        for _ in range(20):
            assert objective(found + size * random.normal(size=found.shape), *clips) > least


def test_the_other_classes_and_the_sum_over_these_stay(clips):
    features, logits, _ = clips
    change = fit_change(*clips)
    anywhere = np.random.default_rng(2).normal(size=(9, 5))
    added = anywhere @ change.weights + change.intercept
    assert not added[:, 2].any()
    np.testing.assert_allclose(added.sum(1), 0, atol=1e-9)
    np.testing.assert_allclose((features @ change.weights + change.intercept).mean(0), 0, atol=1e-9)
    assert logits.shape == added[: len(logits)].shape


def test_clips_that_say_nothing_change_nothing():
    """Equal features tell no class from another."""
    change = fit_change(np.ones((4, 3)), np.zeros((4, 2)), np.array([0, 1, 0, 1]))
    assert np.isfinite(change.weights).all() and not change.weights.any() and not change.intercept.any()
