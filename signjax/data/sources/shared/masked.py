"""Masked arrays, in which some programs keep what a tracker did not find."""

from typing import Any

import numpy as np


def as_array(value: Any) -> np.ndarray:
    """The value as an array, with NaN where a masked array has no number (False, in an array of truth values).

    >>> as_array(np.ma.array([1.0, 2.0], mask=[False, True])).tolist()
    [1.0, nan]

    Raises:
      ValueError: it is a list of lists of different lengths.
    """
    if not isinstance(value, np.ma.MaskedArray):
        return np.asarray(value)
    whole = value.dtype.kind in "iu"
    return np.ma.filled(
        value.astype(np.float64) if whole else value, np.nan if whole or value.dtype.kind == "f" else False
    )
