import numpy as np
import pytest

from signjax.random_convolution.ridge import fit_ridge


def problem(clips: int, width: int, classes: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features that depend on the class, beside a constant one."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=clips)
    features = rng.normal(size=(clips, width)) + rng.normal(size=(classes, width))[labels]
    features[:, 0] = 7
    return features, labels


def solve(features: np.ndarray, targets: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercept of a ridge regression by its normal equations."""
    mean, centre = features.mean(0), targets.mean(0)
    centred = features - mean
    weights = np.linalg.solve(centred.T @ centred + penalty * np.eye(features.shape[1]), centred.T @ (targets - centre))
    return weights, centre - mean @ weights


def standardised(features: np.ndarray) -> np.ndarray:
    std = features.std(0)
    return (features - features.mean(0)) / np.where(std > 0, std, 1)


def left_out(standard: np.ndarray, targets: np.ndarray, clips: int, penalty: float) -> list[np.ndarray]:
    """The scores of each clip by what is learned from the rows of all others; those of its copies follow at the same distance."""
    found = []
    for clip in range(clips):
        others = np.arange(len(standard)) % clips != clip
        weights, intercept = solve(standard[others], targets[others], penalty)
        found.append(standard[clip] @ weights + intercept)
    return found


# With more features than clips it is solved in the space of clips, otherwise in that of features.
@pytest.mark.parametrize(("clips", "width"), [(14, 40), (40, 14), (20, 20)])
def test_leave_one_out_is_what_the_other_clips_give(clips, width):
    features, labels = problem(clips, width)
    (found,) = fit_ridge(features, [(labels, 3)])
    standard = standardised(features)
    targets = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    expected = left_out(standard, targets, clips, found.penalty)
    np.testing.assert_allclose(found.left_out, expected, atol=2e-4)
    weights, intercept = solve(standard, targets, found.penalty)
    np.testing.assert_allclose(found.scores(features), standard @ weights + intercept, atol=2e-4)


@pytest.mark.parametrize(("clips", "width"), [(14, 60), (40, 14)])
def test_a_clip_is_left_out_with_its_copies(clips, width):
    first, labels = problem(clips, width)
    features = np.concatenate([first, first + np.random.default_rng(2).normal(size=first.shape), 0.9 * first])
    (found,) = fit_ridge(features, [(labels, 3)], copies=3)
    standard = standardised(features)
    targets = np.where(np.tile(labels, 3)[:, None] == np.arange(3), 1.0, -1.0)
    expected = left_out(standard, targets, clips, found.penalty)
    np.testing.assert_allclose(found.left_out, expected, atol=1e-3)
    weights, intercept = solve(standard, targets, found.penalty)
    np.testing.assert_allclose(found.scores(features), standard @ weights + intercept, atol=1e-3)


@pytest.mark.parametrize(("clips", "width"), [(14, 60), (40, 14)])
def test_copies_may_be_of_another_class(clips, width):
    first, labels = problem(clips, width)
    other = np.random.default_rng(2).normal(size=first.shape)
    features, of_copies = np.concatenate([first, other]), np.stack([labels, labels + 3])
    (found,) = fit_ridge(features, [(of_copies, 6)], copies=2)
    standard = standardised(features)
    targets = np.where(of_copies.reshape(-1, 1) == np.arange(6), 1.0, -1.0)
    expected = left_out(standard, targets, clips, found.penalty)
    np.testing.assert_allclose(found.left_out, expected, atol=1e-3)


def test_a_clip_that_only_its_copies_say_anything_of_has_no_scores():
    features = np.random.default_rng(0).normal(size=(3, 5))
    (found,) = fit_ridge(features, [(np.array([0]), 1)], copies=3)
    assert found.left_out.tolist() == [[0.0]]


def test_the_penalty_grows_with_the_noise():
    features, labels = problem(60, 200)
    noise = np.random.default_rng(1).normal(size=features.shape)
    clear, noisy = (fit_ridge(features + scale * noise, [(labels, 3)])[0].penalty for scale in (0, 20))
    assert clear < noisy


def test_heads_fitted_together_are_those_fitted_alone():
    features, labels = problem(30, 50)
    other = np.arange(30) % 2
    both = fit_ridge(features, [(labels, 3), (other, 2)])
    alone = [fit_ridge(features, [head])[0] for head in ((labels, 3), (other, 2))]
    for found, expected in zip(both, alone, strict=True):
        assert found.penalty == expected.penalty
        np.testing.assert_allclose(found.left_out, expected.left_out, atol=1e-6)


def test_a_single_class_is_always_the_answer():
    features, _ = problem(10, 20)
    (found,) = fit_ridge(features, [(np.full(10, 1), 3)])
    assert (found.scores(features).argmax(1) == 1).all() and (found.left_out.argmax(1) == 1).all()


def test_a_class_with_one_clip_is_known_and_unknown_without_it():
    features, labels = problem(20, 60)
    labels[4] = 3
    features[4] += 5
    (found,) = fit_ridge(features, [(labels, 4)])
    assert found.scores(features)[4].argmax() == 3
    assert found.left_out[4].argmax() != 3 and np.isfinite(found.left_out).all()


def test_of_an_only_clip_nothing_is_known_without_it():
    (found,) = fit_ridge(np.arange(5.0)[None], [(np.array([1]), 2)])
    assert found.left_out.tolist() == [[0, 0]]
    assert found.scores(np.zeros((1, 5))).tolist() == [[-1, 1]]


def test_kinds_of_features_count_alike_whatever_their_numbers():
    """As if each feature of the rarer kind were there as often as it takes to equal the other."""
    features, labels = problem(30, 12)
    often = np.concatenate([features[:, :9], np.tile(features[:, 9:], 3)], axis=1)
    (few,), (many,) = fit_ridge(features, [(labels, 3)], (9, 3)), fit_ridge(often, [(labels, 3)])
    np.testing.assert_allclose(few.left_out, many.left_out, atol=1e-3)
    np.testing.assert_allclose(few.scores(features), many.scores(often), atol=1e-3)
