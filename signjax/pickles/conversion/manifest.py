"""The account of a conversion: a line of JSON for each source file; of two lines for one source the later counts."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from signjax.pickles.atomic import replacing

NAME = "manifest.jsonl"


class Record(NamedTuple):
    """What became of one source file.

    Attributes:
      source: its path below the source folder, with `/`.
      size: bytes.
      mtime_ns: time of its last change.
      sha256: digest of its bytes; empty where it was not read.
      status: `converted`, `refused` or `skipped`.
      reason: why it was refused or skipped.
      outputs: the files written for it, below the destination.
      notes: array name -> what is not simply as the source had it.
      nan: array name -> number of NaN.
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
    """The manifest's name of one shard; the only shard of one has the plain name."""
    return NAME if count == 1 else f"manifest.{index}-of-{count}.jsonl"


def line(record: Record) -> str:
    """The record as a line of the manifest."""
    return json.dumps(record._asdict()) + "\n"


def read(folder: Path) -> dict[str, Record]:
    """The records of all manifests in a folder; a last line that was cut short counts as not written."""
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
    """Writes a manifest anew, sorted by source."""
    with replacing(os.fspath(path)) as file:
        for source in sorted(records):
            file.write(line(records[source]).encode("utf-8"))


def merge(folder: Path) -> int:
    """Makes one manifest of the shards' manifests, and removes those; the number of records."""
    records = read(folder)
    write(folder / NAME, records)
    for path in folder.glob("manifest.*-of-*.jsonl"):
        path.unlink()
    return len(records)
