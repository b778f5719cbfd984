"""Clips that are left out: why, and where that is written.

Shapes: T frames, F channels.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from signjax.data.cleaning.gaps import seen_parts
from signjax.data.clip import Clip, Rejected
from signjax.data.csv_table import write_table
from signjax.data.layout.parts import COORDINATES, Layout
from signjax.errors import InputError

_HANDS = ("left_hand", "right_hand")
_NAMED = 5


def fault_of(clip: Clip, layout: Layout, shortest_clip: int, longest_clip: int) -> Rejected | None:
    """Why the frames of a clip cannot be used, or None."""

    found = _fault(clip, layout, shortest_clip, longest_clip)
    return None if found is None else Rejected(clip.name, clip.source, *found)


def _fault(clip: Clip, layout: Layout, shortest_clip: int, longest_clip: int) -> tuple[str, str] | None:  # noqa: PLR0911
    """Reason and detail."""
    frames = clip.frames
    if len(frames) == 0:
        return "empty", "the clip has no frame"
    if frames.shape[1] != layout.width:
        return "wrong_width", f"expected {layout.width} channels ({layout.name}), came {frames.shape[1]}"
    if len(frames) > longest_clip:
        return "too_long", f"{len(frames)} frames; config.data.longest_clip is {longest_clip}"
    if len(frames) < shortest_clip:
        return "too_short", f"{len(frames)} frames; config.data.shortest_clip is {shortest_clip}"
    # A coordinate that is NaN is a landmark that was not found; anything else that is not finite is a fault.
    coordinate = np.array([part.kind in COORDINATES for part in layout.parts])[layout.part_of_channel]
    bad = ~np.isfinite(frames) & ~(np.isnan(frames) & coordinate)
    if bad.any():
        return "not_finite", f"{int(bad.sum())} of {frames.size} values are NaN or infinite"
    if not seen_parts(frames, clip.valid, layout)[:, _observed(layout)].any():
        return (
            "all_invalid",
            f"no {'hand' if 'body' in layout.part_names else 'part'} was seen in any of {len(frames)} frames",
        )
    return None


def _observed(layout: Layout) -> list[int]:
    """The parts of which a source says whether they were seen: all of coordinates, the hands alone of a fitted body."""
    chosen = [index for index, part in enumerate(layout.parts) if part.kind in COORDINATES]
    chosen = chosen or [index for index, name in enumerate(layout.part_names) if name in _HANDS]
    return chosen or list(range(len(layout.parts)))


def counts(rejected: Sequence[Rejected]) -> dict[str, int]:
    """How many clips were left out for each reason."""
    return dict(sorted(Counter(item.reason for item in rejected).items()))


def check_none_rejected(rejected: Sequence[Rejected], path: str) -> None:
    """Stops where a clip is left out, for `config.data.strict`.

    Raises:
      InputError: with the count of each reason, and the first few clips.
    """
    if rejected:
        listed = ", ".join(f"{count} {reason}" for reason, count in counts(rejected).items())
        examples = "; ".join(f"{item.name!r}: {item.reason}: {item.detail}" for item in rejected[:_NAMED])
        raise InputError(
            f"{path}: {len(rejected)} clips cannot be used ({listed}), and config.data.strict is set: "
            f"{examples}{'; ...' if len(rejected) > _NAMED else ''}",
            accept={"data.strict": "False"},
        )


def write_quarantine(path: Path, rejected: Iterable[Rejected]) -> None:
    """Writes the clips that were left out, and why."""
    rows = ((r.name, r.source, r.reason, r.detail) for r in rejected)
    write_table(path, ("clip", "source", "reason", "detail"), rows)
