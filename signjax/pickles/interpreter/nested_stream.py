"""The storage inside of each tensor of a plain pickle: a whole legacy stream, nearly always the same 400 bytes and
the data.

Such a stream is recognised by one pattern. Whatever does not look exactly so is read as any legacy stream (see
`legacy_stream.nested_storage`); the outcome is the same, only ten times slower.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.objects.torch_dtypes import (
    DTYPES,
    NATIVE,
    STORAGES,
    TorchDtype,
)
from signjax.pickles.objects.torch_standins import Storage
from signjax.pickles.strided_view import Block

# What torch on a 64-bit little-endian machine writes in front of the object of a legacy stream: the magic number, the
# protocol and sys_info.
HEADER = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    b"\x80\x02M\xe9\x03."
    b"\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\r\x00\x00\x00little_endianq\x02\x88"
    b"X\n\x00\x00\x00type_sizesq\x03}q\x04(X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\x00\x00intq\x06K\x04"
    b"X\x04\x00\x00\x00longq\x07K\x04uu."
)
# (1) storage class, (2) size of (3) the key, (4) size of (5) the device, (6) number of elements with its instruction, and
# (7) again in front of the data.
_STREAM = re.compile(
    re.escape(HEADER) + rb"\x80\x02\(X\x07\0\0\0storageq\0ctorch\n([A-Za-z0-9]{1,30})\n"
    rb"q\x01X(.)\0\0\0([0-9]{1,20})q\x02X(.)\0\0\0([a-z0-9:]{1,20})q\x03(K.|M..|J....)Ntq\x04Q\."
    rb"\x80\x02\]q\0X\2\0\0\0\3q\x01a\.(.{8})",
    re.DOTALL,
)
_KINDS = {name.encode("ascii"): DTYPES[dtype] for name, dtype in STORAGES.items()}


class Described(NamedTuple):
    """What the pickles of a stream say about its storage; `native` is None where NumPy alone has no such dtype."""

    dtype: TorchDtype
    native: "np.dtype[Any] | None"
    device: str
    nbytes: int


def usual_stream(stream: memoryview) -> tuple[Described, bytes, memoryview] | None:
    """What the stream says, the key and the data of its storage; None if it is not the usual one."""
    match = _STREAM.match(stream)
    if match is None:
        return None
    kind, key_size, key, device_size, device, count, record = match.groups()
    described = _describe(kind, device_size, device, count, record)
    start = match.end()
    if described is None or key_size[0] != len(key) or start + described[3] != len(stream):
        return None
    return described, key, stream[start:]


def usual_storage(stream: memoryview) -> Storage | None:
    """The storage that the stream holds, or None if it is not the usual one."""
    found = usual_stream(stream)
    if found is None:
        return None
    described, key, data = found
    storage = Storage(described.dtype, key.decode("ascii"), described.device, described.nbytes)
    storage.block = Block(data)
    return storage


@lru_cache(maxsize=4096)
def _describe(kind: bytes, device_size: bytes, device: bytes, count: bytes, record: bytes) -> Described | None:
    """What the pickles say, if it agrees with the record in front of the data."""
    dtype = _KINDS.get(kind)
    elements = int.from_bytes(count[1:], "little", signed=count[:1] == b"J")
    if dtype is None or device_size[0] != len(device) or elements != int.from_bytes(record, "little", signed=True):
        return None
    if elements < 0:
        return None
    return Described(dtype, NATIVE.get(dtype.name), device.decode("ascii"), elements * dtype.itemsize)
