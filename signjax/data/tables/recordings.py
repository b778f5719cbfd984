"""Rows that cut clips out of recordings: `file` names the recording, `start` and `end` the frames of the clip."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from signjax.data.clip import Say
from signjax.data.tables.label_table import Row
from signjax.data.tables.pairing import Matcher
from signjax.errors import InputError


def without_titles(rows: Sequence[Row], matcher: Matcher, table: Path, what: str, say: Say) -> Sequence[Row]:
    """The rows; if their `file` does not name files but, as in MS-ASL, the title of a video, it becomes a label.

    `start` and `end` then refer to that video, and are ignored.
    """
    stated = [row for row in rows if row.file]
    if not stated or matcher.finds([row.file for row in stated]) or not matcher.finds([row.name for row in rows]):
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


def check_known_times(rows_of: Mapping[int, Sequence[Row]]) -> None:
    """Stops if clips are to be cut out of recordings at times in seconds.

    Raises:
      InputError: naming the first such row.
    """
    timed = [row for rows in rows_of.values() for row in rows if row.timed and row.file]
    if timed:
        raise InputError(
            f"{timed[0].where}: clip {timed[0].name} is to be cut out of {timed[0].file}, but the table gives its times in "
            f"seconds ({len(timed)} such rows). Add a column 'fps' with the frame rate of each recording"
        )
