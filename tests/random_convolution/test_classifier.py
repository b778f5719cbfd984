import dataclasses

import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset, in_memory
from signjax.data.layout.parts import Layout, Part
from signjax.data.layout.registry import generic
from signjax.evaluation.baselines import clip_vectors, nearest_neighbours
from signjax.random_convolution import classifier as subject
from signjax.random_convolution.classifier import (
    HeadClassifier,
    RandomConvolution,
    as_arrays,
    either_way,
    fit_random_convolution,
    from_arrays,
    log_softmax,
)
from signjax.random_convolution.features import Signals, extract_features, resample
from signjax.random_convolution.kernels import Convolution, count_exceeding, draw_convolutions
from signjax.random_convolution.quantiles import draw_quantiles


@pytest.fixture(autouse=True)
def few_features(monkeypatch):
    monkeypatch.setattr(subject, "_FEATURES", 1_680)


def make_dataset(
    clips: list[np.ndarray], labels: np.ndarray, valid: list[np.ndarray] | None = None, layout: Layout | None = None
) -> Dataset:
    """A dataset in memory with labels (N, heads); the classes of a head are as many as its labels name."""
    width = clips[0].shape[1]
    heads = {f"head{k}": tuple(map(str, range(column.max() + 1))) for k, column in enumerate(labels.T)}
    statistics = {
        "mean": np.zeros(width, np.float32),
        **{name: np.ones(width, np.float32) for name in ("std", "within", "speed")},
        "low": np.full(width, -np.inf, np.float32),
        "high": np.full(width, np.inf, np.float32),
    }
    made = [
        Clip(ClipInfo(str(i), "file", {}), frames.astype(np.float32), valid[i] if valid else None)
        for i, frames in enumerate(clips)
    ]
    dataset = in_memory(made, layout or generic(width), heads, statistics)
    return dataclasses.replace(dataset, labels=labels.astype(np.int32))


def noise(count: int, width: int = 3, seed: int = 0) -> list[np.ndarray]:
    """Clips of 1 to 60 frames."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(rng.integers(1, 60), width)) for _ in range(count)]


def movements(count: int) -> Dataset:
    """A hand that goes to and fro once, twice or three times, at any place, pace and moment of a rest."""
    rng = np.random.default_rng(3)
    clips, labels = [], np.arange(count)[:, None] % 3
    for (label,) in labels:
        phase = np.linspace(0, 2 * np.pi * (label + 1), rng.integers(16, 30))
        slant = rng.uniform(-0.8, 0.8)
        path = np.sin(phase)[:, None] * [np.cos(slant), np.sin(slant)]
        before, after = (np.zeros((rng.integers(2, 25), 2)) for _ in range(2))
        clip = np.concatenate([before, path, after]) + rng.normal(size=2)
        clips.append(clip + 0.05 * rng.normal(size=clip.shape))
    return make_dataset(clips, labels)


def answers(dataset: Dataset, train: np.ndarray, asked: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Head -> the log-probabilities of the clips that are asked for."""
    return fit_random_convolution(dataset, train, seed).log_probabilities(dataset, asked)


@pytest.mark.parametrize("padded", [True, False])
def test_a_convolution_is_numpys(padded):
    clip = np.random.default_rng(0).normal(size=(4, 40, 1)).astype(np.float32)
    kernel = np.full(9, -1.0)
    kernel[[0, 3, 4]] = 2
    dilated = np.zeros(17)
    dilated[::2] = kernel
    channels = np.array([1, 3])
    signal = np.pad(clip[channels, :, 0].sum(0), 8) if padded else clip[channels, :, 0].sum(0)
    expected = np.correlate(signal, dilated, "valid")
    biases = np.array([-1.03, 0.02, 2.01], np.float32)
    counts = count_exceeding(clip, [Convolution((0, 3, 4), 2, padded, channels, biases)])
    assert counts[:, 0].tolist() == [(expected > bias).sum() for bias in biases]


def test_a_clip_is_resampled_linearly_and_a_single_frame_repeated():
    dataset = make_dataset([np.arange(5.0)[:, None], np.full((1, 1), 3.0)], np.zeros((2, 1), int))
    resampled = resample(dataset, np.arange(2), 9)
    np.testing.assert_allclose(resampled[0].T, [np.arange(0, 4.5, 0.5), np.full(9, 3.0)])


