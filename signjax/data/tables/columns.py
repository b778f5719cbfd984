"""Which column of a table is the clip, the gloss, the signer and so on: as `config.data.columns` says, or by its usual names.

A column that is recognised by another name is read twice: for what it is, and as a label under its own name, so that
`config.data.heads` may still name it.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from signjax.data.clip import SPLITS, Say
from signjax.data.tables.delimited import plain_name
from signjax.data.tables.names import canonical
from signjax.errors import InputError, first_few

Rows = list[tuple[str, dict[str, str]]]

OWN_COLUMNS = ("clip", "file", "start", "end", "signer", "group", "split", "dominant_hand")
KNOWN_COLUMNS = (*OWN_COLUMNS, "gloss", "hamnosys")

# The names, as `plain_name` gives them, by which the tables of public data sets call a column. Where a table has several, the
# first one counts: names of clips come before those of videos, and words before numbers.
USUAL_NAMES = {
    "clip": (
        "clip_name", "clip_id", "sentence_name", "video_file", "video_filename", "filename", "file_name", "clip_file", "name",
        "video_id", "videoid", "video_name", "attachment_id", "sample_id", "sample", "vid", "uid", "video", "video_path",
        "filepath", "file_path", "path", "id", "file",
    ),
    "gloss": (
        "glosses", "sign", "clean_text", "word", "class_name", "label_name", "gloss_name", "text", "label", "class", "category",
        "class_id", "label_id", "orth", "annotation", "sentence",
    ),
    "signer": (
        "signer_id", "signerid", "participant_id", "participant", "speaker", "speaker_id", "subject", "subject_id", "person_id",
        "performer", "performer_id", "user_id", "user", "actor",
    ),
    "split": ("subset", "partition", "data_split", "set"),
}  # fmt: skip
EXPECTED = frozenset(name for names in USUAL_NAMES.values() for name in names)

_SPLIT_NAMES = (("train", "training"), ("valid", "val", "validation", "dev", "development"), ("test", "testing"))
_SPLIT_OF = {name: split for split, names in zip(SPLITS, _SPLIT_NAMES, strict=True) for name in names}
# A comma ends a pair only where another pair follows: names of columns may contain commas.
_BETWEEN_PAIRS = re.compile(r",(?=[^,=]+=)")
_INTEGER = re.compile(r"-?\d+(?:\.0+)?")
_FILE_NAME = re.compile(r".+[/\\].+|.+\.(?:mp4|mov|avi|mkv|webm|npy|npz|pkl|pose|json|parquet)", re.IGNORECASE)


def split_name(text: str | None) -> str | None:
    """`train`, `valid` or `test` for the common names of each, in any case; any other text is returned unchanged."""
    name = canonical(text or "")
    return _SPLIT_OF.get(name.casefold(), name) or None


def read_columns(written: str) -> dict[str, str]:
    """What each column is, from `config.data.columns`.

    >>> read_columns("clip=Video file, gloss=Gloss")
    {'clip': 'Video file', 'gloss': 'Gloss'}

    Raises:
      InputError: it has another form, or says twice what one thing is.
    """
    columns: dict[str, str] = {}
    for pair in _BETWEEN_PAIRS.split(written) if written.strip() else ():
        what, equals, name = (canonical(part) for part in pair.partition("="))
        role = plain_name(what) if plain_name(what) in KNOWN_COLUMNS else what
        if not (what and equals and name):
            raise InputError(
                f"config.data.columns is {written!r}, of which {pair.strip()!r} is not of the form WHAT=COLUMN; write for example "
                '--config.data.columns="clip=Video file,gloss=Gloss,signer=Participant ID"'
            )
        if role in columns:
            raise InputError(f"config.data.columns is {written!r}; it says twice which column is {role!r}")
        columns[role] = name
    return columns


def holds_values(fields: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Whether the first line of a table holds the values of a row, as in AUTSL, instead of the columns' names.

    It does if `columns` calls columns by numbers that are not in it, or if it has the two fields of a clip and its class, the
    first the name of a file or the second a number, and neither a usual name of a column.
    """
    plain = [plain_name(field) for field in fields]
    numbers = [name for name in columns.values() if name.isdecimal()]
    if numbers and not set(columns.values()) & set(fields):
        return True
    if len(fields) != 2 or columns or (set(plain) & {*KNOWN_COLUMNS, *EXPECTED}):
        return False
    clip, label = fields
    return not _INTEGER.fullmatch(clip) and bool(_FILE_NAME.fullmatch(clip) or _INTEGER.fullmatch(label))


def with_roles(path: Path, rows: Rows, columns: Mapping[str, str], say: Say) -> Rows:
    """The rows with the columns `clip`, `gloss`, `signer` and so on, as far as the table has them under some name.

    Args:
      path: the table, for messages.
      rows: place and fields of each.
      columns: what `config.data.columns` says.
      say: receives which columns were recognised by other names than their own.

    Raises:
      InputError: the table lacks a column that `columns` names, or it is not clear which one is the clip.
    """
    there = list(dict.fromkeys(column for _, fields in rows for column in fields))
    chosen = {role: _asked_for(path, role, name, there) for role, name in columns.items()}
    if not columns and there == ["1", "2"]:
        chosen = {"clip": "1", "gloss": "2"}
    for role, usual in USUAL_NAMES.items():
        if role not in chosen and role not in there:
            found = _by_usual_name(path, role, usual, there)
            if found is not None and (role != "split" or _names_splits(rows, found)):
                chosen[role] = found
    chosen = {role: column for role, column in chosen.items() if role != column}
    if not chosen:
        return rows
    named = " and ".join(f"{column!r} as {role!r}" for role, column in chosen.items())
    replaced = [role for role in chosen if role in there]
    left_out = f"; its own {first_few(replaced)} not used" if replaced else ""
    numbered = "the first line holds values, so columns are numbered; " if there == _numbered(there) else ""
    say(f"{path}: {numbered}reading column {named}{left_out}")
    return [(place, {**_without(fields, replaced), **_under(fields, chosen)}) for place, fields in rows]


def _numbered(columns: Sequence[str]) -> list[str]:
    return [str(number) for number in range(1, len(columns) + 1)]


def _without(fields: Mapping[str, str], replaced: Sequence[str]) -> dict[str, str]:
    return {column: text for column, text in fields.items() if column not in replaced}


def _under(fields: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str]:
    return {role: fields[column] for role, column in chosen.items() if column in fields}


def _asked_for(path: Path, role: str, name: str, there: Sequence[str]) -> str:
    """The column that `config.data.columns` names; its case, blanks and hyphens do not matter where no other is so named."""
    alike = [name] if name in there else [column for column in there if plain_name(column) == plain_name(name)]
    if len(alike) == 1:
        return alike[0]
    which = f"{first_few(alike)} are all called so" if alike else "there is no such column"
    raise InputError(
        f"{path}: config.data.columns says that {role!r} is column {name!r}, but {which}; the columns are {', '.join(there)}"
    )


def _by_usual_name(path: Path, role: str, usual: Sequence[str], there: Sequence[str]) -> str | None:
    for name in usual:
        found = [column for column in there if plain_name(column) == name]
        if len(found) > 1:
            raise InputError(
                f"{path}: columns {first_few(found)} may both be {role!r}; choose one with --config.data.columns="
                f'"{role}={found[0]}"'
            )
        if found:
            return found[0]
    return None


def _names_splits(rows: Rows, column: str) -> bool:
    """Whether each value of a column is the name of a split."""
    names = {fields.get(column, "") for _, fields in rows} - {""}
    return bool(names) and all(split_name(name) in SPLITS for name in names)
