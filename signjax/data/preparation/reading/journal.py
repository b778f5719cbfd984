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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from signjax.data.cleaning.handedness import NOTHING_DONE, Cause, Mirroring
from signjax.data.layout.parts import Layout
from signjax.data.preparation.reading.rows import RowFile, Rows, whole_rows
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


@dataclass(frozen=True)
class Contents:
    """What a journal is about; one that is about something else is not resumed.

    Attributes:
      fingerprint: a digest of the files and settings that the frames depend on.
      source_layout, layout: the layout of the frames before and after cleaning.
      names: the names of the items to read, in order.
    """

    fingerprint: str
    source_layout: Layout
    layout: Layout
    names: Sequence[str]

    def stamp(self) -> bytes:
        """The first line of the journal."""
        return _line([_FORM, self.fingerprint, self.source_layout.description(), self.layout.description()])

    def shapes(self) -> dict[str, tuple[tuple[int, ...], type[np.generic]]]:
        """Shape and type of a row in each file."""
        return {
            "features": ((self.layout.width,), np.float32),
            "valid": ((len(self.layout.parts),), np.bool_),
            "outlines": ((SPANS, self.layout.width), np.float32),
        }


class SavedBatches:
    """The batches of a journal that are intact; nothing is changed.

    Attributes:
      facts: the facts of each batch.
      end: where the last line ends; 0 if there is none.
      foreign: whether the journal is about something else.
    """

    def __init__(self, folder: Path, contents: Contents):
        self.facts: list[list[Fact]] = []
        self._starts: list[tuple[int, int]] = []  # rows before each batch: frames, clips
        self.end, self.foreign = 0, False
        path, shapes = folder / "journal.jsonl", contents.shapes()
        if not path.is_file():
            return
        there = {name: whole_rows(folder / f"{name}.npy", *shapes[name]) for name in shapes}
        self._rows: dict[str, Rows | np.ndarray] = {
            name: Rows(folder / f"{name}.npy", rows) if rows else np.empty((0, *shapes[name][0]), shapes[name][1])
            for name, rows in there.items()
        }
        frames, clips, done = 0, 0, 0
        with path.open("rb") as lines:
            first = lines.readline()
            if first != contents.stamp():
                self.foreign = first.endswith(b"\n")
                return
            self.end = lines.tell()
            while facts := _parse(lines.readline()):
                start, (more_frames, more_clips) = (frames, clips), _size(facts)
                frames, clips = frames + more_frames, clips + more_clips
                if (
                    frames > min(there["features"], there["valid"])
                    or clips > there["outlines"]
                    or [fact.name for fact in facts] != list(contents.names[done : done + len(facts)])
                    or not _as_written(self._rows, facts, frames, clips)
                ):
                    break  # the machine, not only the process, crashed before the rows were on disk
                self.facts.append(facts)
                self._starts.append(start)
                done += len(facts)
                self.end = lines.tell()

    def batch(self, place: int) -> Batch:
        """A batch with its arrays, which are read from the files."""
        frame, clip = self._starts[place]
        frames, clips = _size(self.facts[place])
        ranges = {"features": (frame, frames), "valid": (frame, frames), "outlines": (clip, clips)}
        return Batch(
            self.facts[place],
            **{name: self._rows[name][start : start + count] for name, (start, count) in ranges.items()},
        )


class Journal:
    """The files of a folder that is being filled; used as a context manager."""

    def __init__(self, folder: Path, contents: Contents):
        """Resumes a journal about the same contents, or starts a new one.

        Args:
          folder: created if necessary; the caller holds the lock of the dataset folder.
          contents: what it is about.
        """
        folder.mkdir(parents=True, exist_ok=True)
        saved = SavedBatches(folder, contents)
        self.facts: list[Fact] = [fact for facts in saved.facts for fact in facts]
        self.batches = len(saved.facts)
        self.resumed = len(self.facts)
        self._lines: IO[bytes] = (folder / "journal.jsonl").open("a+b")
        self._lines.truncate(saved.end)
        if not saved.end:
            self._lines.write(contents.stamp())
        frames, clips = _size(self.facts)
        rows = {"features": frames, "valid": frames, "outlines": clips}
        self._files = {
            name: RowFile(folder / f"{name}.npy", shape, dtype, rows[name])
            for name, (shape, dtype) in contents.shapes().items()
        }

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


def _size(facts: Iterable[Fact]) -> tuple[int, int]:
    """The numbers of stored frames and clips."""
    stored = [fact.frames for fact in facts if not fact.reason]
    return sum(stored), len(stored)


def _as_written(files: Mapping[str, Rows | np.ndarray], facts: Sequence[Fact], frames: int, clips: int) -> bool:
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
