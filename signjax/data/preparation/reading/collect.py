"""Reads and cleans all items of a source, in several processes, into the files of a journal.

Memory does not grow with the data: at most a few batches are in progress, and a batch is a few clips.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from signjax.data.cleaning.clean import (
    Cleaned,
    Cleaning,
    clean,
    cleaned_layout,
)
from signjax.data.clip import Clip, Item, Rejected, Request
from signjax.data.layout.parts import ChosenLayout, Layout
from signjax.data.preparation.plausibility import beyond_full_turn, typical_size
from signjax.data.preparation.reading.journal import (
    Batch,
    Fact,
    Journal,
    stored_digest,
)
from signjax.data.progress import Progress
from signjax.data.sources import registry as source_registry
from signjax.data.splits.duplicates import SPANS, outline
from signjax.data.workers import Workers

# Clips per worker task: enough that communication costs little, few enough that memory stays small.
_BATCH = 32
# Clips that are read to find how many channels the others should have.
_PROBES = 9


@dataclass(frozen=True)
class Reading:
    """What a worker must know in addition to the items."""

    source: str
    layout: Layout
    cleaning: Cleaning


def source_layout(source: str, request: Request, items: Sequence[Item]) -> ChosenLayout | list[Rejected]:
    """The layout of a source's frames, from the most frequent width among its first readable clips.

    Returns:
      The layout and why it was chosen, or if no item can be read, why each cannot.
    """
    widths: Counter[int] = Counter()
    rejected: list[Rejected] = []
    for item in items:
        found = source_registry.read_item(source, item)
        if isinstance(found, Clip) and len(found.frames):
            widths[found.frames.shape[1]] += 1
            if widths.total() == _PROBES:
                break
        else:
            rejected.append(found if isinstance(found, Rejected) else item.rejected("empty", "the clip has no frames"))
    if not widths:
        return rejected
    return source_registry.layout_of(source, request, widths.most_common(1)[0][0])


def read_batch(reading: Reading, items: Sequence[Item]) -> Batch:
    """Reads and cleans a few items; a pure function of them and their files."""
    width = cleaned_layout(reading.layout, reading.cleaning)
    facts, cleaned, outlines = [], [], []
    for item in items:
        clip = source_registry.read_item(reading.source, item)
        found = clip if isinstance(clip, Rejected) else clean(clip, reading.layout, reading.cleaning)
        if isinstance(found, Rejected):
            end, whole = _segment(item, clip)
            facts.append(Fact(item.name, reason=found.reason, detail=found.detail, segment_end=end, file_frames=whole))
            continue
        assert isinstance(clip, Clip)
        outlines.append(outline(found.clip.frames))
        facts.append(_fact(item, clip, found, outlines[-1], reading.layout))
        cleaned.append(found.clip)
    return Batch(
        facts,
        features=np.concatenate([np.empty((0, width.width), np.float32), *(clip.frames for clip in cleaned)]),
        valid=np.concatenate([np.empty((0, len(width.parts)), bool), *(_validity(clip) for clip in cleaned)]),
        outlines=np.array(outlines, np.float32).reshape(-1, SPANS, width.width),
    )


def _validity(clip: Clip) -> np.ndarray:
    assert clip.valid is not None
    return clip.valid


def _fact(item: Item, clip: Clip, cleaned: Cleaned, outline: np.ndarray, layout: Layout) -> Fact:
    frames, valid = cleaned.clip.frames, _validity(cleaned.clip)
    given, given_layout = layout.ordered(clip.frames), layout.in_order()
    segment_end, file_frames = _segment(item, clip)
    return Fact(
        name=item.name,
        frames=len(frames),
        valid_share=round(float(valid.mean()), 4),
        digest=hashlib.sha256(clip.frames.tobytes()).hexdigest(),
        stored=stored_digest(frames, valid, outline),
        blank=bool((clip.frames == clip.frames.flat[0]).all()) or not valid.any(),
        still=bool((frames == frames[0]).all()),
        size=typical_size(given, given_layout),
        turned=beyond_full_turn(given, given_layout),
        unseen=np.flatnonzero(~valid.any(0)).tolist(),
        nothing_seen=cleaned.unseen,
        segment_end=segment_end,
        file_frames=file_frames,
        trimmed_start=cleaned.trimmed_start,
        trimmed_end=cleaned.trimmed_end,
        filled=cleaned.filled,
        mirroring=cleaned.mirroring,
    )


def _segment(item: Item, clip: Clip | Rejected) -> tuple[int | None, int | None]:
    """The end of a clip in its file, and the frames of the file; None if it is a whole file, or one of several in an array."""
    if isinstance(clip, Rejected) or item.stop is None or item.file_frames is not None:
        return None, None
    return item.stop, clip.file_frames


def batches_of(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items in batches, which are the tasks of workers and the lines of a journal."""
    return [items[start : start + _BATCH] for start in range(0, len(items), _BATCH)]


def collect(
    reading: Reading,
    items: Sequence[Item],
    journal: Journal,
    workers: Workers,
    already: Mapping[int, Batch] = MappingProxyType({}),
) -> None:
    """Adds the items that are not in the journal yet to it, in order.

    Args:
      reading: what a worker must know in addition to the items.
      items: all items of the journal.
      journal: they are added to it.
      workers: the processes that read.
      already: batches, by number, that need not be read.

    Raises:
      InputError: a worker was killed; the clips read so far are kept.
    """
    batches = batches_of(items)
    rest = range(journal.batches, len(batches))
    to_read = [batches[number] for number in rest if number not in already]
    with Progress("prepare", len(items), journal.resumed) as progress:
        read = workers.in_order(partial(read_batch, reading), to_read, sum(map(len, to_read)))
        for number in rest:
            batch = already[number] if number in already else next(read)
            journal.add(batch)
            progress.advance(len(batch.facts))
