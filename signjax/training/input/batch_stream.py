"""The batches of an epoch: indices if the dataset is on the devices, padded batches otherwise."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from signjax.data.batching.batch import Batch, IndexBatch
from signjax.data.batching.collate import collate
from signjax.data.batching.epoch_plan import PlannedBatch, group_runs
from signjax.data.batching.excerpts import Excerpts
from signjax.data.dataset import Dataset
from signjax.training.parallel import shard_steps


class Dispatch(NamedTuple):
    """The steps that the devices run before they report.

    Attributes:
      frames: T, the length that the clips of its batches are padded to.
      batches: arrays with axes (devices, steps, clips per device, ...).
      steps: the number of steps to run; any further ones repeat the last batch.
    """

    frames: int
    batches: Batch | IndexBatch
    steps: int


def make_index_batch(clips: np.ndarray, excerpts: Excerpts, batch_size: int) -> IndexBatch:
    """The batch of indices for `device_dataset.gather`, which returns what `collate` would; rows without a clip have weight 0.

    Args:
      clips: their indices, at most `batch_size`.
      excerpts: the frames to use of each clip.
      batch_size: B.
    """

    def fill(values: np.ndarray) -> np.ndarray:
        filled = np.zeros(batch_size, np.int32)
        filled[: len(clips)] = values
        return filled

    rows = np.arange(batch_size, dtype=np.int32)
    weight = (rows < len(clips)).astype(np.float32)
    first, last, played = map(fill, excerpts)
    return IndexBatch(fill(clips), first, last, played, weight, rows)


def stream_dispatches(
    dataset: Dataset,
    clips: np.ndarray,
    excerpts: Excerpts,
    planned: Sequence[PlannedBatch],
    batch_size: int,
    devices: int,
    steps: int,
    *,
    resident: bool,
) -> Iterator[Dispatch]:
    """The planned batches of `clips` in order, grouped into at most `steps` of equal length.

    `excerpts` are the frames to use of each of `clips`; `resident` says whether the dataset is on the devices.
    """
    for run in group_runs(list(planned), steps):
        made: list[Any]
        if resident:
            made = [make_index_batch(clips[batch.clips], excerpts.of(batch.clips), batch_size) for batch in run]
        else:
            made = [
                collate(dataset, clips[batch.clips], batch_size, batch.frames, excerpts.of(batch.clips))
                for batch in run
            ]
        yield Dispatch(run[0].frames, shard_steps(made, devices, steps), len(run))
