"""A file that appears under its name only once it is whole and on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_LONGEST_NAME = 255  # bytes, on every file system that is common


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path`; on success it is flushed to the disk and renamed, on failure removed."""
    folder, name = os.path.split(path)
    suffix = f".{os.getpid()}.partial"
    stem = os.fsencode("." + name)[: _LONGEST_NAME - len(suffix)].decode("utf-8", "ignore")
    partial = os.path.join(folder, stem + suffix)
    try:
        with open(partial, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(partial)
        raise


def sync_folder(path: str) -> None:
    """Makes the renames in a folder last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
