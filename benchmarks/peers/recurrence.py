"""Forward and backward pass of a bidirectional LSTM or GRU over clips of one length; see `benchmarks.recurrence`.

signjax and Flax receive the lengths and mask by them, and both run with jax set up as signjax sets it up. PyTorch does not receive
them: with packed sequences it would lose its fused LSTM.
"""

from dataclasses import replace
from typing import Any

from benchmarks.worker import Job


def _job_of_jax(module: Any, settings: dict[str, Any], *extra: Any) -> Job:
    """Gradients of weights and inputs; with `shared`, the clips are divided among jax's devices, as in training."""
    import jax

    from signjax.training.parallel import AXIS

    shared = settings["shared"]
    count = len(jax.local_devices()) if shared else 1
    x = jax.random.normal(jax.random.key(0), (settings["batch"], settings["frames"], settings["features"]))
    x = x.astype(settings["precision"])
    variables = module.init(jax.random.key(1), x, *extra)
    weights = jax.random.normal(jax.random.key(2), (*x.shape[:2], 2 * settings["units"]))

    def loss(variables: Any, x: Any, weights: Any, *extra: Any) -> Any:
        return (module.apply(variables, x, *extra).astype(weights.dtype) * weights).sum()

    gradient = jax.grad(loss, argnums=(0, 1))

    def on_each_device(variables: Any, *arrays: Any) -> Any:
        d_variables, d_x = gradient(variables, *arrays)
        return jax.lax.psum(d_variables, AXIS), d_x

    arrays = (x, weights, *extra)
    if shared:
        axes = (None, *(0 for _ in arrays))
        run_once = jax.pmap(on_each_device, AXIS, in_axes=axes, out_axes=(None, 0))
        # Each device holds its share before the clock starts.
        arrays = tuple(jax.pmap(lambda share: share)(value.reshape(count, -1, *value.shape[1:])) for value in arrays)
    else:
        run_once = jax.jit(gradient)

    def run(count: int) -> None:
        for _ in range(count):
            jax.block_until_ready(run_once(variables, *arrays))

    run(3)
    return Job({"version": jax.__version__, "devices": count}, run)


def build_signjax(settings: dict[str, Any]) -> Job:
    import jax.numpy as jnp

    from benchmarks.peers.recurrences import prefer_scans, running
    from signjax.layers.recurrent.bidirectional import Recurrence
    from signjax.runtime.jax_setup import configure_jax

    configure_jax()
    if settings.get("scans"):
        prefer_scans()
    mask = jnp.ones((settings["batch"], settings["frames"]), bool)
    layer = Recurrence(settings["units"], settings["cell"], dtype=jnp.dtype(settings["precision"]))
    job = _job_of_jax(layer, settings, mask)
    return replace(job, facts={**job.facts, "recurrences": running(settings["units"], settings["precision"])})


def build_flax(settings: dict[str, Any]) -> Job:
    import jax.numpy as jnp
    from flax import linen as nn

    from signjax.runtime.jax_setup import configure_jax

    configure_jax()

    class Bidirectional(nn.Module):
        """Flax's own layers, with lengths."""

        @nn.compact
        def __call__(self, x: Any, lengths: Any) -> Any:
            cell = {"lstm": nn.OptimizedLSTMCell, "gru": nn.GRUCell}[settings["cell"]]
            dtype = jnp.dtype(settings["precision"])  # by default it would be that of the weights, float32
            forward, backward = (nn.RNN(cell(settings["units"], dtype=dtype)) for _ in range(2))
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
