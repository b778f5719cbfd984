"""Decides from the clips that were read what a dataset contains: duplicates, labels and splits.

Nothing is written, augmented or balanced here, and all problems that keep a run from starting are reported together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.cleaning.faults import unseen
from signjax.data.clip import SPLITS, Item, Rejected
from signjax.data.labels import encoding as labels_lib
from signjax.data.labels import feasibility_report
from signjax.data.labels.feasibility import (
    FEWEST_CLASSES,
    FEWEST_CLIPS,
    check_classes,
    check_learnable,
    check_none_rare,
    rare_classes,
    without,
)
from signjax.data.labels.no_sign import Blank, blank_classes, is_kept
from signjax.data.layout.parts import ChosenLayout
from signjax.data.preparation.quarantine import check_none_rejected
from signjax.data.preparation.reading import rows as store
from signjax.data.preparation.reading.journal import Fact
from signjax.data.preparation.recipe import Recipe
from signjax.data.splits import leaks
from signjax.data.splits.duplicates import Pair, find_duplicates
from signjax.data.splits.groups import join_pairs
from signjax.data.splits.split import (
    Description,
    Rule,
    Split,
    accepts,
    follows_column,
    group_numbers,
    own_split,
    size_doubts,
    split_clips,
)
from signjax.data.workers import ALONE, Workers
from signjax.errors import InputError, Problems

Row = tuple[Item, Fact]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Collected:
    """What was read from a source.

    Attributes:
      chosen: the layout of its frames before cleaning, and why.
      items, facts: the items and the fact about each; if a fact has no reason, the clip's rows are in the reading folder's files,
        in this order.
      rejected: items that were rejected without being read.
      heads: the heads to learn.
      remarks: sentences on what was inferred from names.
    """

    chosen: ChosenLayout
    items: Sequence[Item]
    facts: Sequence[Fact]
    rejected: Sequence[Rejected]
    heads: tuple[str, ...]
    remarks: Sequence[str]


@dataclass(frozen=True)
class Assembly:
    """The contents of a dataset of N clips, out of M that were stored.

    Attributes:
      stored: the facts of the M clips, in the order of their rows.
      keep: int64 (N,), ascending indices into them.
      rows: N items with their facts.
      classes: head -> class names.
      encoded: int32 (N, heads).
      pairs: pairs of clips that are the same recording, as indices into the N.
      split: the split of the N clips.
      blank: classes in most of whose clips nothing is seen.
      rejected: every clip that is left out, and why.
      report: the feasibility report.
      doubts: sentences on splits that cannot test what they should.
    """

    stored: Sequence[Fact]
    keep: np.ndarray
    rows: Sequence[Row]
    classes: dict[str, tuple[str, ...]]
    encoded: np.ndarray
    pairs: Sequence[Pair]
    split: Split
    blank: Sequence[Blank]
    rejected: Sequence[Rejected]
    report: dict[str, dict[str, Any]]
    doubts: Sequence[str]

    @property
    def train(self) -> np.ndarray:
        """int64: the training clips, as indices into the N."""
        return np.flatnonzero(self.split.assignment == SPLITS.index("train"))


def offsets_of(facts: Sequence[Fact]) -> np.ndarray:
    """int64 (N + 1): where each clip begins, and where the last one ends."""
    return np.cumsum([0, *(fact.frames for fact in facts)], dtype=np.int64)


def assemble(recipe: Recipe, collected: Collected, reading: Path, say: Say, workers: Workers = ALONE) -> Assembly:
    """Decides what a dataset contains.

    At a problem that stops the run, the checks continue as if the settings that accept the problem had been given, so that the
    next run does not stop at the next problem.

    Args:
      recipe: the settings.
      collected: what was read.
      reading: the folder with `features.npy` and `outlines.npy`.
      say: prints the feasibility report if the run cannot start.
      workers: the processes that compare clips.

    Raises:
      InputError: all problems with labels, duplicates and split, with the settings that accept them.
    """
    problems = Problems()
    rejected = [*collected.rejected, *_unreadable(collected)]
    rows: list[Row] = [row for row in zip(collected.items, collected.facts, strict=True) if not row[1].reason]
    stored = [fact for _, fact in rows]
    keep = np.ones(len(rows), bool)
    for index, fault in _name_twice(rows):
        rejected.append(fault)
        keep[index] = False
    blank = blank_classes([item.labels for item, _ in rows], [fact.nothing_seen for fact in stored], collected.heads)
    for index, (item, fact) in enumerate(rows):
        if keep[index] and fact.nothing_seen and not is_kept(item.labels, blank):
            rejected.append(unseen(item.name, item.file, fact.frames))
            keep[index] = False
    pairs = _duplicates(stored, keep, reading, workers)
    copies = _copies(recipe, rows, pairs, problems)
    keep[list(copies)] = False
    classes, encoded, report, rare = _labels(recipe, collected.heads, rows, keep, pairs, problems)
    keep &= (encoded >= 0).any(1)
    rejected += [*copies.values(), *rare]
    if recipe.strict:
        with problems.collected():
            check_none_rejected(rejected, recipe.path)
    kept = np.flatnonzero(keep)
    position = np.cumsum(keep) - 1
    pairs = [
        Pair(int(position[a]), int(position[b]), kind, distance)
        for a, b, kind, distance in pairs
        if keep[a] and keep[b]
    ]
    rows, encoded = list(compress(rows, keep)), encoded[keep]
    split = _split(_description(rows, encoded, pairs), recipe.rule, classes, encoded, problems) if rows else None
    if (recipe.rare_classes == "stop" and rare) or min(map(len, classes.values())) < FEWEST_CLASSES:
        for line in feasibility_report.lines(report):
            say(line)
    problems.check()
    assert split is not None
    report = feasibility_report.with_splits(report, encoded, split.assignment)
    doubts = size_doubts(split, encoded, tuple(classes))
    return Assembly(stored, kept, rows, classes, encoded, pairs, split, blank, rejected, report, doubts)


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
            detail = f"{seen[item.name]} has a clip with the same name"
            found.append((index, Rejected(item.name, item.file, "duplicate_name", detail)))
        else:
            seen[item.name] = item.file
    return found


def _duplicates(stored: Sequence[Fact], keep: np.ndarray, reading: Path, workers: Workers) -> list[Pair]:
    """The pairs among the clips that are kept."""
    offsets = offsets_of(stored)
    features = store.Rows(reading / "features.npy", int(offsets[-1]))
    outlines = store.Rows(reading / "outlines.npy", len(stored))
    ignored = np.array([fact.blank for fact in stored]) | ~keep
    digests = [fact.digest for fact in stored]
    return find_duplicates(outlines, digests, ignored, partial(_frames, features, offsets), workers=workers)


def _frames(features: store.Rows, offsets: np.ndarray, clip: int) -> np.ndarray:
    """float32 (T, F): the stored frames of a clip."""
    return features[int(offsets[clip]) : int(offsets[clip + 1])]


def _copies(recipe: Recipe, rows: Sequence[Row], pairs: Sequence[Pair], problems: Problems) -> dict[int, Rejected]:
    """The clips that are left out because a copy of each is in another given split."""
    names, given = [item.name for item, _ in rows], [item.split for item, _ in rows]
    if not follows_column(recipe.rule, given):
        return {}
    if recipe.duplicates == "stop":
        with problems.collected():
            leaks.check_none_across(pairs, names, given, own_split(_description(rows, np.zeros(len(rows)), pairs)))
    left_out = {}
    for index, pair in leaks.to_drop(pairs, given).items():
        other = pair.first + pair.second - index
        detail = f"same recording as {names[other]!r} in {given[other]} ({leaks.described(pair)}); this copy is in {given[index]}"
        left_out[index] = Rejected(names[index], rows[index][0].file, "duplicate", detail)
    return left_out


def _labels(
    recipe: Recipe,
    heads: Sequence[str],
    rows: Sequence[Row],
    keep: np.ndarray,
    pairs: Sequence[Pair],
    problems: Problems,
) -> tuple[dict[str, tuple[str, ...]], np.ndarray, dict[str, dict[str, Any]], list[Rejected]]:
    """The classes of each head, labels int32 (M, heads), the feasibility report, and the clips with only rare labels."""
    all_labels = [item.labels if kept else {} for (item, _), kept in zip(rows, keep, strict=True)]
    group = group_numbers(_description(rows, np.zeros(len(rows)), pairs), recipe.rule)
    report = feasibility_report.feasibility(all_labels, heads, group)
    rare = rare_classes(all_labels, heads)
    labels = [without(row, rare) for row in all_labels]
    classes = labels_lib.class_names(labels, heads)
    if recipe.rare_classes == "stop":
        # Leaving rare classes out does not help where it leaves nothing to learn.
        learnable = {head for head, names in classes.items() if len(names) >= FEWEST_CLASSES}
        with problems.collected():
            check_none_rare({(head, name) for head, name in rare if head in learnable}, recipe.path)
    with problems.collected():
        check_classes(classes, all_labels, recipe.path)
    rejected = []
    for (item, _), before, left in zip(rows, all_labels, labels, strict=True):
        if before and not any(head in left for head in heads):
            named = ", ".join(f"{head} {before[head]!r}" for head in heads if head in before)
            detail = f"{named}: the only clip of its class; a class needs {FEWEST_CLIPS} clips"
            rejected.append(Rejected(item.name, item.file, "rare_class", detail))
    return classes, labels_lib.encode(labels, classes), report, rejected


def _split(
    clips: Description, rule: Rule, classes: dict[str, tuple[str, ...]], encoded: np.ndarray, problems: Problems
) -> Split | None:
    """The split; its problems are collected, and if another rule accepts them, also those of that rule."""
    tried = {rule.split}
    while True:
        try:
            split = split_clips(clips, rule)
            break
        except InputError as error:
            with problems.collected():
                raise
            accepting = error.accept.get("data.split", rule.split)
        if accepting in tried:
            return None
        tried.add(accepting)
        rule = replace(rule, split=accepting)
    try:
        check_learnable(classes, encoded[split.assignment == SPLITS.index("train")])
    except InputError as error:
        with problems.collected():
            raise InputError(str(error), accepts(clips, rule)) from error
    return split


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
