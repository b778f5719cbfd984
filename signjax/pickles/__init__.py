"""Reads torch pickles without torch, and without running any code from the file.

`load` opens a plain `pickle.dump`, a `torch.save` archive (zip, since 1.6), a legacy `torch.save` stream or tar, or a
joblib dump, each of them optionally compressed with gzip, bzip2 or zlib, whatever device the tensors were on. It
returns a tree of dict, list, tuple, set, str, bytes and numbers, with a `numpy.ndarray` for every tensor and storage.

Guarantees, for any file:

- Nothing the file names is imported or called. The pickle is interpreted by signjax's own machine; the names it may use are a
  closed list of exact (module, name) pairs, and calling one only creates a placeholder.
- Every array lies within the bytes the file provides for it: sizes, offsets and strides are first checked as integers.
- Time and memory are bounded by the file's size and by `Limits`.
- The outcome is a tree or a `PickleError` (or an `OSError` if the file cannot be read).

Not guaranteed: that the content is true, or that another program may truncate a file of 64 MiB or more, which is
mapped, while its arrays are in use. `docs/pickles.md` lists the formats, the limits and the measurements.
"""

import os
from dataclasses import replace
from operator import methodcaller
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles import reader
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.objects.unknown import Unknown
from signjax.pickles.strided_view import View

__all__ = ["ArrayInfo", "Limits", "PickleError", "Unknown", "inspect", "load"]

_DEFAULT_LIMITS = Limits()
_ARRAY = methodcaller("array")


class ArrayInfo(NamedTuple):
    """Describes an array; `inspect` returns it in place of the array itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    device: str


def load(
    path: str | os.PathLike[str],
    *,
    limits: Limits = _DEFAULT_LIMITS,
    verify: bool | None = None,
    skip_unknown: bool = False,
) -> Any:
    """Returns the tree that a file holds, with NumPy arrays in place of tensors.

    Args:
      path: the file.
      limits: bounds on the time and memory the file may cost.
      verify: whether to verify the checksums of a zip archive's storages. None verifies them in files below 64 MiB,
        which are read rather than mapped.
      skip_unknown: whether an object of an unknown class is read as an `Unknown`, which holds its name and its data, instead
        of refusing the file. Nothing is imported or called for it either.

    Raises:
      PickleError: the file is damaged, hostile, or contains something that is not supported.
      OSError: the file cannot be read.
    """
    return reader.read(path, _with(limits, skip_unknown), _ARRAY, mapped=False, verify=verify)


def inspect(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS, skip_unknown: bool = False) -> Any:
    """Returns the same tree with an `ArrayInfo` for each array, not reading arrays where the format allows it."""
    return reader.read(path, _with(limits, skip_unknown), _describe, mapped=True, verify=False)


def _with(limits: Limits, skip_unknown: bool) -> Limits:
    return replace(limits, skip_unknown=True) if skip_unknown else limits


def _describe(view: View) -> ArrayInfo:
    return ArrayInfo(view.shape, view.dtype, view.device)
