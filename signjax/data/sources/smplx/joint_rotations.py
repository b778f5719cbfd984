"""Rotations of joints in the forms in which they are stored: rotation vectors, 3x3 matrices or six numbers, told by their width.

Shapes: T frames, J joints, N numbers per rotation (3, 6 or 9).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from signjax.data.geometry.rotations import axis_angle_from_6d, matrix_to_axis_angle
from signjax.data.sources.smplx.unusable import UnusableBodyError

_TAILS: tuple[tuple[int, tuple[int, ...]], ...] = ((3, (3,)), (6, (6,)), (9, (9,)), (9, (3, 3)))
# How far from unit length and a right angle two columns of a matrix may be: fitters store float32, and some float16.
_ORTHONORMAL = 0.05
_STORED_FORMS = "rotation vectors (3 numbers each), 3x3 matrices or the first two columns of matrices (6 numbers)"


class Rotations(NamedTuple):
    """Rotations of joints.

    Attributes:
      vectors: (T, J, 3), radians.
      rows_or_columns: whether they were stored as six numbers that may be the first two rows of matrices (as PyTorch3D writes them)
        as well as the first two columns; they are read as columns.
    """

    vectors: np.ndarray
    rows_or_columns: bool = False


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of an array, of what describes one, or of a list of these; None if it has none."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return tuple(shape)
    if isinstance(value, list | tuple) and value and hasattr(value[0], "shape"):
        return (len(value), *value[0].shape)
    try:
        return np.shape(value)
    except ValueError:  # lists of different lengths
        return None


def readings(shape: tuple[int, ...] | None, joints: int) -> dict[int, int]:
    """Every reading of an array of this shape as rotations of J joints: the number of frames T -> numbers per rotation N.

    Axes of length 1 may stand before or after the axis of the frames, which may also be absent if there is one frame: (T, J * N),
    (T, J, N), (1, T, J, 3, 3), (T, 1, J * N), (J, N), ...

    >>> readings((50, 63), 21), readings((21, 3), 21), readings((3, 3), 1)
    ({50: 3}, {1: 3}, {3: 3, 1: 9})
    """
    found: dict[int, int] = {}
    for numbers, rest in _TAILS:
        tails = {(joints, *rest), (joints * numbers,)} | ({rest} if joints == 1 else set())
        for tail in tails:
            before = (shape or ())[: len(shape or ()) - len(tail)]
            if shape is not None and (*before, *tail) == shape and sum(size != 1 for size in before) <= 1:
                found.setdefault(math.prod(before), numbers)
    return found


def read_rotations(name: str, values: np.ndarray, joints: int, numbers: int) -> Rotations:
    """T * J rotations in any of the stored forms.

    Args:
      name: the name of the values, for messages.
      values: T * J rotations of N numbers, in any of the shapes of `readings`.
      joints: J.
      numbers: N.

    Raises:
      UnusableBodyError: the values are not numbers, or not rotations.
    """
    if values.dtype.kind not in "fiu":
        raise UnusableBodyError("wrong_width", f"'{name}' must be numbers; it is {values.dtype} {values.shape}")
    values = values.reshape(-1, joints, numbers)
    if numbers == 3:
        return Rotations(values)
    if numbers == 9:
        matrices = values.reshape(-1, joints, 3, 3)
        _check(name, _error(matrices[..., 0], matrices[..., 1]), "matrices")
        return Rotations(matrix_to_axis_angle(matrices))
    # One column after the other, or the two interleaved, as in SPIN and its successors: whichever has unit length and right angles.
    apart = _error(values[..., :3], values[..., 3:])
    interleaved = _error(values[..., ::2], values[..., 1::2])
    _check(name, min(apart, interleaved), "the columns of matrices")
    if interleaved < apart:
        values = np.concatenate([values[..., ::2], values[..., 1::2]], axis=-1)
    return Rotations(axis_angle_from_6d(values), rows_or_columns=apart <= interleaved)


def _error(first: np.ndarray, second: np.ndarray) -> float:
    """How far pairs of vectors are from unit length and a right angle, on average over those that are not zero or NaN."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    there = np.isfinite(first).all(-1) & np.isfinite(second).all(-1) & (first.any(-1) | second.any(-1))
    first, second = first[there], second[there]
    if not len(first):
        return 0.0
    lengths = np.abs(np.linalg.norm([first, second], axis=-1) - 1).sum(0)
    return float((lengths + np.abs((first * second).sum(-1))).mean())


def _check(name: str, error: float, what: str) -> None:
    if error > _ORTHONORMAL:
        raise UnusableBodyError(
            "wrong_width",
            f"'{name}' has the width of {what}, but its values are not those of rotations; expected {_STORED_FORMS}",
        )


def expected(name: str, shape: tuple[int, ...] | None, joints: str) -> UnusableBodyError:
    """The error for an array that cannot be read as rotations of the joints."""
    found = "values of different lengths" if shape is None else f"of shape {shape}"
    return UnusableBodyError(
        "wrong_width", f"'{name}' must be rotations of {joints} in each frame, as {_STORED_FORMS}; it is {found}"
    )
