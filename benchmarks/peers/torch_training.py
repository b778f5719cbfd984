"""One training step in PyTorch: forward, loss, backward, gradient clipping, AdamW, moving average of the weights."""

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers.torch_network import clip_losses
from configs.base import get_config

Step = Callable[[Tensor, Tensor], Tensor]


def set_up(settings: dict[str, Any]) -> torch.device:
    """Sets threads, the device and full float32 precision for matrix products."""
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda" if settings["device"] == "gpu" else "cpu")


def parameter_count(model: nn.Module) -> int:
    return sum(value.numel() for value in model.parameters())


def wait(device: torch.device) -> None:
    """Waits until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def make_optimizer(
    model: nn.Module, rate: float, weight_decay: float, *, captured: bool = False
) -> torch.optim.Optimizer:
    """AdamW, fused, without decay of biases and scales; `captured` as in `make_step`."""
    matrices = [value for value in model.parameters() if value.ndim > 1]
    others = [value for value in model.parameters() if value.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, fused=True, capturable=captured)


def make_step(model: nn.Module, device: torch.device, settings: dict[str, Any]) -> Step:
    """A function (inputs, labels) -> loss that performs one update of `model`.

    Settings used: `precision`; `compiled`: whether the forward pass and the loss go through `torch.compile`, on a GPU with
    CUDA graphs; `captured`: whether `capture` will record the step, which rules out CUDA graphs of its parts. AdamW is fused;
    averaging and clipping use the multi-tensor functions.
    """
    config, captured = get_config(), settings.get("captured", False)
    train, loss_settings = config.train, config.loss.to_dict()
    optimizer = make_optimizer(model, train.learning_rate, train.weight_decay, captured=captured)
    averaged = [value.detach() for value in model.state_dict().values() if value.is_floating_point()]
    average = [value.clone() for value in averaged]
    parameters = list(model.parameters())
    autocast: Callable[[], Any] = contextlib.nullcontext
    if settings["precision"] == "bfloat16":
        autocast = lambda: torch.autocast(device.type, torch.bfloat16)  # noqa: E731

    def loss_of(x: Tensor, labels: Tensor) -> Tensor:
        return clip_losses(model(x), labels, loss_settings).mean()

    if settings["compiled"]:
        graphs = device.type == "cuda" and not captured
        loss_of = torch.compile(loss_of, mode="reduce-overhead" if graphs else "default")

    def step(x: Tensor, labels: Tensor) -> Tensor:
        with autocast():
            loss = loss_of(x, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, train.clip_norm)
        optimizer.step()
        torch._foreach_lerp_(average, averaged, 1.0 - train.average_decay)
        return loss.detach()

    return step


def capture(step: Step, x: Tensor, labels: Tensor) -> Callable[[], Tensor]:
    """A function that replays one update on these same arrays, recorded as a CUDA graph after a few warm-up updates."""
    warm = torch.cuda.Stream()
    warm.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warm):
        for _ in range(3):
            step(x, labels)
    torch.cuda.current_stream().wait_stream(warm)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step(x, labels)

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay
