"""Positions of the points of a frame: coordinates as they are, SMPL-X rotations by forward kinematics.

Shapes: T frames, J = 55 joints of SMPL-X.
"""

import numpy as np

from signjax.data.geometry.rotations import axis_angle_to_matrix, matrix_from_6d
from signjax.data.layout.parts import COORDINATES, ROTATIONS, Layout
from signjax.data.layout.smplx import (
    JOINTS,
    JOINTS_OF_PART,
    OFFSETS,
    PARENTS,
)


def _levels() -> list[tuple[np.ndarray, np.ndarray]]:
    """The joints by their level below the pelvis, so that a whole level can be computed at once; and which joints have children."""
    depth = np.zeros(JOINTS, int)
    for joint in range(1, JOINTS):
        depth[joint] = depth[PARENTS[joint]] + 1
    levels = [np.flatnonzero(depth == level) for level in range(1, depth.max() + 1)]
    return [(level, np.isin(level, PARENTS)) for level in levels]


_LEVELS = _levels()


def forward_kinematics(rotations: np.ndarray) -> np.ndarray:
    """Joints of the stick figure of `signjax.data.layout.smplx` in a pose.

    Args:
      rotations: (T, J, 3, 3), of each joint in the frame of its parent.

    Returns:
      (T, J, 3) in metres, from the pelvis. With the root at rest y is up, the signer faces z, and left is positive x.
    """
    # Frames are the last axis: sums over long rows are several times as fast as products of many 3 x 3 matrices.
    turns = np.ascontiguousarray(np.moveaxis(rotations, 0, -1))
    total = turns.copy()
    joints = np.zeros((JOINTS, 3, len(rotations)), rotations.dtype)
    offsets = OFFSETS.astype(rotations.dtype)
    for level, bearing in _LEVELS:
        above = total[PARENTS[level]]
        joints[level] = joints[PARENTS[level]] + (above * offsets[level][:, None, :, None]).sum(2)
        total[level[bearing]] = (above[bearing][:, :, :, None] * turns[level[bearing]][:, None]).sum(2)
    return np.moveaxis(joints, -1, 0)


def rotation_matrices(frames: np.ndarray, layout: Layout, part: str) -> np.ndarray:
    """(T, F) -> (T, points, 3, 3): the rotations of one part of kind `axis_angle` or `rotation_6d`."""
    found = layout.part(part)
    numbers = frames[:, layout.channels_of(part)].reshape(len(frames), found.points, found.channels_per_point)
    return axis_angle_to_matrix(numbers) if found.kind == "axis_angle" else matrix_from_6d(numbers)


def joint_rotations(frames: np.ndarray, layout: Layout) -> np.ndarray:
    """(T, F) of an SMPL-X layout -> (T, J, 3, 3); joints that the layout leaves out are at rest."""
    rotations = np.tile(np.eye(3, dtype=np.result_type(frames.dtype, np.float32)), (len(frames), JOINTS, 1, 1))
    for part in layout.parts:
        if part.kind in ROTATIONS and part.name in JOINTS_OF_PART:
            first, count = JOINTS_OF_PART[part.name]
            rotations[:, first : first + count] = rotation_matrices(frames, layout, part.name)
    return rotations


def positions(frames: np.ndarray, layout: Layout) -> dict[str, np.ndarray]:
    """The positions of the points of each part that has positions: part name -> (T, points, 2 or 3).

    Rotations of SMPL-X give metres from the pelvis; coordinates keep their own unit. Parts of scalars have no positions, nor have
    rotations of anything other than SMPL-X.
    """
    places = {
        part.name: frames[:, channels].reshape(len(frames), part.points, part.channels_per_point)
        for part, channels in layout.runs()
        if part.kind in COORDINATES
    }
    rotated = [part for part in layout.parts if part.kind in ROTATIONS]
    if rotated and all(JOINTS_OF_PART.get(part.name, (0, 0))[1] == part.points for part in rotated):
        joints = forward_kinematics(joint_rotations(frames, layout))
        for part in rotated:
            first, count = JOINTS_OF_PART[part.name]
            places[part.name] = joints[:, first : first + count]
    return places
