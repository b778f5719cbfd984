"""What a run prints about its data before it trains: sizes, the split, what was cleaned, what was left out."""

from collections.abc import Iterator
from pathlib import Path

from signjax.data.dataset import Dataset
from signjax.data.labels.feasibility_report import lines
from signjax.data.labels.no_sign import Blank, said
from signjax.data.splits.split import SPLITS


def dataset_name(dataset: Dataset) -> str:
    """The name of the data in reports: their source and the last part of its path."""
    return f"{dataset.info['recipe']['source']}:{Path(dataset.info['recipe']['path']).name}"


def describe(dataset: Dataset) -> Iterator[str]:
    """What the data are, and what was left out; one line for each point."""
    blank = [Blank(**fields) for fields in dataset.info["blank_classes"]]
    for line in said(blank, kept=False):
        yield f"no sign: {line}"
    heads = ", ".join(f"{head} ({len(classes)} classes)" for head, classes in dataset.heads.items())
    signers = len({clip["signer"] for clip in dataset.clips} - {""})
    sizes = ", ".join(f"{len(dataset.indices(split))} {split}" for split in SPLITS)
    yield f"data: {len(dataset)} clips, {signers or 'unknown'} signers, heads: {heads}; {sizes}"
    for line in said(blank, kept=True):
        yield f"no sign: {line}"
    yield f"layout: {dataset.source_layout.name}: {dataset.info['layout_reason']}"
    yield f"split: {dataset.info['split_rule']}"
    yield from lines(dataset.info["feasibility"])
    yield from _cleaned(dataset)
    for warning in dataset.info["warnings"]:
        yield f"warning: {warning}"
    excluded = dataset.info["excluded"]
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in excluded.items())
        yield f"quarantine: {sum(excluded.values())} left out ({reasons}); see {dataset.folder / 'quarantine.csv'}"


def _cleaned(dataset: Dataset) -> Iterator[str]:
    """What was done to the clips, and what they have in common; nothing where there is nothing to say."""
    info = dataset.info
    copies, near = info["exact_copies"], info["near_duplicates"]
    if copies or near:
        yield (
            f"duplicates: {copies} exact and {near} near pairs, kept on one side of the split; "
            f"see {dataset.folder / 'duplicates.csv'}"
        )
    if info["blank_clips"]:
        yield f"blank: {info['blank_clips']} clips in which every value is the same"
    said = [
        f"{info[what]['frames']} {frames} of {info[what]['clips']} clips {done}"
        for what, frames, done in (("trimmed", "idle frames", "cut off"), ("filled", "frames", "filled in"))
        if info[what]["clips"]
    ]
    if info["mirrored"]:
        said.append(f"{info['mirrored']} left-handed clips mirrored")
    if said:
        yield f"cleaned: {', '.join(said)}; see {dataset.folder / 'clips.csv'}"
