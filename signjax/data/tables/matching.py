"""Matches files to the rows of a label table."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from signjax.data.clip import ClipInfo, Item, Rejected, Request, Say
from signjax.data.tables.label_table import SUFFIXES, Row, read_label_table
from signjax.data.tables.names import canonical
from signjax.errors import InputError

# A backslash between folders, as on Windows, but not the one in the escapes that `canonical` writes.
_BACKSLASH = re.compile(r"\\(?!ud[c-f][0-9a-f]{2})")

TABLE_NAMES = (*(f"labels{suffix}" for suffix in SUFFIXES), "data.json")


def find_label_table(request: Request) -> Path:
    """The label table: the given one, else `labels.csv` (.tsv, .json, .jsonl) or `data.json` in the folder or next to it.

    Raises:
      InputError: there is no such table.
    """
    if request.labels:
        return Path(request.labels)
    folders = (request.path, request.path.parent) if request.path.is_dir() else (request.path.parent,)
    for candidate in (folder / name for folder in folders for name in TABLE_NAMES):
        if candidate.is_file():
            return candidate
    raise InputError(
        f"{request.path}: there is no label table; looked for {', '.join(TABLE_NAMES)} in {' and '.join(map(str, folders))}. "
        "Name one with --config.data.labels=FILE (for example a CSV file with the columns 'clip' and 'gloss')"
    )


class Found(NamedTuple):
    """A file that may hold clips.

    Attributes:
      name: its path relative to the source's folder, as a label table may name it.
      path: the path that it is read from.
      how: passed on to its items.
    """

    name: str
    path: Path
    how: Any = None


class _Names:
    """Finds the file that a name means: its path relative to the source's folder or its own name, with or without the suffix."""

    def __init__(self, files: Sequence[Found], suffixes: Sequence[str]):
        self._suffixes = suffixes
        self.full = [_slashed(file.name) for file in files]
        self.keys = [self.key(name) for name in self.full]
        self._count = Counter(self.key(name) for name in set(self.full))
        self._owners = Counter(map(_own, self.keys))
        # The first file for each name: in full, without its suffix, and also without the folders above it.
        self._by_full: dict[str, int] = {}
        self._by_key: dict[str, int] = {}
        self._by_own: dict[str, int] = {}
        for index, (full, key) in enumerate(zip(self.full, self.keys, strict=True)):
            self._by_full.setdefault(full, index)
            self._by_key.setdefault(key, index)
            self._by_own.setdefault(_own(key), index)

    def key(self, name: str) -> str:
        """A name without its suffix."""
        suffix = next((suffix for suffix in self._suffixes if name.lower().endswith(suffix)), "")
        return name[: len(name) - len(suffix)]

    def find(self, text: str) -> int | None:
        """The first file with that name."""
        full = _slashed(text)
        key = self.key(full)
        return self._by_full.get(full, self._by_key.get(key, self._by_own.get(key)))

    def twin(self, index: int) -> int:
        """The first file that shares a name with this one; the file itself if it is the first."""
        first = self._by_key[self.keys[index]]
        return first if first != index else self._by_own[_own(self.keys[index])]

    def shortest(self, index: int) -> str:
        """The shortest name that no other file shares."""
        own = _own(self.keys[index])
        if self._owners[own] == 1:
            return own
        return self.keys[index] if self.is_alone(index) else self.full[index]

    def is_alone(self, index: int) -> bool:
        """Whether no other file differs only in its suffix."""
        return self._count[self.keys[index]] == 1


def match(request: Request, files: Sequence[Found], suffixes: Sequence[str], say: Say) -> list[Item | Rejected]:
    """An item for each clip in the given or found label table; without labels, for each file."""
    if not request.labelled:
        return match_rows(request, files, suffixes, None, request.path, say)
    table = find_label_table(request)
    return match_rows(request, files, suffixes, read_label_table(table), table, say)


def match_rows(
    request: Request, files: Sequence[Found], suffixes: Sequence[str], rows: Sequence[Row] | None, table: Path, say: Say
) -> list[Item | Rejected]:
    """An item for each clip, and a rejection for each file without a row and each row without a file.

    A row names its file by the path relative to the source's folder or by the file's name alone, with or without the suffix. If
    several files have that name, the first is used, and the others are rejected as `duplicate_name`.

    Args:
      request: the request; its path is the folder of the files.
      files: all files, in order.
      suffixes: the suffixes that may be left out of a name.
      rows: the rows of the table; None: every file is an unlabelled clip.
      table: the file that the rows come from.
      say: receives remarks on how the table was interpreted.

    Raises:
      InputError: no row names any file.
    """
    names = _Names(files, suffixes)
    if rows is None:
        infos = (ClipInfo(names.shortest(index), str(file.path)) for index, file in enumerate(files))
        return [Item(info, how=file.how) for info, file in zip(infos, files, strict=True)]
    rows = _without_titles(rows, lambda text: names.find(text) is not None, table, f"a file in {request.path}", say)
    rows_of: dict[int, list[Row]] = defaultdict(list)
    without_file: list[Row] = []
    for row in rows:
        index = names.find(row.file or row.name)
        if index is None:
            without_file.append(row)
        else:
            rows_of[index].append(row)
    if not rows_of:
        raise InputError(
            f"{table}: none of its {len(rows)} clips (first: {rows[0].file or rows[0].name!r}) has a file in "
            f"{request.path} (first: {files[0].name}); column 'file', or 'clip' if there is no 'file', must hold file names"
        )
    items: list[Item | Rejected] = []
    for index, file in enumerate(files):
        for row in rows_of.get(index, ()):
            # A clip that is a whole file is named after it.
            written = _slashed(row.name)
            name = row.name if row.file else names.key(written) if names.is_alone(index) else written
            items.append(_item(row, name, file))
        if index not in rows_of:
            twin = names.twin(index)
            if twin != index and twin in rows_of:
                detail = f"{files[twin].name} has the same name; use the path, {file.name}, in {table}"
                reason = "duplicate_name"
            else:
                reason, detail = "unlabelled", f"no row of {table} names {file.name}"
            items.append(Rejected(_own(names.keys[index]), str(file.path), reason, detail))
    for row in without_file:
        detail = f"{row.where}: file {row.file or row.name} does not exist in {request.path}"
        items.append(Rejected(row.name, str(table), "missing_file", detail))
    return items


