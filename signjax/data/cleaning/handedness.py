"""Canonical handedness: a clip in which the left hand is dominant is mirrored, so that the right hand is dominant in all clips.

A left-handed signer signs the mirror image of what a right-handed signer signs, and a notation describes the dominant hand in the
same way for both.

Shapes: T frames, F channels, P parts.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from signjax.data.clip import Clip
from signjax.data.geometry.kinematics import positions
from signjax.data.layout.parts import Layout

MODES = ("as_is", "table", "detect")

# The left hand must move this many times as much as the right before a clip counts as left-handed. Below that are the two-handed
# signs, in which both hands move alike and the mirror image means the same.
MARGIN = 1.5
# Movement is the distance that a point covers within this many frames, a quarter of a second: over fewer frames, tracker jitter,
# which affects both hands equally, outweighs it.
SPAN = 6
# In shoulder widths (for coordinates without shoulders, in spans of all points); a larger value is a tracker error.
FARTHEST = 2.0
_HANDS = ("left_hand", "right_hand")


class Cause(StrEnum):
    """Why a clip was mirrored, or was not."""

    NONE = ""
    TABLE = "table"
    DETECTED = "detected"
    NO_SIDES = "not mirrored"


class Mirroring(NamedTuple):
    """What `canonical` did to a clip.

    Attributes:
      cause: `TABLE` and `DETECTED` say how the left hand was found to be dominant; `NO_SIDES` means that it is but the layout
        cannot be mirrored; `NONE` means that nothing had to be done.
      detail: a description for people; empty with `NONE`.
    """

    cause: Cause = Cause.NONE
    detail: str = ""

    @property
    def done(self) -> bool:
        """Whether the clip was mirrored."""
        return self.cause in (Cause.TABLE, Cause.DETECTED)

    @property
    def text(self) -> str:
        """The cell of column `mirrored` in `clips.csv`; `parse_mirroring` reads it back.

        >>> Mirroring(Cause.TABLE, "the left hand leads").text
        'table: the left hand leads'
        """
        return f"{self.cause}: {self.detail}" if self.cause else ""


NOTHING_DONE = Mirroring()


def parse_mirroring(text: str) -> Mirroring:
    """The mirroring of a cell of column `mirrored` in `clips.csv`.

    Raises:
      ValueError: the text is not that of a `Mirroring`.
    """
    cause, _, detail = text.partition(": ")
    return Mirroring(Cause(cause), detail)


@dataclass(frozen=True)
class Dominance:
    """How far each hand moves in a quarter of a second, in shoulder widths; a hand that is not seen counts as still."""

    left: float
    right: float

    @property
    def hand(self) -> str | None:
        """`left` or `right`; None if neither hand moves more by the margin."""
        if self.left > MARGIN * self.right:
            return "left"
        return "right" if self.right > MARGIN * self.left else None


def dominance(clip: Clip, layout: Layout) -> Dominance | None:
    """How much each hand moves in a clip: the mean displacement of its points, including the wrist, relative to the midpoint of the
    shoulders.

    SMPL-X poses are measured on the stick figure. None if the layout does not have two hands with positions.
    """
    places = positions(clip.frames, layout)
    if layout.wrists is None or not all(hand in places for hand in _HANDS):
        return None
    hands = {
        hand: np.concatenate([places[wrist[0]][:, wrist[1], None], places[hand]], axis=1)
        for hand, wrist in zip(_HANDS, layout.wrists, strict=True)
    }
    seen = {hand: _seen(clip, layout, hand, places[hand]) for hand in _HANDS}
    if layout.shoulders is None:
        pool = np.concatenate([hands[hand][seen[hand]].reshape(-1, hands[hand].shape[-1]) for hand in _HANDS])
        scale = float(np.linalg.norm(np.ptp(pool, axis=0))) if len(pool) else 0.0
    else:
        left, right = (places[part][:, position] for part, position in layout.shoulders)
        body = _seen(clip, layout, layout.shoulders[0][0], np.stack([left, right], axis=1))
        scale = float(np.median(np.linalg.norm(left - right, axis=-1)[body])) if body.any() else 0.0
        centre = (left + right)[:, None] / 2
        hands = {hand: points - centre for hand, points in hands.items()}
        seen = {hand: frames & body for hand, frames in seen.items()}
    if not scale > 0:
        return Dominance(0.0, 0.0)
    span = min(SPAN, len(clip.frames) - 1)
    if span < 1:
        return Dominance(0.0, 0.0)
    way = {}
    for hand, points in hands.items():
        both_ends = seen[hand][span:] & seen[hand][:-span]
        moved = np.linalg.norm((points[span:] - points[:-span])[both_ends], axis=-1).mean(-1) / scale
        way[hand] = float(np.minimum(moved, FARTHEST).sum() / len(both_ends))
    return Dominance(way["left_hand"], way["right_hand"])


def _times(left: float, right: float) -> str:
    return f"{left / right:.1f} times as much as the right" if right > 0 else "and the right does not"


def _seen(clip: Clip, layout: Layout, part: str, points: np.ndarray) -> np.ndarray:
    """bool (T,): the part was seen; if the source does not say, zeros and NaN mean that it was not."""
    known = np.isfinite(points).all((1, 2)) & (points != 0).any((1, 2))
    return known if clip.valid is None else known & clip.valid[:, layout.part_names.index(part)]


def mirrored(clip: Clip, layout: Layout) -> Clip:
    """The mirror image of a clip: frames, validity and dominant hand."""
    channel, sign, part = layout.mirror
    hand = {"left": "right", "right": "left"}.get(clip.dominant_hand or "", clip.dominant_hand)
    return replace(
        clip,
        info=replace(clip.info, dominant_hand=hand),
        frames=clip.frames[:, channel] * sign,
        valid=None if clip.valid is None else clip.valid[:, part],
    )


def canonical(clip: Clip, layout: Layout, mode: str) -> tuple[Clip, Mirroring]:
    """The clip with the right hand dominant, as far as the mode can tell.

    Args:
      clip: coordinates need not be centred yet, but must be afterwards.
      layout: the layout of its frames.
      mode: `as_is` changes nothing; `table` mirrors clips that the source or its label table marks as left-handed; `detect` also
        mirrors unmarked clips in which the left hand clearly moves more.

    Returns:
      The clip, and how it was changed.
    """
    hand, found = clip.dominant_hand, Mirroring(Cause.TABLE, "the left hand leads")
    if mode == "as_is":
        return clip, NOTHING_DONE
    if hand is None and mode == "detect":
        moved = dominance(clip, layout)
        if moved is not None:
            hand = moved.hand
            found = Mirroring(Cause.DETECTED, f"the left hand moves {_times(moved.left, moved.right)}")
    if hand != "left":
        return clip, NOTHING_DONE
    if not layout.mirrors:
        return clip, Mirroring(Cause.NO_SIDES, f"layout {layout.name} has no left and right")
    return mirrored(clip, layout), found
