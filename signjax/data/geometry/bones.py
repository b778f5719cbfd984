"""Bones as directions relative to the trunk: of the lines between points, and of the joints of SMPL-X.

Signers differ in how long their arms and fingers are, and in how they stand before the camera; seen from their own trunk, a bone
points to where it points for others. So lines in space are turned about the vertical until the shoulders of the clip lie along x,
and joints are those in the frame of the chest. What the trunk and the legs do, directions do not tell. Rotations of joints have no
sizes either, but each is relative to its parent: where a finger points is in all of them up to the chest.

Shapes: T frames, F channels, S coordinates of all bones.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from signjax.data.geometry.joints import Joints, directions_of_joints, joints_of
from signjax.data.layout.parts import COORDINATES, HAND_SHAPE, ROTATIONS, Layout, Point

_TINY = 1e-6  # so that a bone without a length has no direction

_FACE = "face"  # the part whose lines, thousands in a mesh, hardly turn


class Bones(NamedTuple):
    """The bones of a layout: lines first, then joints.

    Attributes:
      needed: float32 (F, S), 1 for channels that are seen where a bone is seen: one of each part that it depends on.
      shares: float32 (S, F), how much of what a coordinate counts is due to each channel; rows add up to 1.
      differences: float32 (F, L), for the L coordinates of lines: 1 at the channel of the end, -1 at that of the start.
      together: float32 (L, L), 1 where two coordinates are of the same line.
      across: float32 (F, 3), what maps channels to the line from the right to the left shoulder; zeros for layouts in the plane
        and without shoulders.
      turn: float32 (3, L, L): what stays of the coordinates of lines when they are turned, what is multiplied by the cosine of the
        angle, and what by its sine.
      joints: of SMPL-X, to which bones lead; None if the layout is not of its rotations.
      others: int64, the channels that bones say nothing of: of parts without bones, and of a point from which all lines that are
        joined to it start. A hand relative to its wrist has the bones of the hand; where a body with shoulders is, centring says.
      unjoined: bool (F,), the channels of points of which no line is, in parts with lines.
    """

    needed: np.ndarray
    shares: np.ndarray
    differences: np.ndarray
    together: np.ndarray
    across: np.ndarray
    turn: np.ndarray
    joints: Joints | None
    others: np.ndarray
    unjoined: np.ndarray

    @property
    def coordinates(self) -> int:
        """The number S."""
        return len(self.shares)


@cache
def bones_of(layout: Layout) -> Bones:
    """The lines between points whose coordinates are alike, without those of the face, and joints that hang from the chest."""
    lines = [
        (start, end)
        for start, end in layout.skeleton
        if _kind(layout, start) == _kind(layout, end) in COORDINATES and not _FACE == start[0] == end[0]
    ]
    axes = []  # channel of the start, channel of the end, number of the line
    for number, (start, end) in enumerate((layout.channels_at(start), layout.channels_at(end)) for start, end in lines):
        axes += [(start.start + axis, end.start + axis, number) for axis in range(end.stop - end.start)]
    differences = np.zeros((layout.width, len(axes)), np.float32)
    for coordinate, (start, end, _) in enumerate(axes):
        differences[start, coordinate], differences[end, coordinate] = -1.0, 1.0
    own = np.array([number for _, _, number in axes], np.int64)
    joints = joints_of(layout)
    with_lines, turned = {part for line in lines for part, _ in line}, set[str]()
    needed, shares = [np.abs(differences)], [np.abs(differences).T / 2]
    if joints:
        turned = {part.name for part in layout.parts if part.kind in ROTATIONS and part.name != "jaw"}
        needed, shares = [*needed, joints.needed], [*shares, joints.shares]
    return Bones(
        needed=np.concatenate(needed, axis=1),
        shares=np.concatenate(shares),
        differences=differences,
        together=(own[:, None] == own[None, :]).astype(np.float32),
        across=_across(layout),
        turn=_turn(own),
        joints=joints,
        others=_others(layout, with_lines | turned, _roots(layout, lines)),
        unjoined=np.isin(layout.part_names, list(with_lines))[layout.part_of_channel] & ~differences.any(1),
    )


def directions(values: Any, seen: Any, layout: Layout) -> tuple[Any, Any]:
    """The directions of a layout's bones, vectors of length 1, for NumPy and for jax.

    Args:
      values: float32 (..., T, F); any value where they were not seen.
      seen: bool (..., T, F), which were.
      layout: of the channels.

    Returns:
      float32 (..., T, S), 0 for a bone that was not seen, and bool (..., T, S), which were: all that they depend on was. A clip is
      turned as a whole, by its mean shoulder line.
    """
    bones, arrays = bones_of(layout), values.__array_namespace__()
    counted = seen.astype(values.dtype)
    both = counted @ bones.needed > bones.needed.sum(0)[(None,) * (values.ndim - 1)] - 0.5
    known = values * counted
    vectors = known @ bones.differences
    if bones.across.any():
        shoulders = known * (counted @ np.abs(bones.across).sum(1, keepdims=True) > 5.5).astype(values.dtype)
        ahead = (shoulders @ bones.across).sum(-2, keepdims=True)
        x, y, z = (ahead[..., axis : axis + 1] for axis in range(3))
        length = (x * x + z * z) ** 0.5
        # Where the shoulders stand one above the other, y is not the vertical, and nothing is turned.
        level = (length >= abs(y)).astype(values.dtype)
        cosine = level * (x + _TINY) / (length + _TINY) + (1 - level)
        sine = level * z / (length + _TINY)
        vectors = vectors @ bones.turn[0] + cosine * (vectors @ bones.turn[1]) + sine * (vectors @ bones.turn[2])
    found = [vectors / ((vectors * vectors @ bones.together) ** 0.5 + _TINY)]
    if bones.joints:
        of_joints = directions_of_joints(known.reshape(-1, layout.width), bones.joints)
        found.append(of_joints.reshape(*values.shape[:-1], of_joints.shape[-1]))
    return arrays.concatenate(found, axis=-1) * both.astype(values.dtype), both


def _across(layout: Layout) -> np.ndarray:
    found = np.zeros((layout.width, 3), np.float32)
    for point, sign in zip(layout.shoulders or (), (1.0, -1.0), strict=False):
        if _kind(layout, point) == "xyz":
            found[layout.channels_at(point)] = sign * np.eye(3)
    return found


def _turn(own: np.ndarray) -> np.ndarray:
    """For coordinates of the lines with these numbers, (L,)."""
    found = np.zeros((3, len(own), len(own)), np.float32)
    for line in np.unique(own):
        at = np.flatnonzero(own == line)
        if len(at) == 3:
            x, y, z = at
            found[0, y, y] = found[1, x, x] = found[1, z, z] = found[2, z, x] = 1.0
            found[2, x, z] = -1.0
        else:
            found[0, at, at] = 1.0
    return found


def _kind(layout: Layout, point: Point) -> str:
    return layout.part(point[0]).kind


def _others(layout: Layout, parts: set[str], roots: set[Point]) -> np.ndarray:
    """The channels of parts that are not among these, and of the roots, points from which all lines start."""
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
