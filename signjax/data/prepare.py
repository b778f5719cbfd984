"""Source, labels and splits to a dataset folder, with its quarantine.

The folder is made under a temporary name and renamed when it is whole. A run that is cut off, at any point, leaves the temporary
folder, and the next one goes on from there.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from signjax.data import corpora, label_modes
from signjax.data.assemble import Collected, assemble
from signjax.data.cleaning import cleaned_layout
from signjax.data.clip import Rejected
from signjax.data.collect import Reading, collect, source_layout
from signjax.data.dataset import Dataset, open_dataset
from signjax.data.journal import Journal
from signjax.data.quarantine import counts
from signjax.data.recipe import Recipe, check_recipe, fingerprints
from signjax.data.sources import catalogue
from signjax.data.sources.item import Item
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError

__all__ = ["Recipe", "prepare"]

Say = Callable[[str], None]


def prepare(recipe: Recipe, folder: Path, say: Say, workers: Workers = ALONE) -> Dataset:
    """Makes the dataset folder, or opens it where the same recipe over the same files made it before.

    Args:
      recipe: what it shall hold.
      folder: for the data; beside it `<folder>.partial` holds what an unfinished run has read.
      say: prints a line.
      workers: processes that read clips, else this one does; more than one only under `if __name__ == "__main__"`.

    Raises:
      InputError: the source, the labels or the split cannot be used; nothing is left behind that looks complete.
    """
    check_recipe(recipe)
    if recipe.source in corpora.SOURCES:
        corpora.write_corpus(Path(recipe.path), recipe.corpus, recipe.seed, say, workers)
    fingerprint, reading_fingerprint = fingerprints(recipe)
    if (folder / "dataset.json").is_file():
        dataset = open_dataset(folder)
        if dataset.info["fingerprint"] == fingerprint:
            return dataset
        say(f"prepare: {folder} was made from other files or settings; making it again")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: exists and is no dataset folder; signjax does not write into it")
    started = time.monotonic()
    partial = folder.with_name(folder.name + ".partial")
    collected = _collect(recipe, reading_fingerprint, partial, workers, say)
    assemble(recipe, fingerprint, collected, partial, say)
    if folder.exists():
        shutil.rmtree(folder)
    partial.replace(folder)
    dataset = open_dataset(folder)
    say(f"prepare: {len(dataset)} clips in {time.monotonic() - started:.1f} s, written to {folder}")
    return dataset


def _collect(recipe: Recipe, fingerprint: str, partial: Path, workers: Workers, say: Say) -> Collected:
    """Reads and cleans all clips into the temporary folder."""
    listed = catalogue.list_items(recipe.source, recipe.request)
    listed, heads = label_modes.relabel(listed, recipe.label_mode, recipe.heads)
    items: list[Item] = []
    rejected: list[Rejected] = []
    for item in listed:
        if isinstance(item, Rejected):
            rejected.append(item)
        elif not any(head in item.labels for head in heads):
            rejected.append(item.rejected("unlabelled", f"no label for {', '.join(heads)}"))
        else:
            items.append(item)
    if not items:
        raise _nothing(recipe.path, rejected)
    layout = source_layout(recipe.source, recipe.request, items)
    if isinstance(layout, Rejected):
        raise _nothing(recipe.path, [*rejected, layout])
    reading = Reading(recipe.source, layout, recipe.cleaning)
    with Journal(partial, fingerprint, layout, cleaned_layout(layout, recipe.cleaning)) as journal:
        if journal.resumed:
            say(f"prepare: {journal.resumed} of {len(items)} clips were read before; going on from there")
        collect(reading, items, journal, workers)
    collected = Collected(layout, items, journal.facts, rejected, heads)
    if all(fact.reason for fact in journal.facts):
        shutil.rmtree(partial)
        faults = [item.rejected(fact.reason, fact.detail) for item, fact in zip(items, journal.facts, strict=True)]
        raise _nothing(recipe.path, [*rejected, *faults])
    return collected


def _nothing(path: str, rejected: Sequence[Rejected]) -> InputError:
    listed = ", ".join(f"{count} {reason}" for reason, count in counts(rejected).items())
    example = f"; for example {rejected[0].source}: {rejected[0].detail}" if rejected else ""
    return InputError(f"{path}: no clip can be used ({listed or 'the source is empty'}){example}")
