"""Clips in one list, labels in another: `data` and `labels`, `x_train` and `y_train`.

Labels are texts, numbers, or one-hot. Rows of 150 numbers in `x_train` and the like are two people of 25 joints in space, as
CTR-GCN writes NTU RGB+D; frames of zeros at their end are padding.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from signjax.data.sources.skeletons.forms import About, about, graph_order, graph_points, points_key
from signjax.data.tables.label_table import split_name

_PAIRS = (
    ("data", "labels"), ("data", "label"), ("X", "y"), ("x", "y"), ("features", "labels"), ("keypoints", "labels"),
    ("keypoint", "label"), ("sequences", "labels"),
)  # fmt: skip
_SPLITS = ("train", "val", "valid", "validation", "dev", "test")
_NTU = (2, 25, 3)  # people, joints, coordinates


class UnevenError(ValueError):
    """There are not as many labels as clips."""


def pairs(content: Mapping[Any, Any]) -> list[tuple[About, Any]]:
    """The clips of a dict of lists, with what is said of them; none if it has no such lists.

    Raises:
      UnevenError: the lists differ in length.
    """
    lower = {str(key).lower(): value for key, value in content.items()}
    found = []
    for split in _SPLITS:
        data, labels = lower.get(f"x_{split}"), lower.get(f"y_{split}")
        if are_lists(data, labels):
            told = side_by_side(data, labels, content.get("classes"), f"{split}_")
            found += [(info._replace(split=split_name(split)), _people(value)) for info, value in told]
    for key, label in () if found else _PAIRS:
        if are_lists(content.get(key), content.get(label)):
            return side_by_side(content[key], content[label], content.get("classes"))
    return found


def side_by_side(data: Any, labels: Any, classes: Any = None, start: str = "") -> list[tuple[About, Any]]:
    """The clips of a list, with what the list of labels says of them.

    Args:
      data: N clips.
      labels: N labels, or one-hot (N, number of classes).
      classes: the names of the classes; None if they are not known.
      start: with what their names begin.

    Raises:
      UnevenError: the lists differ in length.
    """
    if len(data) != len(labels):
        raise UnevenError(f"it holds {len(data)} clips and {len(labels)} labels; each clip needs its label")
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        labels = labels.argmax(1) if labels.shape[1] > 1 else labels[:, 0]
    digits = len(str(len(labels)))
    names = None if classes is None else texts(classes)
    order = graph_order(data.shape) if isinstance(data, np.ndarray) else None
    if order is not None:
        data = [graph_points(clip, order) for clip in data]
    found = []
    for number, (value, label) in enumerate(zip(data, labels, strict=True)):
        told = about({"label": label}).label
        if isinstance(told, int) and names is not None and 0 <= told < len(names):
            told = names[told]
        found.append((About(f"{start or 'clip_'}{number:0{digits}d}", told), value))
    return found


def _people(value: Any) -> Any:
    """A row of CTR-GCN as points (M, T, V, C); any other as it is."""
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[1] != np.prod(_NTU):
        return value
    used = np.flatnonzero(value.any(1))
    return value[: int(used[-1]) + 1 if len(used) else 1].reshape(-1, *_NTU).transpose(1, 0, 2, 3)


def texts(values: Any) -> list[str]:
    """The values as texts."""
    return [str(value) for value in (values.tolist() if isinstance(values, np.ndarray) else values)]


def are_lists(data: Any, labels: Any) -> bool:
    """Whether two values are a list of clips and one of labels."""
    if not all(isinstance(value, (list, tuple, np.ndarray)) for value in (data, labels)):
        return False
    if any(isinstance(value, np.ndarray) and not value.ndim for value in (data, labels)) or not (
        len(data) and len(labels)
    ):
        return False
    one_hot = isinstance(labels, np.ndarray) and labels.ndim == 2 and labels.dtype.kind in "biuf"
    return is_array(data[0]) and (one_hot or isinstance(labels[0], (str, int, bytes, np.generic)))


def is_array(value: Any) -> bool:
    """Whether a value is an array of numbers, a list of them, or a dict with one."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
        if isinstance(value, (int, float)):
            return True
    if isinstance(value, Mapping):
        return points_key(value) is not None
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind in "fiu"
