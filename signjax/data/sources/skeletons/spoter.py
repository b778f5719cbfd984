"""SPOTER's tables: a row for each clip, and in each cell the numbers of one coordinate in all frames, as text.

The columns are `leftWrist_X`, `leftWrist_Y`, `indexTip_left_X` (or `indexTip_0_X`), ..., `labels`, `video_fps`, `video_size_width`.
A table has points of the body and of both hands; further columns, such as signer and split, are used by name.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signjax.data.sources.shared.leftovers import what_it_is
from signjax.data.sources.skeletons.collection import ContentError
from signjax.data.sources.skeletons.forms import About, FormError, Frames, about

_BODY = (
    "nose", "neck", "rightEye", "leftEye", "rightEar", "leftEar", "rightShoulder", "leftShoulder", "rightElbow", "leftElbow",
    "rightWrist", "leftWrist",
)  # fmt: skip
# SPOTER's names of the points of a hand, in the order and with the names of MediaPipe.
_HAND = {
    "wrist": "WRIST", "thumbCMC": "THUMB_CMC", "thumbMP": "THUMB_MCP", "thumbIP": "THUMB_IP", "thumbTip": "THUMB_TIP",
    "indexMCP": "INDEX_MCP", "indexPIP": "INDEX_PIP", "indexDIP": "INDEX_DIP", "indexTip": "INDEX_TIP",
    "middleMCP": "MIDDLE_MCP", "middlePIP": "MIDDLE_PIP", "middleDIP": "MIDDLE_DIP", "middleTip": "MIDDLE_TIP",
    "ringMCP": "RING_MCP", "ringPIP": "RING_PIP", "ringDIP": "RING_DIP", "ringTip": "RING_TIP",
    "littleMCP": "PINKY_MCP", "littlePIP": "PINKY_PIP", "littleDIP": "PINKY_DIP", "littleTip": "PINKY_TIP",
}  # fmt: skip
_SIDES = {"left": ("left", "Left", "0"), "right": ("right", "Right", "1")}
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|None|inf", re.IGNORECASE)
_FIELDS = {mark: re.compile(rf'(?:^|{mark})(?:"((?:[^"]|"")*)"|([^{mark}]*))') for mark in ",;"}
_MOST_SEEN = 1 << 16  # characters of the first line


class Table(NamedTuple):
    """A table, without its rows.

    Attributes:
      columns: the names of all columns.
      points: the names of the points that it has, each with its columns of x and y.
      rows: the offset of each row in the file, and the number of its bytes.
    """

    columns: tuple[str, ...]
    points: tuple[tuple[str, int, int], ...]
    rows: tuple[tuple[int, int], ...]


def is_table(path: Path) -> bool:
    """Whether a CSV file is a table of this kind, according to its first line."""
    with path.open("rb") as file:
        return b"_X" in (first := file.readline(_MOST_SEEN)) and b"_Y" in first


@lru_cache(maxsize=2)
def read_table(path: str, changed_ns: int) -> Table:
    """The columns and the places of the rows.

    Raises:
      ContentError: there are no points.
    """
    rows = []
    with Path(path).open("rb") as file:
        header, *lines = list(_lines(file)) or [(0, b"")]
        rows = [(start, len(text)) for start, text in lines if text.strip(b" ,;\r\n")]
    columns = tuple(name.strip() for name in _fields(header[1]))
    at = {name: index for index, name in enumerate(columns)}
    points = tuple(
        (name, at[f"{column}_X"], at[f"{column}_Y"])
        for name, candidates in _points()
        for column in [next((c for c in candidates if f"{c}_X" in at and f"{c}_Y" in at), None)]
        if column is not None
    )
    if not points:
        what = what_it_is(Path(path))
        if what is not None:
            raise ContentError(f"it is {what}")
        raise ContentError(
            f"no column is that of a point, such as {_BODY[0]}_X; the first line has {', '.join(columns[:6])}"
        )
    return Table(columns, points, tuple(rows))


def _points() -> Iterator[tuple[str, list[str]]]:
    """Each point with its possible names in a table."""
    for name in _BODY:
        yield name, [name]
    for side, spellings in _SIDES.items():
        for theirs, ours in _HAND.items():
            yield f"{side}_hand_{ours}", [f"{theirs}_{spelling}" for spelling in spellings]


def _lines(file: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """The offset and the bytes of each row; one whose quotation marks are not closed continues on the next line."""
    start, text = 0, b""
    for line in file:
        text += line
        if text.count(b'"') % 2 == 0:
            yield start, text
            start, text = start + len(text), b""
    if text:
        yield start, text


def _fields(row: bytes) -> list[str]:
    """The fields of a row, of any length (those of Python's `csv` have at most 131,072 characters)."""
    text = row.decode("utf-8-sig", "surrogateescape").rstrip("\r\n")
    pattern = _FIELDS[";" if text.count(";") > text.count(",") else ","]
    return [quoted.replace('""', '"') or plain for quoted, plain in pattern.findall(text)]


def listed(path: Path) -> list[About]:
    """What the table says of its clips: label, and name, signer and split if there are such columns."""
    return _listed(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _listed(path: Path, changed_ns: int) -> list[About]:
    table = read_table(str(path), changed_ns)
    of_points = {column for _, *pair in table.points for column in pair}
    found = []
    with path.open("rb") as file:
        for number, (start, length) in enumerate(table.rows):
            file.seek(start)
            fields = _fields(file.read(length))
            told = {
                name.lower(): int(text)
                if text.strip().isdecimal() and name.lower() in ("label", "labels")
                else text.strip()
                for index, (name, text) in enumerate(zip(table.columns, fields, strict=False))
                if index not in of_points
            }
            found.append(about(told, f"{path.stem}_{number:05d}"))
    return found


def read(path: str, row: int) -> Frames:
    """One clip of a table: points (T, V, 2).

    Raises:
      FormError: a cell does not hold a number for each frame.
    """
    table = read_table(path, Path(path).stat().st_mtime_ns)
    start, length = table.rows[row]
    with Path(path).open("rb") as file:
        file.seek(start)
        fields = _fields(file.read(length))
    if len(fields) != len(table.columns):
        raise FormError(
            f"row {row + 1} has {len(fields)} fields, the table has {len(table.columns)} columns; it may be cut short"
        )
    columns = [(name, [_numbers(fields[index]) for index in pair]) for name, *pair in table.points]
    frames = max(len(numbers) for _, pair in columns for numbers in pair)
    points = np.zeros((frames, len(columns), 2))
    for at, (name, pair) in enumerate(columns):
        for axis, numbers in enumerate(pair):
            if len(numbers) not in (
                1,
                frames,
            ):  # one number, such as SPOTER's 0 for a neck that was not found, is that of all frames
                raise FormError(f"row {row + 1} has {len(numbers)} numbers for {name}, other points have {frames}")
            points[:, at, axis] = numbers
    return Frames(points)


def point_names(path: Path) -> tuple[str, ...]:
    """The points of a table, in the order of `read`."""
    return tuple(name for name, _, _ in read_table(str(path), path.stat().st_mtime_ns).points)


def _numbers(cell: str) -> np.ndarray:
    """The numbers of a cell: `[0.1, 0.2]`, or `[0.1 0.2]` as NumPy writes it."""
    if "..." in cell:
        raise FormError(
            "a cell has '...' instead of numbers: NumPy shortened it when the table was written; write lists"
        )
    found = _NUMBER.findall(cell)
    return np.array([np.nan if text.lower() == "none" else float(text) for text in found] or [np.nan])
