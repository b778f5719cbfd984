"""Subsets of a packed file of clips (`.npz`, source arrays), for comparisons that need other training clips than the file has."""

from pathlib import Path

import numpy as np


def write_subset(data: Path, kept: np.ndarray, path: Path, **changed: np.ndarray) -> Path:
    """Writes the clips of a packed file for which `kept` (N,) is true; all of their arrays, in the same order.

    Arrays (N,) that are given by name replace those of the file.
    """
    with np.load(data) as file:
        arrays = dict(file) | changed
    offsets, count = arrays["offsets"], len(arrays["offsets"]) - 1
    frames = np.repeat(kept, np.diff(offsets))
    for name, values in arrays.items():
        if name == "offsets":
            arrays[name] = np.cumsum([0, *np.diff(offsets)[kept]])
        elif len(values) == offsets[-1] and name == "frames":
            arrays[name] = values[frames]
        elif values.shape[:1] == (count,) and name not in ("classes", "channels"):
            arrays[name] = values[kept]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return path


def classes_and_splits(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """The name of the class of each clip of a packed file, and its split."""
    with np.load(data) as file:
        labels = file["labels"]
        return file["classes"][labels] if labels.dtype.kind in "iu" else labels, file["split"]
