"""Label tables: the metadata of each clip, as CSV, TSV, TXT, JSON or JSONL; one table, or one for each split.

| column | meaning |
|---|---|
| `clip` | the clip's name; without a column `file`, also the name of its file |
| `file` | optional: the file that holds the clip, if a file holds several |
| `start`, `end` | optional: first frame of the clip in its file, from 0, and the frame after its last; -1: the file's end |
| `signer`, `group`, `split`, `dominant_hand` | optional: as in `ClipInfo` |
| any other | a label: the clip's class for the head of that name |

These columns, `gloss` and `hamnosys` are recognised in upper or lower case, and by the names that public data sets give them
(`signjax.data.tables.columns`). An empty field means that the value is not known.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from signjax.data.clip import SPLITS, ClipInfo, Described, Say
from signjax.data.tables.columns import (
    EXPECTED,
    KNOWN_COLUMNS,
    OWN_COLUMNS,
    Rows,
    holds_values,
    read_columns,
    split_name,
    with_roles,
)
from signjax.data.tables.delimited import column_name, read_delimited
from signjax.data.tables.faults import Faults
from signjax.data.tables.json_table import read_json, read_jsonl
from signjax.data.tables.shipped import TIMED, as_label_table, with_signers
from signjax.errors import InputError

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".txt")

# Blanks last: a delimiter is preferred that gives more columns, and among equals the earlier one.
_DELIMITERS = {".csv": ",;\t|", ".tsv": "\t", ".txt": "\t|,; "}
_HANDS = {"left": "left", "l": "left", "right": "right", "r": "right"}
_WHOLE = "-1"  # as PHOENIX writes both ends of a clip that is a whole file
_NAMED = 5
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
      timed: whether the table gives start and end in seconds, without the frame rate that tells which frames these are.
    """

    info: ClipInfo
    where: str
    start: int = 0
    stop: int | None = None
    timed: bool = False

    @property
    def meant(self) -> str:
        """The text by which the row names its file."""
        return self.file or self.name


def _silent(remark: str) -> None:
    pass


def read_label_tables(paths: Sequence[Path], columns: str = "", say: Say = _silent) -> list[Row]:
    """The rows of several tables, such as one for each split, in order.

    If no row names a split but the names of all tables do (`train.csv`, `MSASL_val.json`), these are the splits of their rows.

    Args:
      paths: the tables.
      columns: as for `read_label_table`.
      say: receives remarks on how the tables were interpreted.

    Raises:
      InputError: as `read_label_table`, or a clip is in several tables.
    """
    tables: list[list[Row]] = []
    said: dict[str, list[Path]] = {}  # what holds for several tables is said once
    for path in paths:
        remarks: list[str] = []
        tables.append(read_label_table(path, columns, remarks.append))
        for remark in remarks:
            said.setdefault(remark.removeprefix(f"{path}: "), []).append(path)
    for remark, where in said.items():
        say(f"{named_together(where)}: {remark}")
    if len(paths) == 1:
        return tables[0]
    splits = [_split_in_name(path) for path in paths]
    if None not in splits and len(set(splits)) > 1 and not any(row.split for rows in tables for row in rows):
        say("; ".join(f"{path.name} is split {split!r}" for path, split in zip(paths, splits, strict=True)))
        tables = [
            [replace(row, info=replace(row.info, split=split)) for row in rows]
            for rows, split in zip(tables, splits, strict=True)
        ]
    seen: dict[str, Row] = {}
    both = [(row, seen[row.name]) for rows in tables for row in rows if seen.setdefault(row.name, row) is not row]
    if both:
        shown = "; ".join(f"clip {row.name!r} is in {first.where}, and in {row.where}" for row, first in both[:_NAMED])
        more = f"; ... ({len(both)} in all)" if len(both) > _NAMED else ""
        raise InputError(f"{shown}{more}. Each clip must be in one table: leave one of the tables or rows out")
    return list(seen.values())


def named_together(paths: Sequence[Path]) -> str:
    """Tables in a message: the first, and the names of the others.

    >>> named_together([Path("splits/train.csv"), Path("splits/val.csv")])
    'splits/train.csv, val.csv'
    """
    return ", ".join([str(paths[0]), *(path.name for path in paths[1:])])


