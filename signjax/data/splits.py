"""Splits that cannot leak.

Clips that belong together (a signer, a recording, an exact copy) form a group, and a group goes to one split as a whole.

Shapes: N clips, G groups, C classes, S splits.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from signjax.errors import InputError

SPLITS = ("train", "valid", "test")
RULES = ("auto", "column", "signer", "stratified")


@dataclass(frozen=True)
class Description:
    """What a split needs to know of N clips: one entry a clip in each field; None where not known.

    Attributes:
      names: clip names, for messages.
      classes: int (N,) or (N, heads), the class by each head; -1 where not labelled.
      signers, groups, given: signer, source group and prescribed split.
      copies: equal for clips whose frames are the same, bit for bit; None for clips that carry no signal.
    """

    names: Sequence[str]
    classes: np.ndarray
    signers: Sequence[str | None]
    groups: Sequence[str | None]
    given: Sequence[str | None]
    copies: Sequence[Hashable | None]


@dataclass(frozen=True)
class Split:
    """Which split each clip is in, and how that came about.

    Attributes:
      assignment: int8 (N,), index into `SPLITS`.
      group: int64 (N,), clips of one group share a number.
      rule: a sentence for the report.
    """

    assignment: np.ndarray
    group: np.ndarray
    rule: str


def join_groups(*labellings: Sequence[Hashable | None]) -> np.ndarray:
    """Numbers the groups of N clips: two clips share a group where any labelling gives both the same value.

    The relation is closed: a copy of a clip of signer A joins whoever holds the copy to A. None joins nothing.

    Returns:
      int64 (N,), the lowest clip index of each clip's group.
    """
    count = len(labellings[0])
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for labelling in labellings:
        first: dict[Hashable, int] = {}
        for i, value in enumerate(labelling):
            if value is None:
                continue
            a, b = root(first.setdefault(value, i)), root(i)
            parent[max(a, b)] = min(a, b)
    return np.array([root(i) for i in range(count)], np.int64)


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


def check_no_straddle(clips: Description, assignment: np.ndarray, group: np.ndarray, advice: str) -> None:
    """Stops the run where a group has clips in two splits.

    Raises:
      InputError: naming two such clips and what joins them.
    """
    pair = straddling(assignment, group)
    if pair is None:
        return
    a, b = pair
    joined = [
        f"{what} {values[a]!r}"
        for what, values in (("signer", clips.signers), ("group", clips.groups))
        if values[a] is not None and values[a] == values[b]
    ] or ["exactly the same frames, here or through other clips"]
    raise InputError(
        f"leak: clip {clips.names[a]!r} is in {SPLITS[assignment[a]]} and clip {clips.names[b]!r} in {SPLITS[assignment[b]]}, "
        f"but they share {' and '.join(joined)}. {advice}"
    )


def split_clips(clips: Description, rule: str, valid_fraction: float, test_fraction: float, seed: int) -> Split:
    """Splits N clips by one of `RULES`.

    `column` takes the split that the source gives; clips for validation are taken from training where it gives none.
    `signer` holds out whole signers. `stratified` deals groups by class and lets signers be shared. `auto` is `column` where
    given, else `signer` where at least three are known, else `stratified`.

    Raises:
      InputError: an unknown rule, a rule that the data cannot follow, or a group that straddles given splits.
    """
    if rule not in RULES:
        raise InputError(f"config.data.split must be one of {', '.join(RULES)}; it is {rule!r}")
    if valid_fraction <= 0 or test_fraction <= 0 or valid_fraction + test_fraction >= 1:
        raise InputError("config.data.valid_fraction and test_fraction must be above 0 and sum to less than 1")
    fractions = (1 - valid_fraction - test_fraction, valid_fraction, test_fraction)
    signers = sorted({signer for signer in clips.signers if signer is not None})
    chosen = rule
    if rule == "auto":
        given = any(split is not None for split in clips.given)
        chosen = (
            "column"
            if given
            else "signer"
            if len(signers) >= len(SPLITS) and None not in clips.signers
            else "stratified"
        )
    if chosen == "column":
        return _given_split(clips, valid_fraction, seed, signers_may_be_shared=rule == "column")
    if chosen == "signer":
        unknown = sum(signer is None for signer in clips.signers)
        if len(signers) < len(SPLITS) or unknown:
            raise InputError(
                f"config.data.split=signer needs a signer for every clip and at least {len(SPLITS)} of them; "
                f"{len(signers)} are known, {unknown} clips have none. Name them in the label table, or choose stratified"
            )
        group = join_groups(clips.signers, clips.groups, clips.copies)
        sentence = "signers held out: nobody in validation or test was seen in training"
    else:
        group = join_groups(clips.groups, clips.copies)
        sentence = "stratified by class; a signer may be in several splits (seen signers)"
    if len(np.unique(group)) < len(SPLITS):
        raise InputError(
            f"the clips form fewer than {len(SPLITS)} groups, so training, validation and test cannot be kept apart"
        )
    assignment = assign_groups(group, clips.classes, fractions, seed)
    check_no_straddle(clips, assignment, group, "This is a defect of the split; please report it")
    return Split(assignment, group, sentence)


def _given_split(clips: Description, valid_fraction: float, seed: int, *, signers_may_be_shared: bool) -> Split:
    wrong = [(name, given) for name, given in zip(clips.names, clips.given, strict=True) if given not in SPLITS]
    if wrong:
        name, given = wrong[0]
        came = "no split" if given is None else repr(given)
        raise InputError(
            f"config.data.split=column needs train, valid or test for every clip; clip {name!r} has {came} ({len(wrong)} in all)"
        )
    assignment = np.array([SPLITS.index(given) for given in clips.given if given is not None], np.int8)
    for split in ("train", "test"):
        if not (assignment == SPLITS.index(split)).any():
            raise InputError(f"the given split has no clip in {split}; choose another --config.data.split")
    labellings = [clips.groups, clips.copies] + ([] if signers_may_be_shared else [clips.signers])
    group = join_groups(*labellings)
    advice = "Correct the split column, or let signjax split: --config.data.split=stratified"
    if not signers_may_be_shared:
        advice += ". If signers are meant to be shared, say --config.data.split=column"
    check_no_straddle(clips, assignment, group, advice)
    sentence = "as the source prescribes"
    if not (assignment == SPLITS.index("valid")).any():
        train = np.flatnonzero(assignment == SPLITS.index("train"))
        dealt = assign_groups(group[train], clips.classes[train], (1 - valid_fraction, valid_fraction), seed)
        assignment[train] = dealt  # 0 is train and 1 is valid in both numberings
        sentence += f"; validation is {valid_fraction:.0%} of its training clips"
    return Split(assignment, group, sentence)
