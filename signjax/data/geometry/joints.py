"""Where the joints of SMPL-X lie from their parents, in the frame of the chest: for NumPy, and for jax inside a training step.

`kinematics` has the whole figure, with positions. Here are directions alone, of what hangs from the chest: head, arms, fingers.

Shapes: T frames of one clip or more, F channels, R joints that turn others, J joints that are turned.
"""

from functools import cache
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np

from signjax.data.layout.parts import ROTATIONS, Layout
from signjax.data.layout.smplx import JOINTS, JOINTS_OF_PART, OFFSETS, PARENTS

_TINY = 1e-6
# The upper end of the spine's third part, and the eye that lies as the other does.
_CHEST, _RIGHT_EYE = 9, 24


class Joints(NamedTuple):
    """The joints below the chest whose parents a layout turns.

    Attributes:
      numbers: int64 (J,), of the joints that are turned.
      columns: int64 (R, 3 or 6), the channels of the rotations of those that turn others, level by level.
      above: for each level but the first, int64, where the parent of each of its joints is in the level before.
      lying: float32 (9 R, 3 J), maps the rotations of parents in the frame of the chest to directions.
      needed: float32 (F, 3 J), 1 for a channel of each part that turns a joint.
      shares: float32 (3 J, F), 1 in all over the channels of the rotation of the parent.
    """

    numbers: np.ndarray
    columns: np.ndarray
    above: tuple[np.ndarray, ...]
    lying: np.ndarray
    needed: np.ndarray
    shares: np.ndarray


def _levels() -> list[list[int]]:
    """The joints below the chest that turn others, by level."""
    found = [[_CHEST]]
    while found[-1]:
        found.append([joint for joint in range(JOINTS) if PARENTS[joint] in found[-1] and joint in PARENTS])
    return found[1:-1]


_LEVELS = _levels()


@cache
def joints_of(layout: Layout) -> Joints | None:
    """The joints of a layout of SMPL-X rotations; None for other layouts, and for one without a body."""
    rotated = {part.name: part for part in layout.parts if part.kind in ROTATIONS}
    if "body" not in rotated or any(JOINTS_OF_PART.get(name, (0, 0))[1] != one.points for name, one in rotated.items()):
        return None
    columns_of = {}
    for name in rotated:
        first, count = JOINTS_OF_PART[name]
        for point in range(count):
            channels = layout.channels_at((name, point))
            columns_of[first + point] = np.arange(channels.start, channels.stop)
    levels = [found for level in _LEVELS if (found := [joint for joint in level if joint in columns_of])]
    place = {joint: at for at, joint in enumerate(chain(*levels))}
    numbers = np.array([joint for joint in range(JOINTS) if PARENTS[joint] in place and joint != _RIGHT_EYE], np.int64)
    lying = np.zeros((len(place), 3, 3, len(numbers), 3), np.float32)
    needed, shares = (
        np.zeros((layout.width, len(numbers), 3), np.float32),
        np.zeros((len(numbers), 3, layout.width), np.float32),
    )
    for at, joint in enumerate(numbers):
        above = int(PARENTS[joint])
        for axis in range(3):
            lying[place[above], axis, :, at, axis] = OFFSETS[joint] / np.linalg.norm(OFFSETS[joint])
        shares[at, :, columns_of[above]] = 1 / len(columns_of[above])
        while above != _CHEST:
            part = layout.parts[layout.part_of_channel[columns_of[above][0]]]
            needed[layout.channels_of(part.name).start, at] = 1.0
            above = int(PARENTS[above])
    return Joints(
        numbers=numbers,
        columns=np.stack([columns_of[joint] for joint in place]),
        above=tuple(
            np.array([before.index(int(PARENTS[joint])) for joint in level]) for before, level in pairwise(levels)
        ),
        lying=lying.reshape(9 * len(place), -1),
        needed=needed.reshape(layout.width, -1),
        shares=shares.reshape(-1, layout.width),
    )


def directions_of_joints(values: Any, joints: Joints) -> Any:
    """float32 (T, F) -> (T, 3 J), vectors of length 1.

    Products with constants stand where sums would do, or nothing: what goes into a product, XLA computes once, and what goes into
    sums, sines as well, again for each of them. A training step took a third longer without them.
    """
    arrays = values.__array_namespace__()
    turning, size = joints.columns.shape
    numbers = values[:, joints.columns.reshape(-1)].reshape(-1, turning, size)
    turns = _from_axis_angle(numbers, arrays) if size == 3 else _from_6d(numbers, arrays)
    start = turning - sum(map(len, joints.above))
    levels = [turns[:, :start]]
    for above in joints.above:
        own = turns[:, start : start + len(above)]
        turned = levels[-1][:, above].reshape(-1, 3, 3) @ own.reshape(-1, 3, 3)
        levels.append(turned.reshape(-1, len(above), 9))
        start += len(above)
    return arrays.concatenate(levels, axis=1).reshape(-1, 9 * turning) @ joints.lying


def _from_axis_angle(vectors: Any, arrays: Any) -> Any:
    """(T, R, 3) -> (T, R, 9), by Rodrigues' formula; smooth at 0 too."""
    square = (vectors * vectors).sum(-1) + _TINY**2
    angle = square**0.5
    sines = arrays.stack([arrays.cos(angle), arrays.sin(angle) / angle], axis=-1) @ np.eye(2, dtype=np.float32)
    cos, sin = sines[..., 0], sines[..., 1]
    rest = (1 - cos) / square
    x, y, z = (vectors[..., axis] for axis in range(3))
    squares = (rest * x * x, rest * x * y, rest * x * z, rest * y * y, rest * y * z, rest * z * z)
    return arrays.stack([cos, sin * x, sin * y, sin * z, *squares], axis=-1) @ _RODRIGUES


def _rodrigues() -> np.ndarray:
    """float32 (10, 9): cos, sin times the axis, and the products of the axis with itself -> the matrix, row by row."""
    found = np.zeros((10, 3, 3), np.float32)
    found[0] = np.eye(3)
    for axis in range(3):
        after, last = (axis + 1) % 3, (axis + 2) % 3
        found[1 + axis, last, after], found[1 + axis, after, last] = 1.0, -1.0
    for number, (row, column) in enumerate(((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))):
        found[4 + number, row, column] = found[4 + number, column, row] = 1.0
    return found.reshape(10, 9)


_RODRIGUES = _rodrigues()


def _from_6d(columns: Any, arrays: Any) -> Any:
    """(T, R, 6), the first two columns, -> (T, R, 9), by Gram and Schmidt; source: Zhou et al. (2019)."""

    def unit(vectors: Any) -> Any:
        return vectors / ((vectors * vectors).sum(-1, keepdims=True) ** 0.5 + _TINY)

    first = unit(columns[..., :3])
    second = unit(columns[..., 3:] - (first * columns[..., 3:]).sum(-1, keepdims=True) * first)
    rows = arrays.stack([first, second, arrays.cross(first, second)], axis=-1)
    return rows.reshape(-1, columns.shape[-2], 9)
