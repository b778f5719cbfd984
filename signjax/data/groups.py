"""Groups of clips that belong together, and how whole groups are dealt to splits.

Shapes: N clips, G groups, C classes, S splits.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np


def join_groups(*labellings: Sequence[Hashable | None]) -> np.ndarray:
    """Numbers the groups of N clips: two clips share a group where any labelling gives both the same value.

    The relation is closed: a copy of a clip of signer A joins whoever holds the copy to A. None joins nothing.

    Returns:
      int64 (N,), the lowest clip index of each clip's group.
    """
    count = len(labellings[0])
    forest = _Forest(count)
    for labelling in labellings:
        first: dict[Hashable, int] = {}
        for i, value in enumerate(labelling):
            if value is not None:
                forest.join(first.setdefault(value, i), i)
    return np.array([forest.root(i) for i in range(count)], np.int64)


def join_pairs(count: int, pairs: Iterable[Sequence[Any]]) -> list[int | None]:
    """A number for each of N clips, the same for those that a chain of pairs joins; None for a clip in no pair.

    The first two entries of a pair are its clips.
    """
    forest = _Forest(count)
    paired = set()
    for pair in pairs:
        forest.join(pair[0], pair[1])
        paired |= {pair[0], pair[1]}
    return [forest.root(i) if i in paired else None for i in range(count)]


class _Forest:
    """Disjoint sets of the numbers below `count`; the root of a set is its lowest number."""

    def __init__(self, count: int):
        self._parent = list(range(count))

    def root(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.root(i), self.root(j)
        self._parent[max(a, b)] = min(a, b)


def assign_groups(group: np.ndarray, classes: np.ndarray, fractions: Sequence[float], seed: int) -> np.ndarray:
    """Deals whole groups to S splits so that every split gets its fraction of every class, as nearly as groups allow.

    Groups are dealt from the largest to the smallest, in random order among equals, each to the split that then lacks most
    of the group's classes. As many splits are filled as there are groups. A class that the first split, training, got
    nothing of is then given its smallest group, unless that would empty another split.

    Args:
      group: int (N,).
      classes: int (N,) or (N, heads); a label of -1 counts towards no class.
      fractions: S numbers that sum to 1.
      seed: of the order among groups of equal size.

    Returns:
      int8 (N,), the split of each clip.
    """
    numbers, member = np.unique(group, return_inverse=True)
    counts, named = _class_counts(member, classes.reshape(len(classes), -1), len(numbers))
    lacking = np.outer(fractions, counts.sum(0))
    total = np.maximum(counts.sum(0), 1)  # a rare class weighs as much as a frequent one
    shuffled = np.random.default_rng(seed).permutation(len(numbers))
    order = shuffled[np.argsort(-counts[shuffled].sum(1), kind="stable")]
    split_of_group = np.zeros(len(numbers), np.int8)
    empty = set(range(len(fractions)))
    for position, number in enumerate(order):
        allowed = sorted(empty) if len(empty) >= len(order) - position else range(len(fractions))
        wanted = {split: float(counts[number] @ (lacking[split] / total)) for split in allowed}
        split = max(wanted, key=lambda s: wanted[s])
        split_of_group[number] = split
        lacking[split] -= counts[number]
        empty.discard(split)
    for column in np.flatnonzero(named & (counts[split_of_group == 0].sum(0) == 0)):
        holders = np.flatnonzero(counts[:, column])
        holders = holders[np.argsort(counts[holders].sum(1), kind="stable")]
        movable = [number for number in holders if (split_of_group == split_of_group[number]).sum() > 1]
        # An earlier move may have brought the class to training already.
        if movable and not counts[split_of_group == 0, column].any():
            split_of_group[movable[0]] = 0
    return split_of_group[member]


def _class_counts(member: np.ndarray, classes: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """How many clips of each class each group has, the classes of all heads side by side.

    Args:
      member: int (N,), the group of each clip.
      classes: int (N, heads).
      groups: G.

    Returns:
      float (G, C) and bool (C,), false for the column of each head that counts its unlabelled clips.
    """
    blocks, named = [], []
    for labels in classes.T:
        block = np.zeros((groups, labels.max(initial=-1) + 2))
        np.add.at(block, (member, labels + 1), 1)
        blocks.append(block)
        named.append(np.arange(block.shape[1]) > 0)
    return np.concatenate(blocks, axis=1), np.concatenate(named)


def straddling(assignment: np.ndarray, group: np.ndarray) -> tuple[int, int] | None:
    """Two clips of one group in different splits, or None where no group straddles."""
    first: dict[int, int] = {}
    for i, number in enumerate(group.tolist()):
        j = first.setdefault(number, i)
        if assignment[i] != assignment[j]:
            return j, i
    return None
