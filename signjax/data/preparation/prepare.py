"""Makes a dataset folder, with its quarantine, from a source, labels and splits.

Clips that have been read are appended to the files in `<folder>.partial`, which a journal describes and which never change in
place. The dataset is written from them under a temporary name and renamed when it is complete. A run that is interrupted at any
point, or stops at an error, leaves what it has read, and the next run continues from there.
"""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from signjax.data import locks
from signjax.data.cleaning.clean import cleaned_layout
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Item, Rejected
from signjax.data.dataset import Dataset, open_dataset, read_info
from signjax.data.folders import recover, replacing, target_of
from signjax.data.labels import modes as label_modes
from signjax.data.layout.parts import ChosenLayout
from signjax.data.locks import FolderLock
from signjax.data.preparation.assemble import Collected, assemble
from signjax.data.preparation.plausibility import doubts, names_alike
from signjax.data.preparation.quarantine import counts
from signjax.data.preparation.reading.collect import Reading, collect, source_layout
from signjax.data.preparation.reading.journal import Batch, Contents, Fact, Journal
from signjax.data.preparation.reading.shards import ReadShards, Shard
from signjax.data.preparation.recipe import Recipe, check_recipe, fingerprints
from signjax.data.preparation.write_dataset import write_dataset
from signjax.data.sources import registry as source_registry
from signjax.data.synthetic import registry as synthetic_registry
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError

__all__ = ["Recipe", "prepare"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Expected:
    """The data that a run was trained on: their digest, the run folder, and what `data_facts` said of them."""

    digest: str
    run: Path
    facts: Mapping[str, Any] = field(default_factory=dict)


def data_facts(folder: Path) -> dict[str, Any]:
    """What tells one dataset from another, in words: clips, layout, classes, split, cleaning."""
    info = read_info(folder)
    return {
        "clips": len(np.load(folder / "offsets.npy", mmap_mode="r")) - 1,
        "layout": info["layout"] if isinstance(info["layout"], str) else info["layout"].get("name", "custom"),
        **{f"classes of {head}": len(classes) for head, classes in info["heads"].items()},
        "split": info["split_rule"],
        **{f"cleaning: {name}": value for name, value in info["recipe"]["cleaning"].items()},
    }


def prepare(
    recipe: Recipe, folder: Path, say: Say, workers: Workers = ALONE, expected: Expected | None = None
) -> Dataset:
    """Makes the dataset folder, or opens it if the same recipe made it before from the same files.

    Args:
      recipe: the settings that determine the contents.
      folder: the dataset folder; `<folder>.partial` next to it holds what an unfinished run has read.
      say: prints a line.
      workers: the processes that read clips; by default this process. More than one only under `if __name__ == "__main__"`.
      expected: the data that a model was trained on, which the folder must hold; None for any data.

    Raises:
      InputError: the source, the labels or the split cannot be used, the data are not the expected ones, or another process is
        using the folder. Nothing incomplete is left under the folder's name, and no dataset is lost.
    """
    folder = target_of(folder)
    with locks.sibling_lock(folder, say) as lock:
        return prepare_locked(recipe, folder, lock, say, workers, expected)


def prepare_locked(
    recipe: Recipe,
    folder: Path,
    lock: FolderLock,
    say: Say,
    workers: Workers = ALONE,
    expected: Expected | None = None,
) -> Dataset:
    """Like `prepare`, with the folder's lock, which is shared afterwards so that the data are not replaced while in use."""
    check_recipe(recipe)
    if recipe.source in synthetic_registry.SOURCES:
        synthetic_registry.write_corpus(Path(recipe.path), recipe.corpus, recipe.seed, say, workers)
    fingerprint, reading_fingerprint = fingerprints(recipe)
    writing = lock.exclusive()
    if writing:
        recover(folder)
    elif not lock.shared():
        raise lock.taken()
    partial = folder.with_name(folder.name + ".partial")
    if read_info(folder).get("fingerprint") == fingerprint:
        dataset = open_dataset(folder)
        _check_expected(dataset.digest, folder, expected)
        if writing and partial.exists():
            shutil.rmtree(partial)
    elif not writing:
        raise lock.taken()
    else:
        dataset = _make(recipe, (fingerprint, reading_fingerprint), folder, partial, say, workers, expected)
    lock.shared()
    return dataset


def _make(
    recipe: Recipe,
    fingerprints: tuple[str, str],
    folder: Path,
    partial: Path,
    say: Say,
    workers: Workers,
    expected: Expected | None,
) -> Dataset:
    """Reads the clips and writes the folder."""
    if (folder / "dataset.json").is_file():
        say(f"prepare: {folder} was made from other files or settings; making it again")
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: it exists but is not a dataset folder, so signjax does not write to it. Move it, or choose another folder"
        )
    started = time.monotonic()
    collected, shards = _collect(recipe, fingerprints[1], folder, partial, workers, say)
    layout = cleaned_layout(collected.chosen.layout, recipe.cleaning)
    warnings = [
        *collected.remarks,
        *names_alike(collected.items, collected.heads),
        *doubts(collected.items, collected.facts, layout),
    ]
    try:
        assembly = assemble(recipe, collected, partial, say, workers)
    except InputError:
        for warning in warnings:
            say(f"warning: {warning}")
        raise
    with replacing(folder) as new:
        write_dataset(recipe, fingerprints[0], collected.chosen, layout, assembly, warnings, partial, new)
        _check_expected(read_info(new)["digest"], new, expected)
    dataset = open_dataset(folder)
    shutil.rmtree(partial)
    shards.remove()
    say(f"prepare: {len(dataset)} clips in {time.monotonic() - started:.1f} s, written to {folder}")
    return dataset


