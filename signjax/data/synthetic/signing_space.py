"""The positions of HamNoSys's locations and directions around a body.

Metres from the pelvis of the stick figure of `signjax.data.layout.smplx`, for a right-handed signer: x is the signer's left, y up,
z away from the signer.
"""

import numpy as np

_AXES = {
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "left": (1, 0, 0),
    "right": (-1, 0, 0),
    "out": (0, 0, 1),
    "in": (0, 0, -1),
}

# The position of the wrist when the hand is at a location, without contact.
_PLACES = {
    "head": (-0.13, 0.72, 0.16), "top of the head": (-0.07, 0.86, 0.10), "forehead": (-0.06, 0.74, 0.22),
    "eyebrows": (-0.06, 0.70, 0.24), "eyes": (-0.06, 0.67, 0.25), "nose": (-0.02, 0.63, 0.27), "nostrils": (-0.02, 0.60, 0.25),
    "ear": (-0.20, 0.64, 0.10), "ear lobe": (-0.20, 0.59, 0.10), "cheek": (-0.13, 0.60, 0.19), "lips": (-0.03, 0.56, 0.25),
    "tongue": (-0.03, 0.55, 0.29), "teeth": (-0.03, 0.57, 0.28), "chin": (-0.03, 0.52, 0.23),
    "under the chin": (-0.03, 0.48, 0.20), "neck": (-0.04, 0.43, 0.17), "top of the shoulder": (-0.23, 0.46, 0.12),
    "shoulders": (-0.10, 0.38, 0.27), "chest": (-0.07, 0.27, 0.26), "stomach": (-0.07, 0.14, 0.25),
    "below the stomach": (-0.07, 0.02, 0.19), "neutral space": (-0.15, 0.22, 0.31), "hand or arm": (-0.03, 0.19, 0.27),
}  # fmt: skip
# The position of the other hand when the dominant hand acts on it.
BELOW_THE_HAND = np.array([0.03, 0.10, 0.26])
# How far the side symbols move a location, and how much closer contact brings a hand.
_SIDES = {"at the side": 0.07, "beside": 0.13}
CONTACT = {"close": 0.04, "touching": 0.08, "interlocked": 0.09, "crossed": 0.06}


def direction(words: str) -> np.ndarray:
    """`up-left` -> a unit vector (3,)."""
    vector = np.sum([_AXES[word] for word in words.split("-")], axis=0).astype(float)
    return vector / np.linalg.norm(vector)


def place(words: str) -> np.ndarray:
    """The location with that name, (3,)."""
    return np.array(_PLACES[words])


def side_shift(words: str, *, before: bool) -> np.ndarray:
    """How a side symbol moves a location: to the left if written before it, to the right if after it."""
    return np.array([_SIDES[words] if before else -_SIDES[words], 0.0, 0.0])


def hand_axes(finger_direction: str, palm: str) -> np.ndarray:
    """Where fingers point and the palm faces, (2, 3).

    A palm symbol gives the rotation of the hand about its fingers. If the fingers point out, it is the direction that the palm
    faces; otherwise it is that direction rotated as the fingers are rotated from pointing out.
    """
    fingers = direction(finger_direction)
    facing = direction(palm)
    out = np.array([0.0, 0.0, 1.0])
    cosine = fingers[2]
    if cosine < -0.999:
        turned = facing * np.array([-1.0, 1.0, -1.0])  # half a turn about the vertical axis
    else:
        # Rodrigues' formula for the smallest rotation from out to the direction of the fingers.
        axis = np.cross(out, fingers)
        turned = cosine * facing + np.cross(axis, facing) + axis * (axis @ facing) / (1 + cosine)
    return np.stack([fingers, turned])
