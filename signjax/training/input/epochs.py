"""The batches of all epochs: a pure function of the dataset, the settings and the seed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from signjax.data.batching.epoch_plan import PlannedBatch, assign_buckets, plan_epoch, steps_per_epoch
from signjax.data.batching.excerpts import Excerpts, Pace, draw_excerpts
from signjax.data.dataset import Dataset
from signjax.training.input.batch_stream import Dispatch, stream_dispatches


@dataclass(frozen=True)
class Epochs:
    """What training on some clips of a dataset hands to the devices.

    Attributes:
      dataset: has the clips.
      clips: indices of those that are trained on.
      pace: how excerpts are drawn.
      buckets: the numbers of frames that batches are padded to, ascending.
      batch_size: clips a step, over all devices.
      devices: the number of them.
      steps: most steps of a dispatch.
      resident: whether the dataset is on the devices.
      seed: of the run.
    """

    dataset: Dataset
    clips: Int[np.ndarray, "n"]
    pace: Pace
    buckets: tuple[int, ...]
    batch_size: int
    devices: int
    steps: int
    resident: bool
    seed: int

    @property
    def steps_each(self) -> int:
        """Steps of an epoch."""
        return steps_per_epoch(len(self.clips), self.batch_size)

    def dispatches(self, epoch: int, done: int = 0) -> Iterator[Dispatch]:
        """What is left of an epoch, counted from 1, when `done` of its steps are made."""
        excerpts, planned = self._planned(epoch)
        return stream_dispatches(
            self.dataset,
            self.clips,
            excerpts,
            planned[done:],
            self.batch_size,
            self.devices,
            self.steps,
            resident=self.resident,
        )

    def names(self, step: int) -> list[str]:
        """The names of the clips of a step, counted from 0 over all epochs."""
        epoch, at = divmod(step, self.steps_each)
        batch = self._planned(epoch + 1)[1][at]
        return [self.dataset.clips[clip]["clip"] for clip in self.clips[batch.clips]]

    def _planned(self, epoch: int) -> tuple[Excerpts, list[PlannedBatch]]:
        excerpts = draw_excerpts(self.dataset.lengths[self.clips], self.pace, self.buckets[-1], self.seed, epoch - 1)
        return excerpts, plan_epoch(
            epoch - 1, assign_buckets(excerpts.played, self.buckets), self.batch_size, self.seed
        )
