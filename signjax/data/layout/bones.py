"""Bones: the lines between the points of a layout, as directions.

Signers differ in how long their arms and fingers are, and cameras in how wide they show them; the direction in which a bone points
is the same. A clip's directions tell all of a posture but the sizes of the body, if all of its points are joined.

Shapes: T frames, F channels, S coordinates of all bones.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from signjax.data.layout.parts import COORDINATES, HAND_SHAPE, Layout, Point

_TINY = 1e-6  # so that a bone without a length has no direction


class Bones(NamedTuple):
    """The bones of a layout.

    Attributes:
      differences: float32 (F, S), 1 where a channel is of the end of a bone, -1 where it is of its start.
      together: float32 (S, S), 1 where two coordinates are of the same bone.
      others: int64, the channels that bones say nothing of: of parts without bones, and of a point from which all bones that are
        joined to it start. A hand relative to its wrist has the bones of the hand; where a body with shoulders is, centring says.
    """

    differences: np.ndarray
    together: np.ndarray
    others: np.ndarray

    @property
    def coordinates(self) -> int:
        """The number S."""
        return self.differences.shape[1]

    @property
    def ends(self) -> np.ndarray:
        """float32 (F, S): 1 where a channel is of one of the two ends of a bone."""
        return np.abs(self.differences)


@cache
def bones_of(layout: Layout) -> Bones:
    """The lines between two points whose coordinates are alike; there may be none."""
    lines = [line for line in layout.skeleton if _kind(layout, line[0]) == _kind(layout, line[1]) in COORDINATES]
    joined = [(layout.channels_at(start), layout.channels_at(end)) for start, end in lines]
    sizes = [end.stop - end.start for _, end in joined]
    differences = np.zeros((layout.width, sum(sizes)), np.float32)
    own = np.repeat(np.arange(len(sizes)), sizes)
    for first, (start, end), size in zip(np.cumsum([0, *sizes]), joined, sizes, strict=False):
        axes = np.arange(size)
        differences[start.start + axes, first + axes] = -1.0
        differences[end.start + axes, first + axes] = 1.0
    together = (own[:, None] == own[None, :]).astype(np.float32)
    return Bones(differences, together, _others(layout, lines))


def directions(values: Any, seen: Any, bones: Bones) -> tuple[Any, Any]:
    """The directions of bones, vectors of length 1, for NumPy and for jax.

    Args:
      values: float32 (..., F), coordinates; any value where they were not seen.
      seen: bool (..., F), which were.
      bones: of their layout.

    Returns:
      float32 (..., S), 0 for a bone of which an end was not seen, and bool (..., S), for which both were.
    """
    counted = seen.astype(values.dtype)
    both = counted @ bones.ends > 1.5
    vectors = (values * counted) @ bones.differences
    lengths = (vectors * vectors @ bones.together) ** 0.5
    return vectors / (lengths + _TINY) * both.astype(values.dtype), both


def _kind(layout: Layout, point: Point) -> str:
    return layout.part(point[0]).kind


def _others(layout: Layout, lines: list[tuple[Point, Point]]) -> np.ndarray:
    parts = {part for line in lines for part, _ in line}
    roots = _roots(layout, lines)
    found: list[int] = []
    for part, channels in layout.runs():
        if part.name.removesuffix(HAND_SHAPE) not in parts:
            found += range(channels.start, channels.stop)
        for point in range(part.points):
            if (part.name, point) in roots:
                at = layout.channels_at((part.name, point))
                found += range(at.start, at.stop)
    return np.array(found, np.int64)


def _roots(layout: Layout, lines: list[tuple[Point, Point]]) -> set[Point]:
    """A point of each group of points that lines join, but none of the group of the shoulders: a wrist, or the first point."""
    group: dict[Point, set[Point]] = {}
    for line in lines:
        joined = set().union(*(group.get(point, {point}) for point in line))
        group |= dict.fromkeys(joined, joined)
    roots = set()
    for points in {id(joined): joined for joined in group.values()}.values():
        if not points & set(layout.shoulders or ()):
            roots.add(min(points & set(layout.wrists or ()) or points))
    return roots
