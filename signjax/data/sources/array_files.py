"""Clips that are one `.npy` or `.npz` file each, in a folder with a label table.

A file holds an array (T, F), or (T, N, D) for N points with D coordinates each; an `.npz` file as its only array, or under the
name `frames` or `features`.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from signjax.data import layouts
from signjax.data.clip import Clip, Rejected
from signjax.data.sources.item import Item, Request
from signjax.data.sources.matching import Found, match, segment
from signjax.data.sources.missing import mark_missing
from signjax.data.sources.npy import NUMPY_ERRORS, read_arrays
from signjax.errors import InputError

SUFFIXES = (".npy", ".npz")
FRAME_KEYS = ("frames", "features")


class How(NamedTuple):
    """What an item must know: the layout that was asked for, and whether its clip is one of many in an array."""

    layout: str
    packed: bool


def clip_files(path: Path) -> list[Path]:
    """The files below a folder, in a fixed order."""
    return sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)


def list_items(request: Request) -> list[Item | Rejected]:
    """An item for each clip of the label table."""
    how = How(request.layout, packed=False)
    files = [Found(file.relative_to(request.path).as_posix(), file, how) for file in clip_files(request.path)]
    if not files:
        raise InputError(
            f"{request.path}: the folder holds no .npy or .npz file; source arrays needs features.npy or clips"
        )
    return match(request, files, SUFFIXES)


def read_item(item: Item) -> Clip | Rejected:
    """One file as a clip."""
    try:
        arrays = read_arrays(Path(item.file))
    except NUMPY_ERRORS as error:
        return item.rejected("unreadable", f"expected NumPy arrays without pickled objects: {error}")
    key = next((key for key in FRAME_KEYS if key in arrays), next(iter(arrays)) if len(arrays) == 1 else None)
    if key is None:
        return item.rejected(
            "missing_key", f"expected 'frames', 'features' or a single array, found {', '.join(arrays)}"
        )
    frames = arrays[key]
    if frames.ndim not in (2, 3) or frames.dtype.kind not in "fiu":
        detail = f"expected numbers of shape (T, F) or (T, N, D), they are {frames.dtype} {frames.shape}"
        return item.rejected("wrong_width", detail)
    chosen = segment(item, len(frames))
    if isinstance(chosen, Rejected):
        return chosen
    return as_clip(item, frames[chosen].reshape(chosen.stop - chosen.start, -1), item.how.layout)


def as_clip(item: Item, frames: np.ndarray, layout: str) -> Clip | Rejected:
    """A clip of frames (T, F) whose missing parts are known where the layout is."""
    if layout in ("auto", "generic"):
        return item.clip(frames)
    try:
        named = layouts.named(layout, frames.shape[1])
    except InputError as error:
        return item.rejected("wrong_width", str(error))
    return item.clip(*mark_missing(frames, named, zeros=True))
