"""Opens a file as a block of bytes: small files are read, large ones are mapped."""

import mmap
import os
import stat
from collections.abc import Iterable, Iterator

import numpy as np

from signjax.pickles.limits import PickleError

_ZIP = b"PK\x03\x04"
_USED_IN_PLACE = (_ZIP, b"\x93NUM")
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)  # the latter on Windows alone
_MAP_FROM = 64 << 20  # bytes; below this, reading is as fast, and a file that shrinks meanwhile does no harm
_PIECE = 8 << 20  # bytes
_CAN_DROP = hasattr(mmap, "MADV_DONTNEED")
_SPARES = 2
_MOST_SPARE = 4 << 20  # bytes
_SPARE: list[bytearray] = []
_ZEROS = memoryview(bytes(_MOST_SPARE))  # takes no physical memory as long as it is only read
# glibc returns memory to the system as soon as a file's arrays are freed, and the arrays of the next file then cost one
# page fault per 4 KiB, half of the time such a file takes. glibc keeps up to twice the largest block that was ever
# freed, so a large one is allocated and freed here. Its zero pages come from the system and are never touched.
bytes(2 * _MOST_SPARE)


def pieces(content: memoryview) -> Iterable[memoryview]:
    """Yields the content a few megabytes at a time, so that only those of a large mapped file are in memory.

    The mapping must be unmodified: changes would be lost.
    """
    owner = content.obj
    return _dropped(content, owner) if isinstance(owner, mmap.mmap) else (content,)


def _dropped(content: memoryview, owner: mmap.mmap) -> Iterator[memoryview]:
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]
        if _CAN_DROP:
            owner.madvise(mmap.MADV_DONTNEED)


def open_bytes(path: str | os.PathLike[str], mapped: bool = False) -> tuple[memoryview, bool]:
    """Opens a file.

    Args:
      path: a regular file.
      mapped: map the file even if it is small, so that only the parts that are accessed are read.

    Returns:
      The bytes and whether they are a mapping. They are writable; a mapping is private, so the file never changes.

    Raises:
      PickleError: the file is empty, not a regular file, or shrinks while it is read.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PickleError("not a regular file")
        size = status.st_size
        if size == 0:
            raise PickleError("the file is empty")
        if mapped or size >= _MAP_FROM:
            return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY)), True
        # The arrays of zip archives and .npy files are used in place, so their buffer must be aligned; NumPy's is, and it is
        # not zeroed first. The machine reads the other formats faster from a bytearray.
        in_place = _start(descriptor) in _USED_IN_PLACE
        view = np.empty(size, np.uint8).data if in_place else memoryview(_buffer(size))
        filled = _read_into(descriptor, [view])
        while filled < size:
            got = _read_into(descriptor, [view[filled:]])
            if not got:
                raise PickleError(f"the file shrank from {size} to {filled} bytes while it was read")
            filled += got
        return view, False
    finally:
        os.close(descriptor)


def _start(descriptor: int) -> bytes:
    """The first four bytes of a file, which is then read from its beginning."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, 4, 0)
    start = os.read(descriptor, 4)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return start


def _read_part(descriptor: int, views: list[memoryview]) -> int:
    """Does what `os.readv` does, which Windows lacks."""
    part = os.read(descriptor, min(len(views[0]), _PIECE))
    views[0][: len(part)] = part
    return len(part)


_read_into = getattr(os, "readv", _read_part)


def _buffer(size: int) -> bytearray:
    """Returns a buffer of this size, reusing one that was given back if possible.

    Allocating memory for each file and returning it to the system can take longer than reading the file.
    """
    try:
        buffer = _SPARE.pop()
        buffer.append(0)  # raises BufferError while anything still refers to the previous content
    except (IndexError, BufferError):
        return bytearray(size)
    missing = size - len(buffer)
    if missing > len(_ZEROS):
        return bytearray(size)
    if missing < 0:
        del buffer[size:]
    else:
        buffer += _ZEROS[:missing]
    return buffer


def give_back(content: memoryview) -> None:
    """Allows the next file to be read into the same memory, once nothing refers to this content any more."""
    buffer = content.obj
    if type(buffer) is bytearray and len(buffer) <= _MOST_SPARE and len(_SPARE) < _SPARES:
        _SPARE.append(buffer)
