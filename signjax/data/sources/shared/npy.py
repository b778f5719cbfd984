"""Reads `.npy` and `.npz` files, through a memory map if they are not compressed."""

import os
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

import numpy as np

from signjax.data.sources.shared.leftovers import is_leftover

# The errors that NumPy raises for files that are truncated, damaged, in another format, or hold pickled objects.
NUMPY_ERRORS = (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error)

_LOCAL_HEADER = 30  # bytes of a zip member's local header, before its name and extra field
_HEADER_READERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ObjectArrayError(ValueError):
    """An array holds pickled Python objects, such as a list of clips of different lengths, and is not read."""


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


def read_array(path: Path) -> np.ndarray:
    """The array of a `.npy` file, read into memory.

    Raises:
      NUMPY_ERRORS: the file cannot be read, is damaged, has another format, or holds pickled objects.
    """
    with path.open("rb") as file:
        _header(path.stem, file)
        file.seek(0)
        array: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
        return array


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
            _header(path.stem, file)
        return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False)}
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in _members(archive)}
        return {key: _member(path, archive, info) for key, info in members.items() if keys is None or key in keys}


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
    with archive.open(info) as member:
        header = _header(info.filename.removesuffix(".npy"), member)
        if info.compress_type == zipfile.ZIP_STORED and header is not None:
            shape, fortran, dtype = header
            start = _data_start(path, info) + member.tell()
            if 0 not in shape and start + dtype.itemsize * int(np.prod(shape)) <= os.path.getsize(path):
                return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
    with archive.open(info) as member:
        array: np.ndarray = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _header(name: str, file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Shape, order and type of an array, read from the beginning of its file; None for a rare version of the format."""
    reader = _HEADER_READERS.get(np.lib.format.read_magic(file))
    if reader is None:
        return None
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = reader(file)
    if header[2].hasobject:
        raise ObjectArrayError(f"array {name!r} holds Python objects, not numbers or text")
    return header


def _data_start(path: Path, info: zipfile.ZipInfo) -> int:
    """The offset of a member's bytes; its local header may be longer than the copy in the directory."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", file.read(_LOCAL_HEADER))
    return info.header_offset + _LOCAL_HEADER + int(name) + int(extra)
