"""Opens a file as a block of bytes: small ones are read, large ones are mapped."""

import mmap
import os
import stat
from collections.abc import Iterable, Iterator

import numpy as np

from signjax.pickles.limits import PickleError

_ZIP = b"PK\x03\x04"
_MAP_FROM = 64 << 20  # bytes; below it, reading is as fast and a file that shrinks meanwhile does no harm
_PIECE = 8 << 20  # bytes
_SPARES = 2
_MOST_SPARE = 4 << 20  # bytes
_SPARE: list[bytearray] = []
_ZEROS = memoryview(bytes(_MOST_SPARE))  # which takes no memory as long as it is only read
# glibc gives memory back to the system as soon as a file's arrays are let go of, and the next file's arrays cost a page
# fault for each 4 KiB: half of the time that such a file takes. It keeps as much as twice the largest block that was
# ever let go of, so one is. The zeros of `bytes` are the system's own: its memory is never touched.
bytes(2 * _MOST_SPARE)


def pieces(content: memoryview) -> Iterable[memoryview]:
    """The content a few megabytes at a time, so that of a large mapped file only those lie in memory.

    Nothing may have been written to the mapping: what was would be lost.
    """
    owner = content.obj
    return _dropped(content, owner) if isinstance(owner, mmap.mmap) else (content,)


def _dropped(content: memoryview, owner: mmap.mmap) -> Iterator[memoryview]:
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]
        owner.madvise(mmap.MADV_DONTNEED)


def open_bytes(path: str | os.PathLike[str], mapped: bool = False) -> tuple[memoryview, bool]:
    """The file's bytes.

    Args:
      path: a regular file.
      mapped: map the file even if it is small, so that only what is looked at is read.

    Returns:
      The bytes (writable; a mapping is private, so that the file stays as it is) and whether they are a mapping.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PickleError("not a regular file")
        size = status.st_size
        if size == 0:
            raise PickleError("the file is empty")
        if mapped or size >= _MAP_FROM:
            return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY)), True
        # The arrays of an archive are used where they lie; NumPy's memory is aligned, and not filled with zeros first. The
        # machine reads a bytearray faster.
        is_zip = os.pread(descriptor, 4, 0) == _ZIP
        view = np.empty(size, np.uint8).data if is_zip else memoryview(_buffer(size))
        filled = os.readv(descriptor, [view])
        while filled < size:
            got = os.readv(descriptor, [view[filled:]])
            if not got:
                raise PickleError(f"the file shrank from {size} to {filled} bytes while it was read")
            filled += got
        return view, False
    finally:
        os.close(descriptor)


def _buffer(size: int) -> bytearray:
    """A buffer of that size, one that was given back if there is any.

    Taking new memory for each file, and giving it back to the system, can take longer than reading the file.
    """
    try:
        buffer = _SPARE.pop()
        buffer.append(0)  # refused as long as anything looks at what was read last
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
    """Lets the next file be read into the same memory, once nothing looks at this content any more."""
    buffer = content.obj
    if type(buffer) is bytearray and len(buffer) <= _MOST_SPARE and len(_SPARE) < _SPARES:
        _SPARE.append(buffer)
