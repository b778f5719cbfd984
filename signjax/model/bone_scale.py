"""How much and how fast bones move in the training clips: what their movements and velocities are divided by.

Shapes: T frames of a clip, S coordinates of bones.
"""

from typing import NamedTuple

import numpy as np

from signjax.data.dataset import Dataset
from signjax.data.geometry.bones import bones_of, directions

_CLIPS = 1_000  # at most; two numbers need no more
_LEAST = 1e-3  # of a direction, whose length is 1


class BoneScale(NamedTuple):
    """Root mean squares over all bones and clips.

    Attributes:
      movement: of a coordinate of a direction less its mean in the clip.
      speed: of the difference between the coordinates of neighbouring frames.
    """

    movement: float
    speed: float


def measure_bones(dataset: Dataset) -> BoneScale | None:
    """The scale in training clips, or in a thousand of them, evenly drawn; None if the layout has no bones."""
    if not bones_of(dataset.layout).coordinates:
        return None
    clips = dataset.indices("train")
    squares, counts = np.zeros(2), np.zeros(2)
    for clip in clips[np.linspace(0, len(clips) - 1, min(len(clips), _CLIPS)).round().astype(np.int64)]:
        seen = dataset.validity(clip)[:, dataset.layout.part_of_channel]
        bone, both = directions(np.clip(dataset.frames(clip), dataset.low, dataset.high), seen, dataset.layout)
        moved = (bone - bone.sum(0) / np.maximum(both.sum(0), 1)) * both
        step, stepped = np.diff(bone, axis=0), both[1:] & both[:-1]
        squares += [np.square(moved).sum(), np.square(step * stepped).sum()]
        counts += [both.sum(), stepped.sum()]
    movement, speed = np.maximum(np.sqrt(squares / np.maximum(counts, 1)), _LEAST).tolist()
    return BoneScale(movement, speed)
