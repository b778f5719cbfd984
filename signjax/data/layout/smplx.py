"""SMPL-X: its kinematic tree, a stick figure of it, and the layouts of its pose.

Joints: 0 pelvis, 1 to 21 body, 22 jaw, 23 and 24 left and right eye, 25 to 39 left hand, 40 to 54 right hand. Source: Pavlakos
et al. (2019) for the tree. The licence of the model does not allow redistribution, so the bones here are those of a stick figure.
"""

from functools import cache

import numpy as np

from signjax.data.layout.parts import Layout, Part

JOINTS = 55

# Body joints 1 to 21 in order, and the mirror partner of each.
_BODY_PARTNERS = (1, 0, 2, 4, 3, 5, 7, 6, 8, 10, 9, 11, 13, 12, 14, 16, 15, 18, 17, 20, 19)
BODY_JOINTS = (
    "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle", "spine3",
    "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
_BODY_PARENTS = (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
_NECK, _COLLARS, _HEAD, _LEFT_WRIST, _RIGHT_WRIST = 12, (13, 14), 15, 20, 21

# Offset of each joint from its parent in the rest pose (arms to the sides, y up, facing z, left at positive x), in metres.
# Approximate lengths of an adult, rounded to centimetres: good for drawing and for comparing hands, not for measuring people.
_BODY_OFFSETS = {
    "left_hip": (0.06, -0.09, -0.02), "spine1": (0.0, 0.11, -0.02), "left_knee": (0.05, -0.38, -0.01),
    "spine2": (0.0, 0.13, 0.0), "left_ankle": (-0.04, -0.40, -0.03), "spine3": (0.0, 0.06, 0.02),
    "left_foot": (0.04, -0.06, 0.12), "neck": (0.0, 0.17, -0.03), "left_collar": (0.05, 0.09, -0.01),
    "head": (0.0, 0.10, 0.03), "left_shoulder": (0.12, 0.04, -0.01), "left_elbow": (0.26, -0.02, -0.02),
    "left_wrist": (0.25, 0.01, 0.0),
}  # fmt: skip
_JAW_OFFSET, _LEFT_EYE_OFFSET = (0.0, -0.02, 0.04), (0.03, 0.06, 0.08)
# The three joints of each finger of the left hand, palm down, in the order of the hand pose, as offsets from the previous joint,
# the first from the wrist. The last segment, from its joint to the fingertip, is in FINGERTIPS.
_LEFT_FINGERS = {
    "index": ((0.098, 0.0, 0.025), (0.034, 0.0, 0.002), (0.024, 0.0, 0.001)),
    "middle": ((0.104, 0.003, 0.001), (0.036, 0.0, 0.0), (0.026, 0.0, 0.0)),
    "little": ((0.083, -0.003, -0.043), (0.022, 0.0, -0.003), (0.018, 0.0, -0.002)),
    "ring": ((0.096, 0.001, -0.021), (0.033, 0.0, -0.001), (0.025, 0.0, -0.001)),
    "thumb": ((0.032, -0.012, 0.030), (0.028, -0.006, 0.022), (0.026, -0.003, 0.014)),
}


def _tree() -> tuple[np.ndarray, np.ndarray]:
    parents = [-1, *_BODY_PARENTS, _HEAD, _HEAD, _HEAD]
    left = [
        (0.0, 0.0, 0.0),
        *(_BODY_OFFSETS[name.replace("right_", "left_")] for name in BODY_JOINTS),
        _JAW_OFFSET,
        _LEFT_EYE_OFFSET,
        _LEFT_EYE_OFFSET,
    ]
    for wrist in (_LEFT_WRIST, _RIGHT_WRIST):
        for segments in _LEFT_FINGERS.values():
            parents += [wrist, len(parents), len(parents) + 1]
            left += segments
    offsets = np.array(left)
    right = np.array(
        [False, *(name.startswith("right_") for name in BODY_JOINTS), False, False, True, *[False] * 15, *[True] * 15]
    )
    offsets[right, 0] *= -1
    return np.array(parents, np.int32), offsets


# int32 (55,): the parent of each joint, which always comes before it; -1 for the pelvis. float64 (55, 3): see above.
PARENTS, OFFSETS = _tree()

# First joint and number of joints of each part of a pose.
JOINTS_OF_PART = {"root": (0, 1), "body": (1, 21), "jaw": (22, 1), "left_hand": (25, 15), "right_hand": (40, 15)}


def _skeleton() -> tuple[tuple[tuple[str, int], tuple[str, int]], ...]:
    """Every bone except those of the face; the collarbones begin at the neck, as in a drawing."""
    point_of = {
        first + position: (part, position)
        for part, (first, count) in JOINTS_OF_PART.items()
        for position in range(count)
        if part != "jaw"
    }
    above = {joint: _NECK if joint in _COLLARS else int(PARENTS[joint]) for joint in point_of}
    return tuple((point_of[above[joint]], point) for joint, point in point_of.items() if joint)


@cache
def _layout(name: str, kind: str, *, face: bool, signer: bool = False) -> Layout:
    parts = [
        Part("root", 1, kind, "root"),
        Part("body", 21, kind, "body", _BODY_PARTNERS),
        Part("left_hand", 15, kind, "right_hand"),
        Part("right_hand", 15, kind, "left_hand"),
    ]
    if face:
        # The expression basis has no published left/right symmetry, so a mirrored face keeps its coefficients.
        parts += [Part("jaw", 1, kind, "jaw"), Part("expression", 10, "scalar", "expression")]
    if signer:
        parts += [Part("shape", 10, "scalar", "shape"), Part("camera", 3, "scalar", "camera")]
    return Layout(
        name,
        tuple(parts),
        mirrors=True,
        skeleton=_skeleton(),
        shoulders=(("body", 15), ("body", 16)),
        wrists=(("body", 19), ("body", 20)),
        head=("body", 14),
    )


def smplx() -> Layout:
    """SMPL-X pose: 169 channels, axis-angle in radians, then 10 expression coefficients.

    Shape and camera are left out: they identify the signer and the studio, not the sign.
    """
    return _layout("smplx", "axis_angle", face=True)


def smplx_unsmoothed() -> Layout:
    """The pose of SignAvatars' `unsmooth_smplx`: 156 channels, root, body and hands, axis-angle in radians."""
    return _layout("smplx_unsmoothed", "axis_angle", face=False)


def smplx_with_signer() -> Layout:
    """`smplx` and the values that identify signer and studio: 10 shape coefficients and the camera translation. 182 channels."""
    return _layout("smplx_with_signer", "axis_angle", face=True, signer=True)


def smplx_6d() -> Layout:
    """`smplx` with each rotation as the first two columns of its matrix: 328 channels."""
    return _layout("smplx_6d", "rotation_6d", face=True)


def smplx_unsmoothed_6d() -> Layout:
    """`smplx_unsmoothed` with each rotation as the first two columns of its matrix: 312 channels."""
    return _layout("smplx_unsmoothed_6d", "rotation_6d", face=False)
