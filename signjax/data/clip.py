"""What the rooms of `signjax.data` hand to each other: what is known of a clip, the clip, and the work item that it is read from.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SPLITS = ("train", "valid", "test")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What is known of a clip besides its frames.

    Attributes:
      name: unique within its source.
      file: the file or folder that holds its frames; in a row of a label table, the file's name as the table has it, or empty.
      labels: head name -> class name; a head that is absent is not labelled.
      signer: who signs, where known.
      group: what else must stay on one side of a split, where the source knows (a recording, a gloss, ...).
      split: one of `SPLITS` where the source prescribes it.
      dominant_hand: `left` or `right` where the source or its label table says which hand leads.
    """

    name: str
    file: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    signer: str | None = None
    group: str | None = None
    split: str | None = None
    dominant_hand: str | None = None


class Described:
    """Base of what carries a `ClipInfo`: the fields of that, read-only."""

    __slots__ = ()

    info: ClipInfo

    @property
    def name(self) -> str:
        """The clip's name."""
        return self.info.name

    @property
    def file(self) -> str:
        """The file or folder that holds its frames."""
        return self.info.file

    @property
    def labels(self) -> Mapping[str, str]:
        """Head name -> class name."""
        return self.info.labels

    @property
    def signer(self) -> str | None:
        """Who signs, where known."""
        return self.info.signer

    @property
    def group(self) -> str | None:
        """What else must stay on one side of a split."""
        return self.info.group

    @property
    def split(self) -> str | None:
        """The split that the source prescribes."""
        return self.info.split

    @property
    def dominant_hand(self) -> str | None:
        """`left` or `right`, where known."""
        return self.info.dominant_hand


@dataclass(frozen=True)
class Clip(Described):
    """One recording of one sign.

    Attributes:
      info: what is known of it.
      frames: float32 (T, F), channels as the layout orders them, not normalised; a coordinate that was not found is NaN, or
        0 as all others of its part are.
      valid: bool (T, P), which of the layout's parts were seen in which frame; None where the source does not know.
      file_frames: number of frames of the whole file, where the clip is a part of it; None where it is all of it.
    """

    info: ClipInfo
    frames: np.ndarray
    valid: np.ndarray | None = None
    file_frames: int | None = None


@dataclass(frozen=True)
class Rejected:
    """A clip that could not be used: one row of `quarantine.csv`.

    Attributes:
      name: the clip, or the file's stem where no clip could be made of it.
      file: the file that holds it, or the label table that names it.
      reason: one of a few fixed words, so that rows can be counted.
      detail: what was expected and what came.
    """

    name: str
    file: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Request:
    """Which clips are wanted of a source; the fields are keys of `config.data`.

    Attributes:
      path: file or folder of the source.
      labels: the label table; empty to look for one where the source needs it.
      layout: which channels the frames have; `auto` is the source's own choice.
      labelled: whether labels are needed; without them all clips come unlabelled.
    """

    path: Path
    labels: str = ""
    layout: str = "auto"
    labelled: bool = True


@dataclass(frozen=True, slots=True)
class Item(Described):
    """One clip to be read: all that any process needs for it; small, and can be pickled.

    Attributes:
      info: as the clip will have it.
      start, stop: which frames of the file are the clip's; None is the end of the file.
      how: what else its source must know, such as which array of the file holds the frames.
      file_frames: number of frames of the recording that the clip is a part of, where that is known before it is read.
    """

    info: ClipInfo
    start: int = 0
    stop: int | None = None
    how: Any = None
    file_frames: int | None = None

    def clip(self, frames: np.ndarray, valid: np.ndarray | None = None, file_frames: int | None = None) -> Clip:
        """The clip.

        Args:
          frames: (T, F).
          valid: (T, P), the validity of its parts.
          file_frames: number of frames of its file; kept where the clip is a part of the file.
        """
        part = self.start > 0 or self.stop is not None
        with np.errstate(over="ignore"):  # too large a number becomes infinite, which has a reason of its own
            numbers = np.ascontiguousarray(frames, np.float32)
        return Clip(self.info, numbers, valid, file_frames if part and file_frames is not None else self.file_frames)

    def rejected(self, reason: str, detail: str) -> Rejected:
        """Why there is no clip of this item."""
        return Rejected(self.name, self.file, reason, detail)
