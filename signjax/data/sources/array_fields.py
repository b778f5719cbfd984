"""Reads texts and whole numbers about clips and channels from arrays, whatever their type."""

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
