"""Source, labels and splits to a dataset folder, with its quarantine.

What is read is appended to the files of `<folder>.partial`, which a journal describes and nothing ever changes in place. The
dataset is written anew from them, under a temporary name, and renamed when it is whole. A run that is cut off, at any point, or
stops at an error, leaves what it has read, and the next one goes on from there.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signjax.data import locks
from signjax.data.cleaning.clean import cleaned_layout
from signjax.data.cleaning.faults import unseen
from signjax.data.clip import Item, Rejected
from signjax.data.dataset import Dataset, open_dataset, read_info
from signjax.data.folders import recover, replacing, target_of
from signjax.data.labels import modes as label_modes
from signjax.data.locks import FolderLock
from signjax.data.preparation.assemble import Collected, assemble
from signjax.data.preparation.collect import Reading, collect, source_layout
from signjax.data.preparation.journal import Journal
from signjax.data.preparation.plausibility import doubts, names_alike
from signjax.data.preparation.quarantine import counts
from signjax.data.preparation.recipe import Recipe, check_recipe, fingerprints
from signjax.data.preparation.write_dataset import write_dataset
from signjax.data.sources import registry as catalogue
from signjax.data.synthetic import registry as corpora
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError

__all__ = ["Recipe", "prepare"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class Expected:
    """The data that a run was trained on: their digest, and the run folder."""

    digest: str
    run: Path


def prepare(
    recipe: Recipe, folder: Path, say: Say, workers: Workers = ALONE, expected: Expected | None = None
) -> Dataset:
    """Makes the dataset folder, or opens it where the same recipe over the same files made it before.

    Args:
      recipe: what it shall hold.
      folder: for the data; beside it `<folder>.partial` holds what an unfinished run has read.
      say: prints a line.
      workers: processes that read clips, else this one does; more than one only under `if __name__ == "__main__"`.
      expected: the data that the folder must hold, where a model was trained on them.

    Raises:
      InputError: the source, the labels or the split cannot be used, the data are not those that are expected, or another
        process works on the folder; nothing is left behind that looks complete, and no dataset is lost.
    """
    folder = target_of(folder)
    with locks.beside(folder, say) as lock:
        return prepare_locked(recipe, folder, lock, say, workers, expected)


def prepare_locked(
    recipe: Recipe,
    folder: Path,
    lock: FolderLock,
    say: Say,
    workers: Workers = ALONE,
    expected: Expected | None = None,
) -> Dataset:
    """The same with the folder's lock, which is shared afterwards: nobody replaces the data while they are used."""
    check_recipe(recipe)
    if recipe.source in corpora.SOURCES:
        corpora.write_corpus(Path(recipe.path), recipe.corpus, recipe.seed, say, workers)
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
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(
            f"{folder}: exists and is no dataset folder; signjax does not write into it. Move it away, or choose another folder"
        )
    started = time.monotonic()
    collected = _collect(recipe, fingerprints[1], partial, workers, say)
    layout = cleaned_layout(collected.chosen.layout, recipe.cleaning)
    warnings = [
        *collected.remarks,
        *names_alike(collected.items, collected.heads),
        *doubts(collected.items, collected.facts, layout),
    ]
    try:
        assembly = assemble(recipe, collected, partial, say)
    except InputError:
        for warning in warnings:
            say(f"warning: {warning}")
        raise
    with replacing(folder) as new:
        write_dataset(recipe, fingerprints[0], collected.chosen, layout, assembly, warnings, partial, new)
        _check_expected(read_info(new)["digest"], folder, expected)
    dataset = open_dataset(folder)
    shutil.rmtree(partial)
    say(f"prepare: {len(dataset)} clips in {time.monotonic() - started:.1f} s, written to {folder}")
    return dataset


def _check_expected(digest: str, folder: Path, expected: Expected | None) -> None:
    """Stops where data are not those that a model was trained on.

    Raises:
      InputError: naming both digests.
    """
    if expected is not None and digest != expected.digest:
        raise InputError(
            f"{expected.run}: this run was trained on other data (digest {expected.digest[:12]}; the data that these settings "
            f"give have {digest[:12]}). Nothing was changed; choose a new --workdir for the new data"
        )


def _collect(recipe: Recipe, fingerprint: str, partial: Path, workers: Workers, say: Say) -> Collected:
    """Reads and cleans all clips into the temporary folder."""
    listing = catalogue.listing(recipe.source, recipe.request)
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
    if isinstance(chosen, Rejected):
        raise _nothing(recipe.path, [*rejected, chosen])
    layout = chosen.layout
    catalogue.verify(recipe.source, recipe.request)
    reading = Reading(recipe.source, layout, recipe.cleaning)
    stored_layout = cleaned_layout(layout, recipe.cleaning)
    with Journal(partial, fingerprint, layout, stored_layout, [item.name for item in items]) as journal:
        if journal.resumed:
            say(f"prepare: {journal.resumed} of {len(items)} clips were read before; going on from there")
        collect(reading, items, journal, workers)
    collected = Collected(chosen, items, journal.facts, rejected, heads, listing.remarks)
    if all(fact.reason or fact.nothing_seen for fact in journal.facts):
        shutil.rmtree(partial)
        for doubt in (*listing.remarks, *doubts(items, journal.facts, stored_layout)):
            say(f"warning: {doubt}")
        faults = [
            item.rejected(fact.reason, fact.detail) if fact.reason else unseen(item.name, item.file, fact.frames)
            for item, fact in zip(items, journal.facts, strict=True)
        ]
        raise _nothing(recipe.path, [*rejected, *faults])
    return collected


def _no_label(item: Item, heads: Sequence[str]) -> str:
    columns = f"its labels are: {', '.join(item.labels)} (config.data.heads chooses)" if item.labels else "it has none"
    return f"no label for {', '.join(heads)}; {columns}"


def _nothing(path: str, rejected: Sequence[Rejected]) -> InputError:
    listed = ", ".join(f"{count} {reason}" for reason, count in counts(rejected).items())
    example = f"; for example {rejected[0].file}: {rejected[0].detail}" if rejected else ""
    return InputError(f"{path}: no clip can be used ({listed or 'the source is empty'}){example}")
