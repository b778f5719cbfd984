"""Clips that are one `.npy` or `.npz` file each, in a folder with a label table.

A file holds an array (T, F), or (T, N, D) for N points with D coordinates each; in an `.npz` file this is the only array, or the
one named `frames` or `features`.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip, ClipInfo, Item, Rejected, Request, Say
from signjax.data.sources.array_fields import CHANNELS, channel_names
from signjax.data.sources.shared.leftovers import contents_of, files_below
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.data.sources.shared.npy_faults import fault
from signjax.data.tables.matching import Found, match, segment
from signjax.errors import InputError

SUFFIXES = (".npy", ".npz")
_SOME_FILES = 64
FRAME_KEYS = ("frames", "features")


def clip_files(path: Path) -> list[Path]:
    """The files below a folder, in a fixed order."""
    return files_below(path, SUFFIXES)


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip of the label table."""
    names = first_channel_names(request.path) if request.layout == "auto" else None
    files = [Found(file.relative_to(request.path).as_posix(), file, names) for file in clip_files(request.path)]
    if not files:
        raise InputError(
            f"{request.path}: the folder has no .npy or .npz files; source arrays needs features.npy, or one file per clip"
            f"{contents_of(request.path)}"
        )
    return match(request, files, SUFFIXES, say)


def first_channel_names(path: Path) -> list[str] | None:
    """The names of the channels in the first readable file below a folder; None if it has none."""
    for file in clip_files(path):
        try:
            return channel_names(file, read_arrays(file, (CHANNELS,)))
        except NUMPY_ERRORS:
            continue  # reading the clip says why
    return None


def some_frames(path: Path, width: int) -> np.ndarray:
    """Frames (T, F) of some files spread over the folder, except those of another width."""
    files = clip_files(path)
    found = [np.empty((0, width))]
    for file in files[:: max(1, len(files) // _SOME_FILES)]:
        clip = read_item(Item(ClipInfo(file.name, str(file))))
        if isinstance(clip, Clip) and clip.frames.shape[1] == width:
            found.append(clip.frames)
    return np.concatenate(found)


def read_item(item: Item) -> Clip | Rejected:
    """One file as a clip."""
    try:
        arrays = read_arrays(Path(item.file), verified=True)
    except NUMPY_ERRORS as error:
        return item.rejected("unreadable", f"expected NumPy arrays of numbers: {fault(Path(item.file), error)}")
    key = next((key for key in FRAME_KEYS if key in arrays), next(iter(arrays)) if len(arrays) == 1 else None)
    if key is None:
        return item.rejected(
            "missing_key", f"expected 'frames', 'features' or a single array, found {', '.join(arrays) or 'none'}"
        )
    frames = arrays[key]
    if frames.shape[:1] == (0,):
        return item.rejected("empty", f"the file has no frames: its array is {frames.dtype} {frames.shape}")
    if frames.ndim not in (2, 3) or frames.dtype.kind not in "fiu":
        advice = "; source skeletons reads arrays of several people" if frames.ndim > 3 else ""
        advice = (
            "; for a clip of one frame, such as a picture, save array[None], (1, F)" if frames.ndim == 1 else advice
        )
        detail = f"expected numbers of shape (T, F) or (T, N, D), found {frames.dtype} {frames.shape}{advice}"
        return item.rejected("wrong_width", detail)
    chosen = _other_names(item, arrays) or segment(item, len(frames))
    if isinstance(chosen, Rejected):
        return chosen
    return item.clip(frames[chosen].reshape(chosen.stop - chosen.start, frames[0].size), file_frames=len(frames))


def _other_names(item: Item, arrays: Mapping[str, np.ndarray]) -> Rejected | None:
    """The rejection of a file whose channels differ from those of the first file, which determined the layout."""
    names = channel_names(Path(item.file), arrays)
    if item.how is None or names is None or names == item.how:
        return None
    return item.rejected("wrong_width", "its channels have other names or another order than those of the first file")
