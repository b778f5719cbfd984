"""Opens a dataset folder: the prepared data.

| file | content |
|---|---|
| `features.npy` | float32 (sum of T, F), read through a memory map |
| `offsets.npy` | int64 (N + 1) |
| `labels.npy` | int32 (N, heads); -1 = not labelled |
| `valid.npy` | bool (sum of T, P) |
| `clips.csv` | name, source file, signer, group, split, frames, share of valid frames, what cleaning did, label names |
| `dataset.json` | format version, layout, heads and classes, statistics, digests of the files, how it was made |
| `quarantine.csv` | every clip that was left out, and why |
| `duplicates.csv` | every pair of clips that are the same recording |
| `feasibility.json` | for each head, whether it can be learned and tested |
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data import integrity
from signjax.data.clip import SPLITS, Clip
from signjax.data.csv_table import read_table
from signjax.data.layout import Layout
from signjax.data.layout import registry as layout_registry
from signjax.data.sources.shared.npy import map_array, read_array
from signjax.data.splits.groups import straddling
from signjax.errors import InputError

FORMAT_VERSION = 5

# Each statistic of the channels, with the value that null stands for: JSON has no infinity.
STATISTICS = {
    "mean": np.nan, "std": np.nan, "within": np.nan, "speed": np.nan, "low": -np.inf, "high": np.inf,
}  # fmt: skip

# The columns of `clips.csv` before those of the labels.
CLIP_COLUMNS = (
    "clip", "source", "signer", "group", "split", "frames", "valid_share", "trimmed_start", "trimmed_end", "filled", "mirrored",
    "outliers",
)  # fmt: skip


def label_columns(heads: Iterable[str]) -> list[str]:
    """The column of `clips.csv` for each head: its name, with the prefix `label_` if another column has that name."""
    columns: list[str] = []
    for head in heads:
        column = head
        while column in CLIP_COLUMNS or column in columns:
            column = f"label_{column}"
        columns.append(column)
    return columns


@dataclass(frozen=True)
class Dataset:
    """N prepared clips.

    Attributes:
      folder: the dataset folder.
      features: float32 (sum of T, F), a memory map.
      offsets: int64 (N + 1).
      labels: int32 (N, heads).
      valid: bool (sum of T, P), a memory map; None if it is not known.
      split: int8 (N,), index into `SPLITS`.
      clips: the rows of `clips.csv`, one mapping per clip.
      layout: what the F channels are.
      heads: head name -> class names.
      mean, std: float32 (F,), over the valid frames of training clips; `std` is safe to divide by.
      within: float32 (F,), deviation from the mean of the same clip; safe to divide by.
      speed: float32 (F,), root mean square of the difference between neighbouring frames; safe to divide by.
      low, high: float32 (F,), the range in which values are plausible; infinite where nothing is known.
      info: the content of `dataset.json`.
    """

    folder: Path
    features: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    valid: np.ndarray | None
    split: np.ndarray
    clips: list[dict[str, str]]
    layout: Layout
    heads: Mapping[str, tuple[str, ...]]
    mean: np.ndarray
    std: np.ndarray
    within: np.ndarray
    speed: np.ndarray
    low: np.ndarray
    high: np.ndarray
    info: dict[str, Any]

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that a model is trained and tested on: frames, validity, labels, names, split and classes."""
        return str(self.info["digest"])

    @property
    def source_layout(self) -> Layout:
        """The layout of the source, before the clips were cleaned."""
        return layout_registry.stored(self.info["source_layout"], self.info["source_width"])

    @property
    def lengths(self) -> np.ndarray:
        """int64 (N,): the number of frames of each clip."""
        return np.diff(self.offsets)

    def indices(self, split: str) -> np.ndarray:
        """int64: the clips of that split, in order."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    def label(self, index: int, head: str) -> str:
        """The class of one clip for a head; empty if it has no label."""
        code = int(self.labels[index, list(self.heads).index(head)])
        return self.heads[head][code] if code >= 0 else ""

    def frames(self, index: int) -> np.ndarray:
        """float32 (T, F): the frames of one clip."""
        return self.features[self.offsets[index] : self.offsets[index + 1]]

    def validity(self, index: int) -> np.ndarray:
        """bool (T, P): which parts were seen in each frame of one clip; all of them if it is not known."""
        if self.valid is None:
            return np.ones((int(self.lengths[index]), len(self.layout.parts)), bool)
        return self.valid[self.offsets[index] : self.offsets[index + 1]]


def read_info(folder: Path) -> dict[str, Any]:
    """The content of a folder's `dataset.json`; empty if it is not a JSON object or cannot be read."""
    try:
        content = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def open_dataset(folder: Path) -> Dataset:
    """Opens a prepared folder.

    Sizes, offsets, label ranges, names and groups are checked each time, the contents of the files only when they have changed.

    Raises:
      InputError: a file is missing, was changed, or does not fit the others, or a group is in two splits.
    """
    try:
        info = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        if info["format_version"] != FORMAT_VERSION:
            raise InputError(
                f"{folder}: has dataset format {info['format_version']}, but this version of signjax reads format "
                f"{FORMAT_VERSION}. Prepare the data again"
            )
        features = map_array(folder / "features.npy")
        offsets = read_array(folder / "offsets.npy")
        labels = read_array(folder / "labels.npy")
        valid = map_array(folder / "valid.npy")
        clips = read_table(folder / "clips.csv")
        split = np.array([SPLITS.index(clip["split"]) for clip in clips], np.int8)
        group = np.array([int(clip["group"]) for clip in clips], np.int64)
        layout = layout_registry.stored(info["layout"], features.shape[1])
        heads = {name: tuple(classes) for name, classes in info["heads"].items()}
        statistics = {name: _statistic(info["statistics"], name, null) for name, null in STATISTICS.items()}
        dataset = Dataset(
            folder, features, offsets, labels, valid, split, clips, layout, heads, info=info, **statistics
        )
        faults, files = _faults(dataset, valid), dict(info["files"])
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{folder}: the dataset folder is incomplete ({error}). Delete it; the same command prepares it again"
        ) from error
    if faults:
        raise InputError(
            f"{folder}: the files are inconsistent: {'; '.join(faults)}. Delete the folder; the same command prepares it again"
        )
    pair = straddling(split, group)
    if pair is not None:
        a, b = (clips[i]["clip"] for i in pair)
        raise InputError(
            f"{folder}: leakage: clips {a!r} and {b!r} belong to one group but are in different splits. Prepare the folder again"
        )
    # Last, because the checks above explain in words what they find.
    integrity.check_seal(folder, info)
    integrity.check_files(folder, files)
    return dataset


