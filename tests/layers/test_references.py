"""Each layer compared with a plain NumPy implementation; see `test_torch.py` for PyTorch's."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.attention import SelfAttention, positions, self_attention
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock, halve_time
from signjax.layers.dropout import dropout
from signjax.layers.pooling import attention_pool, max_pool, mean_pool
from signjax.layers.recurrent.bidirectional import gru_scan, lstm_scan
from signjax.rng.per_clip import row_keys

T, B, D, H = 9, 3, 5, 4
LENGTHS = np.array([9, 4, 1])
MASK = np.arange(T)[None] < LENGTHS[:, None]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def initialised(module, *args, **flags):
    """The module's variables, from one program: eager operations would each compile their own."""
    return jax.jit(partial(module.init, **flags))(jax.random.key(0), *args)


def applied(module, variables, *args, **flags):
    """The module's output, from one program."""
    return jax.jit(partial(module.apply, **flags))(variables, *args)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def order(length: int, reverse: bool) -> list[int]:
    return list(range(length))[:: -1 if reverse else 1]


@pytest.mark.parametrize("reverse", [False, True])
def test_lstm_equals_a_python_loop_over_each_clip(reverse):
    gates, kernel, bias = normal(T, B, 4 * H), normal(H, 4 * H, seed=1), normal(4 * H, seed=2)
    expected = np.zeros((T, B, H))
    for clip in range(B):
        cell, hidden = np.zeros(H), np.zeros(H)
        for t in order(LENGTHS[clip], reverse):
            i, f, g, o = np.split(gates[t, clip] + bias + hidden @ kernel, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
            expected[t, clip] = hidden
    args = (jnp.asarray(value) for value in (gates, kernel, bias, MASK.T))
    np.testing.assert_allclose(jax.jit(partial(lstm_scan, reverse=reverse))(*args), expected, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_gru_equals_a_python_loop_over_each_clip(reverse):
    gates, kernel = normal(T, B, 3 * H), normal(H, 3 * H, seed=1)
    bias, candidate_bias = normal(3 * H, seed=2), normal(H, seed=3)
    expected = np.zeros((T, B, H))
    for clip in range(B):
        hidden = np.zeros(H)
        for t in order(LENGTHS[clip], reverse):
            (xr, xz, xn), (hr, hz, hn) = np.split(gates[t, clip] + bias, 3), np.split(hidden @ kernel, 3)
            r, z = sigmoid(xr + hr), sigmoid(xz + hz)
            hidden = (1 - z) * np.tanh(xn + r * (hn + candidate_bias)) + z * hidden
            expected[t, clip] = hidden
    args = (jnp.asarray(value) for value in (gates, kernel, bias, candidate_bias, MASK.T))
    np.testing.assert_allclose(jax.jit(partial(gru_scan, reverse=reverse))(*args), expected, atol=1e-5)


def test_attention_equals_a_loop_over_clips_and_heads():
    query, key, value = (normal(B, T, 2, H, seed=seed) for seed in range(3))
    expected = np.zeros_like(query)
    for clip, length in enumerate(LENGTHS):
        for head in range(2):
            q, k, v = (array[clip, :length, head] for array in (query, key, value))
            scores = np.exp(q @ k.T / np.sqrt(H))
            expected[clip, :length, head] = scores / scores.sum(1, keepdims=True) @ v
    found = np.asarray(jax.jit(self_attention)(query, key, value, MASK))
    np.testing.assert_allclose(found[MASK], expected[MASK], atol=1e-5)


def test_batch_norm_counts_real_frames_only():
    x = 3 + 2 * normal(B, T, D)
    real = x[MASK]
    module = MaskedBatchNorm(momentum=0.9)
    variables = initialised(module, x, MASK, training=False)
    y, updated = applied(module, variables, x, MASK, training=True, mutable=["batch_stats"])
    expected = (real - real.mean(0)) / np.sqrt(real.var(0) + 1e-5)
    np.testing.assert_allclose(np.asarray(y)[MASK], expected, atol=1e-5)
    stats = updated["batch_stats"]
    np.testing.assert_allclose(stats["mean"], 0.1 * real.mean(0), rtol=1e-5)
    np.testing.assert_allclose(stats["variance"], 0.9 + 0.1 * real.var(0), rtol=1e-5)


def test_pooling_equals_numpy_over_real_frames():
    x, scores = normal(B, T, D), normal(B, T, seed=1)
    for clip, length in enumerate(LENGTHS):
        real, weight = x[clip, :length], np.exp(scores[clip, :length])
        args = jnp.asarray(x[clip : clip + 1]), jnp.asarray(MASK[clip : clip + 1])
        np.testing.assert_allclose(mean_pool(*args)[0], real.mean(0), atol=1e-6)
        np.testing.assert_allclose(max_pool(*args)[0], real.max(0), atol=1e-6)
        pooled = attention_pool(args[0], jnp.asarray(scores[clip : clip + 1]), args[1])[0]
        np.testing.assert_allclose(pooled, weight / weight.sum() @ real, atol=1e-6)


def test_dropout_keeps_the_mean_and_depends_on_the_row_alone():
    keys = row_keys(jax.random.key(0), jnp.arange(4))
    x = jnp.ones((4, 50, 40))
    dropped = dropout(x, keys, 0.4)
    assert abs(float((dropped == 0).mean()) - 0.4) < 0.02
    np.testing.assert_allclose(dropped.max(), 1 / 0.6, rtol=1e-6)
    np.testing.assert_array_equal(dropout(x[2:3], keys[2:3], 0.4)[0], dropped[2])
    longer = dropout(jnp.ones((4, 80, 40)), keys, 0.4)
    np.testing.assert_array_equal(longer[:, :50], dropped)  # padding does not shift the mask


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def test_a_residual_block_equals_a_loop_over_clips_and_frames():
    x = normal(B, T, D) * MASK[:, :, None]
    module = ResidualBlock(7, 5, 0.0)
    args = (jnp.asarray(x), jnp.asarray(MASK), jnp.arange(B))
    variables = initialised(module, *args, training=False)
    params = jax.device_get(variables["params"])
    expected = np.zeros((B, T, 7))
    for clip, length in enumerate(LENGTHS):
        for t in range(length):
            total = np.zeros(7)
            # Frames outside the clip are zeros, on either side.
            for tap in range(max(0, 2 - t), min(5, length + 2 - t)):
                total += x[clip, t + tap - 2] @ params["convolution"]["kernel"][tap]
            # Fresh running statistics: mean 0, variance 1.
            expected[clip, t] = x[clip, t] @ params["skip"]["kernel"] + gelu(total / np.sqrt(1 + 1e-5))
    np.testing.assert_allclose(applied(module, variables, *args, training=False), expected, atol=1e-5)


def test_the_attention_layer_equals_numpy_on_each_clip():
    features, heads = 8, 2
    x = normal(B, T, features) * MASK[:, :, None]
    module = SelfAttention(heads)
    variables = initialised(module, x, MASK)
    params = jax.device_get(variables["params"])
    found = np.asarray(applied(module, variables, x, MASK))
    for clip, length in enumerate(LENGTHS):
        real = x[clip, :length]
        y = (real - real.mean(1, keepdims=True)) / np.sqrt(real.var(1, keepdims=True) + 1e-6)
        y = y + np.asarray(positions(T, features))[:length]
        query, key, value = np.split(y @ params["query_key_value"]["kernel"], 3, axis=1)
        attended = []
        for head in range(heads):
            q, k, v = (array[:, head * 4 : head * 4 + 4] for array in (query, key, value))
            weights = np.exp(q @ k.T / 2)
            attended.append(weights / weights.sum(1, keepdims=True) @ v)
        expected = np.concatenate(attended, axis=1) @ params["out"]["kernel"] + params["out"]["bias"]
        np.testing.assert_allclose(found[clip, :length], expected, atol=1e-4)


def test_halving_time_equals_numpy_over_the_real_frames_of_each_pair():
    x = normal(B, T, D)
    found = np.asarray(halve_time(jnp.asarray(x), jnp.asarray(MASK)))
    for clip, length in enumerate(LENGTHS):
        for pair in range((length + 1) // 2):
            expected = x[clip, 2 * pair : min(2 * pair + 2, length)].mean(0)
            np.testing.assert_allclose(found[clip, pair], expected, atol=1e-6)
