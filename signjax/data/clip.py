"""What every source yields: a clip, or the reason why there is none.

Shapes: T frames, F channels, P parts of the layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Clip:
    """One recording of one sign.

    Attributes:
      name: unique within its source.
      frames: float32 (T, F), channels as the layout orders them, not normalised; a coordinate that was not found is NaN, or
        0 as all others of its part are.
      valid: bool (T, P), which of the layout's parts were seen in which frame; None where the source does not know.
      labels: head name -> class name; a head that is absent is not labelled.
      signer: who signs, where known.
      group: what else must stay on one side of a split, where the source knows (a recording, a gloss, ...).
      split: `train`, `valid` or `test` where the source prescribes it.
      dominant_hand: `left` or `right` where the source or its label table says which hand leads.
      source: the file the clip came from.
      file_frames: how many frames that file has, where the clip is a part of it; None where it is all of it.
    """

    name: str
    frames: np.ndarray
    valid: np.ndarray | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    signer: str | None = None
    group: str | None = None
    split: str | None = None
    dominant_hand: str | None = None
    source: str = ""
    file_frames: int | None = None


@dataclass(frozen=True)
class Rejected:
    """A clip that could not be used: one row of `quarantine.csv`.

    Attributes:
      name: the clip, or the file's stem where no clip could be made of it.
      source: the file.
      reason: one of a few fixed words, so that rows can be counted.
      detail: what was expected and what came.
    """

    name: str
    source: str
    reason: str
    detail: str
