"""`.pose` files, as the package `pose-format` writes them: tracked points from a video, with a header that describes them.

A body is (frames, people, points, coordinates) with a confidence for each point; confidence 0 means that the point was not found,
and it becomes NaN. Of several people, the one seen best is used.
"""

import hashlib
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax.data.clip import Clip, Item, Rejected, Request, Say
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.sources import pose_layout
from signjax.data.sources.shared.choosing import by_name, channels_of
from signjax.data.sources.shared.extras import needed
from signjax.data.tables.matching import (
    Found,
    find_label_tables,
    match,
    segment,
)
from signjax.errors import InputError

REQUIREMENT = "pose-format>=0.10"
_SUFFIX = ".pose"
_BROKEN = f"not a {_SUFFIX} file, or cut short; copy or convert it again"
# The errors that the package raises for files that are truncated or in another format.
_POSE_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    IndexError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,
    struct.error,
)


class _How(NamedTuple):
    """What an item must know: the requested layout, and a digest of the header that all files must share."""

    layout: str
    header: str


def source_files(request: Request) -> list[Path]:
    """The `.pose` files, and the label table if one is needed."""
    files = _paths(request)
    return [*files, *find_label_tables(request)] if request.labelled else files


def default_layout(request: Request, width: int) -> ChosenLayout:
    """The layout that the header of the first readable file describes.

    Raises:
      InputError: no file can be read.
    """
    return ChosenLayout(_first_header(request)[1], "the header of the first file")


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip of the label table; a clip may be a segment of a file.

    Raises:
      InputError: no file can be read, or the package `pose-format` is not installed.
    """
    digest, layout = _first_header(request)
    if request.layout != "auto":
        channels_of(by_name(request.layout), layout)
    how = _How(request.layout, digest)
    root = request.path if request.path.is_dir() else request.path.parent
    files = [Found(file.relative_to(root).as_posix(), file, how) for file in _paths(request)]
    return match(request, files, (_SUFFIX,), say)


def _paths(request: Request) -> list[Path]:
    path = request.path
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(
            f"{path}: it does not exist; config.data.path must be a folder of {_SUFFIX} files, or one of them"
        )
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() == _SUFFIX)
    if not files:
        raise InputError(f"{path}: the folder has no {_SUFFIX} files")
    return files


def _first_header(request: Request) -> tuple[str, Layout]:
    """Digest and layout of the first readable file, which all others must share."""
    _pose()
    paths = _paths(request)
    first: Exception | None = None
    for path in paths:
        try:
            file = _read(str(path), path.stat().st_mtime_ns)
        except _POSE_ERRORS as error:
            first = first or error
        else:
            return file.header, file.layout
    others = f". The same holds for all {len(paths)} {_SUFFIX} files there" if len(paths) > 1 else ""
    raise InputError(f"{paths[0]}: {_BROKEN} ({first}){others}") from first


def _pose() -> Any:
    return needed("pose", "pose_format", REQUIREMENT).Pose


def _described(header: Any) -> tuple[str, pose_layout.Choice]:
    """The digest that equal headers share, and the selection of their points."""
    components = tuple(pose_layout.component(found) for found in header.components)
    digest = hashlib.sha256(repr([header.num_dims(), *(component[:2] for component in components)]).encode())
    return digest.hexdigest(), _choice(components, header.num_dims())


@lru_cache(maxsize=1)
def _choice(components: tuple[pose_layout.Component, ...], dimensions: int) -> pose_layout.Choice:
    """Cached from one file to the next, which usually has the same header."""
    return pose_layout.choose(components, dimensions)


class _File(NamedTuple):
    """The contents of a file: the digest of its header, its layout, and frames float32 (T, F), NaN where nothing was found."""

    header: str
    layout: Layout
    frames: np.ndarray


@lru_cache(maxsize=1)
def _read(path: str, changed_ns: int) -> _File:
    """A file, cached for its next segment until it changes."""
    pose = _pose().read(Path(path).read_bytes())
    digest, choice = _described(pose.header)
    data, confidence = np.asarray(np.ma.getdata(pose.body.data)), np.asarray(np.ma.getdata(pose.body.confidence))
    if data.ndim != 4 or data.shape[:3] != confidence.shape:
        raise ValueError(f"a body of shape {data.shape} with confidences of shape {confidence.shape}")
    people = confidence.sum(axis=(0, 2))
    if not len(people):
        return _File(digest, choice.layout, np.full((len(data), choice.layout.width), np.nan, np.float32))
    best = int(people.argmax())
    points = list(choice.points)
    frames = data[:, best, points].astype(np.float32)
    frames[confidence[:, best, points] <= 0] = np.nan
    return _File(digest, choice.layout, frames.reshape(len(data), -1))


def read_item(item: Item) -> Clip | Rejected:
    """Reads one clip; points that were not found are NaN."""
    how: _How = item.how
    _pose()
    try:
        file = _read(item.file, Path(item.file).stat().st_mtime_ns)
    except _POSE_ERRORS as error:
        return item.rejected("unreadable", f"{_BROKEN} ({error})")
    if file.header != how.header:
        parts = ", ".join(f"{part.name} ({part.points} x {part.kind})" for part in file.layout.parts)
        return item.rejected("wrong_width", f"its points differ from those of the first file: {parts}")
    chosen = segment(item, len(file.frames))
    if isinstance(chosen, Rejected):
        return chosen
    frames = file.frames[chosen]
    if how.layout != "auto":
        frames = frames[:, channels_of(by_name(how.layout), file.layout)]
    return item.clip(frames, file_frames=len(file.frames))
