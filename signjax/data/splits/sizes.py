"""The actual sizes of the splits compared with the requested sizes, and whether the splits can test anything.

Shapes: N clips.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from signjax.data.clip import SPLITS

_SPOKEN = ("training", "validation", "test")
_USE = {1: "choose a model", 2: "compare models"}

# What a split must contain for its accuracy to be meaningful.
_FEWEST_CLIPS = 2
_FEWEST_CLASSES = 2

# With fewer clips, the 95 % interval of an accuracy is wider than 17 points to either side.
_FEW_CLIPS = 30

# A split may be smaller or larger than requested by this factor before it is mentioned.
_NEAR = 1.5

_NAMED = 5


@dataclass(frozen=True)
class Split:
    """Which split each clip is in, and how that was decided.

    Attributes:
      assignment: int8 (N,), index into `SPLITS`.
      group: int64 (N,), clips of one group share a number.
      rule: a sentence for the report.
      asked: the requested number of clips in each split; None if the source, or the choice of the held-out signer, decides.
      group_noun: what a group is: "signer" if each is the clips of one signer.
    """

    assignment: np.ndarray
    group: np.ndarray
    rule: str
    asked: tuple[float | None, float | None, float | None] = (None, None, None)
    group_noun: str = "group"

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of clips in each split."""
        return tuple(np.bincount(self.assignment, minlength=len(SPLITS)).tolist())


def size_doubts(split: Split, labels: np.ndarray, heads: Sequence[str]) -> list[str]:
    """What the splits cannot test as they should, and why: one sentence each, without a full stop.

    Args:
      split: the split.
      labels: int (N, heads); -1 = not labelled.
      heads: the names of the heads.
    """
    doubts = []
    for index, (clips, asked) in enumerate(zip(split.sizes, split.asked, strict=True)):
        if asked is not None and not asked / _NEAR <= clips <= asked * _NEAR and abs(clips - asked) >= 1:
            doubts.append(f"{_holds(split, labels, index, 'has')}: {_why(split, labels)}")
    for index, use in _USE.items():
        clips = split.sizes[index]
        if 0 < clips < _FEW_CLIPS:
            noun = "clip is" if clips == 1 else "clips are"
            doubts.append(
                f"{clips} {_SPOKEN[index]} {noun} too few to {use}: each counts for {100 / clips:.3g} percentage points of accuracy"
            )
        doubts += _classes_not_shown(split, labels, heads, index)
    return doubts


def _classes_not_shown(split: Split, labels: np.ndarray, heads: Sequence[str], index: int) -> list[str]:
    """Doubts about heads without labels in a split, and about heads of which it has fewer than half of the possible classes."""
    unlabelled, poor = [], []
    for head, column in zip(heads, labels.T, strict=True):
        held = column[(split.assignment == index) & (column >= 0)]
        classes, there = len(np.unique(held)), len(np.unique(column[column >= 0]))
        if not len(held):
            unlabelled.append(repr(head))
        elif classes < _FEWEST_CLASSES <= there or classes < min(len(held), there) / 2:
            poor.append(f"{classes:,} of the {_counted(there, 'class')} of head {head!r}")
    doubts = []
    if unlabelled and split.sizes[index]:
        doubts.append(f"no {_SPOKEN[index]} clips have a label for head {_named(unlabelled)}")
    if poor:
        doubts.append(f"the {_SPOKEN[index]} clips cover only {_named(poor)}")
    return doubts


def _named(found: Sequence[str]) -> str:
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def untestable(split: Split, labels: np.ndarray) -> str:
    """Why a validation or test split made by signjax cannot measure accuracy; empty if it can.

    It cannot with fewer than two clips, or if every head that has several classes has at most one of them in the split.

    Args:
      split: the split.
      labels: int (N, heads); -1 = not labelled.
    """
    dealt = [index for index in _USE if split.asked[index] is not None]
    poor = [index for index in dealt if not _can_test(labels, labels[split.assignment == index])]
    held = " and ".join(_holds(split, labels, index, "would have") for index in poor)
    return f"{held}: {_why(split, labels)}" if poor else ""


def _can_test(labels: np.ndarray, held: np.ndarray) -> bool:
    if len(held) < _FEWEST_CLIPS:
        return False
    several = [head for head, classes in enumerate(_classes(labels)) if len(classes) >= _FEWEST_CLASSES]
    shown = list(_classes(held))
    return not several or any(len(shown[head]) >= _FEWEST_CLASSES for head in several)


def _classes(labels: np.ndarray) -> Iterator[np.ndarray]:
    """The classes of each head."""
    for column in labels.T:
        yield np.unique(column[column >= 0])


def _holds(split: Split, labels: np.ndarray, index: int, verb: str) -> str:
    clips, asked = split.sizes[index], split.asked[index]
    most = max(map(len, _classes(labels[split.assignment == index])), default=0)
    of = f" of {most:,} class{'' if most == 1 else 'es'}" if clips else ""
    where = ""
    if asked is not None:
        wanted = f"{asked:.1f} clips" if asked < 1 else _counted(round(asked), "clip")
        where = f" where {wanted} {'was' if wanted == '1 clip' else 'were'} asked for"
    return f"the {_SPOKEN[index]} split {verb} {_counted(clips, 'clip')}{of}{where}"


def _why(split: Split, labels: np.ndarray) -> str:
    """Why the sizes differ from those requested."""
    groups, sizes = np.unique(split.group, return_counts=True)
    reasons = []
    if len(groups) < len(split.group):
        clips, largest = _counted(len(split.group), "clip"), f"the largest of {_counted(int(sizes.max()), 'clip')}"
        reasons.append(
            f"whole signers stay together, and the {clips} are of {_counted(len(groups), 'signer')}, {largest}"
            if split.group_noun == "signer"
            else f"the {clips} form {_counted(len(groups), 'group')} of clips that must stay together, {largest}"
        )
    else:
        reasons.append(f"there are {_counted(len(split.group), 'clip')}")
    pairs = [np.unique(np.stack([column, split.group])[:, column >= 0], axis=1)[0] for column in labels.T]
    counts = [np.unique(pair, return_counts=True)[1] for pair in pairs]
    alone, classes = sum(int((count == 1).sum()) for count in counts), sum(map(len, counts))
    if alone:
        verb = "has" if alone == 1 else "have"
        noun = split.group_noun if len(groups) < len(split.group) else "clip"
        reasons.append(
            f"{alone:,} of {_counted(classes, 'class')} {verb} a single {noun}, which is needed for training"
        )
    return ", and ".join(reasons)


def _counted(count: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{count:,} {noun if count == 1 else plural}"
