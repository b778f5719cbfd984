"""Lists new clips: without labels, they need no folders of classes, no table and no arrays around them."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from signjax.data.clip import SPLITS, ClipInfo, Item, Rejected, Request, Say
from signjax.data.sources import mediapipe
from signjax.data.sources import registry as source_registry
from signjax.data.sources.array_files import FRAME_KEYS
from signjax.data.sources.shared.leftovers import is_leftover
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.data.sources.split_folders import in_order, is_array, is_sequence
from signjax.data.tables.label_table import split_name
from signjax.data.tables.names import canonical
from signjax.errors import InputError


def list_new_clips(source: str, request: Request, width: int, say: Say) -> list[Item | Rejected]:
    """The work items of a source, and more forms of it than with labels: see `docs/data.md`.

    Args:
      source: the source.
      request: the clips, without labels.
      width: the number of channels of the layout that the model was trained on, which tells points from frames in an array.
      say: receives remarks on what was inferred from names.

    Raises:
      InputError: the request cannot be used.
    """
    if source == "mediapipe":
        return _landmark_clips(request)
    if request.path.is_file() and source == "gislr":
        return [Item(ClipInfo(canonical(request.path.stem), str(request.path)), how=request.layout)]
    if request.path.is_file() and source == "arrays" and _is_one_clip(request.path, width):
        return [Item(ClipInfo(canonical(request.path.stem), str(request.path)))]
    found = source_registry.listing(source, request)
    for remark in found.remarks:
        say(f"warning: {remark}")
    return found.items


def _is_one_clip(path: Path, width: int) -> bool:
    """Whether a file of arrays holds one clip: (T, F), or (T, points, coordinates), and nothing that says where clips begin."""
    try:
        arrays = read_arrays(path)
    except NUMPY_ERRORS:
        return True  # the clip is rejected with the reason
    key = next((key for key in FRAME_KEYS if key in arrays), next(iter(arrays)) if len(arrays) == 1 else None)
    if key is None or "offsets" in arrays or "lengths" in arrays:
        return False
    shape = arrays[key].shape
    return len(shape) == 2 or (len(shape) == 3 and shape[2] != width and shape[1] * shape[2] == width)


def _landmark_clips(request: Request) -> list[Item | Rejected]:
    """An item for each sequence of MediaPipe landmarks at or below the path, in any folders, named by its path.

    Folders named like splits are left out of the names, as in training, where the names still differ without them.

    Raises:
      InputError: there are no .npy files.
    """
    root = request.path
    if not root.exists():
        raise InputError(f"config.data.path: {root} does not exist; source mediapipe needs .npy files")
    paths = list(_sequences(root))
    if not paths:
        raise InputError(f"{root}: there are no .npy files; source mediapipe needs one array per frame or per sequence")
    names = [canonical(_relative_name(path, root)) for path in paths]
    short = [_without_split(name) for name in names]
    if len(set(short)) == len(short):
        names = short
    return [Item(ClipInfo(name, str(path)), how=request.layout) for name, path in zip(names, paths, strict=True)]


def _relative_name(path: Path, root: Path) -> str:
    name = path.relative_to(root).as_posix() if path != root else path.resolve().name
    return name[: -len(".npy")] if is_array(name) else name


def _without_split(name: str) -> str:
    first, _, rest = name.partition("/")
    return rest if "/" in rest and split_name(first) in SPLITS else name


def _sequences(path: Path) -> Iterator[Path]:
    """The files that hold a sequence each, and the folders that hold the frames of one, with numbers in numerical order."""
    if path.is_file():
        yield path
        return
    with os.scandir(path) as found:
        inside = [(in_order(entry.name), entry.is_dir()) for entry in found if not is_leftover(entry.name)]
    arrays = [path / name for (_, name), is_folder in sorted(inside) if not is_folder and is_array(name)]
    if arrays and _are_frames(arrays):
        yield path
    else:
        yield from arrays
    for (_, name), is_folder in sorted(inside):
        if is_folder:
            yield from _sequences(path / name)


def _are_frames(files: list[Path]) -> bool:
    """Whether the names are numbered and the first readable file holds one frame: all are then the frames of one sequence."""
    for file in files if all(in_order(file.name)[0] >= 0 for file in files) else ():
        try:
            shape = np.load(file, mmap_mode="r", allow_pickle=False).shape
        except NUMPY_ERRORS:
            continue  # reading the clip says why
        return len(shape) > 0 and not is_sequence(shape, mediapipe.LAYOUTS)
    return False
