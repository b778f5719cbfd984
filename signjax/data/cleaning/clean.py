"""From a clip as its source gave it to the clip that is stored: a pure function of both, for training and prediction alike.

Shapes: T frames, F channels, P parts.
"""

from dataclasses import dataclass, replace

import numpy as np

from signjax.data.cleaning import handedness
from signjax.data.cleaning.body_frame import add_hand_shapes, centred, with_hand_shapes
from signjax.data.cleaning.faults import fault_of
from signjax.data.cleaning.gaps import fill, seen_parts
from signjax.data.cleaning.handedness import Mirroring
from signjax.data.cleaning.trimming import active_frames
from signjax.data.clip import Clip, Rejected
from signjax.data.geometry.rotations import axis_angle_to_6d
from signjax.data.layout import registry as layouts
from signjax.data.layout.parts import Layout
from signjax.errors import InputError

ROTATIONS = ("axis_angle", "6d")


@dataclass(frozen=True)
class Cleaning:
    """What is done to each clip; the fields are keys of `config.data`.

    Attributes:
      shortest_clip, longest_clip: frames; clips outside of this go to quarantine.
      handedness: one of `handedness.MODES`.
      trim: whether idle frames at both ends are cut off.
      longest_gap: frames over which a part that was not seen is interpolated.
      centre: whether coordinates are centred and scaled on the shoulders.
      hand_shapes: whether coordinates of hands come a second time, relative to the wrist.
      rotations: how rotations are stored, one of `ROTATIONS`.
    """

    shortest_clip: int = 4
    longest_clip: int = 2000
    handedness: str = "table"
    trim: bool = True
    longest_gap: int = 5
    centre: bool = True
    hand_shapes: bool = True
    rotations: str = "axis_angle"


@dataclass(frozen=True)
class Cleaned:
    """A clip that is ready to be stored, and what was done to it.

    Attributes:
      clip: in the layout of `cleaned_layout`; its validity is always known.
      trimmed_start, trimmed_end: idle frames that were cut off.
      filled: frames in which at least one part was interpolated.
      mirroring: whether it was mirrored, and why.
    """

    clip: Clip
    trimmed_start: int
    trimmed_end: int
    filled: int
    mirroring: Mirroring


def check_cleaning(cleaning: Cleaning) -> None:
    """Stops at settings that do not exist.

    Raises:
      InputError: naming the key and what there is.
    """
    for key, value, allowed in (
        ("handedness", cleaning.handedness, handedness.MODES),
        ("rotations", cleaning.rotations, ROTATIONS),
    ):
        if value not in allowed:
            raise InputError(f"config.data.{key} must be one of {', '.join(allowed)}; it is {value!r}")
    if not 1 <= cleaning.shortest_clip <= cleaning.longest_clip:
        raise InputError(
            f"config.data.shortest_clip is {cleaning.shortest_clip}; it must be from 1 to data.longest_clip, "
            f"{cleaning.longest_clip}"
        )
    if cleaning.longest_gap < 0:
        raise InputError(f"config.data.longest_gap is {cleaning.longest_gap}; it must be at least 0")


def cleaned_layout(layout: Layout, cleaning: Cleaning) -> Layout:
    """The layout of clips that were cleaned, from that of their source."""
    if cleaning.rotations == "6d":
        layout = layouts.in_6d(layout)
    return with_hand_shapes(layout) if cleaning.hand_shapes else layout


def clean(clip: Clip, layout: Layout, cleaning: Cleaning) -> Cleaned | Rejected:
    """Cleans a clip, or says why it cannot be used.

    The order matters: what is missing must be known before anything is measured on hands or shoulders; a gap is filled before
    its neighbours might be trimmed off; and centring comes after mirroring, which reflects about the axis of the picture.

    Args:
      clip: as its source gave it.
      layout: of its frames.
      cleaning: what to do.
    """
    fault = fault_of(clip, layout, cleaning.shortest_clip, cleaning.longest_clip)
    if fault is not None:
        return fault
    known = replace(clip, valid=seen_parts(clip.frames, clip.valid, layout))
    clip, mirroring = handedness.canonical(known, layout, cleaning.handedness)
    assert clip.valid is not None
    seen = clip.valid
    frames, valid = fill(clip.frames, seen, layout, cleaning.longest_gap)
    kept = active_frames(frames, valid, layout) if cleaning.trim else slice(0, len(frames))
    filled = int((valid & ~seen)[kept].any(1).sum())
    frames, valid = frames[kept], valid[kept]
    if cleaning.centre:
        frames = centred(frames, valid, layout)
    if cleaning.rotations == "6d":
        frames, layout = _in_6d(frames, valid, layout), layouts.in_6d(layout)
    if cleaning.hand_shapes:
        frames, valid = add_hand_shapes(frames, valid, layout)
    return Cleaned(
        replace(clip, frames=np.ascontiguousarray(frames, np.float32), valid=valid),
        trimmed_start=kept.start,
        trimmed_end=len(clip.frames) - kept.stop,
        filled=filled,
        mirroring=mirroring,
    )


def _in_6d(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> np.ndarray:
    """The frames of `layouts.in_6d(layout)`; parts that were not seen stay 0."""
    if layouts.in_6d(layout) is layout:
        return frames
    columns = []
    for index, (part, channels) in enumerate(layout.runs()):
        numbers = frames[:, channels]
        if part.kind == "axis_angle":
            six = axis_angle_to_6d(numbers.reshape(len(frames), part.points, 3)).reshape(len(frames), -1)
            numbers = np.where(valid[:, index, None], six, 0)
        columns.append(numbers)
    return np.concatenate(columns, axis=1)
