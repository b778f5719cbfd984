"""Matches files to the rows of a label table."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from signjax.data.clip import ClipInfo, Item, Rejected, Request, Say
from signjax.data.tables.label_table import SUFFIXES, Row, named_together, read_label_tables
from signjax.data.tables.names import canonical
from signjax.data.tables.pairing import FileNames, Matched, Matcher, own_name, slashed
from signjax.data.tables.recordings import check_known_times, without_titles
from signjax.errors import InputError, first_few

# Not labels.txt, which often lists the classes of a model.
TABLE_NAMES = (*(f"labels{suffix}" for suffix in SUFFIXES if suffix != ".txt"), "data.json")


def given_label_tables(labels: str) -> list[Path]:
    """The label tables that `config.data.labels` names: a file, several separated by commas, or all tables in a folder."""
    path = Path(labels)
    if labels and path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        tables = [file for file in files if file.suffix.lower() in SUFFIXES]
        # A text file beside tables of another form is more often a README than a table.
        return [file for file in tables if file.suffix.lower() != ".txt"] or tables or [path]
    if path.is_file() or "," not in labels:
        return [path] if labels else []
    return [Path(name.strip()) for name in labels.split(",") if name.strip()]


def find_label_tables(request: Request) -> list[Path]:
    """The given label tables, else the one that `find_label_table` finds.

    Raises:
      InputError: there is no such table.
    """
    return given_label_tables(request.labels) or [find_label_table(request)]


def find_label_table(request: Request) -> Path:
    """The first given label table, else `labels.csv` (.tsv, .json, .jsonl) or `data.json` in the folder or next to it.

    Raises:
      InputError: there is no such table.
    """
    if request.labels:
        return given_label_tables(request.labels)[0]
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


def match(request: Request, files: Sequence[Found], suffixes: Sequence[str], say: Say) -> list[Item | Rejected]:
    """An item for each clip in the given or found label table; without labels, for each file."""
    if not request.labelled:
        return match_rows(request, files, suffixes, None, request.path, say)
    tables = find_label_tables(request)
    rows = read_label_tables(tables, request.columns, say)
    return match_rows(request, files, suffixes, rows, Path(named_together(tables)), say)


def match_rows(
    request: Request, files: Sequence[Found], suffixes: Sequence[str], rows: Sequence[Row] | None, table: Path, say: Say
) -> list[Item | Rejected]:
    """An item for each clip, and a rejection for each file without a row and each row without a file.

    A row names its file by the path relative to the source's folder or by the file's name alone, with or without the suffix. If
    several files have that name, the first is used, and the others are rejected as `duplicate_name`. Names that are not equal
    are matched as in `loose_names`; a name with more than one possible file, or the other way round, is rejected as
    `ambiguous_name`.

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
    paths = [file.name for file in files]
    names = FileNames(paths, suffixes)
    if rows is None:
        infos = (ClipInfo(names.shortest(index), str(file.path)) for index, file in enumerate(files))
        return [Item(info, how=file.how) for info, file in zip(infos, files, strict=True)]

    matcher = Matcher(paths, names.find)
    rows = without_titles(rows, matcher, table, f"a file in {request.path}", say)
    matched = _match(matcher, rows)
    rows_of, without_file = _by_file(rows, matched)
    if not rows_of:
        raise _none_matches(matcher, rows, matched, table, f"has a file in {request.path}")
    matcher.say(matched, table, say)
    check_known_times(rows_of)
    items: list[Item | Rejected] = []
    twins: list[str] = []
    for index, file in enumerate(files):
        meant, rivals = _rivals(rows_of.get(index, ()), names)
        for row in meant:
            items.append(_item(row, _name(row, index, names, matched), file))
        for row in rivals:
            others = first_few([other.meant for other in rows_of[index] if other.meant != row.meant])
            detail = f"{row.where}: {row.meant!r} means {file.name}, but so does {others}; name each file in one row"
            items.append(Rejected(row.name, str(file.path), "ambiguous_name", detail))
        if index not in rows_of:
            twin = names.twin(index)
            if twin != index and twin in rows_of:
                detail = f"{files[twin].name} has the same name; use the path, {file.name}, in {table}"
                reason = "duplicate_name"
                twins.append(f"{files[twin].name} is used, and not {file.name}")
            else:
                reason, detail = "unlabelled", f"no row of {table} names {file.name}"
            items.append(Rejected(own_name(names.keys[index]), str(file.path), reason, detail))
    if twins:
        shown = "; ".join(twins[:3])
        say(f"{table}: files left out because others have the same name: {len(twins)} ({shown}). Write their paths")
    for row in without_file:
        items.append(_without_file(row, matched, table, f"file {row.meant} does not exist in {request.path}"))
    return items


