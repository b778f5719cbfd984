"""What goes into a source, and the work items that it makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.clip import Clip, Rejected

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """Which clips are wanted; the fields are keys of `config.data`.

    Attributes:
      path: file or folder of the source.
      labels: the label table; empty to look for one where the source needs it.
      layout: what the channels shall be; `auto` is the source's own choice.
      labelled: whether labels are needed; without them all clips come unlabelled.
    """

    path: Path
    labels: str = ""
    layout: str = "auto"
    labelled: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One clip to be read: all that any process needs for it; small, and can be pickled.

    Attributes:
      name, labels, signer, group, split, dominant_hand: as the clip will have them.
      file: where its frames lie (for some sources a folder).
      start, stop: which frames of the file are the clip's; None is the end of the file.
      how: what else its source must know, such as which array of the file holds the frames.
      file_frames: how many frames the recording has of which the clip is a part, where that is known before it is read.
    """

    name: str
    file: str
    labels: Mapping[str, str] = field(default_factory=dict)
    signer: str | None = None
    group: str | None = None
    split: str | None = None
    dominant_hand: str | None = None
    start: int = 0
    stop: int | None = None
    how: Any = None
    file_frames: int | None = None

    def clip(self, frames: np.ndarray, valid: np.ndarray | None = None, file_frames: int | None = None) -> Clip:
        """The clip.

        Args:
          frames: (T, F).
          valid: (T, P), the validity of its parts.
          file_frames: how many frames its file has; kept where the clip is a part of the file.
        """
        part = self.start > 0 or self.stop is not None
        with np.errstate(over="ignore"):  # too large a number becomes infinite, which has a reason of its own
            numbers = np.ascontiguousarray(frames, np.float32)
        return Clip(
            name=self.name,
            frames=numbers,
            valid=valid,
            labels=self.labels,
            signer=self.signer,
            group=self.group,
            split=self.split,
            dominant_hand=self.dominant_hand,
            source=self.file,
            file_frames=file_frames if part and file_frames is not None else self.file_frames,
        )

    def rejected(self, reason: str, detail: str) -> Rejected:
        """Why there is no clip of this item."""
        return Rejected(self.name, self.file, reason, detail)
