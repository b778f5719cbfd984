"""Forward and backward pass of a bidirectional LSTM or GRU over clips of one length; see `benchmarks.recurrence`.

signjax and Flax are told the lengths and mask by them, and both have the C library keep freed memory, as signjax does. PyTorch is
not told: it would lose its fused LSTM on packed sequences.
"""

from typing import Any

from benchmarks.worker import Job


def _job_of_jax(module: Any, settings: dict[str, Any], *extra: Any) -> Job:
    import jax

    from signjax.devices import keep_freed_memory

    keep_freed_memory()
    x = jax.random.normal(jax.random.key(0), (settings["batch"], settings["frames"], settings["features"]))
    x = x.astype(settings["precision"])
    variables = module.init(jax.random.key(1), x, *extra)
    weights = jax.random.normal(jax.random.key(2), (*x.shape[:2], 2 * settings["units"]))

    def loss(variables: Any, x: Any, *extra: Any) -> Any:
        return (module.apply(variables, x, *extra) * weights).sum()

    gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))

    def run(count: int) -> None:
        for _ in range(count):
            jax.block_until_ready(gradient(variables, x, *extra))

    run(3)
    return Job({"version": jax.__version__}, run)


def build_signjax(settings: dict[str, Any]) -> Job:
    import jax.numpy as jnp

    from signjax.layers.recurrence import Recurrence

    mask = jnp.ones((settings["batch"], settings["frames"]), bool)
    return _job_of_jax(Recurrence(settings["units"], settings["cell"]), settings, mask)


def build_flax(settings: dict[str, Any]) -> Job:
    import jax.numpy as jnp
    from flax import linen as nn

    class Bidirectional(nn.Module):
        """Flax's own layers, with lengths."""

        @nn.compact
        def __call__(self, x: Any, lengths: Any) -> Any:
            cell = {"lstm": nn.OptimizedLSTMCell, "gru": nn.GRUCell}[settings["cell"]]
            forward, backward = nn.RNN(cell(settings["units"])), nn.RNN(cell(settings["units"]))
            return nn.Bidirectional(forward, backward)(x, seq_lengths=lengths)

    lengths = jnp.full(settings["batch"], settings["frames"])
    return _job_of_jax(Bidirectional(), settings, lengths)


def build_torch(settings: dict[str, Any]) -> Job:
    import torch

    from benchmarks.peers.torch_training import set_up, wait

    device = set_up(settings)
    dtype = getattr(torch, settings["precision"])
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[settings["cell"]]
    module = layer(settings["features"], settings["units"], batch_first=True, bidirectional=True)
    module = module.to(device, dtype)
    x = torch.randn(settings["batch"], settings["frames"], settings["features"], device=device, dtype=dtype)
    x.requires_grad_(True)
    weights = torch.randn(settings["batch"], settings["frames"], 2 * settings["units"], device=device, dtype=dtype)

    def run(count: int) -> None:
        for _ in range(count):
            x.grad = None
            module.zero_grad(set_to_none=True)
            (module(x)[0] * weights).sum().backward()
        wait(device)

    run(3)
    return Job({"version": torch.__version__}, run)
