"""Trains the network in PyTorch by the recipe of a finished run; see `benchmarks.time_to_accuracy`."""

import contextlib
from typing import Any

import torch
from torch import nn

from benchmarks.peers.recipe import read_recipe
from benchmarks.peers.torch_network import Hybrid, clip_losses
from benchmarks.peers.torch_training import make_optimizer, set_up
from benchmarks.worker import Job

_CLIPS_AT_ONCE = 256


def build(settings: dict[str, Any]) -> Job:
    """Trains and answers; the facts hold the result."""
    device, recipe = set_up(settings), read_recipe(settings)
    train, loss_settings = recipe.config["train"], recipe.config["loss"]
    model = Hybrid(recipe.network, recipe.x.shape[1]).to(device).train()
    optimizer = make_optimizer(model, train["learning_rate"], train["weight_decay"])
    weights = [value.detach() for value in model.state_dict().values() if value.is_floating_point()]
    average = [value.clone() for value in weights]
    x, labels = torch.from_numpy(recipe.x).to(device), torch.from_numpy(recipe.labels).to(device)
    bfloat16 = recipe.config["model"]["precision"] == "bfloat16"

    def precision() -> Any:
        return torch.autocast(device.type, torch.bfloat16) if bfloat16 else contextlib.nullcontext()

    for step, (rate, clips) in enumerate(recipe.batches()):
        for group in optimizer.param_groups:
            group["lr"] = rate
        chosen = torch.from_numpy(clips).to(device)
        with precision():
            loss = clip_losses(model(x[chosen]), labels[chosen], loss_settings).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), train["clip_norm"])
        optimizer.step()
        decay = min(train["average_decay"], (1 + step) / (10 + step))  # as in `signjax.training.step`
        torch._foreach_lerp_(average, weights, 1.0 - decay)
    for value, mean in zip(weights, average, strict=True):
        value.copy_(mean)
    model.eval()
    with torch.inference_mode(), precision():
        logits = torch.cat([model(some.to(device)) for some in torch.from_numpy(recipe.x_test).split(_CLIPS_AT_ONCE)])
    return Job({"top1": recipe.top1(logits.float().cpu().numpy()), "version": torch.__version__}, lambda _: None)
