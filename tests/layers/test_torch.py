"""Each layer compared with PyTorch's of the same name, if it is installed: outputs, and the gradients of inputs and weights.

PyTorch receives each clip without its padding (or packed), so that it has nothing to mask.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from signjax.layers.attention import SelfAttention, positions
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock
from signjax.layers.recurrent.bidirectional import Recurrence

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

B, T, D, H, F = 3, 9, 6, 4, 8
LENGTHS = np.array([9, 4, 1])
MASK = np.arange(T)[None] < LENGTHS[:, None]


def normal(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def clips(features: int = D) -> np.ndarray:
    """Clips with zeros on padding."""
    return normal(B, T, features, seed=0) * MASK[:, :, None]


def leaf(value) -> "torch.Tensor":
    return torch.tensor(np.asarray(value), requires_grad=True)


def gradients(module, variables, x, weights, *args, **kwargs):
    """Output, and the gradients of (output * weights).sum() for the parameters and for `x`."""

    def loss(params, x):
        out = module.apply({**variables, "params": params}, x, jnp.asarray(MASK), *args, **kwargs)
        out = out[0] if kwargs.get("mutable") else out
        return (out * weights).sum(), out

    (_, out), (params, inputs) = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(
        variables["params"], jnp.asarray(x)
    )
    return np.asarray(out), jax.device_get(params), np.asarray(inputs)


def shaken(variables):
    """Variables without values that are exactly zero or one."""
    return jax.tree.map(lambda value: value + 0.1 * normal(*value.shape, seed=value.size), variables)


def equal(found, expected, atol: float = 2e-5) -> None:
    expected = expected.detach().numpy() if isinstance(expected, torch.Tensor) else expected
    np.testing.assert_allclose(found, expected, atol=atol, rtol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_recurrence_equals_torch_on_packed_sequences(cell):
    x, weights = clips(), normal(B, T, 2 * H, seed=1)
    module = Recurrence(H, cell)
    variables = shaken(module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(MASK)))
    params = variables["params"]
    peer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](D, H, batch_first=True, bidirectional=True)
    for direction, suffix in (("forward", "l0"), ("backward", "l0_reverse")):
        hidden_bias = np.zeros(len(params[f"{direction}_bias"]), np.float32)
        if cell == "gru":
            hidden_bias[2 * H :] = params[f"{direction}_candidate_bias"]
        for name, value in {
            "weight_ih": params[f"{direction}_input"]["kernel"].T,
            "bias_ih": params[f"{direction}_bias"],
            "weight_hh": params[f"{direction}_kernel"].T,
            "bias_hh": hidden_bias,
        }.items():
            getattr(peer, f"{name}_{suffix}").data = torch.tensor(np.asarray(value))
    inputs = leaf(x)
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(LENGTHS), batch_first=True)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(peer(packed)[0], batch_first=True)
    (expected * torch.tensor(weights)).sum().backward()
    out, params, x_gradient = gradients(module, variables, x, weights)
    equal(out, expected)
    equal(x_gradient, inputs.grad)
    for direction, suffix in (("forward", "l0"), ("backward", "l0_reverse")):
        equal(params[f"{direction}_input"]["kernel"].T, getattr(peer, f"weight_ih_{suffix}").grad)
        equal(params[f"{direction}_bias"], getattr(peer, f"bias_ih_{suffix}").grad)
        equal(params[f"{direction}_kernel"].T, getattr(peer, f"weight_hh_{suffix}").grad)
        if cell == "gru":
            equal(params[f"{direction}_candidate_bias"], getattr(peer, f"bias_hh_{suffix}").grad[2 * H :])


def test_attention_equals_torch_with_a_padding_mask():
    x, weights = clips(F), normal(B, T, F, seed=1) * MASK[:, :, None]
    module = SelfAttention(2)
    variables = shaken(module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(MASK)))
    params = variables["params"]
    peer = torch.nn.MultiheadAttention(F, 2, batch_first=True)
    norm = torch.nn.LayerNorm(F, eps=1e-6)
    for value, source in (
        (peer.in_proj_weight, params["query_key_value"]["kernel"].T),
        (peer.in_proj_bias, np.zeros(3 * F, np.float32)),
        (peer.out_proj.weight, params["out"]["kernel"].T),
        (peer.out_proj.bias, params["out"]["bias"]),
        (norm.weight, params["norm"]["scale"]),
        (norm.bias, params["norm"]["bias"]),
    ):
        value.data = torch.tensor(np.asarray(source))
    inputs = leaf(x)
    y = norm(inputs) + torch.tensor(np.asarray(positions(T, F)))
    expected, _ = peer(y, y, y, key_padding_mask=torch.tensor(~MASK), need_weights=False)
    (expected * torch.tensor(weights)).sum().backward()
    out, params, x_gradient = gradients(module, variables, x, weights)
    equal(out[MASK], expected.detach().numpy()[MASK])
    equal(x_gradient, inputs.grad)
    equal(params["query_key_value"]["kernel"].T, peer.in_proj_weight.grad)
    equal(params["out"]["kernel"].T, peer.out_proj.weight.grad)
    equal(params["out"]["bias"], peer.out_proj.bias.grad)
    equal(params["norm"]["scale"], norm.weight.grad)
    equal(params["norm"]["bias"], norm.bias.grad)


def test_batch_norm_equals_torch_on_the_real_frames():
    x, weights = 3 + 2 * clips(), normal(B, T, D, seed=1)
    module = MaskedBatchNorm()
    variables = shaken(module.init(jax.random.key(0), jnp.asarray(x), jnp.asarray(MASK), training=False))
    peer = torch.nn.BatchNorm1d(D)
    peer.weight.data = torch.tensor(np.asarray(variables["params"]["scale"]))
    peer.bias.data = torch.tensor(np.asarray(variables["params"]["bias"]))
    stats = variables["batch_stats"]
    peer.running_mean.data, peer.running_var.data = (torch.tensor(np.asarray(stats[k])) for k in ("mean", "variance"))
    inputs = leaf(x[MASK])
    expected = peer(inputs)
    (expected * torch.tensor(weights[MASK])).sum().backward()
    out, params, x_gradient = gradients(
        module, variables, x, weights * MASK[:, :, None], training=True, mutable=["batch_stats"]
    )
    equal(out[MASK], expected)
    equal(x_gradient[MASK], inputs.grad)
    assert not x_gradient[~MASK].any()
    equal(params["scale"], peer.weight.grad)
    equal(params["bias"], peer.bias.grad)
    updated = module.apply(variables, jnp.asarray(x), jnp.asarray(MASK), training=True, mutable=["batch_stats"])[1]
    equal(updated["batch_stats"]["mean"], peer.running_mean)
    # PyTorch divides the running variance, and it alone, by one less than the number of frames.
    count = MASK.sum()
    unbiased = (peer.running_var - 0.9 * torch.tensor(np.asarray(stats["variance"]))) * (count - 1) / count
    equal(updated["batch_stats"]["variance"] - 0.9 * stats["variance"], unbiased)
    evaluated = module.apply(variables, jnp.asarray(x), jnp.asarray(MASK), training=False)
    for name in ("mean", "variance"):
        getattr(peer, {"mean": "running_mean", "variance": "running_var"}[name]).data = torch.tensor(
            np.asarray(stats[name])
        )
    equal(np.asarray(evaluated)[MASK], peer.eval()(torch.tensor(x[MASK])))


@pytest.mark.parametrize("filters", [D, F])
def test_a_residual_block_equals_torch_on_each_clip_alone(filters):
    """Convolution, batch norm and skip: `Conv1d` and `BatchNorm1d`."""
    kernel = 5
    x, weights = clips(), normal(B, T, filters, seed=1) * MASK[:, :, None]
    module = ResidualBlock(filters, kernel, 0.0)
    args, row = (jnp.asarray(x), jnp.asarray(MASK)), jnp.arange(B)
    variables = shaken(module.init(jax.random.key(0), *args, row, training=False))
    params = variables["params"]
    convolution = torch.nn.Conv1d(D, filters, kernel, padding=kernel // 2, bias=False)
    skip = torch.nn.Conv1d(D, filters, 1, bias=False)
    norm = torch.nn.BatchNorm1d(filters)
    # Flax keeps (frames, in, out), PyTorch (out, in, frames).
    pairs = {("convolution", "kernel"): (convolution, lambda v: v.transpose(2, 1, 0))}
    if filters != D:
        pairs[("skip", "kernel")] = (skip, lambda v: v.T[:, :, None])
    pairs[("norm", "scale")] = (norm, lambda v: v)
    for (layer, name), (peer, turned) in pairs.items():
        peer.weight.data = torch.tensor(turned(np.asarray(params[layer][name])).copy())
    norm.bias.data = torch.tensor(np.asarray(params["norm"]["bias"]))
    inputs = [leaf(clip[:length].T[None]) for clip, length in zip(x, LENGTHS, strict=True)]
    convolved = [convolution(clip) for clip in inputs]
    # All real frames of all clips together, as one long clip without borders.
    normal_frames = norm(torch.cat(convolved, dim=2))
    skipped = torch.cat([clip if filters == D else skip(clip) for clip in inputs], dim=2)
    expected = (skipped + torch.nn.functional.gelu(normal_frames, approximate="tanh"))[0].T
    (expected * torch.tensor(weights[MASK])).sum().backward()
    out, params, x_gradient = gradients(module, variables, x, weights, row, training=True, mutable=["batch_stats"])
    equal(out[MASK], expected)
    equal(x_gradient[MASK], torch.cat([clip.grad[0].T for clip in inputs]))
    for (layer, name), (peer, turned) in pairs.items():
        equal(turned(params[layer][name]), peer.weight.grad)
    equal(params["norm"]["bias"], norm.bias.grad)
