"""A dataset of random clips in memory, all of the same length, in SMPL-X or in generic channels."""

from pathlib import Path

import numpy as np

from benchmarks.peers.network import CLASSES
from signjax.data.dataset import Dataset
from signjax.data.layout.registry import BUILT_IN, generic


def made_up_dataset(clips: int, frames: int, channels: int | None = None) -> Dataset:
    """`clips` training clips of `frames` frames, in the layout `smplx` or with the given number of generic channels."""
    layout = BUILT_IN["smplx"] if channels is None else generic(channels)
    rng = np.random.default_rng(0)
    return Dataset(
        folder=Path(),
        features=rng.standard_normal((clips * frames, layout.width), np.float32),
        offsets=np.arange(clips + 1, dtype=np.int64) * frames,
        labels=rng.integers(CLASSES, size=(clips, 1)).astype(np.int32),
        valid=None,
        split=np.zeros(clips, np.int8),  # all in the first split, which is for training
        clips=[{}] * clips,
        layout=layout,
        heads={"sign": tuple(f"sign{number}" for number in range(CLASSES))},
        mean=np.zeros(layout.width, np.float32),
        std=np.ones(layout.width, np.float32),
        within=np.ones(layout.width, np.float32),
        speed=np.ones(layout.width, np.float32),
        low=np.full(layout.width, -np.inf, np.float32),
        high=np.full(layout.width, np.inf, np.float32),
        info={
            "digest": "",
            "recipe": {"cleaning": {"centre": False}},
            "source_layout": layout.name,
            "source_width": layout.width,
            "blank_classes": [],
        },
    )
