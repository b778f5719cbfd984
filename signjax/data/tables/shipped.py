"""Tables as public data sets ship them, where more than the names of columns differs from a label table.

| table | what is special |
|---|---|
| WLASL_v0.3.json | an entry per gloss, with a list `instances`; files are named by `video_id`, and each is a whole clip |
| nslt_*.json (WLASL) | `action` is the class, the first and the last frame; the names of classes are in `wlasl_class_list.txt` |
| MSASL_*.json | no name of a clip: `url` names the recording, `start` and `end` its frames, `file` a title |
| How2Sign | times in seconds: of the recording VIDEO_NAME, of which SENTENCE_NAME is cut |
| AUTSL | names say who signs: signer0_sample1 |
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signjax.data.clip import SPLITS, Say
from signjax.data.tables.columns import Rows, split_name
from signjax.data.tables.delimited import plain_name
from signjax.data.tables.encodings import text_of

# A column that marks a row whose times are in seconds while its frame rate is not known; no user's column has such a name.
TIMED = "\0seconds"

_CLASS_LIST = "wlasl_class_list.txt"
_YOUTUBE = re.compile(r"(?:v=|youtu\.be/|/embed/|/v/|/shorts/)([\w-]{11})(?![\w-])")
_AUTSL = re.compile(r"(signer\d+)_sample\d+", re.IGNORECASE)
_TIMES = (("start_realigned", "end_realigned"), ("start", "end"))


def flattened(entry: Any) -> list[Any]:
    """The rows in an entry of a JSON array: as in WLASL, each object in its list `instances` with the entry's own fields.

    >>> flattened({"gloss": "book", "instances": [{"video_id": "69241"}, {"video_id": "65225"}]})
    [{'gloss': 'book', 'video_id': '69241'}, {'gloss': 'book', 'video_id': '65225'}]
    """
    instances = entry.get("instances") if isinstance(entry, dict) else None
    if not isinstance(instances, list) or not all(isinstance(one, dict) for one in instances):
        return [entry]
    outer = {column: value for column, value in entry.items() if column != "instances"}
    return [type(one)([*((c, v) for c, v in outer.items() if c not in one), *one.items()]) for one in instances]


def from_lists(pairs: list[tuple[str, Any]]) -> list[Any] | None:
    """The rows in a JSON object of lists or texts, None if it is another object.

    The lists are splits, as in `{"train": [...], "test": [...]}`, a single one under any name, as in `{"data": [...]}`, or the
    clips of each gloss, as in `{"HELLO": ["a.mp4", "b.mp4"]}`. Texts are the glosses of clips, as in `{"a.mp4": "HELLO"}`.
    """
    if pairs and all(isinstance(value, str) for _, value in pairs):
        return [{"clip": clip, "gloss": gloss} for clip, gloss in pairs]
    if not pairs or not all(isinstance(value, list) for _, value in pairs):
        return None
    forms = {frozenset(entry) for _, entries in pairs for entry in entries if isinstance(entry, dict)}
    if len(pairs) > 1 and len(forms) > 1 and not all(split_name(key) in SPLITS for key, _ in pairs):
        return None  # lists of different things, such as videos and categories
    column = "split" if all(split_name(key) in SPLITS for key, _ in pairs) else "" if len(pairs) == 1 else "gloss"
    rows: list[Any] = []
    for key, entries in pairs:
        told = {column: key} if column else {}
        for entry in entries:
            fields = {"clip": entry} if isinstance(entry, str) else entry
            rows.append(type(fields)([*told.items(), *fields.items()]) if isinstance(fields, dict) else fields)
    return rows


def as_label_table(path: Path, rows: Rows, say: Say) -> Rows:
    """The rows of a table of a public data set in the form of a label table; other rows are returned unchanged."""
    there = {plain_name(column): column for _, fields in rows for column in fields}
    if {"subset", "action"} <= there.keys():
        return _nslt(path, rows, say)
    if {"url", "clean_text", "start", "end"} <= there.keys() and "clip" not in there:
        return _ms_asl(path, rows, say)
    if {"sentence_name", "video_name"} <= there.keys():
        return _how2sign(path, rows, there, say)
    if {"video_id", "frame_start", "frame_end"} <= there.keys():
        say(
            f"{path}: 'frame_start' and 'frame_end' refer to the full video; each clip named by 'video_id' is a whole file"
        )
    return rows


def with_signers(rows: Rows) -> Rows:
    """The rows of AUTSL with the signer that each name tells; other rows are returned unchanged."""
    clips = [_AUTSL.match(fields.get("clip", "")) for _, fields in rows]
    if not rows or not all(clips) or any("signer" in fields for _, fields in rows):
        return rows
    named = zip(rows, clips, strict=True)
    return [(place, {**fields, "signer": clip.group(1)}) for (place, fields), clip in named if clip]


def _nslt(path: Path, rows: Rows, say: Say) -> Rows:
    names = _class_names(path.parent / _CLASS_LIST)
    result: Rows = []
    for place, fields in rows:
        try:
            number = str(json.loads(fields["action"])[0])
        except (KeyError, ValueError, TypeError, IndexError):
            return rows  # another table with such columns
        rest = {column: text for column, text in fields.items() if column != "action"}
        result.append((place, {**rest, "gloss": names.get(number, number), "class": number}))
    where = f"named by {_CLASS_LIST}" if names else f"a number; put {_CLASS_LIST} beside the table to name them"
    say(
        f"{path}: the first number of 'action' is the gloss, {where}; its frames are not used: each clip is a whole file"
    )
    return result


def companions(tables: Sequence[Path]) -> list[Path]:
    """The files beside tables that are read with them."""
    lists = dict.fromkeys(table.with_name(_CLASS_LIST) for table in tables)
    return [path for path in lists if path.is_file()]


def _class_names(path: Path) -> dict[str, str]:
    """Number -> name of each class in WLASL's list of classes; empty if there is no such file."""
    lines = text_of(path).splitlines() if path.is_file() else []
    pairs = (line.partition("\t") for line in lines)
    return {number.strip(): name.strip() for number, _, name in pairs if name.strip()}


