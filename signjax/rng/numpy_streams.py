"""NumPy's random streams, named once. Nothing here loads jax, so that `signjax.data` may draw from them.

A draw is identified by the seed of the run, its stream and counters within that stream, such as an epoch or the index of a clip:
any draw can be repeated on its own, and no generator is carried along. The streams of jax are in `signjax.rng.streams`.
"""

from typing import Literal

import numpy as np

Stream = Literal["split", "signer", "take", "hamnosys_clip", "order", "self_check", "excerpt", "random_convolution"]
# Changing the number of a stream changes its draws: the built-in corpora would no longer have the same bytes, and data sets would
# be split differently. Number 0 draws the same as the bare seed, because NumPy pads a seed with zeros.
_NUMBERS: dict[Stream, int] = {
    "split": 0,
    "signer": 1,
    "take": 2,
    "hamnosys_clip": 3,
    "order": 4,
    "self_check": 5,
    "excerpt": 6,
    "random_convolution": 7,
}

FixedStream = Literal["vocabulary", "outline_projection", "samples"]
_FIXED_SEEDS: dict[FixedStream, int] = {"vocabulary": 1960, "outline_projection": 1984, "samples": 0}


def numpy_stream(seed: int, stream: Stream, *counters: int) -> np.random.Generator:
    """The generator of one draw of a stream.

    Args:
      seed: the seed of the run, at least 0.
      stream: the stream to draw from.
      counters: identify the draw within the stream, for example the epoch; each at least 0.
    """
    return np.random.default_rng([seed, _NUMBERS[stream], *counters])


def fixed_numpy_stream(stream: FixedStream) -> np.random.Generator:
    """The generator of a draw that is the same in every run, whatever its seed."""
    return np.random.default_rng(_FIXED_SEEDS[stream])
