"""Arrays of many clips as graph networks read them: `train_data.npy` beside `train_label.pkl`.

The array is (N, C, T, V, M) for N clips, C numbers of each of V points, T frames and M people, as ST-GCN, 2s-AGCN and SL-GCN write
it; the pickle holds the names of the clips and the numbers of their classes. Clips shorter than T end with zeros, which are left
out. Arrays of bones and of motion, which are computed from the joints, are passed over.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from signjax import pickles
from signjax.data.clip import SPLITS
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_array, read_arrays
from signjax.data.sources.shared.npy_faults import fault
from signjax.data.sources.skeletons.collection import ContentError
from signjax.data.sources.skeletons.forms import About, Frames, about, chosen, graph_order, graph_points
from signjax.data.tables.label_table import split_name

_WORDS = re.compile(r"[^A-Za-z]+")
_DERIVED = {"bone", "motion"}
_LABEL_WORDS = {"label", "labels", "gendered"}
_LABEL_SUFFIXES = (".pkl", ".pickle", ".npy")


def is_graph_array(path: Path) -> bool:
    """Whether a `.npy` file holds an array of many clips of points."""
    try:
        (array,) = read_arrays(path).values()
    except NUMPY_ERRORS:
        return False
    return graph_order(array.shape) is not None


def is_derived(path: Path) -> bool:
    """Whether a file holds bones or motion instead of joints, according to its name."""
    return bool(_words(path) & _DERIVED)


def is_labels(path: Path) -> bool:
    """Whether a file holds the labels of an array, according to its name."""
    return bool(_words(path) & _LABEL_WORDS) and path.suffix.lower() in _LABEL_SUFFIXES


def split_of(path: Path) -> str | None:
    """The split that the name of a file mentions: `train_data.npy`, `phoenix14t.pami0.dev`."""
    found = {name for word in _WORDS.split(path.name) if (name := split_name(word)) in SPLITS}
    return found.pop() if len(found) == 1 else None


def listed(path: Path, labels: Sequence[Path]) -> list[About]:
    """The clips of an array.

    Args:
      path: the array.
      labels: the files of labels in the same folder.

    Raises:
      ContentError: there are no labels, or not one for each clip.
    """
    (array,) = read_arrays(path).values()
    split, count = split_of(path), len(array)
    found = [file for file in labels if split_of(file) == split] or (list(labels) if len(labels) == 1 else [])
    if not found:
        names = [path.stem] if count == 1 else [f"{path.stem}_{row:05d}" for row in range(count)]
        return [About(name, split=split) for name in names]
    names, classes = _labels(found[0])
    if len(classes) != count:
        raise ContentError(
            f"it holds {count} clips, but {found[0].name} has {len(classes)} labels; each clip needs its label"
        )
    names = names or [f"{path.stem}_{row:05d}" for row in range(count)]
    return [About(name, label, split=split) for name, label in zip(names, classes, strict=True)]


def _labels(path: Path) -> tuple[list[str], list[Any]]:
    """The names of the clips, empty if there are none, and the numbers or names of their classes."""
    content: Any
    try:
        content = read_array(path) if path.suffix.lower() == ".npy" else pickles.load(path)
    except pickles.PickleError as error:
        raise ContentError(str(error)) from error
    except NUMPY_ERRORS as error:
        raise ContentError(f"{path.name}: {fault(path, error)}") from error
    if isinstance(content, dict):
        values = [content.get(key) for key in ("sample_name", "label")]
        content = values if all(value is not None for value in values) else next(iter(content.values()), None)
    is_list = isinstance(content, (list, tuple))
    if is_list and len(content) == 2 and all(isinstance(part, (list, tuple, np.ndarray)) for part in content):
        names, classes = ([*part] for part in content)
        if len(names) != len(classes):
            raise ContentError(
                f"{path.name} has {len(names)} names and {len(classes)} labels; each clip needs one of both"
            )
        return [str(name) for name in names], [_plain(label) for label in classes]
    if is_list or (isinstance(content, np.ndarray) and content.ndim):
        return [], [_plain(label) for label in content]
    raise ContentError(f"{path.name} must hold the names of the clips and the numbers of their classes")


def _plain(label: Any) -> str | int | None:
    """A label as a text or a number; None if it is something else."""
    return about({"label": label}).label


@lru_cache(maxsize=2)
def _array(path: str, changed_ns: int) -> np.ndarray:
    """An array, memory-mapped until its file changes."""
    (array,) = read_arrays(Path(path)).values()
    return array


def read(path: str, row: int) -> Frames:
    """One clip of an array.

    Raises:
      FormError: it does not hold points.
      NUMPY_ERRORS: the file cannot be read any more.
    """
    array = _array(path, Path(path).stat().st_mtime_ns)
    order = graph_order(array.shape)
    assert order is not None
    return chosen(graph_points(np.asarray(array[row]), order), None, "the array")


def _words(path: Path) -> set[str]:
    return {word.lower() for word in _WORDS.split(path.stem)}
