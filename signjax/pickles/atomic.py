"""Files that appear under their name only once they are complete and on disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LONGEST_NAME = 255  # bytes, on all common file systems
_SUFFIX = ".partial"
_GATHERED = 8 << 20  # bytes
_MOST_PIECES = 512  # writev accepts 1024
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Partial:
    """A file written under a temporary name next to `path`, until `finish` or `abandon`.

    It collects pieces without copying them and writes many at once.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._partial = partial_path(path)
        self._descriptor = os.open(self._partial, _FLAGS, 0o666)
        self._pieces: list[memoryview] = []
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Adds a piece, which must not change until it is written."""
        if len(piece):
            self._pieces.append(memoryview(piece))
            self._size += len(piece)
        if self._size >= _GATHERED or len(self._pieces) >= _MOST_PIECES:
            self.flush()

    def flush(self) -> None:
        """Writes the collected pieces."""
        while self._pieces:
            written = _write(self._descriptor, self._pieces)
            while self._pieces and written >= len(self._pieces[0]):
                written -= len(self._pieces.pop(0))
            if written:
                self._pieces[0] = self._pieces[0][written:]
        self._size = 0

    def finish(self) -> None:
        """Flushes the file to disk and gives it its name; removes it if that fails."""
        try:
            try:
                os.fsync(self._descriptor)
            finally:
                os.close(self._descriptor)
            os.replace(self._partial, self._path)
        except BaseException:
            self._remove()
            raise

    def abandon(self) -> None:
        """Removes the file."""
        os.close(self._descriptor)
        self._remove()

    def _remove(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._partial)


def _write(descriptor: int, pieces: list[memoryview]) -> int:
    """Writes the pieces, or a part of them; returns the number of bytes. Windows writes them one by one."""
    return os.writev(descriptor, pieces) if hasattr(os, "writev") else os.write(descriptor, pieces[0][:_GATHERED])


def partial_path(path: str) -> str:
    """The name of the temporary file; always the same, so that a run overwrites what a killed one left behind."""
    folder, name = os.path.split(path)
    stem = os.fsencode("." + name)[: _LONGEST_NAME - len(_SUFFIX)].decode("utf-8", "ignore")
    return os.path.join(folder, stem + _SUFFIX)


@contextmanager
def written(path: str) -> Iterator[Partial]:
    """Opens a temporary file next to `path`; the caller finishes it. If an error occurs, it is removed."""
    file = Partial(path)
    try:
        yield file
        file.flush()
    except BaseException:
        file.abandon()
        raise


@contextmanager
def replacing(path: str) -> Iterator[Partial]:
    """Like `written`, but also finishes the file: flushes it to disk and renames it."""
    with written(path) as file:
        yield file
    file.finish()


def sync_folder(path: str) -> None:
    """Makes the renames in a folder durable. On Windows, where folders cannot be opened, renames are journaled."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