def test_a_clip_has_the_same_features_whatever_it_is_batched_with():
    dataset = make_dataset(noise(20), np.zeros((20, 1), int))
    everything = np.arange(20)
    convolutions = draw_convolutions(resample(dataset, everything, 30), 840, np.random.default_rng(0))
    quantiles = draw_quantiles(dataset.layout.width, 30, 50, np.random.default_rng(1))
    together = extract_features(dataset, everything, 30, convolutions, quantiles)
    assert together.shape == (20, 890)
    classifier = RandomConvolution(30, Signals(np.zeros(0, np.int64), np.arange(3)), tuple(convolutions), quantiles, {})
    for several in (extract_features, lambda data, clips, *_: classifier.features(data, clips)):
        alone = [several(dataset, everything[[clip]], 30, convolutions, quantiles)[0] for clip in everything]
        np.testing.assert_array_equal(together, alone)


def test_what_was_not_seen_changes_nothing():
    clips = noise(10)
    valid = [np.random.default_rng(1).random((len(clip), 1)) < 0.7 for clip in clips]
    other = [np.where(seen, clip, 1e6) for clip, seen in zip(clips, valid, strict=True)]
    labels = np.zeros((10, 1), int)
    first, second = (resample(make_dataset(some, labels, valid), np.arange(10), 20) for some in (clips, other))
    np.testing.assert_array_equal(first, second)


