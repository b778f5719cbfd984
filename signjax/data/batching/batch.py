"""What a step is given: padded frames, or the clips and frames that a device is to gather itself.

The arrays are NumPy's on the host and JAX's in a step. A batch on its way to the devices has further axes in front: devices, and
steps of a dispatch.

Shapes: B clips a batch, T frames a clip is padded to, F channels, P parts.
"""

from typing import Any, NamedTuple

from jaxtyping import Bool, Float, Int


class Batch(NamedTuple):
    """Clips padded to one number of frames.

    Attributes:
      frames: float32 (B, T, F), zeros on padding.
      length: int32 (B,), real frames of each clip.
      valid: bool (B, T, P), which parts were seen; False on padding.
      labels: int32 (B, heads); -1 = not labelled.
      weight: float32 (B,): 1, or 0 for rows that only fill the batch.
      row: int32 (B,), each clip's row in the global batch, which names its random streams.
    """

    frames: Float[Any, "*lead b t f"]
    length: Int[Any, "*lead b"]
    valid: Bool[Any, "*lead b t p"]
    labels: Int[Any, "*lead b k"]
    weight: Float[Any, "*lead b"]
    row: Int[Any, "*lead b"]


class IndexBatch(NamedTuple):
    """The same clips as numbers, for a dataset that lies on the device.

    Attributes:
      clip: int32 (B,), indices into the dataset.
      first, last, played: int32 (B,), the excerpt of each clip, as `signjax.data.batching.excerpts.Excerpts` has it.
      weight, row: as in `Batch`.
    """

    clip: Int[Any, "*lead b"]
    first: Int[Any, "*lead b"]
    last: Int[Any, "*lead b"]
    played: Int[Any, "*lead b"]
    weight: Float[Any, "*lead b"]
    row: Int[Any, "*lead b"]
