"""Clips that are left out: why, and where that is written.

Shapes: T frames, F channels.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from signjax.data import layouts
from signjax.data.clip import Clip, Rejected
from signjax.data.tables import write_table


def fault_of(clip: Clip, layout: layouts.Layout, longest_clip: int) -> Rejected | None:
    """Why the frames of a clip cannot be used, or None."""

    def rejected(reason: str, detail: str) -> Rejected:
        return Rejected(clip.name, clip.source, reason, detail)

    if len(clip.frames) == 0:
        return rejected("empty", "the clip has no frame")
    if clip.frames.shape[1] != layout.width:
        return rejected("wrong_width", f"expected {layout.width} channels ({layout.name}), came {clip.frames.shape[1]}")
    if len(clip.frames) > longest_clip:
        return rejected("too_long", f"{len(clip.frames)} frames; config.data.longest_clip is {longest_clip}")
    if not np.isfinite(clip.frames).all():
        count = int((~np.isfinite(clip.frames)).sum())
        return rejected("not_finite", f"{count} of {clip.frames.size} values are NaN or infinite")
    return None


def write_quarantine(path: Path, rejected: Iterable[Rejected]) -> None:
    """Writes the clips that were left out, and why."""
    rows = ((r.name, r.source, r.reason, r.detail) for r in rejected)
    write_table(path, ("clip", "source", "reason", "detail"), rows)
