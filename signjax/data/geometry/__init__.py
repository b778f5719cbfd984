"""Rotations in three representations, joint positions (forward and inverse kinematics of a stick figure), and bones.

Mathematics only: nothing here knows about clips, labels or files.
"""

from signjax.data.geometry.arms import hand_rotation, reach
from signjax.data.geometry.kinematics import positions
from signjax.data.geometry.rotations import (
    axis_angle_from_6d,
    axis_angle_to_6d,
    axis_angle_to_matrix,
    matrix_from_6d,
    matrix_to_6d,
    matrix_to_axis_angle,
)

__all__ = [
    "axis_angle_from_6d", "axis_angle_to_6d", "axis_angle_to_matrix", "hand_rotation", "matrix_from_6d", "matrix_to_6d",
    "matrix_to_axis_angle", "positions", "reach",
]  # fmt: skip
