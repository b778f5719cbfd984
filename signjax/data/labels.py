"""Label tables, and the heads that a model learns from them."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from signjax.errors import InputError

# Columns of a label table that say something about the clip rather than what is signed in it.
CLIP_COLUMNS = ("clip", "signer", "group", "split")

LabelTable = dict[str, dict[str, str]]


def read_label_table(path: Path) -> LabelTable:
    """Reads a label table: clip name -> {column: value}.

    Two forms are read. A CSV file with a header and a column `clip`; columns `signer`, `group` and `split` have their own
    meaning, every other column can be a head. And SignAvatars' `data.json`, an object of objects keyed by clip, whose
    `type_name` becomes `gloss`.

    Raises:
      InputError: the file is missing, of neither form, or names a clip twice.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such label table; config.data.labels names it (expected a .csv or .json file)")
    try:
        return _read_json(path) if path.suffix == ".json" else _read_csv(path)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected a label table as CSV (UTF-8) or JSON: {error}") from error


def _read_csv(path: Path) -> LabelTable:
    table: LabelTable = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        if "clip" not in columns:
            found = ", ".join(columns) or "nothing"
            raise InputError(f"{path}: a label table needs a column 'clip'; its first line has: {found}")
        for row in reader:
            clip = row["clip"]
            if clip in table:
                raise InputError(f"{path}, line {reader.line_num}: clip {clip!r} stands in the table twice")
            # A short line leaves None behind, a long one a list under the key None: neither is a label.
            table[clip] = {column: value for column, value in row.items() if column in columns and value}
    return table


def _read_json(path: Path) -> LabelTable:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict) or not all(isinstance(fields, dict) for fields in content.values()):
        raise InputError(f"{path}: expected an object of objects, clip name -> fields, as SignAvatars' data.json is")
    table: LabelTable = {}
    for clip, fields in content.items():
        row = {column: str(value) for column, value in fields.items() if isinstance(value, str | int) and value != ""}
        if "type_name" in row:
            row["gloss"] = row.pop("type_name")
        table[clip] = row
    return table


def split_columns(row: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """A row of a table as (what is known of the clip, its labels)."""
    about = {column: value for column, value in row.items() if column in CLIP_COLUMNS}
    labels = {column: value for column, value in row.items() if column not in CLIP_COLUMNS}
    return about, labels


def class_names(labels: Iterable[Mapping[str, str]], heads: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The sorted class names of each head."""
    rows = list(labels)
    return {head: tuple(sorted({row[head] for row in rows if head in row})) for head in heads}


def encode(labels: Iterable[Mapping[str, str]], classes: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """Labels as int32 (N, heads): the index into the head's classes, -1 where there is no label."""
    index = {head: {name: i for i, name in enumerate(names)} for head, names in classes.items()}
    rows = [[index[head].get(row.get(head, ""), -1) for head in classes] for row in labels]
    return np.array(rows, np.int32).reshape(len(rows), len(classes))
