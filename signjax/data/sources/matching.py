"""Which file belongs to which row of a label table."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from signjax.data.clip import Rejected
from signjax.data.label_table import SUFFIXES, Row, read_label_table
from signjax.data.sources.item import Item, Request
from signjax.errors import InputError

TABLE_NAMES = (*(f"labels{suffix}" for suffix in SUFFIXES), "data.json")


def find_label_table(request: Request) -> Path:
    """The label table: the one named, else `labels.csv` (.tsv, .json, .jsonl) or `data.json` in the folder or beside it.

    Raises:
      InputError: there is none.
    """
    if request.labels:
        return Path(request.labels)
    folders = (request.path, request.path.parent) if request.path.is_dir() else (request.path.parent,)
    for candidate in (folder / name for folder in folders for name in TABLE_NAMES):
        if candidate.is_file():
            return candidate
    raise InputError(
        f"{request.path}: no label table; looked for {', '.join(TABLE_NAMES)} in {' and '.join(map(str, folders))}. "
        "Name one with --config.data.labels=FILE (a CSV with a column 'clip' and a column 'gloss')"
    )


class Found(NamedTuple):
    """A file that may hold clips.

    Attributes:
      name: its path below the source's folder, as a label table may name it.
      path: where it is read from.
      how: what its items carry of the same name.
    """

    name: str
    path: Path
    how: Any = None


def match(request: Request, files: Sequence[Found], suffixes: Sequence[str]) -> list[Item | Rejected]:
    """An item for each clip of the label table that is named or found; without labels, for each file."""
    if not request.labelled:
        return match_rows(request, files, suffixes, None, request.path)
    table = find_label_table(request)
    return match_rows(request, files, suffixes, read_label_table(table), table)


def match_rows(
    request: Request, files: Sequence[Found], suffixes: Sequence[str], rows: Sequence[Row] | None, table: Path
) -> list[Item | Rejected]:
    """An item for each clip, and a rejection for each file without a row and each row without a file.

    A row names its file by the path below the source's folder or by the file's name alone, with or without the suffix. Where
    several files have that name, the first is meant, and the others are rejected as `duplicate_name`.

    Args:
      request: where the files lie.
      files: all files, in order.
      suffixes: the suffixes that a name may have or lack.
      rows: what is known of each clip; None: every file is an unlabelled clip of its own.
      table: the file that the rows come from.

    Raises:
      InputError: no row names any file.
    """
    keys = [_key(file.name, suffixes) for file in files]
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        by_name[PurePosixPath(key).name].append(index)
    if rows is None:
        names = [name if len(by_name[name := PurePosixPath(key).name]) == 1 else key for key in keys]
        return [Item(name, str(file.path), how=file.how) for name, file in zip(names, files, strict=True)]
    by_path = {key: index for index, key in enumerate(keys)}
    rows_of: dict[int, list[Row]] = defaultdict(list)
    without_file: list[Row] = []
    for row in rows:
        key = _key(row.file or row.clip, suffixes)
        fitting = [by_path[key]] if key in by_path else by_name.get(key, [])
        if fitting:
            rows_of[fitting[0]].append(row)
        else:
            without_file.append(row)
    if not rows_of:
        raise InputError(
            f"{table}: none of its {len(rows)} clips (first: {rows[0].file or rows[0].clip!r}) has a file in "
            f"{request.path} (first: {files[0].name}); the column 'file', or else 'clip', must hold names of files"
        )
    items: list[Item | Rejected] = []
    for index, file in enumerate(files):
        items += [_item(row, file, suffixes) for row in rows_of.get(index, ())]
        if index not in rows_of:
            name = PurePosixPath(keys[index]).name
            first = by_name[name][0]
            if first != index and first in rows_of:
                detail = f"{files[first].name} has that name too; name files by their path, {keys[index]}, in {table}"
                items.append(Rejected(name, str(file.path), "duplicate_name", detail))
            else:
                items.append(Rejected(name, str(file.path), "unlabelled", f"no row of {table} names {file.name}"))
    for row in without_file:
        detail = f"{row.where}: there is no file {row.file or row.clip} in {request.path}"
        items.append(Rejected(row.clip, str(table), "missing_file", detail))
    return items


def _key(path: str, suffixes: Sequence[str]) -> str:
    """A name as tables and folders may both write it: `/` between folders, no suffix."""
    key = path.replace("\\", "/").removeprefix("./")
    suffix = next((suffix for suffix in suffixes if key.lower().endswith(suffix)), "")
    return key[: len(key) - len(suffix)]


def _item(row: Row, file: Found, suffixes: Sequence[str]) -> Item:
    return Item(
        name=row.clip if row.file else _key(row.clip, suffixes),
        file=str(file.path),
        labels=row.labels,
        signer=row.signer,
        group=row.group,
        split=row.split,
        dominant_hand=row.dominant_hand,
        start=row.start,
        stop=row.stop,
        how=file.how,
    )


def with_table(request: Request, items: list[Item | Rejected]) -> list[Item | Rejected]:
    """The items of a source that knows its labels, with what a label table says more of the clips of those names.

    Raises:
      InputError: the table names none of the clips.
    """
    if not (request.labelled and request.labels):
        return items
    table = Path(request.labels)
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in read_label_table(table):
        rows[row.file or row.clip].append(row)
    if not any(item.name in rows for item in items):
        raise InputError(
            f"{table}: none of its clips (first: {next(iter(rows))!r}) is one of the source's (first: {items[0].name!r})"
        )
    result: list[Item | Rejected] = []
    for item in items:
        told = rows.pop(item.name, [])
        result += [_with_row(item, row) for row in told if isinstance(item, Item)] or [item]
    for row in (row for told in rows.values() for row in told):
        detail = f"{row.where}: the source has no clip {row.file or row.clip}"
        result.append(Rejected(row.clip, str(table), "missing_file", detail))
    return result


def _with_row(item: Item, row: Row) -> Item | Rejected:
    stop = item.stop if row.stop is None else item.start + row.stop
    if item.stop is not None and (item.start + row.start > item.stop or (stop or 0) > item.stop):
        frames = item.stop - item.start
        return item.rejected("bad_segment", f"{row.where}: frames {row.start} to {row.stop} of a clip with {frames}")
    return replace(
        item,
        name=row.clip,
        labels={**item.labels, **row.labels},
        signer=row.signer or item.signer,
        group=row.group or item.group,
        split=row.split or item.split,
        dominant_hand=row.dominant_hand or item.dominant_hand,
        start=item.start + row.start,
        stop=stop,
    )


def segment(item: Item, frames: int) -> slice | Rejected:
    """Which of a file's frames are the item's, or why they cannot be."""
    stop = frames if item.stop is None else item.stop
    if item.start >= frames > 0 or stop > frames:
        return item.rejected("bad_segment", f"frames {item.start} to {stop} of a file with {frames} frames")
    return slice(item.start, stop)
