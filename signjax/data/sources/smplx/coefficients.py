"""Coefficients of expression and shape, and the position: one row per frame, or one for all."""

import math
from typing import Any

import numpy as np

from signjax.data.sources.shared.masked import as_array
from signjax.data.sources.smplx.joint_rotations import shape_of
from signjax.data.sources.smplx.unusable import UnusableBodyError


def coefficients(name: str, value: Any, frames: int, wanted: int) -> np.ndarray:
    """(T or 1, wanted): the first of them, which matter most, and zeros for those that a smaller model does not have.

    Args:
      name: the name of the value, for messages.
      value: (T, n), with or without axes of length 1, or (n,) if they are the same in all frames.
      frames: T.
      wanted: the number of coefficients of the layout.

    Raises:
      UnusableBodyError: the value is not numbers, or has another number of frames.
    """
    shape = shape_of(value)
    before = math.prod(shape[:-1]) if shape else None
    if not shape or before not in (1, frames) or np.asarray(value).dtype.kind not in "fiu":
        found = "values of different lengths" if shape is None else f"{np.asarray(value).dtype} {shape}"
        raise UnusableBodyError(
            "wrong_width",
            f"'{name}' must be numbers of shape ({frames}, n), or (n,) if they are the same in all frames; it is {found}",
        )
    values = as_array(value).reshape(before, shape[-1])[:, :wanted]
    return np.pad(values, ((0, 0), (0, wanted - values.shape[1])))
