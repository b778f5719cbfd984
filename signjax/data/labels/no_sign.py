"""Classes whose clips show nothing, meaning "no sign": they are kept, unlike single clips in which a tracker found nobody."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from signjax.data.labels.feasibility import Labels

# The minimum share of the clips of such a class in which nothing is seen.
_SHARE = 0.75


class Blank(NamedTuple):
    """A class in most of whose clips nothing is seen.

    Attributes:
      head, name: the class.
      unseen, clips: the number of clips in which nothing is seen, and of all its clips.
      kept: whether these clips are kept; blank clips of several classes of a head could not be distinguished.
    """

    head: str
    name: str
    unseen: int
    clips: int
    kept: bool


def blank_classes(labels: Sequence[Labels], unseen: Sequence[bool], heads: Sequence[str]) -> list[Blank]:
    """The classes in most of whose clips nothing is seen.

    Args:
      labels: the labels of each clip.
      unseen: for each clip, whether nothing is seen in it.
      heads: the heads to look at.
    """
    found = []
    for head in heads:
        clips = Counter(row[head] for row in labels if head in row)
        blank = Counter(row[head] for row, nothing in zip(labels, unseen, strict=True) if nothing and head in row)
        most = [name for name, count in sorted(blank.items()) if count >= _SHARE * clips[name]]
        found += [Blank(head, name, blank[name], clips[name], len(most) == 1) for name in most]
    return found


def is_kept(labels: Labels, classes: Sequence[Blank]) -> bool:
    """Whether a clip in which nothing is seen belongs to a class that is kept."""
    return any(blank.kept and labels.get(blank.head) == blank.name for blank in classes)


def said(classes: Sequence[Blank], *, kept: bool) -> list[str]:
    """A sentence for each class that is kept, or for each that is not."""
    why = (
        "they are kept because the class seems to mean 'no sign'"
        if kept
        else "they are left out (all_invalid) because several classes are like that and could not be distinguished"
    )
    return [
        f"in {blank.unseen} of the {blank.clips} clips of class {blank.name!r} ({blank.head}) nothing is seen; {why}"
        for blank in classes
        if blank.kept == kept
    ]
