"""Writes frames to disk clip by clip, so that a data set need not fit in memory."""

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np


class RowFile:
    """A `.npy` file that grows by rows. Its header never contains their number, so that nothing in the file is ever overwritten.

    A file that a killed process left behind is continued after its first `rows` rows, which are known to be complete.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: type[np.generic], rows: int = 0):
        """Opens the file.

        Args:
          path: the file.
          shape: the shape of a row.
          dtype: the type of its values.
          rows: the number of rows that the file has already; anything after them is cut off.
        """
        self._dtype = np.dtype(dtype)
        header = _header((0, *shape), self._dtype)
        self._file = path.open("r+b" if rows else "w+b")
        if not rows:
            self._file.write(header)
        self._file.truncate(len(header) + rows * int(np.prod(shape)) * self._dtype.itemsize)
        self._file.seek(0, os.SEEK_END)

    def append(self, rows: np.ndarray) -> None:
        """Adds rows of shape (n, *shape)."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)

    def flush(self) -> None:
        """Passes the written data to the operating system, so that it survives this process."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Rows:
    """The rows of a `.npy` file, read from the file when they are accessed.

    Unlike with a memory map, what was read does not stay in the memory of this process.
    """

    def __init__(self, path: Path, count: int | None = None):
        """Opens a file; `count` is its number of rows, if its header does not contain it yet."""
        self._path = path
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            shape, _, self.dtype = np.lib.format.read_array_header_1_0(file)
            self._start = file.tell()
        self.shape = shape if count is None else (count, *shape[1:])

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> np.ndarray:
        """A range of rows: a slice without a step."""
        start, stop, _ = rows.indices(len(self))
        size = int(np.prod(self.shape[1:]))
        count = max(stop - start, 0)
        offset = self._start + start * size * self.dtype.itemsize
        return np.fromfile(self._path, self.dtype, count * size, offset=offset).reshape(count, *self.shape[1:])


def _header(shape: tuple[int, ...], dtype: np.dtype) -> bytes:
    header = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


def whole_rows(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> int:
    """The number of complete rows in a file that grew by rows, whose header does not contain it."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        try:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
        except ValueError:  # killed before its header was on disk
            return 0
        return (path.stat().st_size - file.tell()) // (int(np.prod(shape)) * np.dtype(dtype).itemsize)


def write_rows(path: Path, shape: tuple[int, ...], dtype: np.dtype, pieces: Iterable[np.ndarray]) -> str:
    """Writes a new `.npy` file of known shape from pieces of its rows, and flushes it to disk.

    Args:
      path: the file; it must not exist.
      shape: the shape of the whole array.
      dtype: the type of its values.
      pieces: arrays of rows, one after another.

    Returns:
      SHA-256 of the file's bytes.
    """
    header = _header(shape, dtype)
    digest = hashlib.sha256(header)
    rows = 0
    with path.open("xb") as file:
        file.write(header)
        for piece in pieces:
            content = np.ascontiguousarray(piece, dtype).data.cast("B") if piece.size else b""
            file.write(content)
            digest.update(content)
            rows += len(piece)
        file.flush()
        os.fsync(file.fileno())
    assert rows == shape[0], f"{path}: {rows} rows were written into an array of {shape[0]}"
    return digest.hexdigest()


def runs_of_clips(offsets: np.ndarray, keep: np.ndarray, rows_at_once: int) -> Iterator[np.ndarray]:
    """The kept clips, in order, in runs that are contiguous in the file and have about `rows_at_once` rows in total.

    Args:
      offsets: int64 (N + 1), where each clip begins.
      keep: int (K,), ascending indices of clips.
      rows_at_once: a run ends with the clip that reaches this many rows.
    """
    start = 0
    for index in range(len(keep)):
        last = index + 1 == len(keep) or keep[index + 1] != keep[index] + 1
        if last or offsets[keep[index] + 1] - offsets[keep[start]] >= rows_at_once:
            yield keep[start : index + 1]
            start = index + 1
