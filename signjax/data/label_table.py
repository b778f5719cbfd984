"""Label tables: what is known of each clip, as CSV, TSV, JSON or JSONL.

| column | meaning |
|---|---|
| `clip` | the clip's name; without a column `file`, also the name of its file |
| `file` | optional: the file that holds the clip, where one file holds several |
| `start`, `end` | optional: first frame of the clip in its file, counted from 0, and the frame after its last |
| `signer`, `group`, `split`, `dominant_hand` | optional: what a `Clip` knows of itself |
| any other | a label: the clip's class for the head of that name |

An empty field says nothing.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signjax.errors import InputError

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")

_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}
_SPLITS = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid", "testing": "test"}
_HANDS = {"left": "left", "l": "left", "right": "right", "r": "right"}
_OWN_COLUMNS = ("clip", "file", "start", "end", "signer", "group", "split", "dominant_hand")


@dataclass(frozen=True, slots=True)
class Row:
    """What a table says of one clip.

    Attributes:
      clip: its name.
      file: the file that holds it; empty where the table has no such column.
      labels: head -> class name.
      signer, group, split, dominant_hand: as in `Clip`.
      start, stop: its frames in the file; None is the file's end.
      where: the place in the table, for messages.
    """

    clip: str
    file: str
    labels: Mapping[str, str]
    where: str
    signer: str | None = None
    group: str | None = None
    split: str | None = None
    dominant_hand: str | None = None
    start: int = 0
    stop: int | None = None


def read_label_table(path: Path) -> list[Row]:
    """Reads a table, in its order.

    JSON may be an array of objects, or an object of objects whose keys are the clips' names, as SignAvatars' `data.json` is;
    its `type_name` becomes `gloss`.

    Raises:
      InputError: the file is missing, of no such form, names a clip twice, or a field cannot be what its column says.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such label table; config.data.labels names it ({', '.join(SUFFIXES)})")
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: a label table must be {', '.join(SUFFIXES)}")
    readers = {".json": _json_fields, ".jsonl": _jsonl_fields}
    rows: list[Row] = []
    seen: dict[str, str] = {}
    try:
        for place, fields in readers.get(path.suffix, _delimited_fields)(path):
            row = _row(f"{path}, {place}", fields)
            if row.clip in seen:
                raise InputError(f"{row.where}: clip {row.clip!r} stands in the table twice, also in {seen[row.clip]}")
            seen[row.clip] = place
            rows.append(row)
    except (UnicodeDecodeError, csv.Error, json.JSONDecodeError) as error:
        raise InputError(f"{path}: expected a label table ({path.suffix}, UTF-8): {error}") from error
    if not rows:
        raise InputError(f"{path}: the label table has no row")
    return rows


def split_name(text: str | None) -> str | None:
    """`train`, `valid` or `test` for the usual names of each; what is none of them comes back as it is."""
    return _SPLITS.get(text.lower(), text) if text else None


def _delimited_fields(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    return read_delimited(path, _DELIMITERS[path.suffix], ("clip",))


def read_delimited(path: Path, delimiters: str, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The place and the fields of each row of a text table.

    Args:
      path: UTF-8, with the columns' names in its first line.
      delimiters: of which the first is taken that makes columns with the needed names.
      needed: columns that must be there.

    Raises:
      InputError: a column is missing or there twice, or a row has more or fewer fields.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        header_line = file.readline()
        fitting = (d for d in delimiters if set(needed) <= set(_columns(header_line, d)))
        delimiter = next(fitting, delimiters[0])
        columns = _columns(header_line, delimiter)
        missing = [column for column in needed if column not in columns]
        if missing:
            raise InputError(
                f"{path}: the table needs {_quoted(missing)}; its first line has: {', '.join(columns) or 'nothing'}"
            )
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise InputError(f"{path}, line 1: it has {_quoted(twice)} twice")
        reader = csv.reader(file, delimiter=delimiter)
        for values in reader:
            if not values:
                continue
            place = f"line {reader.line_num + 1}"
            if len(values) != len(columns):
                raise InputError(f"{path}, {place}: expected {len(columns)} fields, found {len(values)}")
            yield place, dict(zip(columns, values, strict=True))


def _quoted(columns: Sequence[str]) -> str:
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns))}"


def _columns(line: str, delimiter: str) -> list[str]:
    return [column.strip() for column in next(csv.reader([line], delimiter=delimiter), [])]


def _json_fields(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(content, dict):
        for clip, fields in content.items():
            place = f"key {clip!r}"
            texts = _texts(f"{path}, {place}", fields)
            if "type_name" in texts and "gloss" not in texts:
                texts["gloss"] = texts.pop("type_name")
            yield place, {"clip": clip, **texts}
    elif isinstance(content, list):
        for number, fields in enumerate(content, 1):
            yield f"entry {number}", _texts(f"{path}, entry {number}", fields)
    else:
        raise InputError(f"{path}: expected an object of objects (clip name -> fields) or an array of objects")


def _jsonl_fields(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: expected a JSON object: {error}") from error
            yield f"line {number}", _texts(f"{path}, line {number}", fields)


def _texts(where: str, fields: Any) -> dict[str, str]:
    """The fields of a JSON object as a CSV file would have them; what is nested stays JSON."""
    if not isinstance(fields, dict):
        raise InputError(f"{where}: expected an object with a field for each column, found {type(fields).__name__}")
    return {
        column: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for column, value in fields.items()
        if value is not None
    }


def _row(where: str, fields: Mapping[str, str]) -> Row:
    known = {column: value.strip() for column, value in fields.items() if value.strip()}
    if "clip" not in known:
        raise InputError(f"{where}, column 'clip': expected the name of a clip, found nothing")
    hand = known.get("dominant_hand")
    if hand is not None and hand.lower() not in _HANDS:
        raise InputError(f"{where}, column 'dominant_hand': expected left or right, found {hand!r}")
    start, stop = (_frame(where, column, known.get(column)) for column in ("start", "end"))
    if stop is not None and stop <= (start or 0):
        raise InputError(f"{where}, column 'end': expected a frame after the first, {start or 0}, found {stop}")
    return Row(
        clip=known["clip"],
        file=known.get("file", ""),
        labels={column: value for column, value in known.items() if column not in _OWN_COLUMNS},
        signer=known.get("signer"),
        group=known.get("group"),
        split=split_name(known.get("split")),
        dominant_hand=None if hand is None else _HANDS[hand.lower()],
        start=start or 0,
        stop=stop,
        where=where,
    )


def _frame(where: str, column: str, text: str | None) -> int | None:
    if text is None:
        return None
    # Tables that pandas wrote have 12.0 for 12 where another row has none.
    digits = text.removesuffix(".0")
    if not digits.isdecimal():
        raise InputError(f"{where}, column {column!r}: expected a frame number from 0, found {text!r}")
    return int(digits)