def _check_expected(digest: str, folder: Path, expected: Expected | None) -> None:
    """Stops if the data are not those that a model was trained on.

    Raises:
      InputError: they are not; the message has both digests.
    """
    if expected is not None and digest != expected.digest:
        old, new = expected.facts, data_facts(folder)
        lines = [
            f"\n  {name}: {old.get(name, 'none')} in the run, now {new.get(name, 'none')}"
            for name in ({**old, **new} if old else {})
            if old.get(name) != new.get(name)
        ]
        same = (
            "\n  the same number of clips and classes, so frames, labels, names or splits of clips differ"
            if old
            else ""
        )
        raise InputError(
            f"{expected.run}: this run was trained on other data (digest {expected.digest[:12]}; these settings give data "
            f"with digest {digest[:12]}). Nothing was changed. Choose a new --workdir for the new data"
            + ("".join(lines) or same)
        )


@dataclass(frozen=True)
class _Listed:
    """What is to be read: `items` that have labels, and those rejected without reading."""

    items: list[Item]
    rejected: list[Rejected]
    heads: tuple[str, ...]
    remarks: list[str]
    chosen: ChosenLayout
    reading: Reading
    contents: Contents


def _list(recipe: Recipe, fingerprint: str) -> _Listed:
    """Lists a source, and chooses its layout."""
    listing = source_registry.listing(recipe.source, recipe.request)
    label_modes.check_columns(listing.items, recipe.label_mode, recipe.heads, recipe.labels or recipe.path)
    listed, heads = label_modes.relabel(listing.items, recipe.label_mode, recipe.heads)
    items: list[Item] = []
    rejected: list[Rejected] = []
    for item in listed:
        if isinstance(item, Rejected):
            rejected.append(item)
        elif not any(head in item.labels for head in heads):
            rejected.append(item.rejected("unlabelled", _no_label(item, heads)))
        else:
            items.append(item)
    if not items:
        raise _nothing(recipe.path, rejected)
    chosen = source_layout(recipe.source, recipe.request, items)
    if isinstance(chosen, list):
        raise _nothing(recipe.path, [*rejected, *chosen])
    source_registry.verify(recipe.source, recipe.request)
    reading = Reading(recipe.source, chosen.layout, recipe.cleaning)
    stored = cleaned_layout(chosen.layout, recipe.cleaning)
    contents = Contents(fingerprint, chosen.layout, stored, [item.name for item in items])
    return _Listed(items, rejected, heads, listing.remarks, chosen, reading, contents)


def _read(
    listed: _Listed,
    folder: Path,
    items: Sequence[Item],
    workers: Workers,
    say: Say,
    already: Mapping[int, Batch] = MappingProxyType({}),
) -> list[Fact]:
    """Reads and cleans all or some of the items into the journal of a folder, except for batches that others have read."""
    with Journal(folder, replace(listed.contents, names=[item.name for item in items])) as journal:
        if journal.resumed:
            say(f"prepare: {journal.resumed} of {len(items)} clips were already read; continuing from there")
        collect(listed.reading, items, journal, workers, already)
    return journal.facts


def _collect(
    recipe: Recipe, fingerprint: str, folder: Path, partial: Path, workers: Workers, say: Say
) -> tuple[Collected, ReadShards]:
    """Reads and cleans all clips into the temporary folder, those aside that shards have read."""
    listed = _list(recipe, fingerprint)
    with ReadShards(folder, listed.contents, listed.items, say) as shards:
        facts = _read(listed, partial, listed.items, workers, say, shards)
    if all(fact.reason or fact.nothing_seen for fact in facts):
        shutil.rmtree(partial)
        for doubt in (*listed.remarks, *doubts(listed.items, facts, listed.contents.layout)):
            say(f"warning: {doubt}")
        faults = [
            item.rejected(fact.reason, fact.detail) if fact.reason else unseen(item.name, item.file, fact.frames)
            for item, fact in zip(listed.items, facts, strict=True)
        ]
        raise _nothing(recipe.path, [*listed.rejected, *faults])
    return Collected(listed.chosen, listed.items, facts, listed.rejected, listed.heads, listed.remarks), shards


def read_shard(recipe: Recipe, folder: Path, shard: Shard, say: Say, workers: Workers = ALONE) -> None:
    """Reads a share of the clips into a folder beside the dataset folder; `prepare` takes up what is there.

    Args:
      recipe, folder, say, workers: as in `prepare`.
      shard: which share.

    Raises:
      InputError: the source or the labels cannot be used, or another process reads this shard.
    """
    check_recipe(recipe)
    own = shard.folder(target_of(folder))
    with locks.inner_lock(own, say) as lock:
        lock.require()
        if recipe.source in synthetic_registry.SOURCES:
            synthetic_registry.write_corpus(Path(recipe.path), recipe.corpus, recipe.seed, say, workers)
        listed = _list(recipe, fingerprints(recipe)[1])
        items = shard.items(listed.items)
        _read(listed, own, items, workers, say)
    say(
        f"prepare: {shard} is in {own}: {len(items)} of {len(listed.items)} clips. With all shards there, --mode=prepare without "
        "--shard makes the dataset"
    )


def _no_label(item: Item, heads: Sequence[str]) -> str:
    columns = f"its labels are {', '.join(item.labels)} (see config.data.heads)" if item.labels else "it has no labels"
    return f"no label for {', '.join(heads)}; {columns}"


def _nothing(path: str, rejected: Sequence[Rejected]) -> InputError:
    listed = ", ".join(f"{count} {reason}" for reason, count in counts(rejected).items())
    example = ""
    if rejected:
        file, detail = rejected[0].file, rejected[0].detail
        example = f"; for example {detail if detail.startswith(file) else f'{file}: {detail}'}"
    return InputError(f"{path}: no clip can be used ({listed or 'the source is empty'}){example}")