def _name(row: Row, index: int, names: FileNames, matched: Matched) -> str:
    """The name of a clip: a clip that is a whole file is named after it."""
    if row.file:
        return row.name
    if row.name not in matched.exact:
        return names.shortest(index)
    return names.key(slashed(row.name)) if names.is_alone(index) else slashed(row.name)


def _match(matcher: Matcher, rows: Sequence[Row]) -> Matched:
    return matcher.match([row.meant for row in rows], {label for row in rows for label in row.labels.values()})


def _by_file(rows: Sequence[Row], matched: Matched) -> tuple[dict[int, list[Row]], list[Row]]:
    """The rows of each file by its index, and the rows without a file."""
    rows_of: dict[int, list[Row]] = defaultdict(list)
    without: list[Row] = []
    for row in rows:
        index = matched.file(row.meant)
        (without if index is None else rows_of[index]).append(row)
    return rows_of, without


def _none_matches(matcher: Matcher, rows: Sequence[Row], matched: Matched, table: Path, what: str) -> InputError:
    columns = dict.fromkeys(column for row in rows for column in row.labels)
    values = {column: [row.labels[column] for row in rows if column in row.labels] for column in columns}
    return matcher.none_matches([row.meant for row in rows], values, matched, table, what)


def _without_file(row: Row, matched: Matched, table: Path, missing: str) -> Rejected:
    reason, detail = matched.why_not(row.meant, missing)
    return Rejected(row.name, str(table), reason, f"{row.where}: {detail}")


def _rivals(rows: Sequence[Row], names: FileNames) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows of one file that may be used, and those that may not: of rows that name it as one whole clip by different names,
    only the one with its path is meant, and none if several have it.
    """
    whole = [row for row in rows if not row.file or (row.start == 0 and row.stop is None)]
    texts = {row.meant for row in whole}
    by_path = {text for text in texts if names.is_path(text)}
    meant = texts if len(texts) < 2 else by_path if len(by_path) == 1 else ()
    rivals = [row for row in whole if row.meant not in meant]
    return [row for row in rows if row not in rivals], rivals


def _item(row: Row, name: str, file: Found) -> Item:
    return Item(replace(row.info, name=name, file=str(file.path)), row.start, row.stop, file.how)


def with_table(request: Request, items: list[Item | Rejected], say: Say) -> list[Item | Rejected]:
    """The items of a source that has its own labels, with the additional information in a label table.

    Raises:
      InputError: the table names none of the clips.
    """
    if not (request.labelled and request.labels):
        if request.labelled and request.columns:
            raise InputError(
                f"config.data.columns is {request.columns!r}, but there is no label table; name it with --config.data.labels=FILE"
            )
        return items
    tables = given_label_tables(request.labels)
    table = Path(named_together(tables))
    names = [canonical(item.name) for item in items]
    first = {name: index for index, name in reversed(list(enumerate(names)))}
    matcher = Matcher(names, first.get)
    read = read_label_tables(tables, request.columns, say)
    rows = without_titles(read, matcher, table, "a clip of the source", say)
    matched = _match(matcher, rows)
    rows_of, lost = _by_file(rows, matched)
    if items and not rows_of:
        raise _none_matches(matcher, rows, matched, table, "is one of the source's")
    matcher.say(matched, table, say)
    check_known_times(rows_of)
    result: list[Item | Rejected] = []
    for index, item in enumerate(items):
        told = [
            row if row.file or row.name == names[index] else _named(row, names[index]) for row in rows_of.get(index, ())
        ]
        result += [_with_row(item, row) for row in told] or [item]
    for row in lost:
        result.append(_without_file(row, matched, table, f"clip {row.meant} does not exist in the source"))
    return result


def _named(row: Row, name: str) -> Row:
    return replace(row, info=replace(row.info, name=name))


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
