"""The format of `torch.save` before 1.6: five pickles, then the bytes of the storages.

Every tensor in a plain `pickle.dump` contains a complete stream of this format. The numbers are little-endian, whatever
the header says, and may be unaligned.
"""

import struct
from typing import Any

from signjax.pickles.interpreter import machine
from signjax.pickles.interpreter.nested_stream import HEADER, match_common_storage
from signjax.pickles.limits import AGAIN, SKIP_UNKNOWN, Limits, PickleError
from signjax.pickles.objects.placeholders import Name, kind
from signjax.pickles.objects.torch_dtypes import StorageType
from signjax.pickles.objects.torch_placeholders import Storage
from signjax.pickles.objects.unknown import UnknownName
from signjax.pickles.strided_view import Block

MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


class StorageIds:
    """Creates the placeholders for the persistent ids of one stream or archive; equal keys give the same storage."""

    def __init__(self, with_views: bool, most_bytes: int) -> None:
        self.storages: dict[str, Storage] = {}
        self.views: dict[str, tuple[Storage, Storage, int]] = {}
        self._length = 6 if with_views else 5
        self._most_bytes = most_bytes

    def __call__(self, saved: object) -> Storage | UnknownName:
        """Returns the storage for ("storage", type, key, location, number of elements[, view])."""
        if type(saved) is not tuple or len(saved) != self._length or saved[0] != "storage":
            if type(saved) is tuple and len(saved) > 1 and saved[0] == "module":
                if type(saved[1]) is UnknownName:  # its class; the source that the file also holds is left alone
                    return saved[1]
                raise PickleError(f"a pickled module; save its `state_dict()` instead{SKIP_UNKNOWN}")
            raise PickleError("a persistent id that does not name a storage")
        kind, key, location, count = saved[1:5]
        if type(kind) is not Name or type(kind.meaning) is not StorageType:
            raise PickleError("a persistent id whose type is not a storage type")
        if type(key) is not str or type(location) is not str or type(count) is not int or count < 0:
            raise PickleError("a persistent id with an invalid key, location or size")
        dtype = kind.meaning.dtype
        itemsize = dtype.itemsize if dtype else 1
        nbytes = count * itemsize
        if nbytes > self._most_bytes:
            raise PickleError(f"the storage {key[:100]!r} of {nbytes} bytes in a file of {self._most_bytes}")
        storage = self.storages.get(key)
        if storage is None:
            storage = self.storages[key] = Storage(dtype, key, location, nbytes)
        elif storage.dtype != dtype or storage.nbytes != nbytes:
            raise PickleError(f"the storage {key[:100]!r} with two types or sizes")
        view = saved[5] if self._length == 6 else None
        return storage if view is None else self._view(storage, itemsize, view)

    def _view(self, storage: Storage, itemsize: int, view: Any) -> Storage:
        match view:
            case (str(key), int(offset), int(count)) if offset >= 0 and count >= 0:
                start, nbytes = offset * itemsize, count * itemsize
            case _:
                raise PickleError("a storage view that is not (key, offset, size)")
        if start + nbytes > storage.nbytes:
            raise PickleError(f"the storage view {key[:100]!r} extends beyond its storage")
        if key not in self.views:
            self.views[key] = (Storage(storage.dtype, key, storage.device, nbytes), storage, start)
        part, root, known_start = self.views[key]
        if root is not storage or known_start != start or part.nbytes != nbytes:
            raise PickleError(f"the storage view {key[:100]!r} with two positions")
        return part


def nested_storage(stream: memoryview, limits: Limits) -> Storage:
    """Reads the single storage from a legacy stream nested in a plain pickle."""
    storage = match_common_storage(stream)
    if storage is not None:
        return storage
    root = read(stream, limits)
    if type(root) is not Storage:
        raise PickleError("a legacy stream in a pickle that does not hold exactly one storage")
    return root


def read(buffer: memoryview, limits: Limits) -> Any:
    """Reads a complete legacy stream; returns its object, with placeholders whose bytes have been found."""
    if buffer[: len(HEADER)] == HEADER:  # saves interpreting three pickles
        pos = len(HEADER)
    else:
        magic, pos = machine.run(buffer, 0, limits)
        if magic != MAGIC or type(magic) is not int:
            raise PickleError("the magic number of torch.save's legacy format is missing")
        version, pos = machine.run(buffer, pos, limits)
        if type(version) is not int or version != _PROTOCOL:
            found = version if type(version) is int and abs(version) < 1 << 64 else f"(a {kind(version)})"
            raise PickleError(f"version {found} of torch.save's legacy format; only {_PROTOCOL} is supported")
        _system, pos = machine.run(buffer, pos, limits)
    ids = StorageIds(with_views=True, most_bytes=len(buffer))
    root, pos = machine.run(buffer, pos, limits, ids)
    keys, pos = machine.run(buffer, pos, limits)
    if type(keys) is not list or not all(type(key) is str for key in keys) or len(set(keys)) != len(keys):
        raise PickleError("the list of storages is not a list of distinct keys")
    for key in keys:
        pos = _attach(buffer, pos, key, ids.storages.get(key))
    if pos != len(buffer):
        raise PickleError(f"{len(buffer) - pos} bytes after the last storage")
    for part, whole, start in ids.views.values():
        part.block = whole.found().part(start, part.nbytes)
    return root


def _attach(buffer: memoryview, pos: int, key: str, storage: Storage | None) -> int:
    """Finds the bytes of the storage whose record begins at `pos`; returns the offset after it."""
    if storage is None:
        raise PickleError(f"data for the storage {key[:100]!r}, which is not used")
    if pos + 8 > len(buffer):
        raise PickleError(f"the file ends before the storage {key[:100]!r}{AGAIN}")
    count = struct.unpack_from("<q", buffer, pos)[0]
    pos += 8
    itemsize = storage.dtype.itemsize if storage.dtype else 1
    if count * itemsize != storage.nbytes:
        raise PickleError(f"the storage {key[:100]!r} of {storage.nbytes} bytes with a record of {count * itemsize}")
    if storage.nbytes > len(buffer) - pos:
        raise PickleError(f"the file ends inside the storage {key[:100]!r}{AGAIN}")
    storage.block = Block(buffer[pos : pos + storage.nbytes])
    return pos + storage.nbytes
