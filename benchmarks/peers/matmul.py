"""The machine's own matmul rate: products of square float32 or bfloat16 matrices, in jax and in PyTorch."""

from typing import Any

from benchmarks.worker import Job

# Rows and columns: enough to reach the full rate of a device.
_SIZES = {"cpu": 2048, "gpu": 8192}


def flops(device: str) -> float:
    """Floating-point operations of one product."""
    return 2.0 * _SIZES[device] ** 3


def build_jax(settings: dict[str, Any]) -> Job:
    import jax

    size = _SIZES[settings["device"]]
    a = jax.random.normal(jax.random.key(0), (size, size), settings["precision"])
    multiply = jax.jit(lambda left, right: jax.numpy.matmul(left, right, precision="highest"))

    def run(count: int) -> None:
        for _ in range(count):
            product = multiply(a, a)
        product.block_until_ready()

    run(2)
    return Job({"version": jax.__version__}, run)


def build_torch(settings: dict[str, Any]) -> Job:
    import torch

    from benchmarks.peers.torch_training import set_up, wait

    device, size = set_up(settings), _SIZES[settings["device"]]
    a = torch.randn(size, size, device=device, dtype=getattr(torch, settings["precision"]))
    out = torch.empty_like(a)

    def run(count: int) -> None:
        for _ in range(count):
            torch.mm(a, a, out=out)
        wait(device)

    run(2)
    return Job({"version": torch.__version__}, run)
