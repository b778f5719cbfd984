"""A file that appears under its name only once it is whole and on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LONGEST_NAME = 255  # bytes, on every file system that is common
_SUFFIX = ".partial"
_GATHERED = 8 << 20  # bytes
_MOST_PIECES = 512  # what one call of the system takes is 1024


class Partial:
    """A file that is written under another name beside `path`, until `finish` or `abandon`.

    It takes pieces without copying them, and writes many at once.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._partial = partial_path(path)
        self._descriptor = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
        self._pieces: list[memoryview] = []
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Keeps the piece, which must not change, until it is written."""
        if len(piece):
            self._pieces.append(memoryview(piece))
            self._size += len(piece)
        if self._size >= _GATHERED or len(self._pieces) >= _MOST_PIECES:
            self.flush()

    def flush(self) -> None:
        """Writes what has been gathered."""
        while self._pieces:
            written = os.writev(self._descriptor, self._pieces)
            while self._pieces and written >= len(self._pieces[0]):
                written -= len(self._pieces.pop(0))
            if written:
                self._pieces[0] = self._pieces[0][written:]
        self._size = 0

    def finish(self) -> None:
        """Makes what was written last, and gives the file its name; removes it if that fails."""
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


def partial_path(path: str) -> str:
    """The temporary file's name: the same each time, so that a run takes up what a killed one left."""
    folder, name = os.path.split(path)
    stem = os.fsencode("." + name)[: _LONGEST_NAME - len(_SUFFIX)].decode("utf-8", "ignore")
    return os.path.join(folder, stem + _SUFFIX)


@contextmanager
def written(path: str) -> Iterator[Partial]:
    """Opens a temporary file beside `path`, to be finished when all is written; on failure it is removed."""
    file = Partial(path)
    try:
        yield file
        file.flush()
    except BaseException:
        file.abandon()
        raise


@contextmanager
def replacing(path: str) -> Iterator[Partial]:
    """The same, but finished at once: flushed to the disk and renamed."""
    with written(path) as file:
        yield file
    file.finish()


def sync_folder(path: str) -> None:
    """Makes the renames in a folder last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
