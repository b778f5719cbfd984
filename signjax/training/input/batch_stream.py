"""What an epoch hands to the devices: the numbers of clips for a data set that lies there, padded batches for one that does not."""

from collections.abc import Iterator, Sequence

import numpy as np

from signjax.data.batching.collate import Batch, collate
from signjax.data.batching.epoch_plan import PlannedBatch, runs
from signjax.data.batching.excerpts import Excerpts
from signjax.data.dataset import Dataset
from signjax.training.parallel import shard_steps

# What a dispatch runs on: the number of frames, batches with axes (devices, steps, clips of a device, ...), and how many of the
# steps are to be run.
Dispatch = tuple[int, dict[str, np.ndarray], int]


def clip_numbers(clips: np.ndarray, excerpts: Excerpts, batch_size: int) -> Batch:
    """The batch as the device gathers it: `clip` and the excerpt's fields int32 (B,), `weight` and `row` as `collate` has them."""
    batch = {name: np.zeros(batch_size, np.int32) for name in ("clip", *Excerpts._fields)}
    for name, values in {"clip": clips, **excerpts._asdict()}.items():
        batch[name][: len(clips)] = values
    weight = (np.arange(batch_size) < len(clips)).astype(np.float32)
    return {**batch, "weight": weight, "row": np.arange(batch_size, dtype=np.int32)}


def dispatches(
    dataset: Dataset,
    clips: np.ndarray,
    excerpts: Excerpts,
    planned: Sequence[PlannedBatch],
    batch_size: int,
    devices: int,
    steps: int,
    *,
    resident: bool,
) -> Iterator[tuple[Dispatch, int]]:
    """The planned batches of `clips` in order, at most `steps` of one size together, and how many each time.

    `excerpts` are what is shown of each of `clips`; `resident` says whether the dataset lies on the devices.
    """
    for run in runs(list(planned), steps):
        if resident:
            made = [clip_numbers(clips[batch.clips], excerpts.of(batch.clips), batch_size) for batch in run]
        else:
            made = [
                collate(dataset, clips[batch.clips], batch_size, batch.frames, excerpts.of(batch.clips))
                for batch in run
            ]
        yield (run[0].frames, shard_steps(made, devices, steps), len(run)), len(run)
