"""Assigns whole groups of clips to splits, close to the requested sizes and with every class in proportion.

Shapes: N clips, G groups, C columns (the classes of all heads, and all clips), S splits, E entries (a group and a
column that it has clips of).
"""

from collections.abc import Sequence

import numpy as np

from signjax.rng.numpy_streams import numpy_stream

# The weight of a split's size relative to its classes. Small while groups are assigned one by one, because otherwise the first
# would be assigned by size alone; large afterwards, because classes of two clips pull towards training, and sizes must still come
# within one clip.
_SIZE_WEIGHT_DEALING = 2.0
_SIZE_WEIGHT = 40.0

# The cost of a class that cannot be learned, which is higher than that of any deviation.
_UNLEARNED = 1e6

_LEAST_GAIN = 1e-9
_ROUNDS = 20
_MISSES = 100  # moves or exchanges in a row without gain, after which the search ends
_SEARCHABLE = 20_000_000  # entries times splits, beyond which the search is skipped to save memory
_EXCHANGE_WORK = 4_000_000  # entries examined in the search for exchanges


def assign_groups(
    group: np.ndarray, classes: np.ndarray, fractions: Sequence[float], seed: int, folds: bool = False
) -> np.ndarray:
    """Assigns whole groups to S splits so that each gets its fraction of the clips and of every class, as closely as groups allow.

    The cost of an assignment is the sum over splits and classes of the squared deviation from the fraction, divided by the clips
    of the class; plus the same for the sizes of the splits. Groups are assigned from the largest to the smallest, in random order
    among equals, each to the split where it costs least. If there are fewer groups than splits, each fills one. Then single groups
    are moved, and pairs exchanged, as long as that lowers the cost. Every class is in the first split, training, unless that would
    empty another split.

    Args:
      group: int (N,).
      classes: int (N,) or (N, heads); a label of -1 belongs to no class.
      fractions: S numbers that sum to 1.
      seed: determines the order among groups of equal size.
      folds: each split will be tested in a model trained on the others: instead of requiring every class in the first split, no
        class of several groups may be in only one split.

    Returns:
      int16 (N,), the split of each clip.
    """
    numbers, member = np.unique(group, return_inverse=True)
    size = np.bincount(member)
    shuffled = numpy_stream(seed, "split").permutation(len(numbers))
    order = shuffled[np.argsort(-size[shuffled], kind="stable")]
    # From here on the groups are numbered in the order in which they are assigned.
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    deal = _Deal(rank[member], classes.reshape(len(classes), -1), np.asarray(fractions, float), folds)
    deal.distribute()
    deal.improve()
    return deal.split[rank[member]]


