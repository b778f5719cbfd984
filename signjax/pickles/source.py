"""Opens a file as a block of bytes: small ones are read, large ones are mapped."""

import mmap
import os
import stat
from collections.abc import Iterator

import numpy as np

from signjax.pickles.limits import PickleError

_ZIP = b"PK\x03\x04"
_MAP_FROM = 64 << 20  # bytes; below it, reading is as fast and a file that shrinks meanwhile does no harm
_PIECE = 8 << 20  # bytes


def pieces(content: memoryview) -> Iterator[memoryview]:
    """The content a few megabytes at a time, so that of a large mapped file only those lie in memory.

    Nothing may have been written to the mapping: what was would be lost.
    """
    owner = content.obj
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]
        if isinstance(owner, mmap.mmap):
            owner.madvise(mmap.MADV_DONTNEED)


def open_bytes(path: str | os.PathLike[str], mapped: bool = False) -> tuple[memoryview, bool]:
    """The file's bytes.

    Args:
      path: a regular file.
      mapped: map the file even if it is small, so that only what is looked at is read.

    Returns:
      The bytes (writable; a mapping is private, so that the file stays as it is) and whether they are a mapping.
    """
    with open(path, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PickleError("not a regular file")
        size = status.st_size
        if size == 0:
            raise PickleError("the file is empty")
        if mapped or size >= _MAP_FROM:
            return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)), True
        if os.pread(file.fileno(), 4, 0) != _ZIP:
            return memoryview(file.read()), False
        # The arrays of an archive are used where they lie, so that the buffer has to be writable. NumPy's is aligned and,
        # unlike a bytearray, not filled with zeros first.
        buffer = np.empty(size, np.uint8)
        view = buffer.data
        filled = 0
        while filled < size:
            got = file.readinto(view[filled:])
            if not got:
                raise PickleError(f"the file shrank from {size} to {filled} bytes while it was read")
            filled += got
        return view, False
