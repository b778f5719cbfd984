"""The training step of the hybrid in PyTorch, on one batch that stays in memory; see `benchmarks.train_step`."""

from functools import partial
from typing import Any

import torch

from benchmarks.peers.network import network_of
from benchmarks.peers.torch_network import Hybrid
from benchmarks.peers.torch_training import capture, make_step, parameter_count, set_up, wait
from benchmarks.worker import Job


def build(settings: dict[str, Any]) -> Job:
    device = set_up(settings)
    network = network_of(settings)
    model = Hybrid(network, settings["frames"]).to(device).train()
    x = torch.randn(settings["batch"], settings["frames"], network.inputs, device=device)
    labels = torch.randint(network.classes, (settings["batch"],), device=device)
    step = make_step(model, device, settings)
    update = capture(step, x, labels) if settings.get("captured") else partial(step, x, labels)

    def run(count: int) -> None:
        for _ in range(count):
            loss = update()
        loss.item()
        wait(device)

    run(2)
    return Job({"parameters": parameter_count(model), "version": torch.__version__}, run)
