"""The types that the packages of `signjax.data` share: a clip's metadata, the clip, and the work item that it is read from.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from signjax.errors import InputError, together

SPLITS = ("train", "valid", "test")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """A clip's metadata.

    Attributes:
      name: unique within its source.
      file: the file or folder that holds its frames; in a row of a label table, the file name as written there, or empty.
      labels: head name -> class name; a head that is absent is not labelled.
      signer: the signer, if known.
      group: a group of clips that must stay on one side of a split, if the source names one (a recording, a gloss, ...).
      split: one of `SPLITS` if the source prescribes it.
      dominant_hand: `left` or `right` if the source or its label table says so.
    """

    name: str
    file: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    signer: str | None = None
    group: str | None = None
    split: str | None = None
    dominant_hand: str | None = None


class Described:
    """Base class with the fields of a `ClipInfo` as read-only properties."""

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
        """The signer, if known."""
        return self.info.signer

    @property
    def group(self) -> str | None:
        """The group of clips that must stay on one side of a split."""
        return self.info.group

    @property
    def split(self) -> str | None:
        """The split that the source prescribes."""
        return self.info.split

    @property
    def dominant_hand(self) -> str | None:
        """`left` or `right`, if known."""
        return self.info.dominant_hand


@dataclass(frozen=True)
class Clip(Described):
    """One recording of one sign.

    Attributes:
      info: its metadata.
      frames: float32 (T, F), channels in the order of the layout, not normalised; a coordinate that was not found is NaN, or 0
        like all others of its part.
      valid: bool (T, P), which of the layout's parts were seen in which frame; None if the source does not know.
      file_frames: number of frames in the whole file, if the clip is a part of it; None if it is all of it.
    """

    info: ClipInfo
    frames: np.ndarray
    valid: np.ndarray | None = None
    file_frames: int | None = None


@dataclass(frozen=True)
class Rejected:
    """A clip that could not be used: one row of `quarantine.csv`.

    Attributes:
      name: the clip, or the file's stem if no clip could be read from it.
      file: the file that holds it, or the label table that names it.
      reason: one of a few fixed words, so that rows can be counted.
      detail: what was expected and what was found.
    """

    name: str
    file: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Request:
    """Which clips to read from a source; the fields are keys of `config.data`.

    Attributes:
      path: file or folder of the source.
      labels: the label tables; if empty, a source that needs one looks for it.
      columns: which column of the tables is the clip, the gloss and so on, where they have other names.
      layout: which channels the frames have; `auto` leaves the choice to the source.
      labelled: whether labels are needed; otherwise all clips are unlabelled.
    """

    path: Path
    labels: str = ""
    layout: str = "auto"
    labelled: bool = True
    columns: str = ""


@dataclass(frozen=True, slots=True)
class Item(Described):
    """One clip to be read: everything that a process needs for it; small, and can be pickled.

    Attributes:
      info: the metadata of the clip.
      start, stop: the frames of the file that belong to the clip; None is the end of the file.
      how: what else its source must know, such as which array of the file holds the frames.
      file_frames: number of frames in the recording that the clip is a part of, if known before it is read.
    """

    info: ClipInfo
    start: int = 0
    stop: int | None = None
    how: Any = None
    file_frames: int | None = None

    def clip(self, frames: np.ndarray, valid: np.ndarray | None = None, file_frames: int | None = None) -> Clip:
        """Makes the clip.

        Args:
          frames: (T, F).
          valid: (T, P), the validity of its parts.
          file_frames: number of frames in its file; kept if the clip is only a part of the file.
        """
        part = self.start > 0 or self.stop is not None
        with np.errstate(over="ignore"):  # too large a number becomes infinite, which is reported later
            numbers = np.ascontiguousarray(frames, np.float32)
        return Clip(self.info, numbers, valid, file_frames if part and file_frames is not None else self.file_frames)

    def rejected(self, reason: str, detail: str) -> Rejected:
        """The record of why this item gives no clip."""
        return Rejected(self.name, self.file, reason, detail)


def hand_over(unusable: Sequence[Rejected], rejected: list[Rejected] | None) -> None:
    """Adds clips that cannot be used to the list of a caller who asked for them.

    Raises:
      InputError: nobody asked for them, and there are some; the message names all.
    """
    if rejected is not None:
        rejected += unusable
    elif unusable:
        raise together([InputError(f"{one.name}: {one.detail}") for one in unusable])
