"""Tables as JSON: an array of objects, an object of objects by clip, an object of lists, or one object per line (JSONL).

An object without any value is ignored, like an empty line of a text table.
"""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from signjax.data.tables.delimited import column_name
from signjax.data.tables.encodings import text_of
from signjax.data.tables.faults import Faults
from signjax.data.tables.names import canonical
from signjax.data.tables.shipped import flattened, from_lists
from signjax.errors import InputError

Rows = list[tuple[str, dict[str, str]]]

_FORM = 'A row must be an object such as {"clip": "a", "gloss": "HOUSE"}'


class _Object(dict[str, Any]):
    """A JSON object that keeps the pairs whose key occurs twice, which a dict would lose."""

    def __init__(self, pairs: list[tuple[str, Any]]):
        super().__init__(pairs)
        self.pairs = pairs


def read_json(path: Path, faults: Faults, known: Collection[str]) -> Rows:
    """The place and the fields of each row of a `.json` file; see `read_delimited` for the arguments.

    Raises:
      InputError: the file is not JSON, or has another structure.
    """
    try:
        content = json.loads(text_of(path), object_pairs_hook=_Object)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{path}: expected a label table ({path.suffix}, UTF-8): {error}") from error
    rows: Rows = []
    if isinstance(content, _Object):
        content = from_lists(content.pairs) or content
    if isinstance(content, _Object):
        for clip, fields in content.pairs:
            place = f"key {clip!r}"
            texts = _texts(place, fields, faults, known)
            if texts is not None:
                if "type_name" in texts and "gloss" not in texts:
                    texts["gloss"] = texts.pop("type_name")
                rows.append((place, {"clip": canonical(clip), **texts}))
    elif isinstance(content, list):
        for number, entry in enumerate(content, 1):
            inner = flattened(entry)
            for instance, fields in enumerate(inner, 1):
                place = f"entry {number}" if len(inner) == 1 else f"entry {number}, instance {instance}"
                texts = _texts(place, fields, faults, known)
                if texts:
                    rows.append((place, texts))
    else:
        raise InputError(f"{path}: expected an object of objects (clip name -> fields) or an array of objects")
    return rows


def read_jsonl(path: Path, faults: Faults, known: Collection[str]) -> Rows:
    """The same for a `.jsonl` file.

    Raises:
      InputError: the file is not text in a known encoding.
    """
    rows: Rows = []
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            fields = json.loads(line, object_pairs_hook=_Object)
        except (json.JSONDecodeError, RecursionError) as error:
            faults.add(place, f"expected a JSON object: {error}", "Each line must hold one JSON object")
            continue
        texts = _texts(place, fields, faults, known)
        if texts:
            rows.append((place, texts))
    return rows


def _texts(place: str, fields: Any, faults: Faults, known: Collection[str]) -> dict[str, str] | None:
    """The fields of a JSON object as a CSV file would have them; nested values stay JSON."""
    if not isinstance(fields, dict):
        found = type(fields).__name__
        faults.add(place, f"expected an object with a field for each column, found {found}", _FORM)
        return None
    texts: dict[str, str] = {}
    for written, value in fields.pairs if isinstance(fields, _Object) else fields.items():
        column = column_name(written, known)
        if column in texts:
            faults.add(
                place,
                f"found column {column!r} twice",
                "An object must name each column only once, in upper or lower case",
            )
        if value is not None:
            texts[column] = canonical(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return texts
