"""Decides whether the folders in a tree are classes, or splits that contain classes: `[split/]class/sequence`."""

import os
import re
from collections.abc import Collection
from pathlib import Path

from signjax.data.clip import SPLITS
from signjax.data.sources.shared.leftovers import is_leftover
from signjax.data.sources.shared.npy import NUMPY_ERRORS, read_arrays
from signjax.data.tables.label_table import split_name
from signjax.errors import InputError

_NUMBER = re.compile(r"\d+$")
_NAMED = 5


def class_folders(path: Path, widths: Collection[int]) -> list[tuple[Path | None, Path]]:
    """(split, class): the class folders, and the split folders above them if there are any.

    `Train`, `val` and the like may also be classes, for signs with that meaning: a split contains folders of sequences, a class
    contains the sequences.

    Args:
      path: the folder of the source.
      widths: the possible numbers of values per frame, which distinguish a file with one frame from a file with a sequence.

    Raises:
      InputError: there are split folders and other folders on the same level.
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
            f"{path}: {splits} contain class folders, so they are splits, but other folders on the same level are not: {shown}. "
            "Move those away, or each into the folder of its split"
        )
    return [(top, folder) for top in named for folder in entries(top, folders=True)]


def _holds_classes(top: Path, widths: Collection[int]) -> bool | None:
    """Whether a folder contains folders of sequences, rather than sequences; None if it is empty."""
    found = entries(top, folders=False)
    if any(not entry.is_dir() for entry in found):
        return False
    for folder in found:
        inner = entries(folder, folders=False)
        if any(entry.is_dir() for entry in inner):
            return True
        for file in inner:
            try:
                shape = next(iter(read_arrays(file).values())).shape
            except NUMPY_ERRORS:
                continue  # reading the clip reports why
            return is_sequence(shape, widths)
    return None


def is_sequence(shape: tuple[int, ...], widths: Collection[int]) -> bool:
    """Whether an array is a sequence (T, F) or (T, N, D), rather than a frame (F,), (1, F) or (points, coordinates)."""
    if len(shape) == 3:
        return shape[0] > 1 and shape[1] * shape[2] in widths
    if len(shape) != 2 or shape[0] == 1:
        return False
    return shape[1] in widths or shape[0] * shape[1] not in widths


def entries(folder: Path, *, folders: bool) -> list[Path]:
    """Folders, and unless `folders` also .npy files, with numbers in numerical order and without leftovers."""
    with os.scandir(folder) as found:
        names = [
            entry.name
            for entry in found
            if not is_leftover(entry.name) and (entry.is_dir() or (not folders and is_array(entry.name)))
        ]
    return [folder / name for name in sorted(names, key=in_order)]


def is_array(name: str) -> bool:
    """Whether a file with that name holds an array."""
    return name.lower().endswith(".npy")


def in_order(name: str) -> tuple[int, str]:
    """The number at the end of a name, or -1, and the name."""
    number = _NUMBER.search(name[: -len(".npy")] if is_array(name) else name)
    return (int(number.group()) if number else -1, name)
