"""Restores frames that a source left out because no person was found in them, so that time is evenly spaced."""

from typing import NamedTuple

import numpy as np

_MOST_LOST = 10  # as a multiple of the frames that exist


class Timeline(NamedTuple):
    """A clip with the missing frames restored.

    Attributes:
      row: int64 (T,), the row of the source for each frame, or the previous row if the frame is missing.
      there: bool (T,), whether the source has the frame.
    """

    row: np.ndarray
    there: np.ndarray


def timeline(numbers: np.ndarray) -> Timeline | None:
    """The position in time of rows with these frame numbers; None if no frame is missing.

    Also None if the numbers do not increase, or would mean that most of a video is missing: then they are not frame numbers.

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
