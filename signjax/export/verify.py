"""Compares exported programs with jax, on synthetic clips."""

from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from signjax.export.formats import Format
from signjax.export.network import TrainedModel, exact
from signjax.export.samples import Samples

# Largest difference of a logit that an exported program may have from jax.
TOLERANCE = 1e-4


def reference(model: TrainedModel, clips: Samples) -> list[np.ndarray]:
    """The logits of each head by jax, with the network as it is trained and tested."""
    with exact():
        return [np.asarray(logits) for logits in jax.jit(model.function())(*clips)]


def largest_difference(
    made: Format, path: Path, clips: Samples, outputs: Sequence[str], wanted: Sequence[np.ndarray]
) -> float:
    """The largest difference of a logit between the program in a file and `wanted`; infinite if one is not a number.

    All clips are given at once, and then the first alone, since the number of clips is free.
    """
    largest = 0.0
    for count in (len(clips.lengths), 1):
        found = made.run(path, clips.first(count), outputs)
        for ours, theirs in zip(wanted, found, strict=True):
            difference = np.abs(ours[:count].astype(np.float64) - theirs).max()
            largest = max(largest, float(difference) if np.isfinite(difference) else float("inf"))
    return largest
