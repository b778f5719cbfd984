"""The storage inside each tensor of a plain pickle: a complete legacy stream, nearly always the same 400 bytes plus data.

A regular expression recognises such a stream. Any other is read like an ordinary legacy stream (see
`legacy_stream.nested_storage`), with the same outcome, only ten times slower.
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
from signjax.pickles.objects.torch_placeholders import Storage
from signjax.pickles.strided_view import Block

# What torch on a 64-bit little-endian machine writes before the object of a legacy stream: the magic number, the protocol
# and sys_info.
HEADER = (
    b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    b"\x80\x02M\xe9\x03."
    b"\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\r\x00\x00\x00little_endianq\x02\x88"
    b"X\n\x00\x00\x00type_sizesq\x03}q\x04(X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\x00\x00intq\x06K\x04"
    b"X\x04\x00\x00\x00longq\x07K\x04uu."
)
# Groups: (1) storage class, (2) size of (3) the key, (4) size of (5) the device, (6) number of elements with its opcode,
# (7) the number of elements again, before the data.
_STREAM = re.compile(
    re.escape(HEADER) + rb"\x80\x02\(X\x07\0\0\0storageq\0ctorch\n([A-Za-z0-9]{1,30})\n"
    rb"q\x01X(.)\0\0\0([0-9]{1,20})q\x02X(.)\0\0\0([a-z0-9:]{1,20})q\x03(K.|M..|J....)Ntq\x04Q\."
    rb"\x80\x02\]q\0X\2\0\0\0\3q\x01a\.(.{8})",
    re.DOTALL,
)
_KINDS = {name.encode("ascii"): DTYPES[dtype] for name, dtype in STORAGES.items()}


class Described(NamedTuple):
    """A stream's description of its storage; `native` is None if the dtype needs ml_dtypes."""

    dtype: TorchDtype
    native: "np.dtype[Any] | None"
    device: str
    nbytes: int


def match_common_stream(stream: memoryview) -> tuple[Described, bytes, memoryview] | None:
    """Returns the description, key and data of a stream's storage; None if the stream does not match the common form."""
    match = _STREAM.match(stream)
    if match is None:
        return None
    kind, key_size, key, device_size, device, count, record = match.groups()
    described = _describe(kind, device_size, device, count, record)
    start = match.end()
    if described is None or key_size[0] != len(key) or start + described[3] != len(stream):
        return None
    return described, key, stream[start:]


def match_common_storage(stream: memoryview) -> Storage | None:
    """Returns the storage of a stream; None if the stream does not match the common form."""
    found = match_common_stream(stream)
    if found is None:
        return None
    described, key, data = found
    storage = Storage(described.dtype, key.decode("ascii"), described.device, described.nbytes)
    storage.block = Block(data)
    return storage


@lru_cache(maxsize=4096)
def _describe(kind: bytes, device_size: bytes, device: bytes, count: bytes, record: bytes) -> Described | None:
    """Returns the description if it agrees with the record before the data; else None."""
    dtype = _KINDS.get(kind)
    elements = int.from_bytes(count[1:], "little", signed=count[:1] == b"J")
    if dtype is None or device_size[0] != len(device) or elements != int.from_bytes(record, "little", signed=True):
        return None
    if elements < 0:
        return None
    return Described(dtype, NATIVE.get(dtype.name), device.decode("ascii"), elements * dtype.itemsize)
