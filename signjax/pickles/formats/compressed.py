"""Decompresses whole files (gzip, bzip2 or zlib, joblib's default), up to a bound."""

import bz2
import zlib
from typing import Protocol

from signjax.pickles.limits import AGAIN, Limits, PickleError

_PIECE = 64 << 10  # bytes passed to the decompressor at a time
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS  # deflate without a header, as in zip archives


class _Unpacker(Protocol):
    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def packing(start: bytes) -> str:
    """Detects the compression of a file from its first bytes; empty if there is none."""
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"BZh") and start[4:10] == b"1AY&SY":
        return "bzip2"
    if len(start) > 1 and start[0] == 0x78 and int.from_bytes(start[:2], "big") % 31 == 0:
        return "zlib"
    return ""


def unpack(buffer: memoryview, how: str, limits: Limits) -> memoryview:
    """Decompresses a file. Several consecutive streams count as one file, as in gzip and bzip2."""
    most = limits.unfolded(len(buffer))
    result = bytearray()
    pos = 0
    try:
        while pos < len(buffer) or not result:
            unpacker: _Unpacker = bz2.BZ2Decompressor() if how == "bzip2" else _Zlib()  # type: ignore[assignment]
            pos = _stream(buffer, pos, unpacker, result, most)
    except (OSError, EOFError, zlib.error) as error:
        raise PickleError(f"{how} data that cannot be decompressed: {error}") from None
    return memoryview(result)


def inflate(packed: memoryview, size: int) -> memoryview:
    """Decompresses a deflated member of a zip archive, which must have exactly `size` bytes."""
    result = bytearray()
    try:
        end = _stream(packed, 0, _Zlib(_BARE), result, size)
    except zlib.error as error:
        raise PickleError(f"deflated data that cannot be decompressed: {error}") from None
    if end != len(packed) or len(result) != size:
        raise PickleError(
            f"deflated data that decompress to {len(result)} bytes instead of {size}, or have further data after them"
        )
    return memoryview(result)


class _Zlib:
    """zlib's decompressor with the interface of bz2's, which keeps input that would exceed the requested output."""

    def __init__(self, window: int = _GZIP_OR_ZLIB) -> None:
        self._unpacker = zlib.decompressobj(window)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        found = self._unpacker.decompress(self._unpacker.unconsumed_tail + data, max_length)
        self.needs_input = len(found) < max_length
        self.eof = self._unpacker.eof
        self.unused_data = self._unpacker.unused_data
        return found


def _stream(buffer: memoryview, pos: int, unpacker: _Unpacker, result: bytearray, most: int) -> int:
    """Decompresses one stream and appends it to `result`; returns the offset after the stream."""
    while not unpacker.eof:
        piece = b""
        if unpacker.needs_input:
            piece = bytes(buffer[pos : pos + _PIECE])
            if not piece:
                raise PickleError(f"compressed data that end early{AGAIN}")
            pos += len(piece)
        result += unpacker.decompress(piece, _PIECE)
        if len(result) > most:
            raise PickleError(f"data that decompress to more than the {most} bytes that are allowed or declared")
    return pos - len(unpacker.unused_data)
