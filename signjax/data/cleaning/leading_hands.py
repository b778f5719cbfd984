"""Which hand leads in a dataset: far more left hands than right ones usually mean that the two were swapped."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from signjax.data.cleaning.handedness import dominance
from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import Dataset

# Clips that are measured.
MEASURED = 200
# The left hand leads in at least this many measured clips, and in more than this many times as many as the right.
_FEWEST, _TIMES = 10, 2


def leading_hands(dataset: Dataset, count: int = MEASURED) -> Counter[str]:
    """Counts in how many of up to `count` evenly spread clips the `right`, `left` or `neither` hand leads; may be empty.

    They are measured as cleaned: a clip of a left-handed signer that was mirrored counts as right-handed.
    """
    found = Counter[str]()
    for index in np.unique(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int)):
        clip = Clip(ClipInfo(dataset.clips[index]["clip"]), dataset.frames(index), dataset.validity(index))
        measured = dominance(clip, dataset.layout)
        if measured is not None:
            found[measured.hand or "neither"] += 1
    return found


def seem_swapped(leading: Mapping[str, int]) -> bool:
    """Whether the left hand leads so often that left and right were probably swapped.

    That is in at least 10 measured clips, and in more than twice as many as the right hand. About one person in ten is left-handed.
    """
    left, right = leading.get("left", 0), leading.get("right", 0)
    return left >= _FEWEST and left > _TIMES * right
