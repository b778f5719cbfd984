"""Groups of clips that belong together.

Shapes: N clips.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np


def join_groups(*labellings: Sequence[Hashable | None]) -> np.ndarray:
    """Numbers the groups of N clips: two clips share a group if any labelling gives both the same value.

    The relation is transitive: if a clip of signer B is a copy of one of signer A, all clips of A and B form one group. None joins
    nothing.

    Returns:
      int64 (N,), the lowest clip index in each clip's group.
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
    """A number for each of N clips, the same for clips that a chain of pairs connects; None for a clip in no pair.

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


def straddling(assignment: np.ndarray, group: np.ndarray) -> tuple[int, int] | None:
    """Two clips of one group in different splits, or None if no group is in several splits."""
    first: dict[int, int] = {}
    for i, number in enumerate(group.tolist()):
        j = first.setdefault(number, i)
        if assignment[i] != assignment[j]:
            return j, i
    return None
