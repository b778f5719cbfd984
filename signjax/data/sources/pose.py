"""`.pose` files, as the package `pose-format` writes them: tracked points from a video, with a header that describes them.

A body is (frames, people, points, coordinates) with a confidence for each point; confidence 0 means that the point was not found,
and it becomes NaN. Of several people, the one seen best is used.
"""

import hashlib
import struct
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signjax.data.clip import Clip, Item, Rejected, Request, Say
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.sources import pose_layout
from signjax.data.sources.shared.choosing import by_name, channels_of
from signjax.data.sources.shared.extras import needed
from signjax.data.sources.shared.leftovers import contents_of, files_below, what_it_is
from signjax.data.tables.matching import (
    Found,
    find_label_tables,
    match,
    segment,
)
from signjax.errors import InputError

REQUIREMENT = "pose-format>=0.10"
_SUFFIX = ".pose"
_SOME_FILES = 64  # whose headers are read to decide the layout
_HEADER_BYTES = 1 << 18
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
    """What an item must know: the requested layout, and the digest of the points that all files must share."""

    layout: str
    points: str


class _Decided(NamedTuple):
    """What most files of a folder have.

    Attributes:
      points: the digest of the points that are used.
      layout: their layout.
      files, of: how many of the files whose headers were read have them.
    """

    points: str
    layout: Layout
    files: int
    of: int


def source_files(request: Request) -> list[Path]:
    """The `.pose` files, and the label table if one is needed."""
    files = _paths(request)
    return [*files, *find_label_tables(request)] if request.labelled else files


def default_layout(request: Request, width: int) -> ChosenLayout:
    """The layout that the headers of most files describe.

    Raises:
      InputError: no file can be read.
    """
    found = _decided(request)
    if found.files == found.of:
        return ChosenLayout(found.layout, "the headers of the files" if found.of > 1 else "the header of the file")
    return ChosenLayout(
        found.layout, f"the headers of {found.files} of {found.of} files; others differ in their points"
    )


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each clip of the label table; a clip may be a segment of a file.

    Raises:
      InputError: no file can be read, or the package `pose-format` is not installed.
    """
    found = _decided(request)
    if request.layout != "auto":
        channels_of(by_name(request.layout), found.layout)
    how = _How(request.layout, found.points)
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
    files = files_below(path, (_SUFFIX,))
    if not files:
        raise InputError(f"{path}: the folder has no {_SUFFIX} files{contents_of(path)}")
    return files


def _decided(request: Request) -> _Decided:
    """What most files have, by the headers of some files spread over the folder; of equally many, those of the first file."""
    _pose()
    paths = _paths(request)
    count: Counter[str] = Counter()
    layouts: dict[str, Layout] = {}
    first = ""
    for path in paths[:: -(-len(paths) // _SOME_FILES)] or paths:
        try:
            choice = _described(_header(path))
            digest = _digest(choice, request.layout)
        except _POSE_ERRORS as error:
            first = first or f"{paths[0]}: {_BROKEN} ({what_it_is(path) or error})"
            continue
        count[digest] += 1
        layouts.setdefault(digest, choice.layout)
    if count:
        digest, files = count.most_common(1)[0]
        return _Decided(digest, layouts[digest], files, count.total())
    others = f". The same holds for all {len(paths)} {_SUFFIX} files there" if len(paths) > 1 else ""
    raise InputError(first + others)


def _header(path: Path) -> Any:
    """The header of a file, without reading its body."""
    read, reader = _pose_header()
    with path.open("rb") as file:
        try:
            return read(reader(file.read(_HEADER_BYTES)))
        except _POSE_ERRORS:  # perhaps a longer header
            file.seek(0)
            return read(reader(file.read()))


def _pose_header() -> tuple[Any, Any]:
    """The functions of the package that read a header, and bytes."""
    header = needed("pose", "pose_format.pose_header", REQUIREMENT).PoseHeader.read
    return header, needed("pose", "pose_format.utils.reader", REQUIREMENT).BufferReader


def _pose() -> Any:
    return needed("pose", "pose_format", REQUIREMENT).Pose


def _described(header: Any) -> pose_layout.Choice:
    """The selection of the points of a header."""
    components = tuple(pose_layout.component(found) for found in header.components)
    return _choice(components, header.num_dims())


def _digest(choice: pose_layout.Choice, wanted: str) -> str:
    """A digest that files share whose points differ only where a layout does not use them.

    Args:
      choice: the points of a file.
      wanted: the requested layout.
    """
    names = dict(zip(choice.layout.part_names, choice.names, strict=True))
    kinds = {part.name: part.kind for part in choice.layout.parts}
    if wanted == "auto":
        used = [(name, kinds[name], names[name]) for name in choice.layout.part_names]
    else:
        parts = by_name(wanted).parts
        used = [(part.name, part.kind if part.name in kinds else "", names.get(part.name, ())) for part in parts]
    return hashlib.sha256(repr(used).encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(maxsize=1)
def _choice(components: tuple[pose_layout.Component, ...], dimensions: int) -> pose_layout.Choice:
    """Cached from one file to the next, which usually has the same header."""
    return pose_layout.choose(components, dimensions)


class _File(NamedTuple):
    """The contents of a file: what is used of it, and frames float32 (T, F), NaN where nothing was found."""

    choice: pose_layout.Choice
    frames: np.ndarray


@lru_cache(maxsize=1)
def _read(path: str, changed_ns: int) -> _File:
    """A file, cached for its next segment until it changes."""
    pose = _pose().read(Path(path).read_bytes())
    choice = _described(pose.header)
    data, confidence = np.asarray(np.ma.getdata(pose.body.data)), np.asarray(np.ma.getdata(pose.body.confidence))
    if data.ndim != 4 or data.shape[:3] != confidence.shape:
        raise ValueError(f"a body of shape {data.shape} with confidences of shape {confidence.shape}")
    people = confidence.sum(axis=(0, 2))
    if not len(people):
        return _File(choice, np.full((len(data), choice.layout.width), np.nan, np.float32))
    best = int(people.argmax())
    points = list(choice.points)
    frames = data[:, best, points].astype(np.float32)
    frames[confidence[:, best, points] <= 0] = np.nan
    return _File(choice, frames.reshape(len(data), -1))


def read_item(item: Item) -> Clip | Rejected:
    """Reads one clip; points that were not found are NaN."""
    how: _How = item.how
    _pose()
    try:
        file = _read(item.file, Path(item.file).stat().st_mtime_ns)
    except _POSE_ERRORS as error:
        return item.rejected("unreadable", f"{_BROKEN} ({what_it_is(Path(item.file)) or error})")
    layout = file.choice.layout
    if _digest(file.choice, how.layout) != how.points:
        parts = ", ".join(f"{part.name} ({part.points} x {part.kind})" for part in layout.parts)
        return item.rejected("wrong_width", f"its points differ from those of most files: {parts}")
    chosen = segment(item, len(file.frames))
    if isinstance(chosen, Rejected):
        return chosen
    frames = file.frames[chosen]
    if how.layout != "auto":
        frames = frames[:, channels_of(by_name(how.layout), layout)]
    return item.clip(frames, file_frames=len(file.frames))
