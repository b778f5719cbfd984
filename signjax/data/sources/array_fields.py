"""Reads texts, whole numbers and labels about clips and channels from arrays, whatever their type."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from signjax.errors import InputError

CHANNELS = "channels"
_NO_TEXT = "OVc"  # objects, records and complex numbers


def texts_of(path: Path, key: str, values: np.ndarray) -> list[str]:
    """An array (N,) as texts: bytes are decoded as UTF-8, numbers are formatted.

    Raises:
      InputError: it has another shape, or does not hold text.
    """
    if values.ndim != 1 or values.dtype.kind in _NO_TEXT:
        raise InputError(f"{path}: '{key}' must be text of shape (N,); it is {values.dtype} {values.shape}")
    if values.dtype.kind == "S":
        return [value.decode("utf-8", "surrogateescape") for value in values.tolist()]
    texts: list[str] = values.astype(str).tolist()
    return texts


def channel_names(path: Path, arrays: Mapping[str, np.ndarray]) -> list[str] | None:
    """The names of the channels; None if there are none, or they are not text."""
    names = arrays.get(CHANNELS)
    return None if names is None or names.ndim != 1 or names.dtype.kind not in "US" else texts_of(path, CHANNELS, names)


def whole_numbers(path: Path, key: str, values: np.ndarray) -> np.ndarray:
    """An array of whole numbers as int64, even if it was saved as floating-point numbers.

    Raises:
      InputError: it has other values.
    """
    if values.dtype.kind not in "iuf" or not (np.isfinite(values) & (values == np.trunc(values))).all():
        raise InputError(f"{path}: '{key}' must be whole numbers; it is {values.dtype} {values.shape}")
    return values.astype(np.int64)


def class_names(path: Path, labels: np.ndarray, classes: np.ndarray | None) -> list[str | None]:
    """A class name for each clip; None if the label is negative.

    Args:
      path: for messages.
      labels: integers or text (N,), or one-hot (N, C).
      classes: text (C,), the names of the classes; None if the arrays do not name them.

    Raises:
      InputError: the labels have another form, or no name.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] and labels.dtype.kind in "biuf":
        one_hot = labels.astype(bool)
        wrong = int((one_hot.sum(1) > 1).sum())
        if wrong:
            raise InputError(
                f"{path}: labels of shape {labels.shape} must be one-hot, but {wrong} rows have several classes"
            )
        labels = np.where(one_hot.any(1), one_hot.argmax(1), -1)
    if labels.ndim != 1:
        raise InputError(
            f"{path}: labels must have shape (N,), or (N, C) and be one-hot numbers; they are {labels.dtype} {labels.shape}"
        )
    if labels.dtype.kind in "US":
        return [label or None for label in texts_of(path, "labels", labels)]
    if labels.dtype.kind not in "iu":
        advice = "; convert them with labels.astype(int)" if labels.dtype.kind in "fb" else ""
        raise InputError(f"{path}: labels must be integers or text; they are {labels.dtype}{advice}")
    if labels.min(initial=0) < -1:
        negative: list[int] = np.unique(labels[labels < -1]).tolist()
        raise InputError(
            f"{path}: labels must be -1 (not labelled) or count from 0; found {', '.join(map(str, negative[:5]))}"
        )
    if classes is None:
        digits = len(str(int(labels.max(initial=0))))
        return [f"class {label:0{digits}d}" if label >= 0 else None for label in labels.tolist()]
    names = texts_of(path, "classes", classes)
    if labels.max(initial=-1) >= len(names):
        raise InputError(f"{path}: label {labels.max()} has no name: there are {len(names)} classes")
    return [names[label] if label >= 0 else None for label in labels.tolist()]
