"""Synthetic clips, drawn from what a model's `InputSpec` says of its data: no clip of a person is needed to compare programs.

Shapes: N clips, T frames, F channels, P parts.
"""

from typing import NamedTuple

import numpy as np

from signjax.model.input_spec import InputSpec
from signjax.rng.numpy_streams import fixed_numpy_stream

_UNSEEN = 0.15  # share of parts and frames


class Samples(NamedTuple):
    """Cleaned clips, padded with zeros; the fields are the inputs of a program.

    Attributes:
      frames: float32 (N, T, F).
      lengths: int32 (N,).
      valid: bool (N, T, P).
    """

    frames: np.ndarray
    lengths: np.ndarray
    valid: np.ndarray

    def first(self, count: int) -> "Samples":
        """Some of the clips."""
        return Samples(*(values[:count] for values in self))


def sample_clips(spec: InputSpec) -> Samples:
    """Clips of one frame, of a few, and up to the frame limit, always the same for a spec.

    Each has its own place and moves about it; parts are unseen here and there, and one part for a whole clip. A few values lie
    beyond the plausible range.
    """
    random = fixed_numpy_stream("samples")
    frames, width, parts = spec.frames, spec.layout.width, len(spec.layout.parts)
    lengths = np.array([frames, 1, 2, max(frames // 3, 1), max(frames - 1, 1), 5], np.int32).clip(max=frames)
    own = random.normal(size=(len(lengths), 1, width))
    moving = np.cumsum(random.normal(size=(len(lengths), frames, width)), axis=1) * spec.speed
    values = spec.mean + spec.std * own + np.clip(moving, -3 * spec.within, 3 * spec.within)
    values = np.where(random.random(values.shape) < 0.001, 1e3 * values, values)
    valid = random.random((len(lengths), frames, parts)) >= _UNSEEN
    valid[-1, :, 0] = False
    real = np.arange(frames) < lengths[:, None]
    valid &= real[:, :, None]
    seen = valid[:, :, spec.layout.part_of_channel]
    return Samples(np.where(seen, values, 0).astype(np.float32), lengths, valid)
