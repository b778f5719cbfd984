"""Writes frames to disk clip by clip, so that no data set has to fit in memory."""

import hashlib
import os
from pathlib import Path
from types import TracebackType

import numpy as np

from signjax.data.clip import Clip


class RowFile:
    """A `.npy` file that grows by rows; its first dimension is settled when it is closed.

    NumPy leaves room in the header for the first dimension to grow, so that the header can be written again in place.
    """

    def __init__(self, path: Path, width: int, dtype: type[np.generic]):
        self._path, self._width, self._dtype = path, width, np.dtype(dtype)
        self._rows = 0
        self._file = path.open("wb")
        self._write_header()
        self._header_bytes = self._file.tell()

    def _write_header(self) -> None:
        description = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._rows, self._width),
        }
        np.lib.format.write_array_header_1_0(self._file, description)

    def append(self, rows: np.ndarray) -> None:
        """Adds rows of shape (n, width)."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())
        self._rows += len(rows)

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


def frames_digest(clip: Clip) -> str:
    """SHA-256 of a clip's frames: equal for exact copies, whatever they are called."""
    return hashlib.sha256(clip.frames.tobytes()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_rows(path: Path, offsets: np.ndarray, keep: np.ndarray) -> None:
    """Rewrites a `.npy` file of rows with the clips in `keep` alone.

    Args:
      path: the file.
      offsets: int64 (N + 1), where each clip begins.
      keep: int (K,), rising indices of clips.
    """
    rows = np.load(path, mmap_mode="r")
    kept = path.with_suffix(".kept")
    with RowFile(kept, rows.shape[1], rows.dtype.type) as file:
        for clip in keep:
            file.append(rows[offsets[clip] : offsets[clip + 1]])
    del rows
    kept.replace(path)
