"""What goes into a source, and the work items that it makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.clip import Clip, Rejected


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

    def clip(self, frames: np.ndarray, valid: np.ndarray | None = None) -> Clip:
        """The clip, given its frames (T, F) and the validity of its parts (T, P)."""
        return Clip(
            name=self.name,
            frames=np.ascontiguousarray(frames, np.float32),
            valid=valid,
            labels=self.labels,
            signer=self.signer,
            group=self.group,
            split=self.split,
            dominant_hand=self.dominant_hand,
            source=self.file,
        )

    def rejected(self, reason: str, detail: str) -> Rejected:
        """Why there is no clip of this item."""
        return Rejected(self.name, self.file, reason, detail)