class _Deal:
    """The split of each group, and the cost of any other.

    Attributes:
      split: int16 (G,).
    """

    def __init__(self, member: np.ndarray, classes: np.ndarray, fractions: np.ndarray, folds: bool):
        groups, splits = int(member.max()) + 1, len(fractions)
        self.split = np.zeros(groups, np.int16)
        self._groups_of = np.zeros(splits, np.int64)
        self._start, self._column, self._clips, head = _rows(member, classes)
        total = np.bincount(self._column, self._clips)
        expected = np.outer(total, fractions)
        self._deviation = -expected
        # A rare class has the same weight as a frequent one, and all heads together have the weight of one.
        self._weight = 1 / (total * classes.shape[1])
        self._weight[-1] = _SIZE_WEIGHT / len(member)
        # The number of clips of a class in a split at which it cannot be learned; -1: none.
        never = np.full_like(expected, -1.0)
        named = head >= 0
        if folds:
            never[named] = total[named, None]
            never[np.bincount(self._column) == 1] = -1
        else:
            never[named, 0] = 0
        self._unlearned = never - expected

    def distribute(self) -> None:
        """Assigns all groups, in order."""
        weight = self._weight.copy()
        weight[-1] *= _SIZE_WEIGHT_DEALING / _SIZE_WEIGHT
        weighted = weight[self._column] * self._clips
        empty = set(range(len(self._groups_of)))
        count = len(self.split)
        for group in range(count):
            entries = slice(self._start[group], self._start[group + 1])
            column = self._column[entries]
            # Half the cost, without the terms that are equal for every split.
            cost = weighted[entries] @ self._deviation[column]
            must_fill = len(empty) >= count - group
            split = min(empty, key=lambda s: (cost[s], s)) if must_fill else int(cost.argmin())
            empty.discard(split)
            self.split[group] = split
            self._groups_of[split] += 1
            self._deviation[column, split] += self._clips[entries]

    def improve(self) -> None:
        """Moves and exchanges groups while that lowers the cost, within a bounded amount of work and memory."""
        if len(self._column) * len(self._groups_of) > _SEARCHABLE:
            return
        self._move()
        if self._exchange():
            self._move()

    def _move(self) -> None:
        """Moves single groups, those with the largest gain first, while that lowers the cost."""
        for _ in range(_ROUNDS):
            change = self._changes()
            target = change.argmin(1)
            gain = change[np.arange(len(target)), target]
            worth = np.flatnonzero(gain < -_LEAST_GAIN)
            worth = worth[np.argsort(gain[worth], kind="stable")]
            misses = 0
            for group in worth.tolist():
                # Evaluated again, because earlier moves have changed its gain.
                one = self._changes(group)[0]
                split = int(one.argmin())
                if one[split] < -_LEAST_GAIN:
                    self._place(group, split)
                    misses = 0
                elif (misses := misses + 1) == _MISSES:
                    break
            if not len(worth):
                break

    def _exchange(self) -> bool:
        """Exchanges pairs of groups; returns whether it exchanged any."""
        tries = _EXCHANGE_WORK // len(self._column)
        changed, found = False, True
        while found and tries > 0:
            found = False
            # The moves that would improve the classes most, ignoring sizes, for which the other group compensates.
            change = self._changes(sizes=False, empties=True)
            promising = np.argsort(change, axis=None, kind="stable")[:tries]
            misses = 0
            for group, split in zip(
                *(index.tolist() for index in np.unravel_index(promising, change.shape)), strict=True
            ):
                own = int(self.split[group])
                if own == split:
                    continue
                tries -= 1
                cost = self._changes(group, empties=True)[0, split]
                self._place(group, split)
                back = self._changes(empties=True)[:, own]
                back[self.split != split] = np.inf
                back[group] = np.inf
                other = int(back.argmin())
                if cost + back[other] < -_LEAST_GAIN:
                    self._place(other, own)
                    found = changed = True
                    misses = 0
                    continue
                self._place(group, own)
                if (misses := misses + 1) == _MISSES:
                    break
        return changed

    def _changes(self, group: int | None = None, sizes: bool = True, empties: bool = False) -> np.ndarray:
        """The change in cost if a group, or each group, moved to each split.

        Args:
          group: the group; None: all.
          sizes: whether the sizes of the splits count.
          empties: whether a split may lose its last group; if not, that has infinite cost.

        Returns:
          float (1 or G, S); 0 for the split it is in.
        """
        first, end = (0, len(self.split)) if group is None else (group, group + 1)
        start = self._start[first : end + 1]
        column, clips = self._column[start[0] : start[-1]], self._clips[start[0] : start[-1], None]
        own = self.split[first:end]
        own_of_entry = np.repeat(own, np.diff(start))[:, None]
        weight = self._weight[column, None] * clips
        if not sizes:
            weight[column == len(self._weight) - 1] = 0
        deviation, unlearned = self._deviation[column], self._unlearned[column]
        join = weight * (2 * deviation + clips)
        join += _UNLEARNED * (_equal(deviation + clips, unlearned) - _equal(deviation, unlearned))
        deviation, unlearned = (np.take_along_axis(a, own_of_entry, 1) for a in (deviation, unlearned))
        leave = weight * (clips - 2 * deviation)
        leave += _UNLEARNED * (_equal(deviation - clips, unlearned) - _equal(deviation, unlearned))
        change = np.add.reduceat(join + leave, start[:-1] - start[0], axis=0)
        if not empties:
            change[self._groups_of[own] == 1] = np.inf
        change[np.arange(len(own)), own] = 0
        return change

    def _place(self, group: int, split: int) -> None:
        entries = slice(self._start[group], self._start[group + 1])
        column, clips = self._column[entries], self._clips[entries]
        self._deviation[column, self.split[group]] -= clips
        self._deviation[column, split] += clips
        self._groups_of[self.split[group]] -= 1
        self._groups_of[split] += 1
        self.split[group] = split


def _equal(count: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1.0 where sums that are whole numbers except for rounding are equal, else 0.0."""
    return (np.abs(count - other) < 0.5).astype(float)


def _rows(member: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The number of clips that each group has in each column, group by group.

    Args:
      member: int (N,), the group of each clip, from 0 to G - 1.
      classes: int (N, heads).

    Returns:
      start int64 (G + 1,), column int64 (E,), clips float (E,); and for each column 0 if it is a class, or -1 if it is the
      unlabelled clips of a head, or the last column, which counts all clips.
    """
    columns, named, before = [], [], 0
    for labels in classes.T:
        values, index = np.unique(labels, return_inverse=True)
        columns.append(index + before)
        named.append(np.where(values >= 0, 0, -1))
        before += len(values)
    columns.append(np.full(len(member), before))
    named.append(np.array([-1]))
    key = (member[:, None] * (before + 1) + np.stack(columns, 1)).ravel()
    unique, clips = np.unique(key, return_counts=True)
    row, column = np.divmod(unique, before + 1)
    start = np.searchsorted(row, np.arange(member.max() + 2))
    return start, column, clips.astype(float), np.concatenate(named)