def _statistic(statistics: Mapping[str, Any], name: str, null: float) -> np.ndarray:
    return np.array([null if value is None else value for value in statistics[name]], np.float32)


def _faults(dataset: Dataset, valid: np.ndarray) -> list[str]:
    """The inconsistencies between the arrays of a dataset, each in a few words."""
    count, frames, width = len(dataset.clips), len(dataset.features), dataset.layout.width
    offsets, labels, parts = dataset.offsets, dataset.labels, len(dataset.layout.parts)
    shapes = {
        "features.npy": (dataset.features, np.float32, (frames, width)),
        "valid.npy": (valid, np.bool_, (frames, parts)),
        "offsets.npy": (offsets, np.int64, (count + 1,)),
        "labels.npy": (labels, np.int32, (count, len(dataset.heads))),
        "the mean": (dataset.mean, np.float32, (width,)),
        "the deviation": (dataset.std, np.float32, (width,)),
        "the deviation within clips": (dataset.within, np.float32, (width,)),
        "the speed": (dataset.speed, np.float32, (width,)),
        "low": (dataset.low, np.float32, (width,)),
        "high": (dataset.high, np.float32, (width,)),
    }
    faults = [
        f"{name} is {array.dtype} {array.shape}, expected {np.dtype(kind)} {shape}"
        for name, (array, kind, shape) in shapes.items()
        if array.dtype != kind or array.shape != shape
    ]
    if faults:
        return faults
    if count == 0:
        return ["there are no clips"]
    if offsets[0] != 0 or offsets[-1] != frames or (np.diff(offsets) < 1).any():
        faults.append(f"offsets.npy does not increase from 0 to the {frames} frames of features.npy")
    elif [clip["frames"] for clip in dataset.clips] != [str(length) for length in np.diff(offsets)]:
        faults.append("clips.csv and offsets.npy have different lengths")
    columns = label_columns(dataset.heads)
    for column, (head, classes) in enumerate(dataset.heads.items()):
        codes = labels[:, column]
        if codes.min() < -1 or codes.max() >= len(classes):
            faults.append(
                f"labels.npy has values from {codes.min()} to {codes.max()} for head {head!r}, which has {len(classes)} classes"
            )
        elif [clip[columns[column]] for clip in dataset.clips] != [classes[i] if i >= 0 else "" for i in codes]:
            faults.append(f"clips.csv and labels.npy have different classes for head {head!r}")
    scales = (dataset.std, dataset.within, dataset.speed)
    if not np.isfinite(dataset.mean).all() or not all((np.isfinite(scale) & (scale > 0)).all() for scale in scales):
        faults.append("the mean or a standard deviation cannot be used for scaling")
    return faults


def in_memory(
    clips: Sequence[Clip],
    layout: Layout,
    heads: Mapping[str, tuple[str, ...]],
    statistics: Mapping[str, np.ndarray],
) -> Dataset:
    """Unlabelled clips as a dataset in memory, without a folder; `statistics` are those of `Dataset`, by name."""
    parts = len(layout.parts)
    validity = [np.ones((len(clip.frames), parts), bool) if clip.valid is None else clip.valid for clip in clips]
    return Dataset(
        folder=Path(),
        features=np.concatenate([clip.frames for clip in clips]),
        offsets=np.cumsum([0, *(len(clip.frames) for clip in clips)], dtype=np.int64),
        labels=np.full((len(clips), len(heads)), -1, np.int32),
        valid=np.concatenate(validity),
        split=np.zeros(len(clips), np.int8),
        clips=[{"clip": clip.name, "source": clip.file, "signer": clip.signer or ""} for clip in clips],
        layout=layout,
        heads=heads,
        info={},
        **statistics,
    )
