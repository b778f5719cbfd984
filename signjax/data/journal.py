"""What was read so far, on disk: a run that is cut off at any point goes on from there.

| file | content |
|---|---|
| `features.npy` | float32 (sum of T, F) |
| `valid.npy` | bool (sum of T, P) |
| `outlines.npy` | float32 (clips, K, F) |
| `journal.jsonl` | first the fingerprint and the layouts, then a line for each batch of items: what became of each |

Rows are appended first and their line after them, so rows without a line are those of a batch that was cut off; they are written
again.
"""

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from signjax.data.duplicates import SPANS
from signjax.data.parts import Layout
from signjax.data.store import RowFile, whole_rows
from signjax.errors import InputError


@dataclass(frozen=True)
class Fact:
    """What became of one item: a stored clip, or the reason why there is none.

    Attributes:
      frames: stored frames; 0 where it was rejected.
      valid_share: share of its parts and frames that were seen.
      digest: SHA-256 of the frames as the source gave them: equal for exact copies, whatever they are called.
      stored: SHA-256 of frames and validity as they are stored.
      blank: whether every value of the clip is the same: it carries no recording that could leak.
      trimmed_start, trimmed_end, filled, mirrored: as in `cleaning.Cleaned`.
      reason, detail: as in `clip.Rejected`; empty for a stored clip.
    """

    frames: int = 0
    valid_share: float = 1.0
    digest: str = ""
    stored: str = ""
    blank: bool = False
    trimmed_start: int = 0
    trimmed_end: int = 0
    filled: int = 0
    mirrored: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Batch:
    """What a worker made of a run of items: a fact for each, and the arrays of those that are stored, one after another."""

    facts: list[Fact]
    features: np.ndarray
    valid: np.ndarray
    outlines: np.ndarray


class Journal:
    """The files of a folder that is being filled; use as a context."""

    def __init__(self, folder: Path, fingerprint: str, source_layout: Layout, layout: Layout):
        """Takes up what is there of the same fingerprint and layouts, else starts anew.

        Raises:
          InputError: another process is filling the folder.
        """
        self.facts: list[Fact] = []
        self.batches = 0
        self.resumed = 0
        stamp = _line([fingerprint, source_layout.description(), layout.description()])
        shapes: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
            "features": ((layout.width,), np.float32),
            "valid": ((len(layout.parts),), np.bool_),
            "outlines": ((SPANS, layout.width), np.float32),
        }
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "journal.jsonl"
        self._lines: IO[bytes] = path.open("a+b")
        try:
            fcntl.flock(self._lines, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lines.close()
            raise InputError(f"{folder}: another process is preparing the same data; wait for it") from error
        there = {name: whole_rows(folder / f"{name}.npy", *shapes[name]) for name in shapes}
        position = self._take_up(stamp, there)
        self._lines.truncate(position)
        if not position:
            self._lines.write(stamp)
        self.resumed = len(self.facts)
        clips = sum(not fact.reason for fact in self.facts)
        frames = sum(fact.frames for fact in self.facts)
        rows = {"features": frames, "valid": frames, "outlines": clips}
        self._files = {
            name: RowFile(folder / f"{name}.npy", shape, dtype, rows[name]) for name, (shape, dtype) in shapes.items()
        }

    def _take_up(self, stamp: bytes, there: dict[str, int]) -> int:
        """Reads the lines whose rows are there, and returns where they end; 0 if there is nothing to go on from."""
        self._lines.seek(0)
        if self._lines.readline() != stamp:
            return 0
        end, frames, clips = self._lines.tell(), 0, 0
        while (line := self._lines.readline()).endswith(b"\n"):
            facts = [Fact(**fields) for fields in json.loads(line)]
            frames += sum(fact.frames for fact in facts)
            clips += sum(not fact.reason for fact in facts)
            if frames > min(there["features"], there["valid"]) or clips > there["outlines"]:
                break  # the machine, not only the process, went down before the rows were on disk
            self.facts += facts
            self.batches += 1
            end = self._lines.tell()
        return end

    def add(self, batch: Batch) -> None:
        """Appends a batch: its rows, then its line."""
        for name in self._files:
            self._files[name].append(getattr(batch, name))
            self._files[name].flush()
        self._lines.write(_line([_spare(fact) for fact in batch.facts]))
        self._lines.flush()
        self.facts += batch.facts
        self.batches += 1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.__exit__(kind, error, trace)
        self._lines.close()


def _line(content: Any) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _spare(fact: Fact) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return {name: value for name, value in asdict(fact).items() if value != getattr(Fact, name)}
