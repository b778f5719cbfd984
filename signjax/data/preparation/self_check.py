"""Reads a few clips again from their source, and compares them with what a model receives: frames, labels, signer and split.

The stages between a file and a batch (a journal, an index, a cache, parallel lists) can get out of step without an error. This
module compares both ends.

Shapes: B clips, T frames, F channels, P parts.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signjax.data.batching.batch import Batch
from signjax.data.batching.excerpts import frame_indices, whole_clips
from signjax.data.cleaning.clean import Cleaned, clean
from signjax.data.clip import Item, Rejected
from signjax.data.csv_table import read_table
from signjax.data.dataset import Dataset
from signjax.data.labels import modes as label_modes
from signjax.data.preparation.recipe import Recipe
from signjax.data.sources import registry as source_registry
from signjax.data.splits.split import follows_column
from signjax.errors import InputError, first_few
from signjax.rng.numpy_streams import numpy_stream

_CLIPS = 32
_SECONDS = 0.4
_NAMED = 5


@dataclass(frozen=True)
class RereadClip:
    """A clip as its source provides it now.

    Attributes:
      index: its index in the dataset.
      item: its item in the source, with the labels of the dataset's heads.
      cleaned: its frames, cleaned as the dataset's were, or why they cannot be used.
    """

    index: int
    item: Item
    cleaned: Cleaned | Rejected


def reread_clips(dataset: Dataset, recipe: Recipe, turn: int) -> list[RereadClip]:
    """Reads random clips until there are 32 or 0.4 s have passed.

    Args:
      dataset: the dataset that was opened.
      recipe: the recipe that made it.
      turn: a number; each draws different clips.

    Raises:
      InputError: a clip of the dataset does not exist in the source.
    """
    items: dict[str, list[Item]] = defaultdict(list)
    for item in source_registry.list_items(recipe.source, recipe.request):
        if isinstance(item, Item):
            items[item.name].append(item)
    random = numpy_stream(recipe.seed, "self_check", turn)
    chosen = random.permutation(len(dataset))[:_CLIPS].tolist()
    absent = [dataset.clips[index]["clip"] for index in chosen if dataset.clips[index]["clip"] not in items]
    if absent:
        raise InputError(f"{dataset.folder}: self-check: {recipe.path} has no clip {first_few(absent)}. {_ADVICE}")
    found = []
    end = time.monotonic() + _SECONDS
    for index in chosen:
        found.append(_read(index, items[dataset.clips[index]["clip"]], dataset, recipe))
        if time.monotonic() > end:
            break
    return found


def _read(index: int, items: Sequence[Item], dataset: Dataset, recipe: Recipe) -> RereadClip:
    """The first usable one of several items with the same name, which preparation chooses, too."""
    for item in items:
        clip = source_registry.read_item(recipe.source, item)
        cleaned = clip if isinstance(clip, Rejected) else clean(clip, dataset.source_layout, recipe.cleaning)
        if isinstance(cleaned, Cleaned):
            break
    (labelled,), _ = label_modes.relabel([item], recipe.label_mode, tuple(dataset.heads))
    return RereadClip(index, labelled if isinstance(labelled, Item) else item, cleaned)


def check_dataset(dataset: Dataset, recipe: Recipe, clips: Sequence[RereadClip]) -> None:
    """Stops if stored clips differ from their source.

    Raises:
      InputError: some do; the message names them and what differs.
    """
    faults = []
    by_column = follows_column(recipe.rule, [clip.item.split for clip in clips])
    for clip in clips:
        row = dataset.clips[clip.index]
        fault = _frames_differ(clip, dataset.frames(clip.index), dataset.validity(clip.index))
        fault = fault or _labels_differ(
            clip.item, {head: dataset.label(clip.index, head) for head in dataset.heads}, dataset
        )
        if fault is None and (clip.item.signer or "") != row["signer"]:
            fault = f"its signer is {row['signer']!r}, but the source says {clip.item.signer!r}"
        if fault is None and by_column and (clip.item.split == "test") != (row["split"] == "test"):
            fault = f"it is in {row['split']}, but the source says {clip.item.split}"
        if fault is not None:
            faults.append(f"{row['clip']!r}: {fault}")
    _stop(faults, len(clips), str(dataset.folder))


def check_given(dataset: Dataset, clips: Sequence[RereadClip], given: Batch, frames: int) -> None:
    """Stops if a batch differs from the source.

    Args:
      dataset: the dataset that holds the clips.
      clips: the clips as read again.
      given: the batch of these clips, in the same order.
      frames: the largest number of frames that the model sees of a clip.

    Raises:
      InputError: some clips differ; the message names them and what differs.
    """
    faults = []
    for row, clip in enumerate(clips):
        if isinstance(clip.cleaned, Rejected):
            continue  # `check_dataset` reports it
        stored = clip.cleaned.clip
        shown = frame_indices(*(int(value[0]) for value in whole_clips(np.array([len(stored.frames)]), frames)))
        length = int(given.length[row])
        there = given.frames[row, :length], given.valid[row, :length]
        fault = None
        assert stored.valid is not None
        if not (np.array_equal(there[0], stored.frames[shown]) and np.array_equal(there[1], stored.valid[shown])):
            fault = "the model receives other frames than its file has"
        codes = zip(dataset.heads.items(), given.labels[row].tolist(), strict=True)
        named = {head: classes[code] if code >= 0 else "" for (head, classes), code in codes}
        fault = fault or _labels_differ(clip.item, named, dataset)
        if fault is not None:
            faults.append(f"{clip.item.name!r}: {fault}")
    _stop(faults, len(clips), str(dataset.folder))


def check_predictions(path: Path, dataset: Dataset, clips: Sequence[RereadClip]) -> None:
    """Stops if the labels in `predictions.csv` differ from the source.

    Raises:
      InputError: some do; the message names the clips and what differs.
    """
    rows = {row["clip"]: row for row in read_table(path)}
    faults = []
    for clip in clips:
        row = rows.get(clip.item.name)
        if row is None:  # training clips are not in it
            continue
        fault = _labels_differ(clip.item, {head: row[f"{head}_label"] for head in dataset.heads}, dataset)
        if fault is not None:
            faults.append(f"{clip.item.name!r}: {fault}")
    _stop(faults, len(clips), str(path))


def _frames_differ(clip: RereadClip, frames: np.ndarray, valid: np.ndarray) -> str | None:
    if isinstance(clip.cleaned, Rejected):
        return f"its file can no longer be used ({clip.cleaned.detail})"
    now = clip.cleaned.clip
    assert now.valid is not None
    if now.frames.shape != frames.shape:
        return f"it has {len(frames)} frames, but its file gives {len(now.frames)}"
    if not (np.array_equal(now.frames, frames) and np.array_equal(now.valid, valid)):
        return "its frames differ from those in its file"
    return None


def _labels_differ(item: Item, named: Mapping[str, str], dataset: Dataset) -> str | None:
    for head, name in named.items():
        said = item.labels.get(head, "")
        if name != (said if said in dataset.heads[head] else ""):
            return f"its {head} is {name!r}, but the source says {said!r}"
    return None


_ADVICE = (
    "A model would not learn what the files contain, so the run stops. Delete the dataset folder and prepare it again; "
    "if that does not help, please report this as a bug"
)


def _stop(faults: Sequence[str], count: int, where: str) -> None:
    if faults:
        raise InputError(
            f"{where}: self-check: {len(faults)} of {count} clips that were checked differ from their source: "
            f"{'; '.join(faults[:_NAMED])}{'; ...' if len(faults) > _NAMED else ''}. {_ADVICE}"
        )
