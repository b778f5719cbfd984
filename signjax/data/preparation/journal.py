"""The record on disk of what has been read so far: a run that was interrupted at any point continues from there.

| file | content |
|---|---|
| `features.npy` | float32 (sum of T, F) |
| `valid.npy` | bool (sum of T, P) |
| `outlines.npy` | float32 (clips, K, F) |
| `journal.jsonl` | the format version, the fingerprint and the layouts, then one line per batch of items with the result for each |

Rows are appended before their line, so rows without a line belong to a batch that was interrupted; they are written again. A line
contains its own digest and a digest of the rows of each clip: after a crash of the machine or its disk, only rows that match are
kept. These files are only ever appended to.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from signjax.data.cleaning.handedness import NOTHING_DONE, Cause, Mirroring
from signjax.data.layout.parts import Layout
from signjax.data.preparation.rows import RowFile, Rows, whole_rows
from signjax.data.splits.duplicates import SPANS

_FORM = 3  # version of the line format; a journal of another version is not resumed


@dataclass(frozen=True)
class Fact:
    """The result for one item: a stored clip, or the reason why there is none.

    Attributes:
      name: the name of the item.
      frames: number of stored frames; 0 if it was rejected.
      valid_share: share of its parts and frames that were seen.
      digest: SHA-256 of the frames as the source provides them: equal for exact copies, whatever their names.
      stored: SHA-256 of frames, validity and outline as they are stored.
      blank: whether every value of the clip is the same: it holds no recording that could leak.
      still: whether no frame differs from the first.
      size: median distance from 0 of its coordinates, or of numbers of unknown kind, as the source provides them.
      turned: share of its frames in which a joint is rotated by more than a full turn.
      unseen: indices of the parts that were not seen in any frame.
      nothing_seen: whether nothing was seen in any frame.
      segment_end, file_frames: the frame after the clip's last, and the frames of the whole file, if the clip is a part of one.
      trimmed_start, trimmed_end, filled, mirroring: as in `cleaning.Cleaned`.
      reason, detail: as in `clip.Rejected`; empty for a stored clip.
    """

    name: str = ""
    frames: int = 0
    valid_share: float = 1.0
    digest: str = ""
    stored: str = ""
    blank: bool = False
    still: bool = False
    size: float = 0.0
    turned: float = 0.0
    unseen: Sequence[int] = ()
    nothing_seen: bool = False
    segment_end: int | None = None
    file_frames: int | None = None
    trimmed_start: int = 0
    trimmed_end: int = 0
    filled: int = 0
    mirroring: Mirroring = NOTHING_DONE
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Batch:
    """A worker's results for a run of items: a fact for each, and the arrays of those that are stored, one after another."""

    facts: list[Fact]
    features: np.ndarray
    valid: np.ndarray
    outlines: np.ndarray


class Journal:
    """The files of a folder that is being filled; used as a context manager."""

    def __init__(self, folder: Path, fingerprint: str, source_layout: Layout, layout: Layout, names: Sequence[str]):
        """Resumes a journal with the same fingerprint, layouts and items, or starts a new one.

        Args:
          folder: created if necessary; the caller holds the lock of the dataset folder.
          fingerprint: a digest of the files and settings that the frames depend on.
          source_layout, layout: the layout of the frames before and after cleaning.
          names: the names of the items to read, in order.
        """
        self.facts: list[Fact] = []
        self.batches = 0
        self._names = names
        stamp = _line([_FORM, fingerprint, source_layout.description(), layout.description()])
        shapes: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
            "features": ((layout.width,), np.float32),
            "valid": ((len(layout.parts),), np.bool_),
            "outlines": ((SPANS, layout.width), np.float32),
        }
        folder.mkdir(parents=True, exist_ok=True)
        self._lines: IO[bytes] = (folder / "journal.jsonl").open("a+b")
        there = {name: whole_rows(folder / f"{name}.npy", *shapes[name]) for name in shapes}
        position = self._take_up(folder, stamp, there)
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

    def _take_up(self, folder: Path, stamp: bytes, there: dict[str, int]) -> int:
        """Reads the lines whose rows are intact, and returns where they end; 0 if there are none."""
        self._lines.seek(0)
        if self._lines.readline() != stamp:
            return 0
        files = {name: Rows(folder / f"{name}.npy", rows) for name, rows in there.items() if rows}
        end, frames, clips = self._lines.tell(), 0, 0
        while facts := _parse(self._lines.readline()):
            frames += sum(fact.frames for fact in facts)
            clips += sum(not fact.reason for fact in facts)
            done = len(self.facts)
            if (
                frames > min(there["features"], there["valid"])
                or clips > there["outlines"]
                or [fact.name for fact in facts] != list(self._names[done : done + len(facts)])
                or not _as_written(files, facts, frames, clips)
            ):
                break  # the machine, not only the process, crashed before the rows were on disk
            self.facts += facts
            self.batches += 1
            end = self._lines.tell()
        return end

    def add(self, batch: Batch) -> None:
        """Appends a batch: its rows, then its line."""
        stored = [fact for fact in batch.facts if not fact.reason]
        assert sum(fact.frames for fact in stored) == len(batch.features) == len(batch.valid)
        assert len(stored) == len(batch.outlines)
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
            file.close()
        self._lines.close()


def stored_digest(frames: np.ndarray, valid: np.ndarray, outline: np.ndarray) -> str:
    """SHA-256 of a clip as it is stored: float32 (T, F), bool (T, P), float32 (K, F)."""
    digest = hashlib.sha256(frames.tobytes())
    digest.update(valid.tobytes())
    digest.update(outline.tobytes())
    return digest.hexdigest()


def _as_written(files: dict[str, Rows], facts: Sequence[Fact], frames: int, clips: int) -> bool:
    """Whether the rows of a batch, whose last rows are given, have the digests of its line."""
    stored = [fact for fact in facts if not fact.reason]
    frame, clip = frames - sum(fact.frames for fact in stored), clips - len(stored)
    for fact in stored:
        rows = slice(frame, frame + fact.frames)
        if (
            stored_digest(files["features"][rows], files["valid"][rows], files["outlines"][clip : clip + 1])
            != fact.stored
        ):
            return False
        frame, clip = rows.stop, clip + 1
    return True


def _line(content: Any) -> bytes:
    text = json.dumps(content).encode()
    return hashlib.sha256(text).hexdigest().encode() + b" " + text + b"\n"


def _parse(line: bytes) -> list[Fact]:
    """The facts in a line; none if the line is damaged."""
    digest, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or hashlib.sha256(text).hexdigest().encode() != digest:
        return []
    return [_fact(fields) for fields in json.loads(text)]


def _fact(fields: dict[str, Any]) -> Fact:
    """The fact whose fields `_spare` returned."""
    if "mirroring" in fields:
        cause, detail = fields["mirroring"]
        fields["mirroring"] = Mirroring(Cause(cause), detail)
    return Fact(**fields)


def _spare(fact: Fact) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return {name: value for name, value in asdict(fact).items() if value != getattr(Fact, name)}
