"""Real clips for the peers: read, augmented and padded in NumPy, as users of PyTorch and Keras do in a `collate_fn`.

Shapes: B clips, T frames, F channels. The augmentations are those of `signjax.augment` except mirroring, which generic channels do
not support.
"""

from pathlib import Path
from typing import Any

import numpy as np

from configs.base import get_config
from signjax.data.dataset import open_dataset

_FEWEST_FRAMES = 8
_FRAME_MULTIPLE = 16

# Batches per bucket: its clips are sorted by length and cut into batches, and the batches are shuffled.
_BUCKET_BATCHES = 50


class TrainingClips:
    """The training clips of a dataset folder, standardised, in memory.

    Attributes:
      clips: float32 (T, F) each.
      labels: int64 (N,).
      inputs: features per frame in a batch: values, velocities and whether it was seen.
      classes: number of classes.
    """

    def __init__(self, folder: str, seed: int = 0):
        dataset = open_dataset(Path(folder))
        if len(dataset.layout.parts) != 1 or len(dataset.heads) != 1:
            raise SystemExit(
                "the peers support only generic channels and one head; use an .npz file for source `arrays`"
            )
        indices = dataset.indices("train")
        self.clips = [(dataset.frames(index) - dataset.mean) / dataset.std for index in indices]
        self.labels = dataset.labels[indices, 0].astype(np.int64)
        self.inputs = 2 * dataset.layout.width + 1
        self.classes = len(next(iter(dataset.heads.values())))
        self._random = np.random.default_rng(seed)
        self._augment: dict[str, Any] = get_config().augment.to_dict()

    def __len__(self) -> int:
        return len(self.clips)

    def order(self, batch_size: int, *, bucketed: bool) -> list[np.ndarray]:
        """The full batches of an epoch; `bucketed` groups clips of similar length."""
        order = self._random.permutation(len(self))
        if bucketed:
            lengths = np.array([len(self.clips[index]) for index in order])
            size = _BUCKET_BATCHES * batch_size
            parts = [
                order[at : at + size][np.argsort(lengths[at : at + size], kind="stable")]
                for at in range(0, len(order), size)
            ]
            order = np.concatenate(parts)
        batches = [order[at : at + batch_size] for at in range(0, len(order) - batch_size + 1, batch_size)]
        return [batches[index] for index in self._random.permutation(len(batches))]

    def batch(self, indices: np.ndarray, frames: int, *, tight: bool) -> tuple[np.ndarray, np.ndarray]:
        """Augmented inputs (B, T, 2 F + 1) and labels (B,).

        T is `frames`, or with `tight` the length of the longest of these clips, rounded up to a multiple of 16.
        """
        settings, random = self._augment, self._random
        clips = [self.clips[index] for index in indices]
        share = 1.0 - settings["crop"] * random.random(len(clips))
        start = (1.0 - share) * random.random(len(clips))
        factor = np.exp(random.uniform(np.log(settings["fastest"]), np.log(settings["slowest"]), len(clips)))
        lengths = np.array([len(clip) for clip in clips])
        new_lengths = np.round(share * factor * lengths).astype(int)
        new_lengths = np.clip(new_lengths, np.minimum(_FEWEST_FRAMES, lengths), frames)
        if tight:
            frames = min(frames, -(-int(new_lengths.max()) // _FRAME_MULTIPLE) * _FRAME_MULTIPLE)
        x = np.zeros((len(clips), frames, clips[0].shape[1]), np.float32)
        for row, clip in enumerate(clips):
            last, new = len(clip) - 1, new_lengths[row]
            source = start[row] * last + share[row] * last / max(new - 1, 1) * np.arange(new)
            x[row, :new] = clip[np.round(source).astype(int)]
        x += settings["noise"] * random.standard_normal(x.shape, np.float32)
        x += settings["posture"] * random.standard_normal((len(clips), 1, x.shape[2]), np.float32)
        seen = np.arange(frames)[None] < new_lengths[:, None]
        seen &= random.random(seen.shape) >= settings["frame_dropout"]
        x *= seen[:, :, None]
        velocity = np.zeros_like(x)
        velocity[:, 1:] = (x[:, 1:] - x[:, :-1]) * (seen[:, 1:] & seen[:, :-1])[:, :, None]
        return np.concatenate([x, velocity, seen[:, :, None].astype(np.float32)], axis=2), self.labels[indices]
