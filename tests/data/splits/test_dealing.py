import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signjax.data.splits.dealing import assign_groups
from signjax.data.splits.groups import straddling

FRACTIONS = (0.7, 0.15, 0.15)


def counts(assignment: np.ndarray, splits: int = 3) -> np.ndarray:
    return np.bincount(assignment, minlength=splits)


@st.composite
def grouped_clips(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Groups of unequal sizes, and labels by one to three heads; more groups than all classes need."""
    classes, heads = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    groups = draw(st.integers(classes * heads + 2, classes * heads + 25))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shares = rng.dirichlet(np.full(groups, draw(st.floats(0.2, 5))))
    group = np.concatenate([np.arange(groups), rng.choice(groups, draw(st.integers(0, 100)), p=shares)])
    return group, rng.integers(-1, classes, (len(group), heads))


@settings(deadline=None)
@given(grouped_clips(), st.integers(0, 50))
def test_groups_stay_whole_classes_are_learned_and_sizes_are_near(clips, seed):
    group, classes = clips
    assignment = assign_groups(group, classes, FRACTIONS, seed)
    assert straddling(assignment, group) is None
    assert set(assignment.tolist()) == {0, 1, 2}
    for labels in classes.T:
        assert set(labels) - {-1} == set(labels[assignment == 0]) - {-1}
    np.testing.assert_array_equal(assignment, assign_groups(group, classes, FRACTIONS, seed))
    off = np.abs(counts(assignment) - np.array(FRACTIONS) * len(group))
    assert off.max() <= np.bincount(group).max() + 1


@settings(deadline=None)
@given(grouped_clips(), st.integers(2, 5))
def test_no_class_of_several_groups_is_in_one_fold_alone(clips, folds):
    group, classes = clips
    folds = min(folds, len(np.unique(group)))
    assignment = assign_groups(group, classes, [1 / folds] * folds, 0, folds=True)
    assert straddling(assignment, group) is None
    assert set(assignment.tolist()) == set(range(folds))
    for labels in classes.T:
        for label in set(labels) - {-1}:
            if len(set(group[labels == label])) > 1:
                assert len(set(assignment[labels == label])) > 1


@pytest.mark.parametrize(("takes", "wanted"), [(2, (420, 90, 90)), (3, (630, 135, 135))])
def test_many_classes_of_few_clips_fill_every_split_with_different_classes(takes, wanted):
    classes = np.arange(300 * takes) % 300
    assignment = assign_groups(np.arange(len(classes)), classes, FRACTIONS, 0)
    np.testing.assert_allclose(counts(assignment), wanted, atol=3)
    for split, size in enumerate(counts(assignment)):
        assert len(set(classes[assignment == split])) == min(300, size)


def test_a_dictionary_of_a_few_clips_a_gloss_can_be_tested():
    sizes = [2] * 314 + [3] * 106 + [4] * 20 + [5] * 8 + [9] * 4
    classes = np.repeat(np.arange(len(sizes)), sizes)
    assignment = assign_groups(np.arange(len(classes)), classes, FRACTIONS, 1)
    np.testing.assert_allclose(counts(assignment), np.array(FRACTIONS) * len(classes), atol=4)
    assert set(classes[assignment == 0]) == set(classes)
    for split in (1, 2):
        held = classes[assignment == split]
        assert len(set(held)) > 0.95 * len(held)


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_classes_keep_their_shares(seed):
    classes = np.arange(600) % 20
    assignment = assign_groups(np.arange(600), classes, FRACTIONS, seed)
    np.testing.assert_allclose(counts(assignment), (420, 90, 90), atol=1)
    for label in range(20):
        np.testing.assert_allclose(counts(assignment[classes == label]), (21, 4.5, 4.5), atol=1)


def test_classes_of_several_heads_keep_their_shares():
    rng = np.random.default_rng(0)
    classes = np.stack([rng.integers(-1, 4, 800), rng.integers(0, 7, 800), rng.integers(0, 2, 800)], 1)
    assignment = assign_groups(np.arange(800), classes, FRACTIONS, 0)
    for labels in classes.T:
        for label in set(labels):
            members = assignment[labels == label]
            np.testing.assert_allclose(counts(members), np.array(FRACTIONS) * len(members), atol=1.5)


def test_signers_of_unequal_size_come_as_near_as_any_deal_of_whole_signers():
    rng = np.random.default_rng(5)
    sizes = np.array([128, 108, 85, 60, 58, 45, 37, 34, 24, 21])
    group, classes = np.repeat(np.arange(10), sizes), rng.integers(0, 20, sizes.sum())
    wanted = np.array(FRACTIONS) * len(group)
    deals = np.indices((3,) * 10).reshape(10, -1)
    held = np.stack([sizes @ (deals == split) for split in range(3)])
    best = np.abs(held - wanted[:, None]).max(0).min()
    assert np.abs(counts(assign_groups(group, classes, FRACTIONS, 0)) - wanted).max() <= best + 0.02 * len(group)


@pytest.mark.parametrize(("signers", "wanted"), [(16, (11, 3, 2)), (20, (14, 3, 3)), (5, (3, 1, 1)), (3, (1, 1, 1))])
def test_equal_signers_are_dealt_by_number(signers, wanted):
    group = np.repeat(np.arange(signers), 72)
    assignment = assign_groups(group, np.tile(np.repeat(np.arange(24), 3), signers), FRACTIONS, 0)
    assert counts(assignment).tolist() == [72 * number for number in wanted]


def test_folds_of_classes_of_few_clips_are_equal():
    assignment = assign_groups(np.arange(600), np.arange(600) % 300, [0.2] * 5, 0, folds=True)
    assert counts(assignment, 5).tolist() == [120] * 5


def test_memory_does_not_grow_with_groups_times_classes():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 1000, 20_000)  # as a dense table of numbers: 160 MB
    import tracemalloc

    tracemalloc.start()
    assignment = assign_groups(np.arange(20_000), classes, FRACTIONS, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6
    np.testing.assert_allclose(counts(assignment), (14_000, 3_000, 3_000), atol=20)
