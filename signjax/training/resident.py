"""A data set that stays on the device in its stored form; batches are gathered there, inside the jitted step.

Shapes: N clips, B clips of a batch, T frames of a padded clip, F channels, P parts.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from signjax.data.dataset import Dataset


class Resident(NamedTuple):
    """A dataset's arrays, as `signjax.data.dataset.Dataset` has them.

    Attributes:
      features: float32 (sum of T, F).
      valid: bool (sum of T, P), or None where all is seen.
      start, length: int32 (N,), first frame and number of frames of each clip.
      labels: int32 (N, heads).
    """

    features: Float[Array | np.ndarray, "s f"]
    valid: Bool[Array | np.ndarray, "s p"] | None
    start: Int[Array | np.ndarray, "n"]
    length: Int[Array | np.ndarray, "n"]
    labels: Int[Array | np.ndarray, "n k"]


def resident_bytes(dataset: Dataset) -> int:
    """Memory that the dataset takes on each device."""
    return dataset.features.nbytes + (0 if dataset.valid is None else dataset.valid.nbytes)


def as_resident(dataset: Dataset) -> Resident:
    """The whole dataset in NumPy arrays, read from disk once."""
    return Resident(
        features=np.ascontiguousarray(dataset.features),
        valid=None if dataset.valid is None else np.ascontiguousarray(dataset.valid),
        start=dataset.offsets[:-1].astype(np.int32),
        length=dataset.lengths.astype(np.int32),
        labels=dataset.labels.astype(np.int32),
    )


def thinned(length: Int[Array, "b"], frames: int) -> Int[Array, "b t"]:
    """Which frame of a clip stands at each place: all in order, or evenly spread from first to last where it is longer.

    `signjax.data.batches.frame_indices` gives the same on the host: both round in integers.
    """
    place = jnp.arange(frames)[None, :]
    gaps = frames - 1
    spread = (2 * place * (length[:, None] - 1) + gaps) // (2 * gaps)
    return jnp.where(length[:, None] > frames, spread, place)


def gather(
    data: Resident, clip: Int[Array, "b"], weight: Float[Array, "b"], row: Int[Array, "b"], frames: int, parts: int
) -> dict[str, Array]:
    """The batch that `signjax.data.batches.collate` would make of these clips; rows of weight 0 are empty."""
    real = weight > 0
    length = jnp.where(real, data.length[clip], 0)
    taken = thinned(length, frames)
    length = jnp.minimum(length, frames)
    inside = jnp.arange(frames)[None, :] < length[:, None]
    source = jnp.where(inside, data.start[clip][:, None] + taken, 0)
    if data.valid is None:
        valid = jnp.broadcast_to(inside[:, :, None], (*inside.shape, parts))
    else:
        valid = data.valid[source] & inside[:, :, None]
    return {
        "frames": jnp.where(inside[:, :, None], data.features[source], 0.0),
        "length": length,
        "valid": valid,
        "labels": jnp.where(real[:, None], data.labels[clip], -1),
        "weight": weight,
        "row": row,
    }
