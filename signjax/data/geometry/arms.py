"""Inverse kinematics for the right arm of SMPL-X: brings the wrist to a position and orients the hand.

Coordinates are those of the stick figure of `signjax.data.layout.smplx`: metres from the pelvis, x to the signer's left, y up,
z out. The torso is assumed to be at rest.

Shapes: T frames.
"""

import numpy as np

from signjax.data.geometry.rotations import matrix_to_axis_angle
from signjax.data.layout.smplx import OFFSETS, PARENTS

# Joints of SMPL-X.
_SHOULDER, _ELBOW, _WRIST = 17, 19, 21
# Where the elbow points: down, and a little outwards and back.
_POLE = np.array([-0.45, -1.0, -0.25])
_LONGEST = 0.99  # of a stretched arm


def _position(joint: int) -> np.ndarray:
    return np.zeros(3) if joint < 0 else _position(int(PARENTS[joint])) + OFFSETS[joint]


_SHOULDER_AT = _position(_SHOULDER)
_UPPER, _LOWER = OFFSETS[_ELBOW], OFFSETS[_WRIST]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(..., 3) twice -> (..., 3, 3): columns along the first, the orthogonal part of the second, and their cross product."""
    along = _unit(first)
    across = _unit(second - (second * along).sum(-1, keepdims=True) * along)
    return np.stack([along, across, np.cross(along, across)], axis=-1)


# The arm at rest points right, bends towards z about y; the fingers point right and the palm faces down.
_REST_UPPER = _frame(_UPPER, np.array([0.0, 1.0, 0.0]))
_REST_LOWER = _frame(_LOWER, np.array([0.0, 1.0, 0.0]))
_REST_HAND = _frame(np.array([-1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]))


def hand_rotation(axes: np.ndarray) -> np.ndarray:
    """(..., 2, 3), where the fingers point and the palm faces -> (..., 3, 3), the rotation of the hand from rest."""
    return _frame(axes[..., 0, :], axes[..., 1, :]) @ _REST_HAND.T


def reach(places: np.ndarray, hand: np.ndarray) -> np.ndarray:
    """Rotations that bring the wrist to the given positions, or as far as the arm reaches in their direction.

    Args:
      places: (T, 3).
      hand: (T, 3, 3), the rotation of the hand from rest, in body coordinates.

    Returns:
      (T, 3, 3): axis-angle in radians of shoulder, elbow and wrist.

    Source: two-bone inverse kinematics by the law of cosines.
    """
    upper, lower = np.linalg.norm(_UPPER), np.linalg.norm(_LOWER)
    away = places - _SHOULDER_AT
    distance = np.clip(np.linalg.norm(away, axis=-1), 0.2 * upper, _LONGEST * (upper + lower))[:, None]
    towards = _unit(away)
    hanging = _unit(_POLE - (towards @ _POLE)[:, None] * towards)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    elbow = along * towards + aside * hanging
    normal = np.cross(hanging, towards)
    shoulder_turn = _frame(elbow, normal) @ _REST_UPPER.T
    elbow_turn = _frame(distance * towards - elbow, normal) @ _REST_LOWER.T
    local = np.stack(
        [
            shoulder_turn,
            np.swapaxes(shoulder_turn, -1, -2) @ elbow_turn,
            np.swapaxes(elbow_turn, -1, -2) @ hand,
        ],
        axis=1,
    )
    return matrix_to_axis_angle(local)
