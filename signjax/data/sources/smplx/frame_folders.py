"""Finds clips with one file per frame.

`CLIP/00012.npz`; SMPLer-X: `CLIP/smplx/00012_0.npz`; SMPLify-X: `CLIP/results/00012/000.pkl`.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from signjax.data.sources.smplx.assembly import frame_count
from signjax.data.sources.smplx.frame_numbers import numbered, without_numbers
from signjax.data.sources.smplx.unusable import UnusableBodyError
from signjax.data.sources.smplx.wrappings import Fitted, find, outline, stack
from signjax.errors import InputError

# Folders that a fitter makes below that of the clip.
_BELOW_CLIP = ("smplx", "smplx_params", "params", "results")
_PROBES = 9  # names of files, apart from numbers, that are looked into per folder
_RESULTS = "results"  # SMPLify-X has a folder per frame in it


class FrameFolder(NamedTuple):
    """A clip with one file per frame.

    Attributes:
      name: the folder of the clip, relative to the source's folder.
      folder: the folder that the names of the files are relative to.
      pattern: those names, with 0 for each number.
    """

    name: str
    folder: Path
    pattern: str


def frame_folders(path: Path, files: Sequence[Path], inspect: Callable[[Path], Any]) -> list[FrameFolder]:
    """The folders with a clip of one file per frame, in the order of their first files.

    Args:
      path: the folder of the source.
      files: the files below it.
      inspect: the content of a file, with shapes instead of arrays; None if it cannot be read.

    Raises:
      InputError: a folder has the frames of several clips.
    """
    inside: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        above = file.parent
        folder = above.parent if above.parent.name == _RESULTS and above != path else above
        inside[folder][_pattern(folder, file)].append(file)
    found = []
    for folder, groups in inside.items():
        likely = [pattern for pattern, here in groups.items() if len(here) > 1][:_PROBES]
        frames = [pattern for pattern in likely if _is_frame(groups[pattern], inspect)]
        if len(frames) > 1 or any(numbered(_names(folder, groups[pattern])) is None for pattern in frames):
            first, last = groups[frames[0]][0], groups[frames[-1]][-1]
            raise InputError(
                f"{folder}: it has single frames of several clips, such as {first.name} and {last.name}; put the frames of each "
                "clip into a folder of its own, which the clip is named after"
            )
        found += [FrameFolder(_clip_name(path, folder), folder, pattern) for pattern in frames]
    return found


def frame_files(folder: Path, pattern: str) -> list[Path]:
    """The files of the frames in the folder of a clip, sorted by name."""
    below = "*/*" if folder.name == _RESULTS else "*"
    return sorted(file for file in folder.glob(below) if _pattern(folder, file) == pattern)


def _pattern(folder: Path, file: Path) -> str:
    return without_numbers(file.relative_to(folder).as_posix())


def _names(folder: Path, files: Sequence[Path]) -> list[str]:
    return [file.relative_to(folder).with_suffix("").as_posix() for file in files]


def join_frames(folder: Path, files: Sequence[Path], contents: Sequence[Any]) -> Fitted:
    """One clip from the contents of the files of its frames.

    Raises:
      UnusableBodyError: a file has no parameters, or others than the rest.
    """
    order = numbered(_names(folder, files))
    assert order is not None  # else the files would not be those of frames
    found = [find(content) for content in contents]
    for file, fitted in zip(files, found, strict=True):
        if fitted is None:
            raise UnusableBodyError(
                "missing_key", f"{file.name}: it has no parameters of a body, unlike the other frames"
            )
    return stack([fitted.parameters for fitted in found if fitted is not None], order)


def _clip_name(path: Path, folder: Path) -> str:
    parts = list(folder.relative_to(path).parts)
    while parts and parts[-1] in _BELOW_CLIP:
        parts.pop()
    if parts:
        return PurePosixPath(*parts).as_posix()
    return next((part for part in reversed(path.absolute().parts) if part not in _BELOW_CLIP), path.name)


def _is_frame(files: Sequence[Path], inspect: Callable[[Path], Any]) -> bool:
    """Whether the first file that can be read holds a single frame."""
    for file in files:
        content = inspect(file)
        if content is not None:
            found = outline(content)
            return found is not None and frame_count(found.parameters) == 1
    return False
