"""From what was read to a dataset folder: labels, duplicates, splits, statistics, tables.

Splits are made first; nothing here augments or balances, and statistics come from training clips alone.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data import feasibility_report, layouts, leaks, store
from signjax.data import labels as labels_lib
from signjax.data.cleaning import cleaned_layout
from signjax.data.clip import Rejected
from signjax.data.dataset import FORMAT_VERSION
from signjax.data.duplicates import Pair, find_duplicates
from signjax.data.feasibility import (
    FEWEST_CLIPS,
    check_classes,
    check_learnable,
    check_none_rare,
    rare_classes,
    without,
)
from signjax.data.groups import join_pairs
from signjax.data.handedness import was_mirrored
from signjax.data.journal import Fact
from signjax.data.parts import Layout
from signjax.data.quarantine import check_none_rejected, counts, write_quarantine
from signjax.data.recipe import Recipe
from signjax.data.sources.item import Item
from signjax.data.splits import SPLITS, Description, Split, follows_column, group_numbers, split_clips
from signjax.data.statistics import channel_statistics
from signjax.data.tables import write_table

Say = Callable[[str], None]
Row = tuple[Item, Fact]

_ROW_FILES = ("features.npy", "valid.npy")


@dataclass(frozen=True)
class Collected:
    """What was read of a source.

    Attributes:
      source_layout: of its frames before they were cleaned.
      items, facts: one each; where a fact has no reason, the clip's rows are in the folder's files, in this order.
      rejected: what needed no reading.
      heads: to be learned.
    """

    source_layout: Layout
    items: Sequence[Item]
    facts: Sequence[Fact]
    rejected: Sequence[Rejected]
    heads: tuple[str, ...]


def assemble(recipe: Recipe, fingerprint: str, collected: Collected, folder: Path, say: Say) -> None:
    """Makes a dataset of a folder that holds `features.npy`, `valid.npy` and `outlines.npy`.

    Raises:
      InputError: the labels or the split cannot be used.
    """
    rejected = [*collected.rejected, *_unreadable(collected)]
    rows: list[Row] = [row for row in zip(collected.items, collected.facts, strict=True) if not row[1].reason]
    keep = np.ones(len(rows), bool)
    for index, fault in _name_twice(rows):
        rejected.append(fault)
        keep[index] = False
    pairs = _duplicates(rows, keep, folder)
    names = [item.name for item, _ in rows]
    given = [item.split for item, _ in rows]
    if follows_column(recipe.rule, given):
        if recipe.duplicates == "stop":
            leaks.check_none_across(pairs, names, given)
        for index, pair in leaks.to_drop(pairs, given).items():
            other = pair.first + pair.second - index
            detail = f"one recording with {names[other]!r} in {given[other]} ({leaks.described(pair)}); it is in {given[index]}"
            rejected.append(Rejected(names[index], rows[index][0].file, "duplicate", detail))
            keep[index] = False
    report, classes, encoded = _labels(recipe, collected.heads, rows, keep, pairs, rejected, say)
    keep &= (encoded >= 0).any(1)
    if recipe.strict:
        check_none_rejected(rejected, recipe.path)
    offsets = _offsets(rows)
    if not keep.all():
        for name in _ROW_FILES:
            store.keep_rows(folder / name, offsets, np.flatnonzero(keep))
        position = np.cumsum(keep) - 1
        pairs = [
            Pair(int(position[a]), int(position[b]), kind, distance)
            for a, b, kind, distance in pairs
            if keep[a] and keep[b]
        ]
        rows, encoded = list(compress(rows, keep)), encoded[keep]
        offsets = _offsets(rows)
    split = split_clips(_description(rows, encoded, pairs), recipe.rule)
    train = split.assignment == SPLITS.index("train")
    check_learnable(classes, encoded[train])
    report = feasibility_report.with_splits(report, encoded, split.assignment)
    np.save(folder / "offsets.npy", offsets)
    np.save(folder / "labels.npy", encoded)
    layout = cleaned_layout(collected.source_layout, recipe.cleaning)
    mean, std = channel_statistics(folder, offsets, np.flatnonzero(train), layout)
    _write_clips(folder / "clips.csv", rows, split, classes, encoded)
    _write_duplicates(folder / "duplicates.csv", rows, split, pairs)
    write_quarantine(folder / "quarantine.csv", rejected)
    _write_json(folder / "feasibility.json", report)
    info = {
        "format_version": FORMAT_VERSION,
        "layout": layouts.to_store(layout),
        "source_layout": layouts.to_store(collected.source_layout),
        "source_width": collected.source_layout.width,
        "heads": classes,
        "statistics": {"mean": mean.tolist(), "std": std.tolist()},
        "digest": _digest(rows, encoded, split),
        "fingerprint": fingerprint,
        "split_rule": split.rule,
        "feasibility": report,
        "exact_copies": sum(pair.kind == "exact" for pair in pairs),
        "near_duplicates": sum(pair.kind == "near" for pair in pairs),
        "blank_clips": sum(fact.blank for _, fact in rows),
        "trimmed": _total(rows, "trimmed_start", "trimmed_end"),
        "filled": _total(rows, "filled"),
        "mirrored": sum(was_mirrored(fact.mirrored) for _, fact in rows),
        "excluded": counts(rejected),
        "recipe": asdict(recipe),
    }
    _write_json(folder / "dataset.json", info)
    for name in ("outlines.npy", "journal.jsonl"):
        (folder / name).unlink()


def _unreadable(collected: Collected) -> list[Rejected]:
    return [
        Rejected(item.name, item.file, fact.reason, fact.detail)
        for item, fact in zip(collected.items, collected.facts, strict=True)
        if fact.reason
    ]


def _name_twice(rows: Sequence[Row]) -> list[tuple[int, Rejected]]:
    seen: dict[str, str] = {}
    found = []
    for index, (item, _) in enumerate(rows):
        if item.name in seen:
            detail = f"{seen[item.name]} has a clip of that name too"
            found.append((index, Rejected(item.name, item.file, "duplicate_name", detail)))
        else:
            seen[item.name] = item.file
    return found


def _offsets(rows: Sequence[Row]) -> np.ndarray:
    """int64 (N + 1): where each clip begins, and where the last ends."""
    return np.cumsum([0, *(fact.frames for _, fact in rows)], dtype=np.int64)


def _duplicates(rows: Sequence[Row], keep: np.ndarray, folder: Path) -> list[Pair]:
    """The pairs among the clips that are kept."""
    offsets = _offsets(rows)
    features, outlines = store.Rows(folder / "features.npy"), store.Rows(folder / "outlines.npy")
    ignored = np.array([fact.blank for _, fact in rows]) | ~keep
    digests = [fact.digest for _, fact in rows]
    return find_duplicates(outlines, digests, ignored, lambda i: features[offsets[i] : offsets[i + 1]])


def _labels(
    recipe: Recipe,
    heads: Sequence[str],
    rows: Sequence[Row],
    keep: np.ndarray,
    pairs: Sequence[Pair],
    rejected: list[Rejected],
    say: Say,
) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[str, ...]], np.ndarray]:
    """The feasibility report, the classes of each head, and labels int32 (N, heads); clips of rare classes are rejected."""
    all_labels = [item.labels if kept else {} for (item, _), kept in zip(rows, keep, strict=True)]
    group = group_numbers(_description(rows, np.zeros(len(rows)), pairs), recipe.rule)
    report = feasibility_report.feasibility(all_labels, heads, group)
    rare = rare_classes(all_labels, heads)
    labels = [without(row, rare) for row in all_labels]
    classes = labels_lib.class_names(labels, heads)
    if (rare and recipe.rare_classes == "stop") or min(map(len, classes.values())) < 2:
        for line in feasibility_report.lines(report):
            say(line)
    if recipe.rare_classes == "stop":
        check_none_rare(rare, recipe.path)
    check_classes(classes, all_labels, recipe.path)
    for (item, _), before, left in zip(rows, all_labels, labels, strict=True):
        if before and not any(head in left for head in heads):
            named = ", ".join(f"{head} {before[head]!r}" for head in heads if head in before)
            detail = f"{named}: the only clip of its class; a class needs {FEWEST_CLIPS}"
            rejected.append(Rejected(item.name, item.file, "rare_class", detail))
    return report, classes, labels_lib.encode(labels, classes)


def _description(rows: Sequence[Row], encoded: np.ndarray, pairs: Sequence[Pair]) -> Description:
    items = [item for item, _ in rows]
    return Description(
        names=[item.name for item in items],
        classes=encoded,
        signers=[item.signer for item in items],
        groups=[item.group for item in items],
        given=[item.split for item in items],
        copies=join_pairs(len(items), pairs),
    )


def _write_clips(
    path: Path, rows: Sequence[Row], split: Split, classes: dict[str, tuple[str, ...]], encoded: np.ndarray
) -> None:
    header = (
        "clip", "source", "signer", "group", "split", "frames", "valid_share", "trimmed_start", "trimmed_end", "filled", "mirrored",
    )  # fmt: skip
    write_table(
        path,
        (*header, *classes),
        (
            (
                item.name,
                item.file,
                item.signer or "",
                number,
                SPLITS[part],
                fact.frames,
                f"{fact.valid_share:.4f}",
                fact.trimmed_start,
                fact.trimmed_end,
                fact.filled,
                fact.mirrored,
                # From the encoded labels: a class that was left out must not reappear here.
                *(names[i] if i >= 0 else "" for names, i in zip(classes.values(), codes, strict=True)),
            )
            for (item, fact), number, part, codes in zip(rows, split.group, split.assignment, encoded, strict=True)
        ),
    )


def _write_duplicates(path: Path, rows: Sequence[Row], split: Split, pairs: Sequence[Pair]) -> None:
    write_table(
        path,
        ("clip", "other", "kind", "distance", "split"),
        (
            (rows[a][0].name, rows[b][0].name, kind, f"{distance:.4f}", SPLITS[split.assignment[a]])
            for a, b, kind, distance in pairs
        ),
    )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _total(rows: Sequence[Row], *names: str) -> dict[str, int]:
    """How many clips and frames something was done to."""
    done = [sum(getattr(fact, name) for name in names) for _, fact in rows]
    return {"clips": sum(count > 0 for count in done), "frames": sum(done)}


def _digest(rows: Sequence[Row], encoded: np.ndarray, split: Split) -> str:
    """SHA-256 of frames, validity, labels and splits."""
    digest = hashlib.sha256(split.assignment.tobytes())
    digest.update(encoded.tobytes())
    for _, fact in rows:
        digest.update(fact.stored.encode())
    return digest.hexdigest()
