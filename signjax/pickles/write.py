"""Writes plain pickles that contain CUDA tensors, without torch and without CUDA.

The bytes are those of `pickle.dump(tree, file, protocol=4)` with tensors as torch writes them: a call of
`torch._utils._rebuild_tensor_v2` on a storage, and the storage as a complete legacy stream whose location tag is the
device. The same tree always gives the same bytes.
"""

import os
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from signjax.pickles.atomic import partial_path
from signjax.pickles.interpreter.nested_stream import HEADER
from signjax.pickles.objects.torch_dtypes import STORAGES

_STORAGE_OF = {dtype: name for name, dtype in STORAGES.items()}
_STORAGE_KEY = b"0"  # torch writes the storage's memory address


class CudaTensor(NamedTuple):
    """An array to be written as a torch tensor on a device."""

    array: np.ndarray[Any, Any]
    device: str = "cuda:0"


def write_plain(path: str | os.PathLike[str], tree: Any) -> None:
    """Writes a tree of dict, list, tuple, str, numbers, None, arrays and `CudaTensor` as a plain pickle.

    The file appears under its name only once it is complete.

    Raises:
      TypeError: the tree contains a value of another type.
    """
    pieces: list[bytes] = [b"\x80\x04"]
    _emit(tree, pieces.append)
    pieces.append(b".")
    path = os.fspath(path)
    partial = partial_path(path)
    try:
        with open(partial, "wb") as file:
            file.writelines(pieces)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


Put = Callable[[bytes], None]


def _emit(value: Any, put: Put) -> None:
    emit = _EMITTERS.get(type(value))
    if emit is None:
        raise TypeError(
            f"a {type(value).__name__} cannot be written; wrap arrays, and convert NumPy scalars with .item()"
        )
    emit(value, put)


def _dictionary(items: dict[Any, Any], put: Put) -> None:
    put(b"}(")
    for key, item in items.items():
        _emit(key, put)
        _emit(item, put)
    put(b"u")


def _sequence(items: list[Any] | tuple[Any, ...], put: Put) -> None:
    put(b"](" if type(items) is list else b"(")
    for item in items:
        _emit(item, put)
    put(b"e" if type(items) is list else b"t")


def _whole(value: int) -> bytes:
    if 0 <= value < 1 << 8:
        return b"K" + struct.pack("<B", value)
    if 0 <= value < 1 << 16:
        return b"M" + struct.pack("<H", value)
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + struct.pack("<B", len(raw)) + raw


def _text(value: str) -> bytes:
    raw = value.encode("utf-8")
    return (b"\x8c" + struct.pack("<B", len(raw)) if len(raw) < 256 else b"X" + struct.pack("<I", len(raw))) + raw


def _sizes(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_whole, values)) + b"t"


def _global(module: str, name: str) -> bytes:
    return _text(module) + _text(name) + b"\x93"


def _bytes(raw: bytes) -> bytes:
    if len(raw) < 256:
        return b"C" + struct.pack("<B", len(raw)) + raw
    if len(raw) < 1 << 32:
        return b"B" + struct.pack("<I", len(raw)) + raw
    return b"\x8e" + struct.pack("<Q", len(raw)) + raw


def _array(array: "np.ndarray[Any, Any]", put: Put) -> None:
    """Writes `_reconstruct` and its state, under the module name that both NumPy 1 and NumPy 2 can read."""
    kind, order = array.dtype.kind, array.dtype.str[0]
    if kind not in "biufc":
        raise TypeError(f"an array of dtype {array.dtype} cannot be written; numbers and truth values can")
    put(_global("numpy.core.multiarray", "_reconstruct") + _global("numpy", "ndarray") + b"K\0\x85C\x01b\x87R")
    put(b"(K\x01" + _sizes(array.shape))
    put(_global("numpy", "dtype") + _text(array.dtype.str[1:]) + b"\x89\x88\x87R")
    put(b"(K\x03" + _text(order) + b"NNN" + _whole(-1) + _whole(-1) + b"K\0tb")
    put(b"\x89" + _bytes(array.tobytes()) + b"tb")


def _tensor(tensor: CudaTensor, put: Put) -> None:
    array = np.ascontiguousarray(tensor.array)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(np.shape(tensor.array))
    put(_global("torch._utils", "_rebuild_tensor_v2") + b"(" + _global("torch.storage", "_load_from_bytes"))
    put(_bytes(legacy_storage(array, tensor.device)) + b"\x85R")
    strides = [1]
    for size in array.shape[:0:-1]:
        strides.append(strides[-1] * max(size, 1))
    put(b"K\0" + _sizes(array.shape) + _sizes(tuple(reversed(strides)) if array.ndim else ()))
    put(b"\x89" + _global("collections", "OrderedDict") + b")RtR")


def legacy_storage(array: "np.ndarray[Any, Any]", device: str) -> bytes:
    """Encodes one storage as a complete legacy stream, as torch writes it into a pickle (always with protocol 2)."""
    storage = _STORAGE_OF.get(array.dtype.name)
    if storage is None:
        raise TypeError(f"torch has no storage class for {array.dtype}")
    key = b"X" + struct.pack("<I", len(_STORAGE_KEY)) + _STORAGE_KEY
    place = device.encode("ascii")
    return b"".join(
        (
            HEADER,
            b"\x80\x02(X\x07\0\0\0storageq\0ctorch\n" + storage.encode("ascii") + b"\nq\x01" + key + b"q\x02",
            b"X" + struct.pack("<I", len(place)) + place + b"q\x03" + _whole(array.size) + b"Ntq\x04Q.",
            b"\x80\x02]q\0" + key + b"q\x01a.",
            struct.pack("<q", array.size),
            array.tobytes(),
        )
    )


_EMITTERS: dict[type, Callable[[Any, Put], None]] = {
    type(None): lambda _, put: put(b"N"),
    bool: lambda value, put: put(b"\x88" if value else b"\x89"),
    int: lambda value, put: put(_whole(value)),
    float: lambda value, put: put(b"G" + struct.pack(">d", value)),
    str: lambda value, put: put(_text(value)),
    dict: _dictionary,
    list: _sequence,
    tuple: _sequence,
    np.ndarray: _array,
    CudaTensor: _tensor,
}
