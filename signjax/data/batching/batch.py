"""The input of a step: padded frames, or the indices of the clips and frames that a device gathers itself.

The arrays are NumPy arrays on the host and JAX arrays in a step. A batch for several devices has further leading axes: devices, and
steps of a dispatch.

Shapes: B clips per batch, T frames that clips are padded to, F channels, P parts.
"""

from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int


class Batch(NamedTuple):
    """Clips padded to the same number of frames.

    Attributes:
      frames: float32 (B, T, F), zero on padding.
      length: int32 (B,), the number of real frames in each clip.
      valid: bool (B, T, P), which parts were seen; False on padding.
      labels: int32 (B, heads); -1 = not labelled.
      weight: float32 (B,): 1, or 0 for rows that only fill the batch.
      row: int32 (B,), each clip's row in the global batch, which determines its random streams.
    """

    frames: Float[Any, "*lead b t f"]
    length: Int[Any, "*lead b"]
    valid: Bool[Any, "*lead b t p"]
    labels: Int[Any, "*lead b k"]
    weight: Float[Any, "*lead b"]
    row: Int[Any, "*lead b"]


class IndexBatch(NamedTuple):
    """The same clips as indices, for a dataset that is stored on the device.

    Attributes:
      clip: int32 (B,), indices into the dataset.
      first, last, played: int32 (B,), the excerpt of each clip, as in `signjax.data.batching.excerpts.Excerpts`.
      weight, row: as in `Batch`.
    """

    clip: Int[Any, "*lead b"]
    first: Int[Any, "*lead b"]
    last: Int[Any, "*lead b"]
    played: Int[Any, "*lead b"]
    weight: Float[Any, "*lead b"]
    row: Int[Any, "*lead b"]
