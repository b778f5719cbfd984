"""The format of `torch.save` before 0.1.10: a tar archive of storages, tensors and a pickle that numbers them."""

import struct
from typing import Any

from signjax.pickles.interpreter import machine
from signjax.pickles.limits import AGAIN, Limits, PickleError
from signjax.pickles.objects.placeholders import Name, kind
from signjax.pickles.objects.torch_dtypes import StorageType
from signjax.pickles.objects.torch_placeholders import Storage, Tensor
from signjax.pickles.strided_view import Block

_BLOCK = 512  # bytes
_NAMES = frozenset(("sys_info", "storages", "tensors", "pickle"))
_HARMLESS = (b"mtime", b"atime", b"ctime")  # the only fields an extended header may contain
_MOST_ITEMS = 1_000_000
_MOST_DIMENSIONS = 32


def is_tar(buffer: memoryview) -> bool:
    """Whether the file begins with a tar header, judging by the magic that tar has used since 1988."""
    return bytes(buffer[257:262]) == b"ustar"


def read(buffer: memoryview, limits: Limits) -> Any:
    """Reads a tar archive; returns its object, with placeholders whose bytes have been found."""
    members = _members(buffer)
    missing = {"storages", "tensors", "pickle"} - members.keys()
    if missing:
        raise PickleError(f"a tar archive without {', '.join(sorted(missing))}: torch did not write it")
    storages = _storages(members["storages"], limits)
    objects: dict[int, Storage | Tensor] = {**storages, **_tensors(members["tensors"], storages, limits)}

    def persistent(saved: object) -> Storage | Tensor:
        if type(saved) is tuple:
            raise PickleError("a pickled module; save its `state_dict()` instead")
        text = str(saved) if type(saved) in (int, str) else ""
        if not text.isdecimal() or len(text) > 20 or int(text) not in objects:
            raise PickleError(f"a persistent id that does not name a tensor: {text[:100] or kind(saved)}")
        return objects[int(text)]

    value, end = machine.run(members["pickle"], 0, limits, persistent)
    if end != len(members["pickle"]):
        raise PickleError("bytes after the pickle in the member `pickle`")
    return value


def _members(buffer: memoryview) -> dict[str, memoryview]:
    """Finds the files of the archive by name. Links, folders and names that torch does not write are refused."""
    members: dict[str, memoryview] = {}
    pos = 0
    while pos + _BLOCK <= len(buffer):
        head = bytes(buffer[pos : pos + _BLOCK])
        if not any(head):
            break
        size, kind = _number(head[124:136]), head[156:157]
        if sum(head) - sum(head[148:156]) + 8 * ord(" ") != _number(head[148:156]):
            raise PickleError(f"byte {pos}: a tar header with a wrong checksum")
        start = pos + _BLOCK
        if size > len(buffer) - start:
            raise PickleError(
                f"byte {pos}: a tar member of {size} bytes that extends beyond the end of the file{AGAIN}"
            )
        content = buffer[start : start + size]
        name = head[:100].rstrip(b"\0").decode("latin-1")
        if kind == b"x":
            _check_extended(bytes(content[:4096]), size)
        elif kind not in (b"0", b"\0") or name not in _NAMES or any(head[345:500]):
            raise PickleError(
                f"byte {pos}: the tar member {name!r} of kind {kind!r}; only files named {sorted(_NAMES)} are supported"
            )
        elif name in members:
            raise PickleError(f"two tar members named {name!r}")
        else:
            members[name] = content
        pos = start + -(-size // _BLOCK) * _BLOCK
    if any(bytes(buffer[pos : pos + 64 * _BLOCK])) or len(buffer) - pos > 64 * _BLOCK:
        raise PickleError(f"byte {pos}: data after the last tar member")
    return members


def _number(field: bytes) -> int:
    text = field.strip(b"\0 ")
    if not text or any(digit not in b"01234567" for digit in text):
        raise PickleError("a tar header with a malformed number")
    return int(text, 8)


def _check_extended(content: bytes, size: int) -> None:
    if size > 4096:
        raise PickleError("a tar header extension of more than 4096 bytes")
    for line in content.split(b"\n"):
        if line and line.partition(b" ")[2].partition(b"=")[0] not in _HARMLESS:
            raise PickleError("a tar header extension that changes something other than times")


def _count(buffer: memoryview, limits: Limits) -> tuple[int, int]:
    count, pos = machine.run(buffer, 0, limits)
    if type(count) is not int or not 0 <= count <= _MOST_ITEMS:
        raise PickleError("an invalid count")
    return count, pos


def _storages(buffer: memoryview, limits: Limits) -> dict[int, Storage]:
    """Reads the storages: each is (key, location, type), an int64 count and the numbers; a list of views follows."""
    storages: dict[int, Storage] = {}
    count, pos = _count(buffer, limits)
    for _ in range(count):
        entry, pos = machine.run(buffer, pos, limits)
        match entry:
            case (int(key), str(location), Name(meaning=StorageType() as kind)) if key not in storages and key >= 0:
                itemsize = kind.dtype.itemsize if kind.dtype else 1
            case _:
                raise PickleError("a storage that is not (key, location, type), or a key listed twice")
        size, pos = _int64s(buffer, pos, 1)
        nbytes = size[0] * itemsize
        if not 0 <= nbytes <= len(buffer) - pos:
            raise PickleError(f"the storage {key} of {nbytes} bytes, but only {len(buffer) - pos} bytes are left")
        storages[key] = Storage(kind.dtype, str(key), location, nbytes)
        storages[key].block = Block(buffer[pos : pos + nbytes])
        pos += nbytes
    views, pos = machine.run(buffer, pos, limits)
    if type(views) is not list or pos != len(buffer):
        raise PickleError("storages without their list of views, or with bytes after it")
    for view in views:
        match view:
            case (int(key), int(root), int(offset), int(length)) if (
                key >= 0 and key not in storages and root in storages
            ):
                storages[key] = storages[root].part(str(key), offset, length)
            case _:
                raise PickleError("a storage view that is not (key, root, offset, size) of an existing storage")
    return storages


def _tensors(buffer: memoryview, storages: dict[int, Storage], limits: Limits) -> dict[int, Tensor]:
    """Reads the tensors: each is (key, storage, type), the number of dimensions, sizes, strides and the offset."""
    tensors: dict[int, Tensor] = {}
    count, pos = _count(buffer, limits)
    for _ in range(count):
        entry, pos = machine.run(buffer, pos, limits)
        match entry:
            case (int(key), int(storage), Name()) if key not in tensors and key not in storages and storage in storages:
                pass
            case _:
                raise PickleError("a tensor that is not (key, storage, type), or a key listed twice")
        dimensions, pos = _int64s(buffer, pos, 1)
        many = dimensions[0] & 0xFFFFFFFF  # torch never initialised the upper half of these 8 bytes
        if many > _MOST_DIMENSIONS:
            raise PickleError(f"a tensor with {many} dimensions")
        sizes, pos = _int64s(buffer, pos, many)
        strides, pos = _int64s(buffer, pos, many)
        offset, pos = _int64s(buffer, pos, 1)
        tensors[key] = Tensor((storages[storage], offset[0], sizes, strides), least=4)
    if pos != len(buffer):
        raise PickleError("bytes after the last tensor")
    return tensors


def _int64s(buffer: memoryview, pos: int, count: int) -> tuple[tuple[int, ...], int]:
    if pos + 8 * count > len(buffer):
        raise PickleError("a tar member that ends early")
    return struct.unpack_from(f"<{count}q", buffer, pos), pos + 8 * count
