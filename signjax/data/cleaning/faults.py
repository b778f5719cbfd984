"""Faults that make the frames of a clip unusable.

Shapes: T frames, F channels.
"""

import numpy as np

from signjax.data.clip import Clip, Rejected
from signjax.data.layout.parts import COORDINATES, Layout

_HANDS = ("left_hand", "right_hand")


def fault_of(clip: Clip, layout: Layout, shortest_clip: int, longest_clip: int) -> Rejected | None:
    """Why the frames of a clip cannot be used, or None."""
    found = _fault(clip, layout, shortest_clip, longest_clip)
    return None if found is None else Rejected(clip.name, clip.file, *found)


def _fault(clip: Clip, layout: Layout, shortest_clip: int, longest_clip: int) -> tuple[str, str] | None:
    """The reason and its details."""
    frames = clip.frames
    if len(frames) == 0:
        return "empty", "the clip has no frames"
    if frames.shape[1] != layout.width:
        return "wrong_width", f"layout {layout.name} has {layout.width} channels, these frames have {frames.shape[1]}"
    if len(frames) > longest_clip:
        return "too_long", f"{len(frames)} frames; config.data.longest_clip is {longest_clip}"
    if len(frames) < shortest_clip:
        advice = (
            "; if your clips are single pictures, --config.data.shortest_clip=1 keeps them" if len(frames) == 1 else ""
        )
        return "too_short", f"{len(frames)} frames; config.data.shortest_clip is {shortest_clip}{advice}"
    # A NaN coordinate is a landmark that was not found; any other value that is not finite is a fault.
    coordinate = np.array([part.kind in COORDINATES for part in layout.parts])[layout.part_of_channel]
    bad = ~np.isfinite(frames) & ~(np.isnan(frames) & coordinate)
    if bad.any():
        return "not_finite", f"{int(bad.sum())} of {frames.size} values are NaN or infinite"
    return None


def is_unseen(valid: np.ndarray, layout: Layout) -> bool:
    """Whether nothing is seen in a clip: no part of coordinates, or neither hand of a fitted body that has hands.

    Args:
      valid: bool (T, P), as `gaps.seen_parts` finds it.
      layout: the layout of the clip.
    """
    return not valid[:, _observed(layout)].any() and not _has_no_hands(valid, layout)


def unseen(name: str, file: str, frames: int) -> Rejected:
    """The rejection of a clip in which nothing is seen."""
    return Rejected(name, file, "all_invalid", f"nothing was seen in any of {frames} frames")


def _observed(layout: Layout) -> list[int]:
    """The parts for which a source says whether they were seen: all parts of coordinates, only the hands of a fitted body."""
    chosen = [index for index, part in enumerate(layout.parts) if part.kind in COORDINATES]
    chosen = chosen or [index for index, name in enumerate(layout.part_names) if name in _HANDS]
    return chosen or list(range(len(layout.parts)))


def _has_no_hands(valid: np.ndarray, layout: Layout) -> bool:
    """Whether a clip is a fitted body whose model has no hands: such models (SMPL) have no face either, but where hands merely
    could not be fitted, there is a face.
    """
    seen = {name: bool(valid[:, index].any()) for index, name in enumerate(layout.part_names)}
    return seen.get("body", False) and not seen.get("jaw", True)
