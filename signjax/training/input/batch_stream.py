"""The batches of an epoch: indices if the dataset is on the devices, padded batches otherwise."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Int

from signjax.data.batching.batch import Batch, IndexBatch
from signjax.data.batching.collate import collate
from signjax.data.batching.epoch_plan import PlannedBatch, group_runs
from signjax.data.batching.excerpts import Excerpts, whole_clips
from signjax.data.dataset import Dataset
from signjax.runtime import processes
from signjax.training.input.device_dataset import DeviceDataset, gather
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


def make_index_batch(clips: Int[np.ndarray, "n"], excerpts: Excerpts, batch_size: int) -> IndexBatch:
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
    clips: Int[np.ndarray, "n"],
    excerpts: Excerpts,
    planned: Sequence[PlannedBatch],
    batch_size: int,
    devices: int,
    steps: int,
    *,
    resident: bool,
) -> Iterator[Dispatch]:
    """The rows of this process of the planned batches of `clips` in order, grouped into at most `steps` of equal length.

    `excerpts` are the frames to use of each of `clips`; `devices` are those of this process; `resident` says whether the dataset is
    on them. Frames are read for these rows alone.
    """
    rows = processes.my_rows(batch_size)
    for run in group_runs(list(planned), steps):
        made: list[Any] = []
        for batch in run:
            mine = batch.clips[rows]
            part: Any
            if resident:
                part = make_index_batch(clips[mine], excerpts.of(mine), rows.stop - rows.start)
            else:
                part = collate(dataset, clips[mine], rows.stop - rows.start, batch.frames, excerpts.of(mine))
            made.append(part._replace(row=part.row + rows.start))
        yield Dispatch(run[0].frames, shard_steps(made, devices, steps), len(run))


def whole_batch(dataset: Dataset, data: DeviceDataset | None, clips: np.ndarray, frames: int) -> Batch:
    """One batch of these clips, each whole, as the training step gets it: from the device where the dataset lies there."""
    shown = whole_clips(dataset.lengths[clips], frames)
    if data is None:
        return collate(dataset, clips, len(clips), frames, shown)
    indices = make_index_batch(clips, shown, len(clips))
    gathered = jax.jit(gather, static_argnums=(2, 3))(data, indices, frames, len(dataset.layout.parts))
    return jax.device_get(gathered)
