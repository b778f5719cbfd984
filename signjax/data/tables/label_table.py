"""Label tables: the metadata of each clip, as CSV, TSV, JSON or JSONL.

| column | meaning |
|---|---|
| `clip` | the clip's name; without a column `file`, also the name of its file |
| `file` | optional: the file that holds the clip, if a file holds several |
| `start`, `end` | optional: first frame of the clip in its file, from 0, and the frame after its last; -1: the file's end |
| `signer`, `group`, `split`, `dominant_hand` | optional: as in `ClipInfo` |
| any other | a label: the clip's class for the head of that name |

These columns, `gloss` and `hamnosys` are recognised in upper or lower case. An empty field means that the value is not known.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from signjax.data.clip import SPLITS, ClipInfo, Described
from signjax.data.tables.delimited import column_name, read_delimited
from signjax.data.tables.faults import Faults
from signjax.data.tables.json_table import read_json, read_jsonl
from signjax.data.tables.names import canonical
from signjax.errors import InputError

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl")

_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t"}
_SPLIT_NAMES = (("train", "training"), ("valid", "val", "validation", "dev", "development"), ("test", "testing"))
_SPLIT_OF = {name: split for split, names in zip(SPLITS, _SPLIT_NAMES, strict=True) for name in names}
_HANDS = {"left": "left", "l": "left", "right": "right", "r": "right"}
_OWN_COLUMNS = ("clip", "file", "start", "end", "signer", "group", "split", "dominant_hand")
KNOWN_COLUMNS = (*_OWN_COLUMNS, "gloss", "hamnosys")
# pandas writes 12.0 for 12 if another row has no value.
_FRAME = re.compile(r"(-?\d{1,15})(?:\.0+)?")
_DECIMAL = re.compile(r"-?\d*[.,]\d+")


@dataclass(frozen=True, slots=True)
class Row(Described):
    """One row of a label table.

    Attributes:
      info: the metadata of its clip; the file is empty if the table has no such column.
      where: its place in the table, for messages.
      start, stop: the clip's frames in the file; None is the file's end.
    """

    info: ClipInfo
    where: str
    start: int = 0
    stop: int | None = None


def read_label_table(path: Path) -> list[Row]:
    """Reads the rows of a table, in order.

    JSON may be an array of objects, or an object of objects whose keys are the clips' names, as SignAvatars' `data.json` is;
    its `type_name` becomes `gloss`.

    Raises:
      InputError: the file is missing or has another structure, names a clip twice, or has invalid fields; all faults in rows are
        reported together.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: the label table does not exist; config.data.labels must name a file ({', '.join(SUFFIXES)})"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: the suffix of a label table must be one of {', '.join(SUFFIXES)}")
    faults = Faults(path)
    fields = _fields(path, faults)
    rows = [_row(path, place, texts, faults) for place, texts in fields]
    check_named_once(((texts.get("clip", ""), place) for place, texts in fields), faults)
    faults.check()
    if not rows:
        raise InputError(f"{path}: the label table has no rows")
    return [row for row in rows if row is not None]


def check_named_once(clips: Iterable[tuple[str, str]], faults: Faults) -> None:
    """Adds a fault for each clip that is in the table more than once; clips are given with their places."""
    seen: dict[str, str] = {}
    for clip, place in clips:
        if clip in seen:
            what = f"clip {clip!r} is already listed in {seen[clip]}"
            faults.add(place, what, "Each clip must have one row: remove the others, or give each its own name")
        elif clip:
            seen[clip] = place


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Column names in the form that the rows of a table use, given for example those in `config.data.heads`."""
    return tuple(column_name(name, KNOWN_COLUMNS) for name in names)


def split_name(text: str | None) -> str | None:
    """`train`, `valid` or `test` for the common names of each, in any case; any other text is returned unchanged."""
    name = canonical(text or "")
    return _SPLIT_OF.get(name.casefold(), name) or None


def _fields(path: Path, faults: Faults) -> list[tuple[str, dict[str, str]]]:
    suffix = path.suffix.lower()
    if suffix in _DELIMITERS:
        return read_delimited(path, _DELIMITERS[suffix], ("clip",), faults, KNOWN_COLUMNS)
    return (read_json if suffix == ".json" else read_jsonl)(path, faults, KNOWN_COLUMNS)


def _row(path: Path, place: str, fields: Mapping[str, str], faults: Faults) -> Row | None:
    """A row of a table; None if one of its fields is invalid, which is added to the faults."""
    known = {column: value for column, value in fields.items() if value}
    before = len(faults)

    def fault(column: str, what: str, advice: str) -> None:
        faults.add(f"{place}, column {column!r}", what, advice)

    if "clip" not in known:
        fault("clip", "expected the name of a clip, found nothing", "Each row needs the name of its clip")
    hand = known.get("dominant_hand")
    if hand is not None and hand.lower() not in _HANDS:
        advice = "Write left or right, or leave it empty if it is not known"
        fault("dominant_hand", f"expected left or right, found {hand!r}", advice)
    start, stop = (_frame(column, known.get(column), fault) for column in ("start", "end"))
    if len(faults) == before and stop is not None and stop <= (start or 0):
        advice = "'end' is the frame after the last one of the clip; -1 or an empty field means the end of the file"
        fault("end", f"expected a frame after the first, {start or 0}, found {stop}", advice)
    if len(faults) > before:
        return None
    return Row(
        ClipInfo(
            name=known["clip"],
            file=known.get("file", ""),
            labels={column: value for column, value in known.items() if column not in _OWN_COLUMNS},
            signer=known.get("signer"),
            group=known.get("group"),
            split=split_name(known.get("split")),
            dominant_hand=None if hand is None else _HANDS[hand.lower()],
        ),
        where=f"{path}, {place}",
        start=start or 0,
        stop=stop,
    )


def _frame(column: str, text: str | None, fault: Callable[[str, str, str], None]) -> int | None:
    """The number of a frame; None for the end of the file, and if the text is not a frame number."""
    if text is None:
        return None
    whole = _FRAME.fullmatch(text)
    if whole is not None and (number := int(whole.group(1))) >= 0:
        return number
    if whole is not None and number == -1 and column == "end":  # as WLASL writes it
        return None
    if whole is None and _DECIMAL.fullmatch(text):
        what = f"expected the number of a frame, found {text!r}, which looks like seconds"
        fault(column, what, "Multiply seconds by the frame rate, and round: 'start' and 'end' count frames from 0")
    else:
        advice = "Frames are counted from 0; -1 or an empty 'end' means the end of the file"
        fault(column, f"expected a frame number from 0, found {text!r}", advice)
    return None
