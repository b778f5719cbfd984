"""Opens a dataset folder: the prepared data.

| file | content |
|---|---|
| `features.npy` | float32 (sum of T, F), read through a memory map |
| `offsets.npy` | int64 (N + 1) |
| `labels.npy` | int32 (N, heads); -1 = not labelled |
| `valid.npy` | bool (sum of T, P); may be absent in folders from elsewhere |
| `clips.csv` | name, source file, signer, group, split, frames, share of valid frames, what cleaning did, label names |
| `dataset.json` | format version, layout, heads and classes, statistics, digest of the content, how it was made |
| `quarantine.csv` | every clip that was left out, and why |
| `duplicates.csv` | every pair of clips that are one recording |
| `feasibility.json` | what the labels allow, for each head |
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data import layouts
from signjax.data.clip import Clip
from signjax.data.groups import straddling
from signjax.data.splits import SPLITS
from signjax.data.tables import read_table
from signjax.errors import InputError

FORMAT_VERSION = 2


@dataclass(frozen=True)
class Dataset:
    """N prepared clips.

    Attributes:
      folder: where they lie.
      features: float32 (sum of T, F), a memory map.
      offsets: int64 (N + 1).
      labels: int32 (N, heads).
      valid: bool (sum of T, P), a memory map, or None.
      split: int8 (N,), index into `SPLITS`.
      clips: one mapping a clip, the rows of `clips.csv`.
      layout: what the F channels are.
      heads: head name -> class names.
      mean, std: float32 (F,), over the valid frames of training clips; `std` is safe to divide by.
      info: the content of `dataset.json`.
    """

    folder: Path
    features: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    valid: np.ndarray | None
    split: np.ndarray
    clips: list[dict[str, str]]
    layout: layouts.Layout
    heads: Mapping[str, tuple[str, ...]]
    mean: np.ndarray
    std: np.ndarray
    info: dict[str, Any]

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def digest(self) -> str:
        """SHA-256 of frames, labels, validity and splits."""
        return str(self.info["digest"])

    @property
    def source_layout(self) -> layouts.Layout:
        """What the channels of the source were, before the clips were cleaned."""
        return layouts.stored(self.info["source_layout"], self.info["source_width"])

    @property
    def lengths(self) -> np.ndarray:
        """int64 (N,): frames of each clip."""
        return np.diff(self.offsets)

    def indices(self, split: str) -> np.ndarray:
        """int64: the clips of that split, in order."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    def frames(self, index: int) -> np.ndarray:
        """float32 (T, F): the frames of one clip."""
        return self.features[self.offsets[index] : self.offsets[index + 1]]

    def validity(self, index: int) -> np.ndarray:
        """bool (T, P): which parts were seen in each frame of one clip."""
        if self.valid is None:
            return np.ones((int(self.lengths[index]), len(self.layout.parts)), bool)
        return self.valid[self.offsets[index] : self.offsets[index + 1]]


def open_dataset(folder: Path) -> Dataset:
    """Opens a prepared folder and checks that its files agree and no group straddles its splits.

    Raises:
      InputError: a file is missing or does not fit the others, or a group is in two splits.
    """
    try:
        info = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        if info["format_version"] != FORMAT_VERSION:
            raise InputError(
                f"{folder}: dataset format {info['format_version']}, this version reads {FORMAT_VERSION}; prepare it again"
            )
        features = np.load(folder / "features.npy", mmap_mode="r", allow_pickle=False)
        offsets = np.load(folder / "offsets.npy", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        valid_path = folder / "valid.npy"
        valid = np.load(valid_path, mmap_mode="r", allow_pickle=False) if valid_path.exists() else None
        clips = read_table(folder / "clips.csv")
        split = np.array([SPLITS.index(clip["split"]) for clip in clips], np.int8)
        layout = layouts.stored(info["layout"], features.shape[1])
        heads = {name: tuple(classes) for name, classes in info["heads"].items()}
        mean = np.array(info["statistics"]["mean"], np.float32)
        std = np.array(info["statistics"]["std"], np.float32)
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder}: not a whole dataset folder ({error}); delete it and prepare it again") from error
    if not (len(offsets) == len(clips) + 1 == len(labels) + 1 and offsets[-1] == len(features)):
        raise InputError(
            f"{folder}: clips.csv, labels.npy, offsets.npy and features.npy do not agree; prepare it again"
        )
    pair = straddling(split, np.array([int(clip["group"]) for clip in clips], np.int64))
    if pair is not None:
        a, b = (clips[i]["clip"] for i in pair)
        raise InputError(
            f"{folder}: leak: clips {a!r} and {b!r} are of one group but in different splits; prepare it again"
        )
    return Dataset(folder, features, offsets, labels, valid, split, clips, layout, heads, mean, std, info)


def in_memory(clips: Sequence[Clip], like: Dataset) -> Dataset:
    """Unlabelled clips as a dataset with the layout, heads and statistics of another; it lies in no folder."""
    parts = len(like.layout.parts)
    validity = [np.ones((len(clip.frames), parts), bool) if clip.valid is None else clip.valid for clip in clips]
    return replace(
        like,
        features=np.concatenate([clip.frames for clip in clips]),
        offsets=np.cumsum([0, *(len(clip.frames) for clip in clips)], dtype=np.int64),
        labels=np.full((len(clips), len(like.heads)), -1, np.int32),
        valid=np.concatenate(validity),
        split=np.zeros(len(clips), np.int8),
        clips=[{"clip": clip.name, "source": clip.source} for clip in clips],
    )
