import numpy as np
import pytest

from signjax.evaluation.calibration import calibration, fit_temperature, probabilities


def drawn(temperature: float, clips: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels that are drawn from their probabilities at a temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(clips, 4)).astype(np.float32) * 3
    shares = probabilities(logits / temperature)
    labels = (rng.random((clips, 1)) > shares.cumsum(1)).sum(1)
    return logits, np.minimum(labels, 3).astype(np.int32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_drawn_labels_is_found(temperature):
    logits, labels = drawn(temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.06)


def test_a_temperature_needs_ten_labelled_clips_and_a_mistake_and_stays_in_its_range():
    logits = np.eye(4, dtype=np.float32)[np.arange(100) % 4] * 3
    right = (np.arange(100) % 4).astype(np.int32)
    one_wrong = np.where(np.arange(100) == 0, 1, right).astype(np.int32)
    assert fit_temperature(logits, right) is None
    assert fit_temperature(logits * 0.01, one_wrong) == pytest.approx(0.1)
    assert fit_temperature(logits, (right + 1) % 4) == pytest.approx(10)
    assert fit_temperature(logits[:10], one_wrong[:10]) is not None
    assert fit_temperature(logits[:9], one_wrong[:9]) is None


def test_tempered_probabilities_fit_better():
    logits, labels = drawn(2.5)
    found = calibration(logits, labels, 2.5)
    assert found["calibration_error_tempered"] < 0.03
    assert found["calibration_error"] > 0.2
    assert found["mean_confidence"] > (logits.argmax(1) == labels).mean() + 0.2
    assert calibration(logits, labels).keys() == {"calibration_error", "mean_confidence"}
    assert calibration(logits, np.full(len(labels), -1, np.int32)) == {}