def _ms_asl(path: Path, rows: Rows, say: Say) -> Rows:
    """Clips named `recording_start_end`, cut from files that are named by the recording's YouTube identifier."""
    recordings = [_YOUTUBE.search(fields.get("url", "")) for _, fields in rows]
    seen: dict[str, list[dict[str, str]]] = {}
    result: Rows = []
    for (place, fields), recording in zip(rows, recordings, strict=True):
        if recording is None:
            result.append((place, fields))
            continue
        name = f"{recording.group(1)}_{fields.get('start', '0')}_{fields.get('end', '')}"
        # The same frames may have several labels; equal rows are found later, by their equal names.
        others = seen.setdefault(name, [])
        if fields not in others:
            others.append(fields)
        number = others.index(fields) + 1
        clip = {"clip": name if number == 1 else f"{name}_{number}", "file": recording.group(1)}
        title = {"title": fields["file"]} if "file" in fields else {}
        result.append((place, {**fields, **clip, **title}))
    say(
        f"{path}: the table does not name clips; 'start' and 'end' are read as frames of files that are named by the "
        "recording's YouTube identifier in 'url'. If each clip has a file, add a column 'clip' with its name"
    )
    return result


def _how2sign(path: Path, rows: Rows, there: Mapping[str, str], say: Say) -> Rows:
    """Sentences with their recording and their frames in it, if the table has a column `fps`."""
    times = next(((there[a], there[b]) for a, b in _TIMES if a in there and b in there), None)
    result: Rows = []
    for place, fields in rows:
        own = {"clip": fields.get(there["sentence_name"], ""), "file": fields.get(there["video_name"], "")}
        rest = {column: text for column, text in fields.items() if column not in ("start", "end")}
        if times is not None:
            frames = [_frame(fields.get(column, ""), fields.get(there.get("fps", ""), "")) for column in times]
            rest |= {TIMED: "1"} if None in frames else {"start": str(frames[0]), "end": str(frames[1])}
        result.append((place, {**rest, **own}))
    say(f"{path}: 'SENTENCE_NAME' is the clip, cut from the recording 'VIDEO_NAME'")
    return result


def _frame(seconds: str, rate: str) -> int | None:
    try:
        return round(float(seconds) * float(rate))
    except (ValueError, OverflowError):
        return None
