"""The machine's own matmul rate: products of square float32 or bfloat16 matrices, in jax and in PyTorch."""

from typing import Any

from benchmarks.worker import Job

_SIZE = 2048
FLOPS = 2.0 * _SIZE**3


def build_jax(settings: dict[str, Any]) -> Job:
    import jax

    a = jax.random.normal(jax.random.key(0), (_SIZE, _SIZE), settings["precision"])
    multiply = jax.jit(lambda left, right: jax.numpy.matmul(left, right, precision="highest"))

    def run(count: int) -> None:
        for _ in range(count):
            multiply(a, a).block_until_ready()

    run(2)
    return Job({"version": jax.__version__}, run)


def build_torch(settings: dict[str, Any]) -> Job:
    import torch

    from benchmarks.peers.torch_training import set_up, wait

    device = set_up(settings)
    a = torch.randn(_SIZE, _SIZE, device=device, dtype=getattr(torch, settings["precision"]))
    out = torch.empty_like(a)

    def run(count: int) -> None:
        for _ in range(count):
            torch.mm(a, a, out=out)
        wait(device)

    run(2)
    return Job({"version": torch.__version__}, run)
