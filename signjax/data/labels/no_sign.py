"""Classes whose clips show nothing: a class `no sign`, which is kept, unlike single clips in which a tracker found nobody."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from signjax.data.labels.feasibility import Labels

# In at least this share of the clips of such a class, nothing is seen.
_SHARE = 0.75


class Blank(NamedTuple):
    """A class in most of whose clips nothing is seen.

    Attributes:
      head, name: the class.
      unseen, clips: in how many of how many clips nothing is seen.
      kept: whether these clips are kept; those of several classes of one head could not be told apart.
    """

    head: str
    name: str
    unseen: int
    clips: int
    kept: bool


def blank_classes(labels: Sequence[Labels], unseen: Sequence[bool], heads: Sequence[str]) -> list[Blank]:
    """The classes in most of whose clips nothing is seen.

    Args:
      labels: of each clip.
      unseen: whether nothing is seen in it.
      heads: to look at.
    """
    found = []
    for head in heads:
        clips = Counter(row[head] for row in labels if head in row)
        blank = Counter(row[head] for row, nothing in zip(labels, unseen, strict=True) if nothing and head in row)
        most = [name for name, count in sorted(blank.items()) if count >= _SHARE * clips[name]]
        found += [Blank(head, name, blank[name], clips[name], len(most) == 1) for name in most]
    return found


def is_kept(labels: Labels, classes: Sequence[Blank]) -> bool:
    """Whether a clip in which nothing is seen is kept for the sake of one of its classes."""
    return any(blank.kept and labels.get(blank.head) == blank.name for blank in classes)


def said(classes: Sequence[Blank], *, kept: bool) -> list[str]:
    """A sentence for each of these classes that is kept, or that is not."""
    why = (
        "they are kept, as a class that means 'no sign'"
        if kept
        else "they are left out (all_invalid), since several classes are like that and could not be told apart"
    )
    return [
        f"in {blank.unseen} of the {blank.clips} clips of class {blank.name!r} ({blank.head}) nothing is seen; {why}"
        for blank in classes
        if blank.kept == kept
    ]
