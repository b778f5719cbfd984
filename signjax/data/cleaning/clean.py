"""Turns a clip as its source provides it into the clip that is stored: a pure function, the same for training and prediction.

Shapes: T frames, F channels, P parts.
"""

from dataclasses import dataclass, replace

import numpy as np

from signjax.data.cleaning import handedness
from signjax.data.cleaning.body_frame import add_hand_shapes, centred, with_hand_shapes
from signjax.data.cleaning.faults import fault_of, is_unseen, unseen
from signjax.data.cleaning.gaps import fill, seen_parts
from signjax.data.cleaning.handedness import Mirroring
from signjax.data.cleaning.trimming import active_frames
from signjax.data.clip import Clip, Rejected
from signjax.data.geometry.rotations import axis_angle_to_6d
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout
from signjax.errors import InputError
from signjax.plans.kinds import one_of, whole, yes_no
from signjax.plans.setting import check_fields, setting

ROTATIONS = ("axis_angle", "6d")


@dataclass(frozen=True)
class Cleaning:
    """How each clip is cleaned; the fields are keys of `config.data`."""

    shortest_clip: int = setting(4, "Shorter clips are quarantined.", whole(1, 100_000), unit="frames")
    longest_clip: int = setting(
        2000,
        "Longer clips are quarantined.",
        whole(1, 1_000_000),  # 11 hours at 25 frames a second
        unit="frames",
    )
    handedness: str = setting(
        "table",
        "What is done with left-handed clips: as_is (nothing), table (mirrored where the source or the label table says that the "
        "left hand leads) or detect (also where the motion says so).",
        one_of(handedness.MODES),
    )
    trim: bool = setting(
        True, "Whether idle frames at the start and the end, in which the hands rest, are cut off.", yes_no()
    )
    longest_gap: int = setting(
        5,
        "Longest gap over which a body part that was not detected is interpolated; longer gaps are masked. "
        "Larger values invent more.",
        whole(0, 100_000),
        unit="frames",
    )
    centre: bool = setting(
        True,
        "Whether coordinates are centred between the shoulders, scaled by their distance, and in space turned to the front.",
        yes_no(),
    )
    hand_shapes: bool = setting(
        True, "Whether wrist-relative coordinates of the hands are added to the channels.", yes_no()
    )
    rotations: str = setting(
        "axis_angle",
        "How rotations are represented: axis_angle (3 numbers) or 6d (6 numbers, without discontinuities).",
        one_of(ROTATIONS),
    )


@dataclass(frozen=True)
class Cleaned:
    """A clip that is ready to be stored, and how it was changed.

    Attributes:
      clip: in the layout that `cleaned_layout` returns; its validity is always known.
      trimmed_start, trimmed_end: idle frames that were cut off.
      filled: frames in which at least one part was interpolated.
      mirroring: whether it was mirrored, and why.
      unseen: whether nothing is seen in any frame.
    """

    clip: Clip
    trimmed_start: int
    trimmed_end: int
    filled: int
    mirroring: Mirroring
    unseen: bool


def check_cleaning(cleaning: Cleaning) -> None:
    """Checks the settings.

    Raises:
      InputError: a value is not allowed; the message names the key and the allowed values.
    """
    check_fields(cleaning, "data")
    if cleaning.shortest_clip > cleaning.longest_clip:
        raise InputError(
            f"config.data.shortest_clip is {cleaning.shortest_clip}; it must be from 1 to data.longest_clip, "
            f"{cleaning.longest_clip}"
        )


def cleaned_layout(layout: Layout, cleaning: Cleaning) -> Layout:
    """The layout of cleaned clips, given that of their source."""
    layout = layout.in_order()
    if cleaning.rotations == "6d":
        layout = layout_registry.in_6d(layout)
    return with_hand_shapes(layout) if cleaning.hand_shapes else layout


def clean(clip: Clip, layout: Layout, cleaning: Cleaning) -> Cleaned | Rejected:
    """Cleans a clip, or says why it cannot be used.

    The order matters: missing parts must be known before anything is measured on hands or shoulders; gaps are filled before
    their neighbours might be trimmed; and centring follows mirroring, which reflects about the axis of the picture.

    Args:
      clip: as its source provides it.
      layout: the layout of its frames.
      cleaning: the settings.
    """
    if clip.frames.shape[1] == layout.width:
        clip, layout = replace(clip, frames=layout.ordered(clip.frames)), layout.in_order()
    fault = fault_of(clip, layout, cleaning.shortest_clip, cleaning.longest_clip)
    if fault is not None:
        return fault
    known = replace(clip, valid=seen_parts(clip.frames, clip.valid, layout))
    clip, mirroring = handedness.canonical(known, layout, cleaning.handedness)
    assert clip.valid is not None
    seen, source_layout = clip.valid, layout
    frames, valid = fill(clip.frames, seen, layout, cleaning.longest_gap)
    kept = active_frames(frames, valid, layout) if cleaning.trim else slice(0, len(frames))
    filled = int((valid & ~seen)[kept].any(1).sum())
    frames, valid = frames[kept], valid[kept]
    if cleaning.centre:
        frames = centred(frames, valid, layout)
    if cleaning.rotations == "6d":
        frames, layout = _in_6d(frames, valid, layout), layout_registry.in_6d(layout)
    if cleaning.hand_shapes:
        frames, valid = add_hand_shapes(frames, valid, layout)
    return Cleaned(
        replace(clip, frames=np.ascontiguousarray(frames, np.float32), valid=valid),
        trimmed_start=kept.start,
        trimmed_end=len(clip.frames) - kept.stop,
        filled=filled,
        mirroring=mirroring,
        unseen=is_unseen(seen, source_layout),
    )


def usable(clip: Clip, layout: Layout, cleaning: Cleaning, *, no_sign: bool) -> Cleaned | Rejected:
    """Cleans a clip for a model; one in which nothing is seen is rejected too, unless the model has a class for it (`no_sign`)."""
    found = clean(clip, layout, cleaning)
    if isinstance(found, Cleaned) and found.unseen and not no_sign:
        return unseen(found.clip.name, found.clip.file, len(found.clip.frames))
    return found


def _in_6d(frames: np.ndarray, valid: np.ndarray, layout: Layout) -> np.ndarray:
    """The frames in `layout_registry.in_6d(layout)`; parts that were not seen stay 0."""
    if layout_registry.in_6d(layout) is layout:
        return frames
    columns = []
    for index, (part, channels) in enumerate(layout.runs()):
        numbers = frames[:, channels]
        if part.kind == "axis_angle":
            six = axis_angle_to_6d(numbers.reshape(len(frames), part.points, 3)).reshape(len(frames), -1)
            numbers = np.where(valid[:, index, None], six, 0)
        columns.append(numbers)
    return np.concatenate(columns, axis=1)
