import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.training.losses import LossSettings, clip_losses

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.1, 0.3], [-3.0, 4.0, 0.0]], np.float32)
LABELS = np.array([0, 2, 1])


def by_hand(logits: np.ndarray, label: int, settings: LossSettings) -> float:
    p = np.exp(logits) / np.exp(logits).sum()
    target = np.full(3, settings.label_smoothing / 3)
    target[label] += 1 - settings.label_smoothing
    cross_entropy = -(target * np.log(p)).sum()
    focal = -((1 - p[label]) ** settings.focal_gamma) * np.log(p[label])
    return settings.cross_entropy_weight * cross_entropy + settings.focal_weight * focal


@pytest.mark.parametrize(
    "settings",
    [LossSettings(1, 0, 2, 0), LossSettings(0, 1, 2, 0), LossSettings(0.5, 0.5, 1.5, 0.1), LossSettings(1, 1, 0, 0.2)],
)
def test_equals_the_formulas(settings):
    expected = [by_hand(row.astype(np.float64), label, settings) for row, label in zip(LOGITS, LABELS, strict=True)]
    np.testing.assert_allclose(clip_losses(jnp.asarray(LOGITS), jnp.asarray(LABELS), settings), expected, rtol=1e-5)


def test_unlabelled_clips_cost_nothing_and_pull_nothing():
    settings = LossSettings(0.5, 0.5, 2, 0.1)

    def total(logits):
        return clip_losses(logits, jnp.array([0, -1, 1]), settings).sum()

    assert clip_losses(jnp.asarray(LOGITS), jnp.array([0, -1, 1]), settings)[1] == 0
    assert not jax.grad(total)(jnp.asarray(LOGITS))[1].any()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_the_gradient_is_finite_where_the_model_is_sure(gamma):
    logits = jnp.array([[100.0, -100.0], [-100.0, 100.0]])
    gradient = jax.grad(lambda x: clip_losses(x, jnp.array([0, 0]), LossSettings(0.5, 0.5, gamma, 0.1)).sum())(logits)
    assert jnp.isfinite(gradient).all()


def test_focal_loss_discounts_clips_that_are_right():
    focal, plain = LossSettings(0, 1, 2, 0), LossSettings(1, 0, 2, 0)
    ratio = clip_losses(jnp.asarray(LOGITS), jnp.asarray(LABELS), focal) / clip_losses(
        jnp.asarray(LOGITS), jnp.asarray(LABELS), plain
    )
    assert ratio[2] < ratio[0] < ratio[1] < 1