def _own(key: str) -> str:
    """A name without the folders above it."""
    return key.rpartition("/")[2]


def _slashed(path: str) -> str:
    """A name in the form used for comparing tables and folders, with `/` between folders."""
    return _BACKSLASH.sub("/", canonical(path)).removeprefix("./")


def _without_titles(
    rows: Sequence[Row], is_there: Callable[[str], bool], table: Path, what: str, say: Say
) -> Sequence[Row]:
    """The rows; if their `file` does not name files but, as in MS-ASL, the title of a video, it becomes a label.

    `start` and `end` then refer to that video, and are ignored.
    """
    stated = [row for row in rows if row.file]
    if not stated or any(is_there(row.file) for row in stated) or not any(is_there(row.name) for row in rows):
        return rows
    remark = (
        f"{table}: column 'clip' names the files; no value of column 'file' (first: {stated[0].file!r}) names {what}, "
        "so that column is treated as a label"
    )
    parts = sum(row.start > 0 or row.stop is not None for row in stated)
    if parts:
        remark += f". 'start' and 'end', set in {parts} rows, are ignored: each clip is a whole file"
    say(remark)
    return [_whole_file(row) if row.file else row for row in rows]


def _whole_file(row: Row) -> Row:
    """The row with its file as a label and without a segment."""
    info = replace(row.info, file="", labels={**row.labels, "file": row.file})
    return replace(row, info=info, start=0, stop=None)


def _item(row: Row, name: str, file: Found) -> Item:
    return Item(replace(row.info, name=name, file=str(file.path)), row.start, row.stop, file.how)


def with_table(request: Request, items: list[Item | Rejected], say: Say) -> list[Item | Rejected]:
    """The items of a source that has its own labels, with the additional information in a label table.

    Raises:
      InputError: the table names none of the clips.
    """
    if not (request.labelled and request.labels):
        return items
    table = Path(request.labels)
    names = [canonical(item.name) for item in items]
    there = set(names)
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in _without_titles(read_label_table(table), lambda text: text in there, table, "a clip of the source", say):
        rows[row.file or row.name].append(row)
    if items and not there & rows.keys():
        raise InputError(
            f"{table}: none of its clips (first: {next(iter(rows))!r}) is one of the source's (first: {items[0].name!r})"
        )
    result: list[Item | Rejected] = []
    for name, item in zip(names, items, strict=True):
        result += [_with_row(item, row) for row in rows.pop(name, [])] or [item]
    for row in (row for told in rows.values() for row in told):
        detail = f"{row.where}: clip {row.file or row.name} does not exist in the source"
        result.append(Rejected(row.name, str(table), "missing_file", detail))
    return result


def _with_row(item: Item | Rejected, row: Row) -> Item | Rejected:
    if isinstance(item, Rejected):
        return replace(item, name=row.name)
    stop = item.stop if row.stop is None else item.start + row.stop
    frames = None if item.stop is None else item.stop - item.start
    if frames and (row.start >= frames or (row.stop or 0) > frames):
        detail = f"{row.where}: frames {row.start} to {row.stop or frames} of a clip with {frames}"
        return Rejected(row.name, item.file, "bad_segment", detail)
    part = row.start > 0 or row.stop is not None
    return replace(
        item,
        info=replace(
            item.info,
            name=row.name,
            labels={**item.labels, **row.labels},
            signer=row.signer or item.signer,
            group=row.group or item.group,
            split=row.split or item.split,
            dominant_hand=row.dominant_hand or item.dominant_hand,
        ),
        start=item.start + row.start if frames != 0 else item.start,
        stop=stop if frames != 0 else item.stop,
        file_frames=frames if part else item.file_frames,
    )


def segment(item: Item, frames: int) -> slice | Rejected:
    """The frames of a file that belong to the item, or why that is not possible."""
    if frames == 0:
        return item.rejected("empty", "the file has no frames")
    stop = frames if item.stop is None else item.stop
    if item.start >= frames or stop > frames:
        return item.rejected("bad_segment", f"frames {item.start} to {stop} of a file with {frames} frames")
    return slice(item.start, stop)
