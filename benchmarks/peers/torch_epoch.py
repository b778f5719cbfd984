"""Training epochs in PyTorch on real clips, padded to one length or in buckets; see `benchmarks.epoch`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from benchmarks.peers.clips import TrainingClips
from benchmarks.peers.network import base_network
from benchmarks.peers.torch_network import Hybrid
from benchmarks.peers.torch_training import make_step, parameter_count, set_up, wait
from benchmarks.worker import Job


class Batches:
    """The batches of an epoch as a sampler: drawn again for each pass."""

    def __init__(self, clips: TrainingClips, batch: int, *, bucketed: bool):
        self._clips, self._batch, self._bucketed = clips, batch, bucketed

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self._clips.order(self._batch, bucketed=self._bucketed))

    def __len__(self) -> int:
        return len(self._clips) // self._batch


class Numbers(torch.utils.data.Dataset):
    """Passes the indices of a batch's clips to `collate`, which reads, augments and pads them together."""

    def __getitem__(self, index: int) -> int:
        return index


def build(settings: dict[str, Any]) -> Job:
    device = set_up(settings)
    clips = TrainingClips(settings["folder"])
    bucketed, frames = settings["bucketed"], settings["frames"]

    def collate(indices: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        x, labels = clips.batch(np.array(indices), frames, tight=bucketed)
        return torch.from_numpy(x), torch.from_numpy(labels)

    loader = DataLoader(
        Numbers(),
        batch_sampler=Batches(clips, settings["batch"], bucketed=bucketed),
        collate_fn=collate,
        num_workers=settings["loaders"],
        persistent_workers=settings["loaders"] > 0,
        pin_memory=device.type == "cuda",
    )
    model = Hybrid(base_network(clips.inputs, clips.classes), frames).to(device).train()
    step = make_step(model, device, settings)

    def run(epochs: int) -> None:
        for _ in range(epochs):
            for x, labels in loader:
                loss = step(x.to(device, non_blocking=True), labels.to(device, non_blocking=True))
        loss.item()
        wait(device)

    run(1)
    whole = len(clips) // settings["batch"] * settings["batch"]
    return Job({"parameters": parameter_count(model), "version": torch.__version__, "clips": whole}, run)
