"""A dataset that stays on the device in its stored form; batches are gathered there, inside the jitted step.

Shapes: N clips, B clips per batch, T frames of a padded clip, F channels, P parts.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from signjax.data.batching.batch import Batch, IndexBatch
from signjax.data.dataset import Dataset


class DeviceDataset(NamedTuple):
    """A dataset's arrays, as in `signjax.data.dataset.Dataset`.

    Attributes:
      features: float32 (sum of T, F).
      valid: bool (sum of T, P), or None if all parts are seen.
      start: int32 (N,), first frame of each clip.
      labels: int32 (N, heads).
    """

    features: Float[Array | np.ndarray, "s f"]
    valid: Bool[Array | np.ndarray, "s p"] | None
    start: Int[Array | np.ndarray, "n"]
    labels: Int[Array | np.ndarray, "n k"]


class Resident(NamedTuple):
    """What lies on every device as long as a run trains.

    Attributes:
      data: the dataset, where it fits.
      arguments: the values of settings that are not compiled in.
    """

    data: DeviceDataset | None
    arguments: dict[str, Any]


def resident_bytes(dataset: Dataset) -> int:
    """The memory that the dataset needs on each device."""
    return dataset.features.nbytes + (0 if dataset.valid is None else dataset.valid.nbytes)


def load_device_dataset(dataset: Dataset) -> DeviceDataset:
    """The whole dataset in NumPy arrays, read from disk once."""
    return DeviceDataset(
        features=np.ascontiguousarray(dataset.features),
        valid=None if dataset.valid is None else np.ascontiguousarray(dataset.valid),
        start=dataset.offsets[:-1].astype(np.int32),
        labels=dataset.labels.astype(np.int32),
    )


def excerpt_indices(
    first: Int[Array, "b"], last: Int[Array, "b"], played: Int[Array, "b"], frames: int
) -> Int[Array, "b t"]:
    """The frame of the clip at each position; positions from `played` on are meaningless.

    `signjax.data.batching.excerpts.frame_indices` computes the same on the host.
    """
    gaps = jnp.maximum(played - 1, 1)[:, None]
    return first[:, None] + (2 * jnp.arange(frames)[None, :] * (last - first)[:, None] + gaps) // (2 * gaps)


def gather(data: DeviceDataset, batch: IndexBatch, frames: int, parts: int) -> Batch:
    """The batch that `signjax.data.batching.collate.collate` would make from these clips.

    Args:
      data: the dataset.
      batch: the clips and the frames to use; rows of weight 0 are empty.
      frames: T.
      parts: P, the number of parts of the layout.
    """
    clip, length = batch.clip, batch.played
    inside = jnp.arange(frames)[None, :] < length[:, None]
    taken = excerpt_indices(batch.first, batch.last, length, frames)
    source = jnp.where(inside, data.start[clip][:, None] + taken, 0)
    if data.valid is None:
        valid = jnp.broadcast_to(inside[:, :, None], (*inside.shape, parts))
    else:
        valid = data.valid[source] & inside[:, :, None]
    return Batch(
        frames=jnp.where(inside[:, :, None], data.features[source], 0.0),
        length=length,
        valid=valid,
        labels=jnp.where(batch.weight[:, None] > 0, data.labels[clip], -1),
        weight=batch.weight,
        row=batch.row,
    )
