"""The record of a conversion: one line of JSON per source file. If a source has two lines, the later one counts."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from signjax.pickles.atomic import replacing

NAME = "manifest.jsonl"


class Record(NamedTuple):
    """The outcome for one source file.

    Attributes:
      source: path below the source folder, with `/`.
      size: size in bytes.
      mtime_ns: modification time in nanoseconds.
      sha256: digest of its bytes; empty if it was not read.
      status: `converted`, `refused` or `skipped`.
      reason: why it was refused or skipped.
      outputs: the files written for it, as paths below the destination.
      notes: array name -> change from the source.
      nan: array name -> number of NaN values.
      empty: names of the arrays without elements.
    """

    source: str
    size: int
    mtime_ns: int
    sha256: str
    status: str
    reason: str = ""
    outputs: tuple[str, ...] = ()
    notes: dict[str, str] = {}  # noqa: RUF012 -- never changed: a record is made once and written
    nan: dict[str, int] = {}  # noqa: RUF012
    empty: tuple[str, ...] = ()


def shard_name(index: int, count: int) -> str:
    """The name of a shard's manifest; a single shard uses the plain name."""
    return NAME if count == 1 else f"manifest.{index}-of-{count}.jsonl"


def line(record: Record) -> str:
    """Formats a record as a line of the manifest."""
    return json.dumps(record._asdict()) + "\n"


def read(folder: Path) -> dict[str, Record]:
    """Reads the records of all manifests in a folder; an incomplete last line is ignored."""
    records: dict[str, Record] = {}
    paths = sorted(folder.glob("manifest.*-of-*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    for path in [folder / NAME, *paths]:
        if path.is_file():
            for text in path.read_text("utf-8").splitlines():
                record = _parse(text)
                if record is not None:
                    records[record.source] = record
    return records


def _parse(text: str) -> Record | None:
    try:
        fields: dict[str, Any] = json.loads(text)
        return Record(**{**fields, "outputs": tuple(fields["outputs"]), "empty": tuple(fields["empty"])})
    except (ValueError, TypeError, KeyError):
        return None


def write(path: Path, records: dict[str, Record]) -> None:
    """Writes a new manifest, sorted by source."""
    with replacing(os.fspath(path)) as file:
        for source in sorted(records):
            file.write(line(records[source]).encode("utf-8"))


def merge(folder: Path) -> int:
    """Merges the shards' manifests into one and removes them; returns the number of records."""
    records = read(folder)
    write(folder / NAME, records)
    for path in folder.glob("manifest.*-of-*.jsonl"):
        path.unlink()
    return len(records)
