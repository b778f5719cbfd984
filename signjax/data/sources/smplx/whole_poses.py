"""Arrays that hold several parts of a pose, told by their width.

`poses` of AMASS and others is (T, 156) for SMPL-H, (T, 165) for SMPL-X and (T, 72) for SMPL; Motion-X is an array (T, 322) without
a name.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from signjax.data.sources.smplx.joint_rotations import shape_of

# Number of joints -> the parts in order, with the number of joints of each. SMPL has two more joints than SMPL-X at the end of its
# body, for rigid hands; SMPL-X has the eyes. Neither is used.
PARTS_OF_POSE: dict[int, tuple[tuple[str, int], ...]] = {
    21: (("body", 21),),
    22: (("root", 1), ("body", 21)),
    23: (("body", 21), ("rigid_hands", 2)),
    24: (("root", 1), ("body", 21), ("rigid_hands", 2)),
    52: (("root", 1), ("body", 21), ("left_hand", 15), ("right_hand", 15)),
    53: (("root", 1), ("body", 21), ("left_hand", 15), ("right_hand", 15), ("jaw", 1)),
    55: (("root", 1), ("body", 21), ("jaw", 1), ("eyes", 2), ("left_hand", 15), ("right_hand", 15)),
}
# The columns of Motion-X: https://github.com/IDEA-Research/Motion-X. The 100 numbers of the shape of the face are not used.
_MOTION_X = {
    "global_orient": (0, 3),
    "body_pose": (3, 66),
    "left_hand_pose": (66, 111),
    "right_hand_pose": (111, 156),
    "jaw_pose": (156, 159),
    "expression": (159, 209),
    "transl": (309, 312),
    "betas": (312, 322),
}
_MOTION_X_WIDTH = 322


def named(values: Any) -> dict[str, Any] | None:
    """The parameters in an array without a name, under their own names; None if its width is not that of a pose."""
    shape = shape_of(values)
    if shape is None or len(shape) < 2:
        return None
    if shape[-1] == _MOTION_X_WIDTH:
        if not isinstance(values, np.ndarray):  # the description of an array has no values
            return {"poses": values}
        return {name: values[..., start:stop] for name, (start, stop) in _MOTION_X.items()}
    if len(shape) == 2 and shape[-1] % 3 == 0 and shape[-1] // 3 in PARTS_OF_POSE and shape[-1] // 3 > 22:
        return {"poses": values}
    return None


def of_single(content: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The parameters of Motion-X in a dict with a single array."""
    (values,) = content.values() if len(content) == 1 else (None,)
    shape = shape_of(values)
    return named(values) if shape is not None and shape[-1:] == (_MOTION_X_WIDTH,) else None
