"""What is wrong with `.npy` and `.npz` files that could not be read, in words for the user."""

import math
from pathlib import Path

import numpy as np

from signjax.data.sources.shared.leftovers import what_it_is
from signjax.data.sources.shared.npy import NUMPY_ERRORS, ObjectArrayError
from signjax.errors import first_line

_MAGIC, _ZIP = b"\x93NUMPY", b"PK\x03\x04"
_AGAIN = "copy or download it again"
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def fault(path: Path, error: BaseException) -> str:
    """What is wrong with a file.

    Args:
      path: a `.npy` or `.npz` file.
      error: one of `NUMPY_ERRORS`, raised when it was read.
    """
    if isinstance(error, ObjectArrayError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    is_archive = path.suffix.lower() == ".npz"
    if is_archive and start.startswith(_ZIP):
        return f"the archive is damaged or cut short ({first_line(error)}); {_AGAIN}"
    if not is_archive and start == _MAGIC:
        return _array_fault(path, error)
    what = what_it_is(path)
    said = f"it is {what}" if what else f"the file does not begin as a {path.suffix.lower()} file does; save it again"
    return f"not a NumPy array ({path.suffix.lower()}): {said}"


def _array_fault(path: Path, error: BaseException) -> str:
    """What is wrong with a file that begins like an array."""
    with path.open("rb") as file:
        try:
            reader = _READERS.get(np.lib.format.read_magic(file))
            shape, _, dtype = reader(file) if reader else ((), False, np.dtype("u1"))
        except NUMPY_ERRORS:
            return f"its header is damaged or cut short; {_AGAIN}"
        needed, size = file.tell() + dtype.itemsize * math.prod(shape), path.stat().st_size
    if size < needed and not dtype.hasobject:
        return f"it is cut short: its header describes {needed:,} bytes, it has {size:,}; {_AGAIN}"
    return first_line(error)
