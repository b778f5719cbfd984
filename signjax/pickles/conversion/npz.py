"""Writes `.npz` files: any key, any size, bounded memory.

`numpy.savez` takes the keys as keyword arguments, so `file` raises and `allow_pickle` disappears; it would also take
most of the time of a conversion. This module writes an uncompressed zip archive that `numpy.load` can open.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from signjax.pickles.flatten import Entry
from signjax.pickles.formats.zip_directory import COMMENT as _MARK
from signjax.pickles.limits import PickleError
from signjax.pickles.source import pieces
from signjax.pickles.strided_view import View

_CHUNK = 8 << 20  # bytes
_FULL32 = 0xFFFFFFFF
_UTF8_NAME = 0x800
_DATE = 0x21  # 1 January 1980, so that the same arrays always give the same bytes


class Writable(Protocol):
    """The destination of an archive."""

    def write(self, piece: bytes | memoryview, /) -> Any:
        """Writes the next bytes, which must not change afterwards."""


class Member(NamedTuple):
    """One array of an archive; `crc` and `size` cover `head` and the data together."""

    name: str
    content: "View | np.ndarray[Any, Any]"
    head: bytes
    crc: int
    size: int
    nan: int


def member(entry: Entry) -> Member:
    """Computes an array's checksum and counts its NaN values in one pass."""
    content = entry.content
    head, crc = _header(content.dtype, _is_fortran(content), tuple(content.shape))
    size, nan = len(head), 0
    of_floats = content.dtype.kind in "fc"
    for chunk in chunks(content):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        if of_floats:
            values: np.ndarray[Any, Any] = np.frombuffer(chunk, content.dtype)
            # The minimum is NaN if any value is, and it is by far the fastest check.
            if len(values) and np.isnan(np.minimum.reduce(values)):
                nan += int(np.isnan(values).sum())
    return Member(entry.name, content, head, crc, size, nan)


def write(file: Writable, members: list[Member], source_sha256: str) -> None:
    """Writes arrays as an archive whose comment holds the digest of their source file.

    The comment lets a later run distinguish its own files from others.
    """
    directory = []
    position = 0
    for key, content, head, crc, size, _ in members:
        name = (key + ".npy").encode("utf-8")
        wide = struct.pack("<2H2Q", 1, 16, size, size) if size >= _FULL32 else b""
        short = _FULL32 if wide else size
        version = 45 if wide else 20
        fields = (version, _UTF8_NAME, 0, 0, _DATE, crc, short, short, len(name))
        local = struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields, len(wide)) + name + wide
        if position >= _FULL32:
            wide = struct.pack("<2H", 1, len(wide) + 8 - 4 * bool(wide)) + wide[4:] + struct.pack("<Q", position)
        place = min(position, _FULL32)
        made_by = (45, *fields, len(wide), 0, 0, 0, 0, place)
        directory.append(struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *made_by) + name + wide)
        file.write(local + head)
        for chunk in chunks(content):
            file.write(chunk)
        position += len(local) + size
    listing = b"".join(directory)
    file.write(listing)
    count, size = len(members), len(listing)
    if count >= 0xFFFF or position >= _FULL32 or size >= _FULL32:
        end64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, position)
        file.write(end64 + struct.pack("<4sIQI", b"PK\x06\x07", 0, position + size, 1))
    comment = _MARK + source_sha256.encode("ascii")
    short_count, short_size, short_position = min(count, 0xFFFF), min(size, _FULL32), min(position, _FULL32)
    end = (0, 0, short_count, short_count, short_size, short_position, len(comment))
    file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", *end) + comment)


def source_of(path: str) -> str | None:
    """The digest of the source a file was converted from; None if no conversion wrote the file."""
    length = len(_MARK) + 64
    try:
        with open(path, "rb") as file:
            file.seek(-length, os.SEEK_END)
            comment = file.read()
    except OSError:
        return None
    return comment[len(_MARK) :].decode("ascii", "replace") if comment.startswith(_MARK) else None


@lru_cache(maxsize=1024)
def _header(dtype: "np.dtype[Any]", fortran: bool, shape: tuple[int, ...]) -> tuple[bytes, int]:
    """The header of a .npy file, and its checksum."""
    try:
        descr = np.lib.format.dtype_to_descr(dtype)
    except ValueError:
        raise PickleError(f"an array of dtype {dtype}, which .npy cannot describe") from None
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode("utf-8")
    version, width = (b"\x01\x00", "<H") if len(text) < 65_000 and text.isascii() else (b"\x03\x00", "<I")
    prefix = 8 + struct.calcsize(width)
    padded = text + b" " * (-(prefix + len(text) + 1) % 64) + b"\n"
    head = b"\x93NUMPY" + version + struct.pack(width, len(padded)) + padded
    return head, zlib.crc32(head)


def _is_fortran(content: "View | np.ndarray[Any, Any]") -> bool:
    if isinstance(content, View):
        return content.is_fortran()
    return content.flags.f_contiguous and not content.flags.c_contiguous


def chunks(content: "View | np.ndarray[Any, Any]") -> Iterable[memoryview]:
    """Yields the data in file order, in pieces of bounded size, without copying if they are already contiguous."""
    raw = content.raw() if isinstance(content, View) else None
    if raw is None:
        return _gathered(content)
    return pieces(raw)


def _gathered(content: "View | np.ndarray[Any, Any]") -> Iterator[memoryview]:
    array = content.array() if isinstance(content, View) else content
    if not array.size:
        return
    array = array.T if _is_fortran(content) else array
    if array.flags.c_contiguous:
        yield from pieces(array.reshape(-1).view(np.uint8).data)
        return
    rows = max(1, _CHUNK // max(1, array.nbytes // len(array)))
    for at in range(0, len(array), rows):
        yield np.ascontiguousarray(array[at : at + rows]).reshape(-1).view(np.uint8).data
