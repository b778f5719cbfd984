"""Writes frames to disk clip by clip, so that no data set has to fit in memory."""

import os
from pathlib import Path
from types import TracebackType

import numpy as np


class RowFile:
    """A `.npy` file that grows by rows; its first dimension is settled when it is closed.

    NumPy leaves room in the header for the first dimension to grow, so that the header can be written again in place.
    A file that a killed process left behind is taken up where its first `rows` rows are known to be whole.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: type[np.generic], rows: int = 0):
        """Opens the file.

        Args:
          path: of the file.
          shape: of a row.
          dtype: of its values.
          rows: that the file has already; whatever follows them is cut off.
        """
        self._path, self._shape, self._dtype = path, shape, np.dtype(dtype)
        self._rows = rows
        self._file = path.open("r+b" if rows else "w+b")
        self._write_header()
        self._header_bytes = self._file.tell()
        self._file.truncate(self._header_bytes + rows * self._row_bytes)
        self._file.seek(0, os.SEEK_END)

    @property
    def _row_bytes(self) -> int:
        return int(np.prod(self._shape)) * self._dtype.itemsize

    def _write_header(self) -> None:
        description = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._rows, *self._shape),
        }
        np.lib.format.write_array_header_1_0(self._file, description)

    def append(self, rows: np.ndarray) -> None:
        """Adds rows of shape (n, *shape)."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self._rows += len(rows)

    def flush(self) -> None:
        """Hands what was written to the operating system, so that it outlives this process."""
        self._file.flush()

    def __enter__(self) -> "RowFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.seek(0)
            self._write_header()
            if self._file.tell() != self._header_bytes:
                raise AssertionError(f"{self._path}: the header of a .npy file changed its length")
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()


class Rows:
    """The rows of a `.npy` file, read from the file when they are asked for.

    Unlike a memory map, what was read does not stay in the memory of this process.
    """

    def __init__(self, path: Path):
        self._path = path
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            self.shape, _, self.dtype = np.lib.format.read_array_header_1_0(file)
            self._start = file.tell()

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: slice) -> np.ndarray:
        """A run of rows; a slice without a step."""
        start, stop, _ = rows.indices(len(self))
        size = int(np.prod(self.shape[1:]))
        count = max(stop - start, 0)
        offset = self._start + start * size * self.dtype.itemsize
        return np.fromfile(self._path, self.dtype, count * size, offset=offset).reshape(count, *self.shape[1:])


def whole_rows(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> int:
    """How many rows a file that was left behind has; its header does not know."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        try:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
        except ValueError:  # killed before its header was on disk
            return 0
        return (path.stat().st_size - file.tell()) // (int(np.prod(shape)) * np.dtype(dtype).itemsize)


def keep_rows(path: Path, offsets: np.ndarray, keep: np.ndarray) -> None:
    """Rewrites a `.npy` file of rows with the clips in `keep` alone.

    Args:
      path: the file.
      offsets: int64 (N + 1), where each clip begins.
      keep: int (K,), rising indices of clips.
    """
    rows = Rows(path)
    kept = path.with_suffix(".kept")
    with RowFile(kept, rows.shape[1:], rows.dtype.type) as file:
        for clip in keep:
            file.append(rows[offsets[clip] : offsets[clip + 1]])
    kept.replace(path)
