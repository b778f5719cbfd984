"""The body parts that an explanation names: those of a layout, with the arms apart from the rest of the body.

A layout's part can be the whole body. Which of its points are of an arm, the stick figure knows.
"""

from collections.abc import Mapping

import numpy as np

from signjax.data.layout.parts import HAND_SHAPE, Layout
from signjax.report.figures import Stick, stick_of

ARMS = ("left arm", "right arm")


def regions_of(layout: Layout) -> dict[str, np.ndarray]:
    """Name -> its channels, int64, in the order of the layout; each channel is in one region."""
    sides = _sides(stick_of(layout))
    found: dict[str, list[int]] = {}
    for part, channels in layout.runs():
        part_name = part.name.removesuffix(HAND_SHAPE)
        name = part_name if part_name in layout.part_names else part.name
        of_points = [sides.get((part.name, point)) for point in range(part.points)]
        apart = len(set(of_points)) > 1  # a hand is of one side as a whole
        for point, side in enumerate(of_points):
            region = f"{side} arm" if apart and side else name.replace("_", " ")
            first = channels.start + point * part.channels_per_point
            found.setdefault(region, []).extend(range(first, first + part.channels_per_point))
    return {name: np.array(channels) for name, channels in found.items()}


def _sides(stick: Stick | None) -> dict[tuple[str, int], str]:
    """The points with a line of the left or right arm or hand -> `left` or `right`."""
    found: dict[tuple[str, int], str] = {}
    for a, b, side in stick.lines if stick else ():
        if side != "body":
            assert stick is not None
            found |= {stick.points[a]: side, stick.points[b]: side}
    return found


def region_of_channel(regions: Mapping[str, np.ndarray], width: int) -> np.ndarray:
    """int64 (F,): for each channel, the index of its region."""
    found = np.zeros(width, int)
    for number, channels in enumerate(regions.values()):
        found[channels] = number
    return found
