"""Reads torch pickles without torch, and without running anything that a file says.

`load` opens a plain `pickle.dump`, a `torch.save` archive (zip, since 1.6) or a legacy `torch.save` stream, whatever
device its tensors lay on, and gives a tree of dict, list, tuple, set, str, bytes and numbers with `numpy.ndarray` in
place of every tensor and storage. A pickle is a program; this package does not run it with Python's unpickler but
with a small machine of its own, which can build plain containers and arrays from a closed list of names, and can
neither import nor call. Every other file is refused with a `PickleError`.
"""

import os
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles import containers
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.views import View

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
      verify: whether to compare the checksums of a zip archive's storages; by default where the file is small enough
      to be
        read rather than mapped (64 MiB).

    Raises:
      PickleError: the file is damaged, hostile, or holds something that is not read here.
    """
    return containers.read(path, limits, View.array, mapped=False, verify=verify)


def inspect(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS) -> Any:
    """The same tree with an `ArrayInfo` for each array, whose bytes are not read where the form allows it."""
    return containers.read(path, limits, _describe, mapped=True, verify=False)


def _describe(view: View) -> ArrayInfo:
    return ArrayInfo(view.shape, view.dtype, view.device)
