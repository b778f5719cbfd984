"""Detects the format of a file and reads it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from signjax.pickles.formats import compressed, legacy_stream, npy, tar_archive, zip_archive
from signjax.pickles.formats.npy_header import MAGIC
from signjax.pickles.interpreter import machine
from signjax.pickles.interpreter.nested_stream import HEADER
from signjax.pickles.limits import Limits, PickleError, raised_by
from signjax.pickles.resolve import Resolver
from signjax.pickles.source import give_back, open_bytes
from signjax.pickles.strided_view import View

_PER_PICKLE = 50  # instructions that take as long as starting on another pickle of a file
_PACKINGS = ("gzip", "bzip2", "zlib")
_LEGACY_START = HEADER[:14]
_OTHERS = {
    b"\x89HDF\r\n": "an HDF5 file, not a pickle",
    b"version https://git-lfs": "a Git LFS pointer instead of the file; fetch the file with `git lfs pull`",
    b"\xfd7zXZ": "an xz file, not a pickle; unpack it first",
    b"\x28\xb5\x2f\xfd": "a zstd file, not a pickle; unpack it first",
    b"\x04\x22\x4d\x18": "an lz4 file, not a pickle; unpack it first",
    b"PK\x05\x06": "an empty zip archive",
    b"%PDF": "a PDF file, not a pickle",
    b"<!DOCTYPE": "a web page, perhaps from a failed download; download the file again",
    b"<html": "a web page, perhaps from a failed download; download the file again",
}
_MARKS = tuple(_OTHERS)


def form(buffer: memoryview) -> str:
    """Detects the format of a file from its first bytes."""
    start = bytes(buffer[:32])
    if start.startswith(b"\x80") and not start.startswith(_LEGACY_START) and not tar_archive.is_tar(buffer):
        return "plain"
    if start.startswith(_MARKS):
        raise PickleError(next(what for mark, what in _OTHERS.items() if start.startswith(mark)))
    if start.startswith(MAGIC):
        return "npy"
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start.startswith(_LEGACY_START):
        return "legacy"
    if tar_archive.is_tar(buffer):
        return "tar"
    return compressed.packing(start) or "plain"


def read(
    path: str | os.PathLike[str], limits: Limits, leaf: Callable[[View], Any], mapped: bool, verify: bool | None
) -> Any:
    """Returns the tree of a file, with `leaf(view)` in place of each array.

    Keep no reference to the bytes of a file that is not mapped: the next file is read into the same memory.
    """
    try:
        buffer, is_mapped = open_bytes(path, mapped)
        tree = parse(buffer, limits, leaf, verify=not is_mapped if verify is None else verify)
    except PickleError as error:
        raise PickleError(f"{os.fspath(path)}: {error}") from None
    give_back(buffer)
    return tree


def parse(buffer: memoryview, limits: Limits, leaf: Callable[[View], Any], verify: bool) -> Any:
    """Returns the tree encoded by the bytes of a file."""
    found = form(buffer)
    file_size = len(buffer)
    try:
        if found in _PACKINGS:
            buffer = compressed.unpack(buffer, found, limits)
            inner = form(buffer)
            if inner in _PACKINGS:
                raise PickleError(f"{inner} inside of it; unpack it first")
            value = _FORMS[inner](buffer, limits, verify)
            found = f"{inner} in {found}"
        else:
            value = _FORMS[found](buffer, limits, verify)
        return Resolver(leaf, limits, max(file_size, len(buffer))).value(value)
    except PickleError as error:
        raise PickleError(f"{found}: {error}") from None
    except MemoryError:
        raise PickleError(f"{found}: not enough memory") from None
    except RecursionError:
        raise PickleError(f"{found}: containers nested deeper than Python can follow") from None


def _plain(buffer: memoryview, limits: Limits, _verify: bool) -> Any:
    value, end, spent, bytes_left = machine.run_counted(buffer, 0, limits)
    if end == len(buffer):
        return value
    if value == legacy_stream.MAGIC and type(value) is int:
        return legacy_stream.read(buffer, limits)
    return [value, *_more_pickles(buffer, end, limits, spent, bytes_left)]


def _more_pickles(buffer: memoryview, pos: int, limits: Limits, spent: int, bytes_left: int) -> Iterator[Any]:
    """The values of the pickles after the first: a program may call `pickle.dump` several times with one file.

    All pickles of a file share the limits on instructions and on copies.
    """
    while pos < len(buffer):
        left = limits.opcodes - spent - _PER_PICKLE
        if left < 1:
            raise PickleError(f"several pickles with more than {limits.opcodes} instructions; {raised_by('opcodes')}")
        try:
            shared = replace(limits, opcodes=left, ratio=0, allowance=bytes_left)
            value, end, used, bytes_left = machine.run_counted(buffer, pos, shared)
        except PickleError as error:
            raise PickleError(
                f"{len(buffer) - pos} bytes after the pickle that ends at byte {pos}, which are not another one: {error}"
            ) from None
        yield value
        pos, spent = end, spent + used + _PER_PICKLE


_FORMS: dict[str, Callable[[memoryview, Limits, bool], Any]] = {
    "plain": _plain,
    "zip": zip_archive.read,
    "npy": lambda buffer, limits, _verify: npy.read(buffer, limits),
    "legacy": lambda buffer, limits, _verify: legacy_stream.read(buffer, limits),
    "tar": lambda buffer, limits, _verify: tar_archive.read(buffer, limits),
}
