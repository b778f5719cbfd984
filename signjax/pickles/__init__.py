"""Reads torch pickles without torch, and without running anything that a file says.

`load` opens a plain `pickle.dump`, a `torch.save` archive (zip, since 1.6), a legacy `torch.save` stream or tar, a joblib dump,
and each of them packed with gzip, bzip2 or zlib, whatever device the tensors lay on. It gives a tree of dict, list, tuple, set,
str, bytes and numbers with `numpy.ndarray` in place of every tensor and storage.

Guarantees, for any file whatever:

- Nothing that the file names is imported or called. A machine of our own interprets the pickle; the names that it may use are
  a closed list of exact pairs, and all that they make are stand-ins of ours.
- Every array lies inside of the bytes that the file gave for it: sizes, offsets and strides are checked as whole numbers first.
- Time and memory are bounded by the file's size and by `Limits`.
- The outcome is a tree or a `PickleError` (or an `OSError` where the file cannot be read at all).

What is not guaranteed: that a file says the truth, or that a file of 64 MiB or more, which is mapped, may be cut short by
another program while its arrays are in use. `docs/pickles.md` has the forms, the limits and the measurements.
"""

import os
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles import reader as containers
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.strided_view import View

__all__ = ["ArrayInfo", "Limits", "PickleError", "inspect", "load"]

_DEFAULT_LIMITS = Limits()


class ArrayInfo(NamedTuple):
    """What `inspect` gives in place of an array."""

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    device: str


def load(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS, verify: bool | None = None) -> Any:
    """The tree that a file holds, with NumPy arrays in place of its tensors.

    Args:
      path: the file.
      limits: bounds on what the file may cost.
      verify: whether to compare the checksums of a zip archive's storages; by default, where the file is smaller than 64 MiB,
        and so is read rather than mapped.

    Raises:
      PickleError: the file is damaged, hostile, or holds something that is not read here.
    """
    return containers.read(path, limits, View.array, mapped=False, verify=verify)


def inspect(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS) -> Any:
    """The same tree with an `ArrayInfo` for each array, whose bytes are not read where the form allows it."""
    return containers.read(path, limits, _describe, mapped=True, verify=False)


def _describe(view: View) -> ArrayInfo:
    return ArrayInfo(view.shape, view.dtype, view.device)
