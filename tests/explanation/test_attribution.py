import jax.numpy as jnp
import numpy as np
import pytest

from signjax.explanation.attribution import (
    at_every_frame,
    attention_received,
    attribute,
    direction,
    gradient_path,
    integrated_path,
)

RNG = np.random.default_rng(0)
X, KERNEL = RNG.normal(size=(5, 4)).astype(np.float32), RNG.normal(size=(5, 4)).astype(np.float32)


def curved(along):
    return jnp.tanh((along * KERNEL[None]).sum((1, 2)) + jnp.square(along).sum((1, 2))), None


def linear(along):
    return (along * KERNEL[None]).sum((1, 2)) + 3, None


def found(score, path, x=X):
    return attribute(score, jnp.asarray(x), *map(jnp.asarray, path))


def test_integrated_gradients_add_up_to_the_difference_of_the_scores():
    one = found(curved, integrated_path())
    assert one.scores[0] == 0 and one.scores[-1] == pytest.approx(float(curved(X[None])[0][0]))
    assert float(one.inputs.sum()) == pytest.approx(float(one.scores[-1] - one.scores[0]), abs=1e-4)
    # The score is flat at the clip itself, so its gradient there says next to nothing.
    assert abs(float(found(curved, gradient_path()).inputs.sum())) < 1e-3


@pytest.mark.parametrize("path", [integrated_path(), gradient_path()])
def test_both_methods_are_exact_for_a_linear_score(path):
    np.testing.assert_allclose(found(linear, path).inputs, X * KERNEL, rtol=1e-5)


def test_inputs_of_zero_count_nothing():
    x = X.copy()
    x[2:4], x[:, 1] = 0, 0
    importance = np.asarray(found(curved, integrated_path(), x).inputs)
    assert (importance[x == 0] == 0).all() and (importance[x != 0] != 0).all()


def test_paths_begin_at_nothing_and_end_at_the_clip():
    for path in (integrated_path(), gradient_path()):
        assert path.places[0] == 0 and path.places[-1] == 1 and (np.diff(path.places) > 0).all()
        assert path.weights.sum() == pytest.approx(1)


def test_a_score_does_not_change_with_all_logits():
    assert direction(4, 1, None) == pytest.approx([-1 / 3, 1, -1 / 3, -1 / 3])
    assert direction(4, 1, 3).tolist() == [0, 1, 0, -1]
    assert direction(1, 0, None).tolist() == [1]  # a single class has nothing to be compared with


def test_attention_is_the_mean_over_real_frames_and_keeps_its_total_where_time_was_halved():
    weights = np.zeros((4, 4), np.float32)
    weights[:3, :3] = [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]
    received = np.asarray(attention_received(jnp.asarray(weights)))
    np.testing.assert_allclose(received, [0.5, 0.5 / 3, 1 / 3, 0])
    spread = at_every_frame(received, 5, 8)  # five real frames, so three pairs
    assert spread.shape == (5,) and spread.sum() == pytest.approx(1)
    assert spread[0] == spread[1] == pytest.approx(3 * spread[2])
