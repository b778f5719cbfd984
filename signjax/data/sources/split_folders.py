"""Whether the folders of a tree are classes, or splits that hold classes: `[split/]class/sequence`."""

import os
import re
from collections.abc import Collection
from pathlib import Path

import numpy as np

from signjax.data.clip import SPLITS
from signjax.data.sources.shared.npy import NUMPY_ERRORS
from signjax.data.tables.label_table import split_name
from signjax.errors import InputError

_NUMBER = re.compile(r"\d+$")
_NAMED = 5


def class_folders(path: Path, widths: Collection[int]) -> list[tuple[Path | None, Path]]:
    """(split, class): the folders of the classes, and above them those of the splits where there are any.

    `Train`, `val` and the like may also be classes, of signs with that meaning: a split holds folders of sequences, a class holds
    the sequences.

    Args:
      path: the folder of the source.
      widths: how many values a frame may have, by which a file of one frame is told from that of a sequence.

    Raises:
      InputError: there are splits, and folders beside them that are none.
    """
    tops = entries(path, folders=True)
    named = [top for top in tops if split_name(top.name) in SPLITS]
    holds = {top: _holds_classes(top, widths) for top in named}
    if not any(holds.values()) and (len(named) < len(tops) or False in holds.values()):
        return [(None, top) for top in tops]
    others = [top.name for top in tops if top not in named or holds[top] is False]
    if others:
        shown = ", ".join(map(repr, others[:_NAMED])) + (
            f", ... ({len(others)} in all)" if len(others) > _NAMED else ""
        )
        splits = ", ".join(repr(top.name) for top in named if holds[top])
        raise InputError(
            f"{path}: {splits} hold folders of classes, so they are splits; beside them stand folders that are none: {shown}. "
            "Move these away, or each into the folder of its split"
        )
    return [(top, folder) for top in named for folder in entries(top, folders=True)]


def _holds_classes(top: Path, widths: Collection[int]) -> bool | None:
    """Whether a folder holds folders of sequences, and not the sequences; None where it is empty."""
    found = entries(top, folders=False)
    if any(not entry.is_dir() for entry in found):
        return False
    for folder in found:
        inner = entries(folder, folders=False)
        if any(entry.is_dir() for entry in inner):
            return True
        for file in inner:
            try:
                shape = np.load(file, mmap_mode="r", allow_pickle=False).shape
            except NUMPY_ERRORS:
                continue  # reading the clip says why
            return _is_sequence(shape, widths)
    return None


def _is_sequence(shape: tuple[int, ...], widths: Collection[int]) -> bool:
    """Whether an array is a sequence (T, F), and not a frame (F,), (1, F) or (points, coordinates)."""
    if len(shape) != 2 or shape[0] == 1:
        return False
    return shape[1] in widths or shape[0] * shape[1] not in widths


def entries(folder: Path, *, folders: bool) -> list[Path]:
    """Folders, and unless `folders` also .npy files, numbers in the order of their values; hidden ones left out."""
    with os.scandir(folder) as found:
        names = [
            entry.name
            for entry in found
            if not entry.name.startswith(".") and (entry.is_dir() or (not folders and is_array(entry.name)))
        ]
    return [folder / name for name in sorted(names, key=in_order)]


def is_array(name: str) -> bool:
    """Whether a file of that name holds an array."""
    return name.lower().endswith(".npy")


def in_order(name: str) -> tuple[int, str]:
    """The number at the end of a name, -1 without one, and the name."""
    number = _NUMBER.search(name[: -len(".npy")] if is_array(name) else name)
    return (int(number.group()) if number else -1, name)
