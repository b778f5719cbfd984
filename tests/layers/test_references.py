"""Each layer against a plain NumPy account of the same mathematics, and against PyTorch where it is installed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.attention import self_attention
from signjax.layers.convolution import MaskedBatchNorm
from signjax.layers.dropout import dropout
from signjax.layers.pooling import attention_pool, max_pool, mean_pool
from signjax.layers.recurrence import Recurrence, gru_scan, lstm_scan
from signjax.layers.row_noise import row_keys

T, B, D, H = 9, 3, 5, 4
LENGTHS = np.array([9, 4, 1])
MASK = np.arange(T)[None] < LENGTHS[:, None]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def order(length: int, reverse: bool) -> list[int]:
    return list(range(length))[:: -1 if reverse else 1]


@pytest.mark.parametrize("reverse", [False, True])
def test_lstm_equals_a_python_loop_over_each_clip(reverse):
    gates, kernel = normal(T, B, 4 * H), normal(H, 4 * H, seed=1)
    expected = np.zeros((T, B, H))
    for clip in range(B):
        cell, hidden = np.zeros(H), np.zeros(H)
        for t in order(LENGTHS[clip], reverse):
            i, f, g, o = np.split(gates[t, clip] + hidden @ kernel, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
            expected[t, clip] = hidden
    scanned = lstm_scan(jnp.asarray(gates), jnp.asarray(kernel), jnp.asarray(MASK.T), reverse=reverse)
    np.testing.assert_allclose(scanned, expected, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_gru_equals_a_python_loop_over_each_clip(reverse):
    gates, kernel, bias = normal(T, B, 3 * H), normal(H, 3 * H, seed=1), normal(H, seed=2)
    expected = np.zeros((T, B, H))
    for clip in range(B):
        hidden = np.zeros(H)
        for t in order(LENGTHS[clip], reverse):
            (xr, xz, xn), (hr, hz, hn) = np.split(gates[t, clip], 3), np.split(hidden @ kernel, 3)
            r, z = sigmoid(xr + hr), sigmoid(xz + hz)
            hidden = (1 - z) * np.tanh(xn + r * (hn + bias)) + z * hidden
            expected[t, clip] = hidden
    args = (jnp.asarray(value) for value in (gates, kernel, bias, MASK.T))
    np.testing.assert_allclose(gru_scan(*args, reverse=reverse), expected, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrence_equals_torch_on_packed_sequences(cell):
    torch = pytest.importorskip("torch")
    x = normal(B, T, D)
    module = Recurrence(H, cell)
    params = module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(MASK))["params"]
    params = jax.tree.map(lambda value: value + 0.1, params)  # biases are not zero
    peer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](D, H, batch_first=True, bidirectional=True)
    for direction, suffix in (("forward", "l0"), ("backward", "l0_reverse")):
        dense = params[f"{direction}_input"]
        hidden_bias = np.zeros(len(dense["bias"]), np.float32)
        if cell == "gru":
            hidden_bias[2 * H :] = params[f"{direction}_bias"]
        weights = {
            "weight_ih": dense["kernel"].T,
            "bias_ih": dense["bias"],
            "weight_hh": params[f"{direction}_kernel"].T,
            "bias_hh": hidden_bias,
        }
        for name, value in weights.items():
            getattr(peer, f"{name}_{suffix}").data = torch.tensor(np.asarray(value))
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(x), LENGTHS, batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(peer(packed)[0], batch_first=True)
    found = module.apply({"params": params}, jnp.asarray(x), jnp.asarray(MASK))
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-5)


def test_attention_equals_a_loop_over_clips_and_heads():
    query, key, value = (normal(B, T, 2, H, seed=seed) for seed in range(3))
    expected = np.zeros_like(query)
    for clip, length in enumerate(LENGTHS):
        for head in range(2):
            q, k, v = (array[clip, :length, head] for array in (query, key, value))
            scores = np.exp(q @ k.T / np.sqrt(H))
            expected[clip, :length, head] = scores / scores.sum(1, keepdims=True) @ v
    found = np.asarray(self_attention(*map(jnp.asarray, (query, key, value, MASK))))
    np.testing.assert_allclose(found[MASK], expected[MASK], atol=1e-5)


def test_batch_norm_counts_real_frames_only():
    x = 3 + 2 * normal(B, T, D)
    real = x[MASK]
    module = MaskedBatchNorm(momentum=0.9)
    variables = module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(MASK), training=False)
    y, updated = module.apply(variables, jnp.asarray(x), jnp.asarray(MASK), training=True, mutable=["batch_stats"])
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


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_gradient_of_a_recurrence_equals_finite_differences(cell):
    with jax.enable_x64(True):
        module = Recurrence(3, cell)
        x, mask = jnp.asarray(normal(2, 5, 4).astype(np.float64)), jnp.asarray(np.arange(5)[None] < [[5], [3]])
        params = module.init(jax.random.key(0), x, mask)
        params = jax.tree.map(lambda value: value.astype(jnp.float64), params)
        weights = jnp.asarray(normal(2, 5, 6, seed=2).astype(np.float64))
        leaves, structure = jax.tree.flatten(params)
        sizes = np.cumsum([0, *(leaf.size for leaf in leaves)])

        def loss(vector):
            parts = [vector[a:b].reshape(leaf.shape) for a, b, leaf in zip(sizes[:-1], sizes[1:], leaves, strict=True)]
            return (module.apply(jax.tree.unflatten(structure, parts), x, mask) * weights).sum()

        vector = jnp.concatenate([leaf.reshape(-1) for leaf in leaves])
        gradient = jax.jit(jax.grad(loss))(vector)
        fast = jax.jit(loss)
        for index in np.random.default_rng(0).choice(len(vector), 25, replace=False):
            step = jnp.zeros_like(vector).at[index].set(1e-6)
            numeric = (fast(vector + step) - fast(vector - step)) / 2e-6
            np.testing.assert_allclose(gradient[index], numeric, rtol=1e-6, atol=1e-9)