def _split_in_name(path: Path) -> str | None:
    """The split in the name of a table; None if it names none, or several."""
    found = {split_name(word) for word in re.split(r"[\W\d_]+", path.stem)} & set(SPLITS)
    return found.pop() if len(found) == 1 else None


def read_label_table(path: Path, columns: str = "", say: Say = _silent) -> list[Row]:
    """Reads the rows of a table, in order; of equal rows, the first.

    JSON may be an array of objects, or an object of objects whose keys are the clips' names, as SignAvatars' `data.json` is;
    its `type_name` becomes `gloss`.

    Args:
      path: the table.
      columns: which column is what, as `config.data.columns` says.
      say: receives remarks on how the table was interpreted.

    Raises:
      InputError: the file is missing or has another structure, names a clip twice, or has invalid fields; all faults in rows are
        reported together.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: the label table does not exist; config.data.labels must name a file ({', '.join(SUFFIXES)})"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: the suffix of a label table must be one of {', '.join(SUFFIXES)}. Save a workbook as 'CSV UTF-8'"
        )
    faults = Faults(path)
    fields = _fields(path, read_columns(columns), faults, say)
    rows = [_row(path, place, texts, faults) for place, texts in fields]
    check_named_once(((texts.get("clip", ""), place, texts) for place, texts in fields), faults)
    faults.check()
    if not rows:
        raise InputError(f"{path}: the label table has no rows")
    once = {row.name: row for row in reversed(rows) if row is not None}
    if len(once) < len(rows):
        count = len(rows) - len(once)
        say(f"{path}: {count} row{'s are' if count > 1 else ' is'} equal to an earlier one, which is read once")
    return list(reversed(once.values()))


def check_named_once(clips: Iterable[tuple[str, str, object]], faults: Faults) -> None:
    """Adds a fault for each clip that is in the table more than once, with its place and anything by which rows can be compared:
    rows that are equal count as one.
    """
    seen: dict[str, tuple[str, object]] = {}
    for clip, place, content in clips:
        first, other = seen.setdefault(clip, (place, content))
        if clip and content != other:
            what = f"clip {clip!r} is already listed in {first}"
            faults.add(place, what, "Each clip must have one row: remove the others, or give each its own name")


def column_names(names: Iterable[str]) -> tuple[str, ...]:
    """Column names in the form that the rows of a table use, given for example those in `config.data.heads`."""
    return tuple(column_name(name, KNOWN_COLUMNS) for name in names)


def _fields(path: Path, columns: Mapping[str, str], faults: Faults, say: Say) -> Rows:
    """The place and the fields of each row, its columns named as those of a label table."""
    suffix = path.suffix.lower()
    if suffix in _DELIMITERS:
        rows = read_delimited(
            path, _DELIMITERS[suffix], (), faults, KNOWN_COLUMNS, EXPECTED, lambda first: holds_values(first, columns)
        )
    else:
        rows = (read_json if suffix == ".json" else read_jsonl)(path, faults, KNOWN_COLUMNS)
    if "clip" not in columns:
        rows = as_label_table(path, rows, say)
    rows = with_signers(with_roles(path, rows, columns, say))
    there = list(dict.fromkeys(column for _, fields in rows for column in fields))
    if suffix in _DELIMITERS and rows and "clip" not in there:
        raise InputError(
            f"{path}: the table needs column 'clip'; its first line has {', '.join(there)}. If one of these has the clips' "
            f'names, name it with --config.data.columns="clip={there[0]}"; if the first line is a row already, with '
            '--config.data.columns="clip=1,gloss=2"'
        )
    return rows


def _row(path: Path, place: str, fields: Mapping[str, str], faults: Faults) -> Row | None:
    """A row of a table; None if one of its fields is invalid, which is added to the faults."""
    known = {column: value for column, value in fields.items() if value and column != TIMED}
    if known.get("start") == known.get("end") == _WHOLE:
        del known["start"], known["end"]
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
            labels={column: value for column, value in known.items() if column not in OWN_COLUMNS},
            signer=known.get("signer"),
            group=known.get("group"),
            split=split_name(known.get("split")),
            dominant_hand=None if hand is None else _HANDS[hand.lower()],
        ),
        where=f"{path}, {place}",
        start=start or 0,
        stop=stop,
        timed=TIMED in fields,
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