def test_a_seed_gives_the_same_scores_again_and_another_seed_others():
    dataset = make_dataset(noise(30), np.arange(30)[:, None] % 3)
    train, asked = np.arange(20), np.arange(20, 30)
    first, again, other = (answers(dataset, train, asked, seed)["head0"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_unlabelled_training_clips_change_nothing():
    labels = np.arange(30)[:, None] % 3
    labels[5:12] = -1
    dataset = make_dataset(noise(30), labels)
    train, asked = np.arange(20), np.arange(20, 30)
    labelled = train[labels[train, 0] >= 0]
    found, expected = (answers(dataset, some, asked)["head0"] for some in (train, labelled))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_each_head_learns_from_the_clips_labelled_for_it():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, (40, 3))
    labels[:, 2] = labels[:, 0]  # which share their labelled clips
    dataset = make_dataset(noise(40), labels)
    scores = answers(dataset, np.arange(30), np.arange(30, 40))
    assert list(scores) == ["head0", "head1", "head2"]
    np.testing.assert_allclose(scores["head0"], scores["head2"], atol=1e-5)
    assert not np.allclose(scores["head0"], scores["head1"])
    assert all(head.shape == (10, 3) for head in scores.values())


def test_it_finds_movements_that_a_nearest_neighbour_does_not():
    dataset = movements(150)
    train, asked, labels = np.arange(75), np.arange(75, 150), dataset.labels[:, 0]
    nearest = nearest_neighbours(clip_vectors(dataset, train), clip_vectors(dataset, asked))
    scores = answers(dataset, train, asked)["head0"]
    assert (scores.argmax(1) == labels[asked]).mean() > 0.8 > (labels[nearest] == labels[asked]).mean() + 0.2


@pytest.mark.parametrize(
    ("clips", "labels"),
    [
        ([np.ones((1, 2))], [0]),  # one clip of one frame
        ([np.ones((1, 2))] * 4, [0, 1, 0, 1]),  # clips that are all alike
        (noise(9, 300), [0, 0, 0, 0, 1, 1, 1, 1, 2]),  # many channels, a class with one clip
        ([np.ones((5000, 1)), *noise(5, 1)], [0, 1, 2, 3, 4, 5]),  # one long clip, classes of one clip
    ],
)
def test_any_clips_have_scores(clips, labels):
    dataset = make_dataset(clips, np.array(labels)[:, None])
    everything = np.arange(len(clips))
    scores = answers(dataset, everything, everything)["head0"]
    assert scores.shape == (len(clips), max(labels) + 1) and np.isfinite(scores).all()


def test_many_training_clips_have_fewer_features(monkeypatch):
    monkeypatch.setattr(subject, "_MOST_CLIPS_FOR_ALL_FEATURES", 10)
    drawn: list[int] = []
    monkeypatch.setattr(
        subject,
        "draw_convolutions",
        lambda clips, count, random: drawn.append(count) or draw_convolutions(clips, 84, random),
    )
    dataset = make_dataset(noise(20), np.arange(20)[:, None] % 2)
    few, many = (fit_random_convolution(dataset, np.arange(clips), 0) for clips in (10, 11))
    assert 0 < len(few.quantiles) <= 1_680 and not len(many.quantiles)
    assert few.features(dataset, np.arange(20)).shape == (20, 84 + len(few.quantiles))
    assert many.features(dataset, np.arange(1)).shape == (1, 84)
    assert drawn == [1_680, 4_200]


def test_a_classifier_survives_a_file(tmp_path):
    labels = np.arange(30)[:, None] % 3
    dataset = make_dataset(noise(30), np.concatenate([labels, labels // 2], axis=1))
    classifier = fit_random_convolution(dataset, np.arange(20), 0)
    np.savez(tmp_path / "file.npz", **as_arrays(classifier))
    with np.load(tmp_path / "file.npz") as arrays:
        again = from_arrays(arrays)
    expected = classifier.log_probabilities(dataset, np.arange(30))
    found = again.log_probabilities(dataset, np.arange(30))
    assert list(found) == list(expected)
    for head in expected:
        np.testing.assert_array_equal(found[head], expected[head])


def test_probabilities_are_as_sharp_as_the_left_out_clips_allow():
    """What is sure of clips that it has learnt by heart must not be sure of others."""
    rng = np.random.default_rng(0)
    dataset = make_dataset(noise(60), rng.integers(0, 3, (60, 1)))  # labels that nothing tells
    scores = answers(dataset, np.arange(40), np.arange(40, 60))["head0"]
    np.testing.assert_allclose(np.exp(scores).sum(1), 1.0, rtol=1e-5)
    assert np.exp(scores).max(1).mean() < 0.6


def test_how_often_a_class_was_learned_is_known_and_no_class_is_impossible():
    labels = np.array([0, 0, 0, 1, 2, 2, 0, -1])[:, None]
    dataset = make_dataset(noise(8), labels)
    found = fit_random_convolution(dataset, np.arange(6), seed=0).heads["head0"].frequencies
    np.testing.assert_allclose(found, [4 / 9, 2 / 9, 3 / 9])
    lacking = fit_random_convolution(dataset, np.arange(4), seed=0).heads["head0"].frequencies
    np.testing.assert_allclose(lacking, [4 / 7, 2 / 7, 1 / 7])


HANDS = Layout("hands", (Part("left", 1, "xy", "right"), Part("right", 1, "xy", "left")), mirrors=True)


def of_right_hands(count: int) -> Dataset:
    """The movements of a right hand, beside a left one that rests."""
    moving = movements(count)
    clips = [np.concatenate([0 * moving.frames(clip), moving.frames(clip)], axis=1) for clip in range(count)]
    return make_dataset(clips, moving.labels, layout=HANDS)


def left_handed(dataset: Dataset) -> Dataset:
    channel, sign, _ = HANDS.mirror
    return dataclasses.replace(dataset, features=dataset.features[:, channel] * sign)


def test_left_hands_are_known_from_right_ones():
    dataset, train, asked = of_right_hands(150), np.arange(90), np.arange(90, 150)

    def right(classifier: RandomConvolution, of: Dataset) -> float:
        found = classifier.log_probabilities(of, asked)["head0"]
        np.testing.assert_allclose(np.exp(found).sum(1), 1, rtol=1e-4)
        return (found.argmax(1) == of.labels[asked, 0]).mean()

    both = fit_random_convolution(dataset, train, 0, mirror=True)
    assert right(both, dataset) > 0.8 and right(both, left_handed(dataset)) > 0.8
    assert both.heads["head0"].weights.shape[1] == 6 and len(both.heads["head0"].frequencies) == 3
    again = from_arrays(as_arrays(both))
    np.testing.assert_array_equal(
        again.log_probabilities(dataset, asked)["head0"], both.log_probabilities(dataset, asked)["head0"]
    )
    one = fit_random_convolution(dataset, train, 0)
    assert right(one, dataset) > 0.8 and right(one, left_handed(dataset)) < right(both, left_handed(dataset))


def test_a_mirrored_copy_has_the_features_of_the_mirror_image():
    dataset, everything = of_right_hands(12), np.arange(12)
    signals = Signals(np.zeros(0, np.int64), np.arange(4))
    convolutions = draw_convolutions(resample(dataset, everything, 30, signals), 840, np.random.default_rng(0))
    quantiles = draw_quantiles(4, 30, 50, np.random.default_rng(1))
    made = (everything, 30, convolutions, quantiles, signals)
    copies = extract_features(dataset, *made, 4, np.random.default_rng(2), mirror=True).reshape(4, 12, -1)
    # Copies are warped at the same random numbers, those of mirror images and those of clips.
    np.testing.assert_array_equal(copies[0], extract_features(dataset, *made))
    for number, of in ((1, left_handed(dataset)), (2, dataset), (3, left_handed(dataset))):
        expected = extract_features(of, *made, 4, np.random.default_rng(2)).reshape(4, 12, -1)
        np.testing.assert_array_equal(copies[number], expected[number])


def test_a_class_counts_whichever_way_round_it_is_and_mirror_images_are_rarer():
    plain, mirrored = np.log([[0.2, 0.1]]), np.log([[0.1, 0.6]])
    found = either_way(np.concatenate([plain, mirrored], axis=1), 2)
    np.testing.assert_allclose(np.exp(found), [[0.9 * 0.2 + 0.1 * 0.1, 0.9 * 0.1 + 0.1 * 0.6]])
    np.testing.assert_array_equal(either_way(plain, 2), plain)


@pytest.mark.parametrize("ways", [1, 2])
def test_what_is_added_to_a_class_is_added_whichever_way_round_it_is(ways):
    rng = np.random.default_rng(0)
    weights, intercept = rng.normal(size=(7, 3 * ways)).astype(np.float32), rng.normal(size=3 * ways).astype(np.float32)
    head = HeadClassifier(weights, intercept, 2.5, np.full(3, 1 / 3, np.float32))
    added, constant = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    features = rng.normal(size=(5, 7)).astype(np.float32)
    expected = head.logits(features) + features @ added + constant
    np.testing.assert_allclose(head.changed(added, constant).logits(features), expected, atol=1e-5)
    np.testing.assert_allclose(head.logits(features[:1]), head.logits(features)[:1], rtol=1e-5)
    assert np.isfinite(log_softmax(expected)).all()


@pytest.mark.parametrize(("mirror", "clips", "fewer"), [(True, 30, True), (True, 20, False), (False, 30, False)])
def test_many_clips_have_fewer_features_so_that_there_is_time_for_mirror_images(mirror, clips, fewer, monkeypatch):
    monkeypatch.setattr(subject, "_ROWS_WITH_ONE_COPY", 50)
    monkeypatch.setattr(subject, "_ROWS_WITH_COPIES", 50)
    monkeypatch.setattr(subject, "_FEWER_FEATURES", 420)
    found = fit_random_convolution(of_right_hands(30), np.arange(clips), 0, mirror=mirror)
    assert (found.kinds == (420, 0)) == fewer and (found.kinds[0] > 1000) != fewer
    monkeypatch.setattr(subject, "_FEWER_FEATURES", 840)
    monkeypatch.setattr(subject, "_CLIPS_TO_MIRROR", 29)
    again = fit_random_convolution(of_right_hands(30), np.arange(clips), 0, mirror=mirror)
    assert again.kinds == ((420, 0) if fewer else found.kinds)


def test_a_classifier_of_an_earlier_version_has_no_frequencies():
    dataset = make_dataset(noise(9), np.arange(9)[:, None] % 3)
    arrays = as_arrays(fit_random_convolution(dataset, np.arange(9), 0))
    del arrays["frequencies_0"]
    np.testing.assert_allclose(from_arrays(arrays).heads["head0"].frequencies, np.full(3, 1 / 3))
