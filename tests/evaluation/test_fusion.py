import dataclasses

import numpy as np
import pytest

from signjax.data.dataset import Dataset
from signjax.errors import InputError
from signjax.evaluation.evaluate import Answers
from signjax.evaluation.fusion import FILE, Fusion, fit_weights, fuse, read_fusion, weigh, write_fusion
from signjax.random_convolution.classifier import fit_random_convolution, log_softmax


def sure_of(labels: np.ndarray, right: np.ndarray, classes: int, sureness: float = 3.0) -> np.ndarray:
    """Log-probabilities of a classifier that names the true class where `right`, and the next one elsewhere."""
    said = np.where(right, labels, (labels + 1) % classes)
    return log_softmax(sureness * np.eye(classes)[said])


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 5, 400)


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(1) == labels).mean())


def test_whoever_is_right_more_often_counts_more(labels):
    rng = np.random.default_rng(1)
    good, poor = (sure_of(labels, rng.random(400) < share, 5) for share in (0.9, 0.5))
    own, other = fit_weights(good, poor, labels)
    assert own > 2 * other
    swapped = fit_weights(poor, good, labels)
    assert swapped[1] > 2 * swapped[0]
    fused = swapped[0] * poor + swapped[1] * good
    assert accuracy(fused, labels) >= accuracy(good, labels)


def test_two_that_err_differently_are_better_together(labels):
    rng = np.random.default_rng(2)
    noisy = [log_softmax(1.5 * np.eye(5)[labels] + rng.normal(size=(400, 5))) for _ in range(2)]
    own, other = fit_weights(*noisy, labels)
    assert accuracy(own * noisy[0] + other * noisy[1], labels) > max(accuracy(one, labels) for one in noisy) + 0.03


def test_the_weights_have_the_greatest_penalised_likelihood(labels):
    rng = np.random.default_rng(3)
    both = [log_softmax(np.eye(5)[labels] + rng.normal(size=(400, 5))) for _ in range(2)]

    def loss(weights: np.ndarray) -> float:
        fused = log_softmax(weights[0] * both[0] + weights[1] * both[1])
        return -fused[np.arange(400), labels].sum() + 25.0 * np.square(weights - [0.6, 0.45]).sum()

    found = np.array(fit_weights(*both, labels))
    for step in ([0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]):
        assert loss(found) < loss(found + step)


def test_a_start_far_from_the_peak_is_no_obstacle(labels):
    """Newton's whole steps would lead from one side of the peak to the other, farther each time."""
    sure = sure_of(labels, np.random.default_rng(5).random(400) < 0.6, 5, sureness=60.0)
    own, other = fit_weights(sure, 30 * sure, labels)
    assert 0 < own + 30 * other < 0.1


def test_without_validation_clips_the_weights_are_the_usual_ones():
    assert fit_weights(np.zeros((3, 4)), np.zeros((3, 4)), np.full(3, -1)) == (0.6, 0.45)


def test_few_clips_move_the_weights_little(labels):
    rng = np.random.default_rng(4)
    good, poor = (sure_of(labels[:5], rng.random(5) < share, 5) for share in (1.0, 0.0))
    own, other = fit_weights(good, poor, labels[:5])
    assert own < 1.2 and other > 0.0


def trained(dataset: Dataset) -> tuple[Fusion, Answers]:
    """The fusion of a classifier, and what a network with random outputs answers for the test clips."""
    rng, clips = np.random.default_rng(0), dataset.indices("test")
    logits = {
        head: rng.normal(size=(len(clips), len(classes))).astype(np.float32) for head, classes in dataset.heads.items()
    }
    answers = Answers(
        clips,
        logits,
        {head: np.zeros(len(clips), np.float32) for head in dataset.heads},
        {head: dataset.labels[clips, column] for column, head in enumerate(dataset.heads)},
    )
    classifier = fit_random_convolution(dataset, dataset.indices("train"), 0)
    return Fusion(classifier, weigh(answers, classifier.log_probabilities(dataset, clips))), answers


def test_a_fusion_survives_its_file(dataset, tmp_path):
    fusion, answers = trained(dataset)
    write_fusion(tmp_path, fusion)
    again = read_fusion(tmp_path)
    assert again is not None and again.weights == fusion.weights
    for head, values in fusion.fuse(dataset, answers).logits.items():
        np.testing.assert_array_equal(again.fuse(dataset, answers).logits[head], values)
    write_fusion(tmp_path, None)
    assert read_fusion(tmp_path) is None and not list(tmp_path.iterdir())


def test_a_weight_of_nothing_leaves_the_network_alone(dataset):
    fusion, answers = trained(dataset)
    other = fusion.classifier.log_probabilities(dataset, answers.clips)
    alone = fuse(answers, other, dict.fromkeys(dataset.heads, (1.0, 0.0)))
    for head, logits in answers.logits.items():
        np.testing.assert_allclose(alone.logits[head], log_softmax(logits), atol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(InputError, match=r"random_convolution.npz: the file cannot be used.*--mode=evaluate"):
        read_fusion(tmp_path)


def test_a_file_without_its_arrays_is_named(dataset, tmp_path):
    fusion, _ = trained(dataset)
    write_fusion(tmp_path, dataclasses.replace(fusion, classifier=fusion.classifier))
    with np.load(tmp_path / FILE) as arrays:
        some = {name: arrays[name] for name in arrays.files if name != "biases"}
    np.savez(tmp_path / FILE, **some)
    with pytest.raises(InputError, match="biases"):
        read_fusion(tmp_path)
