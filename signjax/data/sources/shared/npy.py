"""Reads `.npy` and `.npz` files, through a memory map if they are not compressed.

Arrays of Python objects, which NumPy stores as pickles, are read by `signjax.pickles`, which runs no code from them: texts and
numbers become ordinary arrays, arrays of one shape a single one, and the dictionary that `np.save` was given its entries.
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np

from signjax import pickles
from signjax.data.sources.shared.leftovers import is_leftover

# The errors for files that are truncated, damaged, in another format, or hold objects that are not numbers or text.
NUMPY_ERRORS = (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)

_Header = tuple[tuple[int, ...], bool, np.dtype[Any]] | None  # shape, whether in Fortran order, type
_MOST_TEXT = 1 << 28  # letters
_LOCAL_HEADER = 30  # bytes of a zip member's local header, before its name and extra field
_HEADER_READERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ObjectArrayError(ValueError):
    """An array holds Python objects that are neither numbers nor text nor arrays of them."""


def array_names(path: Path) -> list[str]:
    """The names of the arrays in a `.npz` file.

    Raises:
      NUMPY_ERRORS: the file cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        return [info.filename.removesuffix(".npy") for info in _members(archive)]


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members of an archive, without those that macOS adds when it packs a folder."""
    return [info for info in archive.infolist() if not any(map(is_leftover, info.filename.split("/")))]


def read_arrays(path: Path, keys: Collection[str] | None = None, *, verified: bool = False) -> dict[str, np.ndarray]:
    """The arrays of a `.npz` file, all or those with the given names, or the array of a `.npy` file under the file's stem.

    Uncompressed members of an archive, as `np.savez` writes them, are memory-mapped, not read; their checksums are therefore
    verified only if `verified` is set.

    Raises:
      NUMPY_ERRORS: the file cannot be read, is damaged, or holds pickled objects.
    """
    if verified:
        verify(path)
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            objects = _holds_objects(_header(file))
        if objects:
            return {
                key: array for key, array in _objects(path).items() if keys is None or key in keys or key == path.stem
            }
        return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in _members(archive)}
        return {key: _member(path, archive, info) for key, info in members.items() if keys is None or key in keys}


def read_array(path: Path) -> np.ndarray:
    """The array of a `.npy` file, read into memory.

    Raises:
      NUMPY_ERRORS: the file cannot be read, is damaged, or holds something else.
    """
    with path.open("rb") as file:
        if not _holds_objects(_header(file)):
            file.seek(0)
            array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
            return array
    arrays = _objects(path)
    if arrays.keys() != {path.stem}:
        raise ObjectArrayError(f"a dictionary with {', '.join(arrays) or 'no arrays'}, not an array")
    return arrays[path.stem]


def map_array(path: Path) -> np.ndarray:
    """The array of a `.npy` file, memory-mapped.

    Raises:
      NUMPY_ERRORS: the file cannot be read, is damaged, or holds something else.
    """
    return read_arrays(path)[path.stem]


def _holds_objects(header: "_Header") -> bool:
    return header is not None and header[2].hasobject


def _objects(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of Python objects: the entries of a dictionary, or one array under the file's stem."""
    content = pickles.load(path)
    if isinstance(content, dict):
        made = {str(key): as_array(value) for key, value in content.items()}
        return {key: array for key, array in made.items() if array is not None}
    array = as_array(content)
    if array is None:
        raise _not_an_array(path.stem)
    return {path.stem: array}


def _not_an_array(name: str) -> ObjectArrayError:
    return ObjectArrayError(f"array {name!r} holds Python objects, not numbers or text")


def as_array(value: Any) -> np.ndarray | None:
    """A value as an array of numbers or text.

    Arrays of two or more dimensions whose first sizes differ, such as clips of different lengths, stay an array of arrays.

    Returns:
      The array; None if the value is something else.
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value
    if not isinstance(value, np.ndarray | list | tuple):
        return _of_items([value], ())
    if isinstance(value, np.ndarray):
        return _of_items(value.ravel().tolist(), value.shape)
    return _of_items(list(value), (len(value),))


def _of_items(items: list[Any], shape: tuple[int, ...]) -> np.ndarray | None:
    if items and all(isinstance(item, str) for item in items):
        return np.array(items, str).reshape(shape) if len(items) * max(map(len, items)) < _MOST_TEXT else None
    if all(isinstance(item, int | float | np.number | np.bool_) for item in items):
        numbers = np.array(items)
        return numbers.reshape(shape) if numbers.dtype.kind in "biuf" else None
    return _of_arrays(
        [as_array(item) if isinstance(item, np.ndarray | list | tuple) else None for item in items], shape
    )


def _of_arrays(arrays: list[np.ndarray | None], shape: tuple[int, ...]) -> np.ndarray | None:
    found = [array for array in arrays if array is not None and array.dtype.kind in "biufUS"]
    if len(found) < len(arrays) or len({(array.shape[1:], array.ndim) for array in found}) > 1:
        return None
    if len({len(array) for array in found if array.ndim}) == 1:
        return np.stack(found).reshape(*shape, *found[0].shape)
    if found[0].ndim < 2:
        return None
    ragged = np.empty(len(found), object)
    ragged[:] = found
    return ragged.reshape(shape)


def verify(path: Path) -> None:
    """Reads a `.npz` file from end to end and compares the checksum of each array; a `.npy` file has none.

    Raises:
      NUMPY_ERRORS: the file cannot be read, or an array does not match its checksum.
    """
    if path.suffix.lower() == ".npy":
        return
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"the content of {damaged} does not match its checksum")


def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    name = info.filename.removesuffix(".npy")
    with archive.open(info) as member:
        header = _header(member)
        if _holds_objects(header):
            return _member_of_objects(path, name)
        if info.compress_type == zipfile.ZIP_STORED and header is not None:
            shape, fortran, dtype = header
            start = _data_start(path, info) + member.tell()
            if 0 not in shape and start + dtype.itemsize * int(np.prod(shape)) <= os.path.getsize(path):
                return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
    with archive.open(info) as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _member_of_objects(path: Path, name: str) -> np.ndarray:
    array = as_array(pickles.load(path)[name])
    if array is None:
        raise _not_an_array(name)
    return array


def _header(file: IO[bytes]) -> "_Header":
    """Shape, order and type of an array, read from the beginning of its file; None for a rare version of the format."""
    start = file.read(len(np.lib.format.MAGIC_PREFIX))
    if start != np.lib.format.MAGIC_PREFIX:
        raise ValueError(f"not a NumPy array (.npy): {_what(start)}")
    major, minor = file.read(2)
    reader = _HEADER_READERS.get((major, minor))
    header: _Header = None if reader is None else reader(file)
    return header


def _what(start: bytes) -> str:
    """What a file is that begins with these bytes."""
    if start.startswith(b"\x80") or not start:
        return "it is a pickle; give it the suffix .pkl" if start else "it is empty"
    return "it is an archive; give it the suffix .npz" if start.startswith(b"PK") else f"it begins with {start!r}"


def _data_start(path: Path, info: zipfile.ZipInfo) -> int:
    """The offset of a member's bytes; its local header may be longer than the copy in the directory."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", file.read(_LOCAL_HEADER))
    return info.header_offset + _LOCAL_HEADER + int(name) + int(extra)
