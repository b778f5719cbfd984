"""Frames that a source left out because nobody was found in them: where they belong, so that time runs evenly."""

from typing import NamedTuple

import numpy as np

_MOST_LOST = 10  # times as many frames as are there


class Timeline(NamedTuple):
    """A clip with the frames that were left out.

    Attributes:
      row: int64 (T,), the row of the source that is or was last there.
      there: bool (T,), whether the source has the frame itself.
    """

    row: np.ndarray
    there: np.ndarray


def timeline(numbers: np.ndarray) -> Timeline | None:
    """Where rows with these frame numbers lie in time; None where no frame was left out.

    Also None where the numbers do not rise, or would leave out most of a video: then they number something else.

    Args:
      numbers: (rows,).
    """
    if len(numbers) < 2 or numbers.dtype.kind not in "iu" or (np.diff(numbers.astype(np.int64)) < 1).any():
        return None
    position = numbers.astype(np.int64) - int(numbers[0])
    length = int(position[-1]) + 1
    if length == len(numbers) or length > _MOST_LOST * len(numbers):
        return None
    there = np.zeros(length, bool)
    there[position] = True
    return Timeline(np.cumsum(there) - 1, there)
