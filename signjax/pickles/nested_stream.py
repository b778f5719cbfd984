"""The storage inside of each tensor of a plain pickle: a whole legacy stream, nearly always the same 400 bytes and
the data.

Such a stream is recognised by one comparison and one pattern. Whatever does not look exactly so is read as any legacy
stream; the outcome is the same, only ten times slower.
"""

import re
import struct

from signjax.pickles import legacy_stream
from signjax.pickles.limits import Limits, PickleError
from signjax.pickles.torch_dtypes import DTYPES, STORAGES
from signjax.pickles.torch_standins import Storage
from signjax.pickles.views import Block

_HEADER = legacy_stream.HEADER
_LONGEST = 220  # bytes that the two pickles behind the header can take, with long names for storage and device
# (1) storage class, (2, 3) key, (4, 5) device, (6) number of elements, (7, 8) the key again, in the list of storages.
_STREAM = re.compile(
    rb"\x80\x02\(X\x07\0\0\0storageq\0ctorch\n([A-Za-z0-9]+)\nq\x01X(.)\0\0\0([0-9]{1,20})q\x02X(.)\0\0\0([a-z0-9:]{1,20})"
    rb"q\x03(K.|M..|J....)Ntq\x04Q\.\x80\x02\]q\0X(.)\0\0\0([0-9]{1,20})q\x01a\.",
    re.DOTALL,
)


def read_storage(buffer: memoryview, limits: Limits) -> Storage:
    """The one storage that a legacy stream inside of a plain pickle holds."""
    storage = _quick(buffer)
    if storage is not None:
        return storage
    root = legacy_stream.read(buffer, limits)
    if type(root) is not Storage:
        raise PickleError("a legacy stream inside of a pickle that holds something other than one storage")
    return root


def _quick(buffer: memoryview) -> Storage | None:
    start = len(_HEADER)
    if buffer[:start] != _HEADER:
        return None
    match = _STREAM.match(bytes(buffer[start : start + _LONGEST]))
    if match is None:
        return None
    kind, key_size, key, device_size, device, count, listed_size, listed = match.groups()
    name = STORAGES.get(kind.decode("ascii"))
    sizes_agree = key_size[0] == len(key) == listed_size[0] and device_size[0] == len(device)
    if name is None or not sizes_agree or listed != key:
        return None
    dtype = DTYPES[name]
    elements = int.from_bytes(count[1:], "little")
    data = start + match.end() + 8
    nbytes = elements * dtype.itemsize
    if data + nbytes != len(buffer) or struct.unpack_from("<q", buffer, data - 8)[0] != elements:
        return None
    storage = Storage(dtype, key.decode("ascii"), device.decode("ascii"), nbytes)
    storage.block = Block(buffer[data:])
    return storage
