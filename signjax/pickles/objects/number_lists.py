"""Lists of numbers, which become one array when a tree is flattened."""

from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.limits import PickleError, raised_by
from signjax.pickles.strided_view import View

_MOST_DIMENSIONS = 32
_EXACT = 1 << 53  # float64 holds all whole numbers up to here


class Noted(NamedTuple):
    """An array, and how it differs from what the file holds."""

    content: "View | np.ndarray[Any, Any]"
    note: str


def as_array(value: list[Any] | tuple[Any, ...], most_numbers: int) -> Noted | None:
    """The array for a list of numbers, or for lists of lists of numbers that have the same length on each level.

    >>> as_array([[1, 2], [3, 4], [5, 6]], 100).content.shape
    (3, 2)

    Args:
      value: the list.
      most_numbers: a bound; a file can use one list any number of times.

    Returns:
      The array, whose numbers equal those of the lists; None if there is anything else in them, or no type holds them all.

    Raises:
      PickleError: there are more numbers.
    """
    shape: list[int] = []
    items: list[Any] | tuple[Any, ...] = (value,)
    while type(items[0]) in (list, tuple) and len(shape) < _MOST_DIMENSIONS:
        size = len(items[0])
        if not size or any(type(item) not in (list, tuple) or len(item) != size for item in items):
            return None
        if size * len(items) > most_numbers:
            raise PickleError(f"lists that unfold to more than {most_numbers} numbers; {raised_by('ratio')}")
        items = [member for item in items for member in item]
        shape.append(size)
    numbers = _flat(items, set(map(type, items)))
    if numbers is None:
        return None
    text = " x ".join(map(str, shape))
    return Noted(numbers.reshape(shape), f"was a {type(value).__name__} of {text} numbers")


def _flat(items: list[Any] | tuple[Any, ...], kinds: set[type]) -> "np.ndarray[Any, Any] | None":
    if kinds == {View}:
        return _scalars(items)
    if kinds == {int}:
        return _whole(items)
    if len(kinds) == 2 and kinds == {int, float} and any(type(item) is int and abs(item) > _EXACT for item in items):
        return None
    if kinds in ({bool}, {complex}) or kinds <= {int, float}:
        return np.array(items, {bool: np.bool_, complex: np.complex128}.get(type(items[0]), np.float64))
    return None


def _scalars(items: list[Any] | tuple[Any, ...]) -> "np.ndarray[Any, Any] | None":
    """The array for NumPy scalars of one type."""
    dtype = items[0].dtype
    if dtype.kind not in "biufc" or any(item.shape != () or item.dtype != dtype for item in items):
        return None
    return np.array([item.array()[()] for item in items], dtype)


def _whole(items: list[Any] | tuple[Any, ...]) -> "np.ndarray[Any, Any] | None":
    least, most = min(items), max(items)
    if least < -(1 << 63) or most >= 1 << (64 if least >= 0 else 63):
        return None
    return np.array(items, np.int64 if most < 1 << 63 else np.uint64)
